"""The editors' page: what was asked and not answered, what did not help, what is to be reviewed."""

from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest

from contracts.answer import ArticleWithdrawn
from services.chatbot.insight import Unanswered, clusters
from tests.chatbot.desk import SUNDAY

pytestmark = pytest.mark.slow

EDITOR = "freja.redaktoer"


async def page_for(desk, account=EDITOR, path="/editor"):
    return await (await desk.staff(account)).get(path)


async def refuse(desk, words):
    """A question that is surely not answered: legal advice."""
    talk = await desk.talk()
    assert (await talk.ask(words))[-1]["kind"] == "declined"
    return talk


async def test_what_was_not_answered_stands_on_the_page_in_groups(desk):
    await refuse(desk, "kan jeg sagsøge kommunen")
    await refuse(desk, "kan jeg sagsøge kommunen mon")
    page = (await page_for(desk)).text

    assert "kan jeg sagsøge kommunen" in page
    assert "Lignende spørgsmål: 1" in page
    assert "2 ikke besvaret" in page


async def test_only_editors_and_coordinators_read_what_citizens_wrote(desk):
    assert (await page_for(desk)).status_code == 200
    assert (await page_for(desk, "emil.koordinator")).status_code == 200
    assert (await page_for(desk, "bilal.tmf")).status_code == 403
    assert (await page_for(desk, "ida.drift")).status_code == 403
    assert (await desk.browser().get("/editor")).status_code == 401


async def test_the_page_is_kept_in_no_cache_and_shows_no_personal_number(desk):
    await refuse(desk, "kan jeg sagsøge kommunen, mit cpr er 010180-1234")
    page = await page_for(desk)

    assert page.headers["cache-control"] == "no-store"
    assert "010180" not in page.text


async def test_a_destroyed_question_is_counted_and_not_shown(desk):
    talk = await refuse(desk, "kan jeg sagsøge kommunen")
    await desk.chassis.keyring.shred(UUID(talk.id))
    page = (await page_for(desk)).text

    assert "sagsøge" not in page
    assert "ikke kan vises: 1" in page


async def test_what_is_older_than_the_period_is_not_shown(desk):
    await refuse(desk, "kan jeg sagsøge kommunen")
    desk.clock.advance(days=10)

    assert "sagsøge" not in (await page_for(desk, path="/editor?days=7")).text
    assert "sagsøge" in (await page_for(desk, path="/editor?days=30")).text


async def test_a_person_called_without_a_question_is_counted(desk):
    talk = await desk.talk()
    await talk.post("person", note="ring")

    assert "uden et nyt spørgsmål: 1" in (await page_for(desk)).text


async def test_an_answer_that_did_not_help_shows_its_share_and_how_little_is_known(desk):
    talk = await desk.talk()
    seqs = [(await talk.ask("Pris på pas", topic="pas-pris"))[-1]["seq"] for _ in range(3)]
    for seq, helpful in zip(seqs, (False, False, True), strict=True):
        await talk.post("feedback", seq=seq, helpful=helpful)
    page = (await page_for(desk)).text

    assert "67 %" in page
    assert "21-94 % (95 %)" in page
    assert "/articles/pas-pris?lang=da" in page


async def test_a_missing_translation_and_an_unpublished_change_are_named(desk):
    (desk.settings.municipality / "knowledge" / "pas-pris.sv.md").unlink()
    page = (await page_for(desk)).text

    assert "(svenska)</span>: trækkes tilbage" in page
    assert 'href="/editor/preview"' in page


async def test_a_question_added_to_a_text_waits_to_be_published_too(desk):
    path = desk.settings.municipality / "knowledge" / "pas-pris.da.md"
    asked = path.read_text("utf-8").replace(
        "questions:\n", "questions:\n  - Hvad tager I for passet\n"
    )
    path.write_text(asked, "utf-8")

    assert "(dansk)</span>: ændret" in (await page_for(desk)).text


async def test_a_broken_file_is_named_and_the_rest_of_the_page_stands(desk):
    path = desk.settings.municipality / "knowledge" / "pas-pris.sv.md"
    path.write_text(path.read_text("utf-8").replace("version: 1", "version: nul"), "utf-8")
    page = await page_for(desk)

    assert page.status_code == 200
    assert "pas-pris.sv.md: version" in page.text


class TestOverdue:
    @pytest.fixture
    def reviews(self, desk):
        return desk.background.reviews

    def to_the_day_after(self, desk):
        articles = desk.engine.world.index.articles.values()
        first = min(article.review_by for article in articles)
        desk.clock.now = SUNDAY + (first - SUNDAY.date() + timedelta(days=1))
        return sorted(a.key for a in articles if a.review_by == first)

    async def test_a_text_past_its_date_stops_answering_and_the_trail_knows_once(
        self, desk, reviews
    ):
        assert await reviews.look() == 0
        late = self.to_the_day_after(desk)

        assert [await reviews.look() for _ in range(3)] == [len(late), 0, 0]

        said = await desk.said(ArticleWithdrawn)
        assert sorted(f"{e['article']['topic']}.{e['article']['language']}" for e in said) == late
        assert {event["reason"] for event in said} == {"review-overdue"}
        assert "Svarer ikke mere" in (await page_for(desk)).text
        topic, _, language = late[0].rpartition(".")
        talk = await desk.talk(language)
        answer = (await talk.ask(topic, topic=topic))[-1]
        assert answer["about"].get("topic") != topic

    async def test_its_editors_get_one_mail_once_the_trail_has_it(self, desk, reviews):
        late = self.to_the_day_after(desk)
        await reviews.look()
        mailroom = desk.background.mailroom
        await mailroom.send_due()
        assert desk.mail.sent == []
        await desk.trail_has_everything()
        for _ in range(2):
            await reviews.look()
            await mailroom.send_due()

        (mail,) = desk.mail.sent
        assert mail["To"] == "redaktion@b.example"
        assert all(key in mail.get_content() for key in late)
        assert "Redaktionen fik besked" in (await page_for(desk)).text


def asked(text, words, topics, language="da"):
    vector = np.array(words, dtype=np.float32)
    return Unanswered(
        SUNDAY, language, "declined", text, vector, np.array(topics, dtype=np.float32)
    )


def test_questions_of_one_matter_are_one_group_across_languages_and_the_largest_comes_first():
    found = clusters([
        asked("høns i haven", (1, 0), (0.9, 0.1, 0.0)),
        asked("en drone", (0, 1), (0.0, 0.0, 1.0)),
        asked("hens in the garden", (0.6, 0.8), (0.95, 0.05, 0.0), "en"),
    ])

    assert [one.count for one in found] == [2, 1]
    assert dict(found[0].languages) == {"da": 1, "en": 1}
    assert (found[0].nearest, found[1].nearest) == (0, 2)


def test_a_question_without_a_known_word_stands_alone():
    assert [one.count for one in clusters([asked("?", (0, 0), (0.4, 0.3, 0.3))])] == [1]
