"""Publishing takes seconds: done once, copied for every test."""

import shutil

import pytest_asyncio

from tests.chatbot.desk import open_desk


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
