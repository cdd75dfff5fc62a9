"""One trained model and one running municipality for all journeys: starting one takes most of the time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

# Their assertions shall say what they compared, as those in the test files do.
pytest.register_assert_rewrite("tests.journeys.order", "tests.journeys.town")

from tests.journeys.town import Town, new_town  # noqa: E402
from tests.journeys.trained import small_model, small_municipality  # noqa: E402


@pytest.fixture(scope="session")
def municipality(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_municipality(tmp_path_factory.mktemp("municipality"))


@pytest.fixture(scope="session")
def model(municipality: Path) -> Path:
    return small_model(municipality)


@pytest.fixture(scope="session")
def town(
    municipality: Path, model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """Shared: each test uses mails of its own and leaves everything running."""
    running = new_town(tmp_path_factory.mktemp("town") / "data", model, municipality)
    _RUNNING.append(running)
    running.start()
    yield running
    running.stop()


_RUNNING: list[Town] = []


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """The last journey stops the town: beside the tests of other folders it would only take their time."""
    if nextitem is None or nextitem.path.parent != item.path.parent:
        for town in _RUNNING:
            town.stop()
