"""Publishing takes seconds: done once, copied for every test."""

import asyncio
import shutil
from contextlib import asynccontextmanager

import pytest_asyncio

from tests.chatbot.desk import open_desk
from tests.chatbot.sample import known_texts, make_model, make_municipality


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    async with open_desk(folder):
        pass
    return folder


@pytest_asyncio.fixture
async def desk(tmp_path, published):
    folder = copy_of(published, tmp_path / "town")
    async with open_desk(folder, chatbot_editor_mail="redaktion@b.example") as opened:
        yield opened


def copy_of(published, folder):
    shutil.copytree(published / "municipality", folder / "municipality")
    kept_out = shutil.ignore_patterns("vectors")
    shutil.copytree(
        published / "data" / "knowledge", folder / "data" / "knowledge", ignore=kept_out
    )
    return folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def modelled(tmp_path_factory):
    """A published small municipality whose model lies on disk, as another process finds it."""
    folder = tmp_path_factory.mktemp("modelled")
    own = make_municipality(folder / "municipality")
    make_model(folder / "model", known_texts(own))
    async with open_desk(folder, chatbot_model=str(folder / "model")):
        pass
    return folder


@asynccontextmanager
async def open_town(modelled, folder):
    """A copy of it in which previews can be made."""
    copy_of(modelled, folder)
    async with open_desk(folder, chatbot_model=str(modelled / "model")) as desk:
        working = asyncio.create_task(desk.background.previews.run())
        yield desk
        working.cancel()


@pytest_asyncio.fixture
async def town(modelled, tmp_path):
    async with open_town(modelled, tmp_path / "town") as desk:
        yield desk
