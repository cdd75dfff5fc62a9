"""At a shell nobody is logged in: new texts wait there for two people, or for a reason the trail keeps."""

import asyncio
from dataclasses import replace

import pytest
import typer
from typer.testing import CliRunner

from contracts.answer import ArticlePublished, ArticleWithdrawn
from services.chatbot import commands, engine, prepare
from services.chatbot.adapters import index_files
from services.chatbot.adapters.index_files import current_digest
from tests.chatbot.desk import open_desk, send
from tests.chatbot.test_preview import (
    COORDINATOR,
    EDITOR,
    NEW_PRICE,
    PAGE,
    digest_on,
    edit,
    previewed,
)

pytestmark = pytest.mark.slow
ALONE = "--without-second-person"


@pytest.fixture(autouse=True)
def quick(town, monkeypatch):
    """What is learnt is not asked here: an index made before, with the articles that are to answer."""
    made = town.engine.world.index

    def index_of(_settings, base, _embedder):
        return replace(made, articles=base.articles), 0

    def publish(base, *_, **__):
        return replace(made, articles=base.articles), 0

    monkeypatch.setattr(prepare, "index_of", index_of)
    monkeypatch.setattr(engine, "publish", publish)


@pytest.fixture
def shell(monkeypatch):
    """`henvend knowledge publish`, for a town, in a thread as it is a process of its own."""
    app = typer.Typer()
    commands.mount(app)

    def publish(settings, *arguments):
        monkeypatch.setenv("HENVEND_DATA", str(settings.data))
        monkeypatch.setenv("HENVEND_MUNICIPALITY", str(settings.municipality))
        monkeypatch.setenv("HENVEND_CHATBOT_MODEL", settings.chatbot_model)
        command = ["knowledge", "publish", *arguments]
        return asyncio.to_thread(CliRunner().invoke, app, command)

    return publish


def version(town):
    return town.engine.world.index.articles["pas-pris.da"].version


async def test_a_new_text_is_only_prepared_and_two_people_release_it(town, shell):
    edit(town, "pas-pris.da", *NEW_PRICE)
    said = await shell(town.settings)
    await town.engine.refresh()
    assert said.exit_code == 3
    assert "two people release it at /editor/preview" in said.output
    assert version(town) == 1

    editor, coordinator = await town.staff(EDITOR), await town.staff(COORDINATOR)
    digest = digest_on(await previewed(town, editor))
    assert index_files.prepared_folder(town.settings.index_folder, digest).exists()
    await send(editor, f"{PAGE}/release", digest=digest, verdict="propose")
    await send(coordinator, f"{PAGE}/release", digest=digest, verdict="approve")
    assert version(town) == 2
    told = (await town.said(ArticlePublished))[-1]
    assert (told["released_by"], told["alone"]) == ([EDITOR, COORDINATOR], None)


async def test_one_person_releases_with_a_reason_that_the_trail_keeps_without_names(town, shell):
    edit(town, "pas-pris.da", *NEW_PRICE)
    why = "Forkert pris, ring til 010180-1234"
    said = await shell(town.settings, ALONE, why, "--by", EDITOR)
    await town.engine.refresh()

    assert (said.exit_code, version(town)) == (0, 2), said.output
    for event in ((await town.said(ArticlePublished))[-1], (await town.said(ArticleWithdrawn))[-1]):
        assert event["released_by"] == [EDITOR]
        assert event["alone"].startswith("Forkert pris")
        assert "010180" not in event["alone"]


@pytest.mark.parametrize(
    "arguments",
    [
        (ALONE, "haster"),
        (ALONE, "haster", "--by", "nobody"),
        (ALONE, "haster", "--by", "bilal.tmf"),
        (ALONE, " ", "--by", EDITOR),
        (ALONE, "x" * 201, "--by", EDITOR),
        ("--by", EDITOR),
    ],
)
async def test_alone_takes_an_account_that_may_and_a_reason(town, shell, arguments):
    edit(town, "pas-pris.da", *NEW_PRICE)
    before = current_digest(town.settings.index_folder)
    said = await shell(town.settings, *arguments)

    assert said.exit_code == 1
    assert current_digest(town.settings.index_folder) == before


async def test_what_is_published_is_taught_anew_without_anybody(town, shell):
    (town.settings.municipality / "outside.yaml").write_text("da: [hvem ejer månen]", "utf-8")
    before = current_digest(town.settings.index_folder)
    said = await shell(town.settings)

    assert said.exit_code == 0, said.output
    assert current_digest(town.settings.index_folder) != before


async def test_an_empty_installation_publishes_first_and_says_so(town, shell):
    first = [one["alone"] for one in await town.said(ArticlePublished)]
    assert set(first) == {"first-publication"}

    (town.settings.index_folder / "current").unlink()
    edit(town, "pas-pris.da", *NEW_PRICE)
    said = await shell(town.settings)
    assert said.exit_code == 0, said.output
    assert current_digest(town.settings.index_folder) is not None


async def test_files_of_an_older_version_are_made_anew_from_what_was_released(
    town, modelled, shell, monkeypatch
):
    edit(town, "pas-pris.da", *NEW_PRICE)
    monkeypatch.setattr(index_files, "FORMAT", index_files.FORMAT + 1)
    said = await shell(town.settings)
    assert said.exit_code == 1
    assert "Start the chat once" in said.output

    # One process at a time has the vectors.
    town.engine.close()
    folder = town.settings.data.parent
    async with open_desk(folder, chatbot_model=str(modelled / "model")) as upgraded:
        assert version(upgraded) == 1
