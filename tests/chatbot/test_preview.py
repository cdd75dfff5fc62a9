"""What a publication would change is seen first, and two people publish it."""

import asyncio
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from contracts.answer import ArticlePublished, ArticleWithdrawn
from services.chatbot import prepare
from services.chatbot.commands import publish_default
from services.chatbot.compare import Outcome, Shown, difference
from services.chatbot.differences import pieces, revisions
from services.chatbot.knowledge import parse_article
from services.chatbot.preview_chart import bars
from tests.chatbot.conftest import open_town
from tests.chatbot.desk import send
from tests.chatbot.sample import CHATBOT

EDITOR, COORDINATOR = "freja.redaktoer", "emil.koordinator"
PAGE = "/editor/preview"


def article(name="pas-pris.da", **changes):
    path = CHATBOT / "knowledge" / f"{name}.md"
    return parse_article(path.name, path.read_text("utf-8")).model_copy(update=changes)


def test_a_changed_word_is_shown_as_removed_and_added_among_what_stays():
    found = pieces("Et pas koster 890 kr.\nHent det selv.", "Et pas koster 950 kr.\nHent det selv.")

    assert [(one.kind, one.text) for one in found] == [
        ("same", "Et pas koster "),
        ("removed", "890 "),
        ("added", "950 "),
        ("same", "kr.\nHent det selv."),
    ]


def test_a_sentence_put_otherwise_is_not_cut_into_shreds():
    found = pieces(
        "Passet sendes til dig inden for 10 hverdage. Om sommeren kan det tage 15 hverdage.",
        "Passet sendes med posten inden for 8 hverdage, også om sommeren kan det tage tid.",
    )

    assert [one.kind for one in found] == ["same", "removed", "added", "same", "removed", "added"]
    assert "".join(one.text for one in found if one.kind != "added").endswith("15 hverdage.")


def test_a_text_written_anew_is_shown_whole_before_and_after():
    found = pieces("Ring til Borgerservice.", "Du bestiller passet på nettet og henter det her")

    assert [one.kind for one in found] == ["removed", "added"]


def test_each_language_of_a_topic_is_a_revision_of_its_own_and_what_stays_is_none():
    swedish = article("pas-pris.sv")
    before = {
        "pas-pris.da": article(),
        "pas-pris.sv": swedish,
        "storskrald.da": article("storskrald.da"),
    }
    after = {
        "pas-pris.da": article(version=2, body="Et pas koster nu 950 kr. for en voksen."),
        "pas-pris.sv": swedish,
        "pas-pris.en": article("pas-pris.en"),
    }

    assert [(one.kind, one.article.key) for one in revisions(before, after)] == [
        ("changed", "pas-pris.da"),
        ("new", "pas-pris.en"),
        ("withdrawn", "storskrald.da"),
    ]


def test_a_question_more_and_a_later_date_are_told_though_the_text_stays():
    old = article()
    new = article(questions=(*old.questions, "hvad må jeg slippe"), review_by=date(2027, 12, 1))
    (one,) = revisions({old.key: old}, {old.key: new})

    assert one.questions_added == ("hvad må jeg slippe",)
    assert [fact.name for fact in one.facts] == ["review_by"]


def said(verdict, *articles, offered=()):
    shown = tuple(Shown(topic, "da", version, "d", topic) for topic, version in articles)
    return Outcome(verdict, shown, offered)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (said("answered", ("pas", 1)), said("answered", ("pas", 1)), None),
        (said("declined"), said("answered", ("pas", 1)), "answered"),
        (said("answered", ("pas", 1)), said("clarified", offered=("Pas",)), "unanswered"),
        (said("answered", ("pas", 1)), said("answered", ("bil", 1)), "topic"),
        (said("answered", ("pas", 1)), said("answered", ("pas", 2)), "text"),
        (said("clarified", offered=("Pas",)), said("clarified", offered=("Bil",)), "reply"),
        (said("crisis"), said("answered", ("pas", 1)), "alarm"),
        (said("declined"), said("crisis"), "alarm"),
    ],
)
def test_a_change_is_named_by_what_the_citizen_notices(before, after, kind):
    assert difference(before, after) == kind


