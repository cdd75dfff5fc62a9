"""What taught a publication changes with the software; the approved texts answer on, taught anew."""

import pytest

from contracts.answer import ArticlePublished
from tests.chatbot.conftest import copy_of
from tests.chatbot.desk import open_desk

pytestmark = pytest.mark.slow


async def test_the_same_teaching_is_not_published_twice_and_another_one_is(published, tmp_path):
    folder = copy_of(published, tmp_path / "town")
    current = folder / "data" / "knowledge" / "current"
    before = current.read_bytes()

    async with open_desk(folder) as desk:
        assert desk.engine.publication == before.decode().strip()
        desk.engine.close()
    assert current.read_bytes() == before

    (folder / "municipality" / "outside.yaml").write_text("da: [hvem ejer månen]")
    async with open_desk(folder) as desk:
        taught = desk.engine.publication
        assert taught not in (None, before.decode().strip())
        # Nobody approved another text, so none is announced.
        assert len(desk.engine.world.index.articles) == len(await desk.said(ArticlePublished))
