import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from shutil import copytree

import pytest

from infra.chassis.chassis import open_chassis
from services.router.settings import RouterSettings
from tests.router.office import Office, open_office


@pytest.fixture(scope="session")
def fresh_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty data folder: migrating it anew for each test costs more than the tests."""
    folder = tmp_path_factory.mktemp("fresh") / "data"
    asyncio.run(_migrate(RouterSettings(data=folder)))
    return folder


async def _migrate(settings: RouterSettings) -> None:
    async with open_chassis("router", settings, migrations="services.router.migrations"):
        pass


@pytest.fixture
def data(fresh_data: Path, tmp_path: Path) -> Path:
    return Path(copytree(fresh_data, tmp_path / "data"))


@pytest.fixture
async def office(data: Path) -> AsyncIterator[Office]:
    async with open_office(data) as opened:
        yield opened