def test_a_bar_of_one_among_hundreds_is_still_seen_and_names_are_escaped():
    drawn = bars([("<b>many</b>", 900), ("one", 1)], title="t", about="a")

    assert "<b>" not in drawn
    assert 'width="2.0"' in drawn


def edit(town, name, *changes):
    path = town.settings.municipality / "knowledge" / f"{name}.md"
    words = path.read_text("utf-8")
    for old, new in changes:
        assert old in words
        words = words.replace(old, new)
    path.write_text(words, "utf-8")


async def previewed(town, browser):
    answer = await send(browser, PAGE)
    assert answer.status_code == 303
    job = town.background.previews
    for _ in range(1200):
        if job.job is None or not job.job.running:
            return (await browser.get(PAGE)).text
        await asyncio.sleep(0.1)
    raise AssertionError("no preview within two minutes")


def digest_on(page):
    return page.partition('name="digest" value="')[2].partition('"')[0]


NEW_PRICE = (("version: 1", "version: 2"), ("890", "951"))


def change(town):
    """A new price, and a topic less: what most of these tests preview."""
    edit(town, "pas-pris.da", *NEW_PRICE)
    for language in ("da", "sv", "en"):
        (town.settings.municipality / "knowledge" / f"storskrald.{language}.md").unlink()


class Made(NamedTuple):
    """What the process of its own left of that change, and what was seen meanwhile."""

    folder: Path
    second_began: bool
    meanwhile: str
    after: str


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def made(modelled, tmp_path_factory):
    """Once: to learn it takes the process most of half a minute, and it is the same each time."""
    async with open_town(modelled, tmp_path_factory.mktemp("made") / "town") as town:
        change(town)
        editor, previews = await town.staff(EDITOR), town.background.previews
        await send(editor, PAGE)
        second_began = previews.start("0" * 32)
        meanwhile = (await editor.get(PAGE)).text
        while previews.job is not None and previews.job.running:
            await asyncio.sleep(0.1)
        after = (await editor.get(PAGE)).text
        yield Made(town.settings.index_folder / "prepared", second_began, meanwhile, after)


@pytest.fixture
def changed(town, made):
    """A town with that change, which need not be made once more."""
    change(town)
    shutil.copytree(made.folder, town.settings.index_folder / "prepared")
    return town


