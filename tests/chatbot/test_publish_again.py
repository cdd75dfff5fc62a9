"""What taught a publication changes with the software; the approved texts answer on, taught anew."""

import asyncio
import shutil
from contextlib import asynccontextmanager

import httpx
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from contracts.answer import ArticlePublished, ArticleWithdrawn
from services.chatbot.commands import publish_default
from services.chatbot.head import _solve
from services.chatbot.knowledge import KnowledgeError
from services.chatbot.ports import Only
from tests.chatbot.conftest import copy_of
from tests.chatbot.desk import SUNDAY, open_desk
from tests.chatbot.sample import running_chatbot
from tests.conftest import free_port


def test_vectors_that_cannot_be_compared_are_said_with_what_to_do():
    with pytest.raises(KnowledgeError, match="Train the model again"):
        _solve(np.full((3, 3), -1, np.float32), np.eye(3, dtype=np.float32))


@asynccontextmanager
async def upgraded(modelled, folder):
    """A published town whose teaching changed; it has just started."""
    if not folder.exists():
        copy_of(modelled, folder)
    (folder / "municipality" / "outside.yaml").write_text("da: [hvem ejer månen]")
    async with open_desk(folder, chatbot_model=str(modelled / "model")) as desk:
        yield desk


async def settled(desk):
    working = asyncio.create_task(desk.app.state.renewal.run())
    while desk.app.state.renewal.state == "renewing":
        await asyncio.sleep(0.1)
        assert not working.done()
    working.cancel()


async def ended(desk):
    """Until the publication that nobody wants any more lies there."""
    renewed = desk.settings.index_folder / desk.engine.outdated.renewed
    while not renewed.exists():
        await asyncio.sleep(0.1)
    await asyncio.sleep(2)


async def asked(desk, words="Hvad koster et pas?"):
    return (await (await desk.talk()).ask(words))[-1]


@pytest.mark.slow
class TestAfterAnUpgrade:
    async def test_the_same_teaching_is_not_published_twice(self, modelled, tmp_path):
        folder = copy_of(modelled, tmp_path / "town")
        current = folder / "data" / "knowledge" / "current"
        before = current.read_bytes()
        async with open_desk(folder, chatbot_model=str(modelled / "model")) as desk:
            assert desk.app.state.renewal.state == "current"

        assert current.read_bytes() == before

    async def test_the_old_publication_answers_at_once_and_the_new_one_when_it_is_made(
        self, modelled, tmp_path
    ):
        async with upgraded(modelled, tmp_path / "town") as desk:
            before = desk.engine.publication
            assert desk.app.state.renewal.state == "renewing"
            assert (await asked(desk))["kind"] == "answer"
            health = (await desk.browser().get("/health")).json()
            assert health["articles"] == "renewing"
            editor = await desk.staff("freja.redaktoer")
            assert "læres på ny i baggrunden" in (await editor.get("/editor")).text

            await settled(desk)

            assert desk.engine.publication not in (None, before)
            assert desk.app.state.renewal.state == "current"
            assert (await asked(desk))["kind"] == "answer"
            # Nobody approved another text, so none is announced.
            assert len(desk.engine.world.index.articles) == len(await desk.said(ArticlePublished))

    async def test_a_text_withdrawn_meanwhile_stays_withdrawn(self, modelled, tmp_path):
        async with upgraded(modelled, tmp_path / "town") as desk:
            working = asyncio.create_task(desk.app.state.renewal.run())
            for path in (desk.settings.municipality / "knowledge").glob("pas-pris.*.md"):
                path.unlink()
            await asyncio.to_thread(
                publish_default, desk.settings, "freja.redaktoer", "den gælder ikke mere"
            )
            await desk.engine.refresh()
            released = desk.engine.publication
            # The older texts are made all the same, and thrown away.
            await asyncio.wait_for(ended(desk), 120)
            working.cancel()
            await desk.engine.refresh()

            assert desk.engine.publication == released
            assert "pas-pris.da" not in desk.engine.world.index.articles
            assert await desk.said(ArticleWithdrawn)

    async def test_a_making_that_fails_is_said_and_the_old_one_answers_on(
        self, modelled, tmp_path, monkeypatch
    ):
        monkeypatch.setattr("services.chatbot.own_process.sys.executable", "/bin/false")
        async with upgraded(modelled, tmp_path / "town") as desk:
            before = desk.engine.publication
            await settled(desk)

            assert desk.engine.publication == before
            assert (await desk.browser().get("/health")).json()["articles"] == "renewal-failed"
            editor = await desk.staff("freja.redaktoer")
            assert "kunne ikke læres på ny" in (await editor.get("/editor")).text
            assert (await asked(desk))["kind"] == "answer"

    async def test_a_publication_that_cannot_be_read_is_made_before_anybody_is_answered(
        self, modelled, tmp_path
    ):
        folder = copy_of(modelled, tmp_path / "town")
        root = folder / "data" / "knowledge"
        (root / (root / "current").read_text().strip() / "arrays.npz").write_bytes(b"broken")
        async with upgraded(modelled, folder) as desk:
            assert desk.app.state.renewal.state == "current"
            assert (await asked(desk))["kind"] == "answer"

    async def test_the_real_service_listens_before_it_has_taught_anything(self, modelled, tmp_path):
        folder = copy_of(modelled, tmp_path / "town")
        (folder / "municipality" / "outside.yaml").write_text("da: [hvem ejer månen]")
        named = folder / "data" / "knowledge" / "current"
        before = named.read_bytes()
        model = str(modelled / "model")
        with running_chatbot(
            folder / "data", folder / "municipality", free_port(), HENVEND_CHATBOT_MODEL=model
        ) as url:
            assert named.read_bytes() == before
            assert httpx.get(f"{url}/health").json()["articles"] == "renewing"
            while httpx.get(f"{url}/health").json()["articles"] == "renewing":
                await asyncio.sleep(0.3)
            assert httpx.get(f"{url}/health").json()["articles"] == "current"
            assert named.read_bytes() != before


@pytest.mark.slow
async def test_a_model_trained_again_is_searched_with_its_own_vectors(modelled, tmp_path):
    folder = copy_of(modelled, tmp_path / "town")
    async with open_desk(folder, chatbot_model=str(modelled / "model")):
        pass
    again = tmp_path / "model"
    shutil.copytree(modelled / "model", again)
    table = load_file(again / "model.safetensors")["embedding.weight"]
    save_file(
        {"embedding.weight": np.ascontiguousarray(table[:, ::-1])}, again / "model.safetensors"
    )

    async with open_desk(folder, chatbot_model=str(again)) as desk:
        world = desk.engine.world
        everything = Only(SUNDAY.date(), world.index.municipality)
        day, checked = everything.day, 0
        for entry, vector in zip(world.index.entries, world.index.vectors, strict=True):
            answers = world.index.articles[f"{entry.topic}.{entry.language}"].answers_on(day)
            if not answers or not vector.any():
                continue
            checked += 1
            (best, *_) = world.store.nearest(vector.tolist(), everything, 1)
            assert best.similarity == pytest.approx(1.0, abs=1e-5), entry.text
        assert checked > 100
        assert len(list(desk.settings.store_folder.iterdir())) == 1