@pytest.mark.slow
class TestPreview:
    async def test_two_people_publish_what_the_preview_showed(self, changed):
        town = changed
        talk = await town.talk()
        await talk.ask("Hvad koster et pas? mit cpr er 010180-1234")
        await (await town.talk()).ask("storskrald")
        gone = await town.talk()
        await gone.ask("Pris på pas")
        editor, coordinator = await town.staff(EDITOR), await town.staff(COORDINATOR)
        page = await previewed(town, editor)

        assert "<del>" in page
        assert "951" in page
        assert "Hvad koster et pas?" in page
        assert "010180" not in page
        assert "Samme emne, ændret tekst" in page
        assert "Får ikke mere et svar" in page
        assert town.engine.world.index.articles["pas-pris.da"].version == 1

        digest = digest_on(page)
        approve = {"digest": digest, "verdict": "approve"}
        assert (await send(coordinator, f"{PAGE}/release", **approve)).status_code == 409
        await send(editor, f"{PAGE}/release", digest=digest, verdict="propose")
        own = await send(editor, f"{PAGE}/release", **approve)
        assert own.status_code == 409
        assert "selv foreslået" in own.text
        assert town.engine.world.index.articles["pas-pris.da"].version == 1
        assert (await send(coordinator, f"{PAGE}/release", **approve)).status_code == 303

        assert town.engine.publication == digest
        assert "951" in (await talk.ask("Hvad koster et pas?"))[-1]["text"]
        (published,) = (await town.said(ArticlePublished))[30:]
        assert published["article"]["version"] == 2
        assert published["released_by"] == [EDITOR, COORDINATOR]
        withdrawn = await town.said(ArticleWithdrawn)
        assert {tuple(one["released_by"]) for one in withdrawn} == {(EDITOR, COORDINATOR)}
        assert "Mappens tekster er dem, der svarer" in (await editor.get(PAGE)).text

    async def test_published_again_from_a_shell_it_is_not_said_to_be_their_release(
        self, changed, monkeypatch
    ):
        town = changed
        editor, coordinator = await town.staff(EDITOR), await town.staff(COORDINATOR)
        digest = digest_on(await previewed(town, editor))
        await send(editor, f"{PAGE}/release", digest=digest, verdict="propose")
        await send(coordinator, f"{PAGE}/release", digest=digest, verdict="approve")
        learnt = town.engine.world.index
        # What is learnt is not asked here: who is said to have released it is.
        monkeypatch.setattr(
            prepare, "index_of", lambda _, base, __: (replace(learnt, articles=base.articles), 0)
        )
        for was, becomes in ((2, 3), (3, 2)):
            edit(town, "pas-pris.da", (f"version: {was}", f"version: {becomes}"))
            await asyncio.to_thread(publish_default, town.settings)
            await town.engine.refresh()

        assert town.engine.publication == digest
        told = [one["released_by"] for one in (await town.said(ArticlePublished))[30:]]
        assert told == [[EDITOR, COORDINATOR], [], []]

    async def test_a_file_saved_after_the_preview_is_not_published_unseen(self, changed):
        town = changed
        editor, coordinator = await town.staff(EDITOR), await town.staff(COORDINATOR)
        digest = digest_on(await previewed(town, editor))
        await send(editor, f"{PAGE}/release", digest=digest, verdict="propose")
        edit(town, "pas-pris.da", ("951", "9510"))
        answer = await send(coordinator, f"{PAGE}/release", digest=digest, verdict="approve")

        assert answer.status_code == 409
        assert town.engine.world.index.articles["pas-pris.da"].version == 1

    async def test_what_the_check_refuses_is_said_and_nothing_is_made(self, town):
        edit(town, "pas-pris.da", *NEW_PRICE, ("(kb:pas-bestil)", "(kb:findes-ikke)"))
        page = await previewed(town, await town.staff(EDITOR))

        assert "links to findes-ikke" in page
        assert town.background.previews.last is None
        assert not (town.settings.index_folder / "prepared").exists()

    async def test_a_text_changed_without_a_new_version_cannot_be_previewed(self, town):
        edit(town, "pas-pris.da", ("890", "951"))
        answer = await send(await town.staff(EDITOR), PAGE)

        assert answer.status_code == 409
        assert "the version must go up" in answer.text
        assert town.background.previews.job is None

    async def test_one_preview_is_made_at_a_time_and_the_page_says_how_far_it_is(self, made):
        assert not made.second_began
        assert 'aria-current="step"' in made.meanwhile
        assert "hx-trigger" in made.meanwhile
        assert "hx-trigger" not in made.after
        assert 'name="digest"' in made.after

    async def test_a_process_that_dies_is_said_and_the_chat_goes_on(self, town, monkeypatch):
        edit(town, "pas-pris.da", *NEW_PRICE)
        monkeypatch.setattr("services.chatbot.own_process.sys.executable", "/bin/false")
        page = await previewed(town, await town.staff(EDITOR))

        assert "Fejlen er skrevet i driftens log" in page
        assert (await (await town.talk()).ask("Hvad koster et pas?"))[-1]["kind"] == "answer"

    async def test_a_question_deleted_after_the_preview_is_shown_no_more(self, changed):
        town = changed
        talk = await town.talk()
        await talk.ask("Hvad koster et pas?")
        editor = await town.staff(EDITOR)
        assert "Hvad koster et pas?</span>" in await previewed(town, editor)
        await talk.client.delete(talk.path)
        page = (await editor.get(PAGE)).text

        assert "Hvad koster et pas?</span>" not in page
        assert "Slettet af borgerne siden: 1" in page


@pytest.mark.slow
async def test_only_editors_and_coordinators_see_or_publish_it(desk):
    for account in ("bilal.tmf", "ida.drift"):
        browser = await desk.staff(account)
        assert (await browser.get(PAGE)).status_code == 403
        assert (await send(browser, PAGE)).status_code == 403
        assert (await send(browser, f"{PAGE}/release")).status_code == 403
