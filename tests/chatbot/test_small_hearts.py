"""Opening hours, rate limits, proofs of work, rendering, terms: each small rule by itself."""

from datetime import UTC, date, datetime
from hashlib import sha256

import numpy as np
import pytest

from services.chatbot.adapters.edge_store import EdgeStore  # noqa: F401 - the import must be cheap
from services.chatbot.dialogue import asked_sentences, continues, is_bare, several
from services.chatbot.kinds import KINDS, REFUSED, refusals_from
from services.chatbot.limits import Allowance, Limiter
from services.chatbot.municipality import load_municipality
from services.chatbot.proof import BITS, LIFETIME_SECONDS, challenge, is_proved
from services.chatbot.render import callable_numbers, to_html, to_text
from services.chatbot.say import whole_day
from services.chatbot.screen import load_phrases
from services.chatbot.terms import grams, terms

PHRASES = load_phrases()


def test_people_answer_within_their_hours_and_not_on_holidays():
    place = load_municipality(None)
    monday_noon = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)

    assert place.is_open(monday_noon, ())
    assert not place.is_open(monday_noon, {date(2026, 11, 23)})
    assert not place.is_open(datetime(2026, 11, 22, 11, 0, tzinfo=UTC), ())


def test_the_next_opening_is_the_next_working_morning():
    place = load_municipality(None)
    friday_evening = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)

    opens = place.opens(friday_evening, {date(2026, 11, 23)})

    assert (opens.date(), opens.hour) == (date(2026, 11, 24), 9)


def test_too_many_messages_are_told_when_to_come_back():
    limiter = Limiter(Allowance(2, 60))

    assert [limiter.take("a", 0.0), limiter.take("a", 0.0), limiter.take("a", 0.0)] == [0, 0, 30]
    assert limiter.take("b", 0.0) == 0
    assert limiter.take("a", 31.0) == 0


def test_a_proof_of_work_counts_only_for_our_own_fresh_challenge():
    given = challenge(b"secret", 1000.0)
    answer = next(
        str(n)
        for n in range(10**6)
        if int.from_bytes(sha256(f"{given}:{n}".encode()).digest()[:4], "big") >> (32 - BITS) == 0
    )

    assert is_proved(b"secret", given, answer, 1001.0)
    assert not is_proved(b"secret", given, answer + "x", 1001.0)
    assert not is_proved(b"other", given, answer, 1001.0)
    assert not is_proved(b"secret", given, answer, 1001.0 + LIFETIME_SECONDS)


def test_raw_html_is_shown_as_text_and_only_safe_links_work():
    html = to_html(
        "<script>x</script> [a](javascript:alert) [b](kb:pas-pris) [c](https://x.example)"
    )

    assert "<script>" not in html
    assert "javascript:" not in html.replace("(javascript:alert)", "")
    assert '<button type="submit" class="topic" name="topic" value="pas-pris">b</button>' in html
    assert '<a href="https://x.example" rel="noopener noreferrer">c</a>' in html


def test_plain_text_names_link_targets_once():
    assert to_text("Se [sundby.example/pas](https://www.sundby.example/pas) og **nu**") == (
        "Se sundby.example/pas og nu"
    )


def test_letters_without_their_keys_are_the_same_terms():
    assert grams("måned") == grams("maaned")
    assert set(terms("kørekort fornyelse", "da")) == set(terms("koerekort fornyelse", "da"))


@pytest.mark.parametrize(
    "text", ["og hvad koster det?", "kan min mand hente det?", "hvor lang tid tager det"]
)
def test_a_question_without_a_subject_is_bare(text):
    assert is_bare(text, "da", PHRASES)


@pytest.mark.parametrize(
    ("text", "language"),
    [("til min mor altså", "da"), ("och min frus?", "sv"), ("for my husband too", "en")],
)
def test_for_whom_else_is_asked_without_a_subject(text, language):
    assert is_bare(text, language, PHRASES)


def test_a_question_with_a_subject_is_not_bare():
    assert not is_bare("hvad koster et pas", "da", PHRASES)
    assert continues("og hvad med storskrald", "da", PHRASES)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("hvornår har I åbent", "da"),
        ("åbningstider?", "da"),
        ("hvordan får jeg mitid", "da"),
        ("when are you open", "en"),
        ("vilka öppettider har ni", "sv"),
    ],
)
def test_what_is_about_us_has_a_subject_at_the_beginning_and_only_there(text, language):
    assert not is_bare(text, language, PHRASES, beginning=True)
    assert is_bare(text, language, PHRASES)


@pytest.mark.parametrize("text", ["hvad koster det?", "hvor lang tid tager det"])
def test_what_is_about_nothing_has_no_subject_at_the_beginning_either(text):
    assert is_bare(text, "da", PHRASES, beginning=True)


def test_what_is_hardly_anything_refused_is_not_refused_because_questions_never_look_like_it():
    ordinary = np.full((200, len(KINDS)), -8.0, dtype=np.float32)
    thresholds = refusals_from(ordinary)

    assert set(thresholds) == set(REFUSED)
    assert min(thresholds.values()) == pytest.approx(np.log(0.05))


def test_several_questions_are_told_apart():
    assert several("Hvad koster et pas? Og hvornår hentes storskrald?") == (
        "Hvad koster et pas?",
        "Og hvornår hentes storskrald?",
    )
    assert several("hvad koster et pas") == ("hvad koster et pas",)
    assert asked_sentences("Vi er lige flyttet. Hvor skal jeg melde det?") == (
        "Hvor skal jeg melde det?",
    )


def test_a_number_to_call_in_danger_can_be_tapped_and_other_bold_words_stay():
    html = callable_numbers(
        to_html("**Du er ikke alene.**\n\n- **70 201 201** Livslinien\n- **112** nu")
    )

    assert '<a class="keep" href="tel:70201201"><strong>70 201 201</strong></a>' in html
    assert 'href="tel:112"' in html
    assert "<strong>Du er ikke alene.</strong>" in html


@pytest.mark.parametrize(
    ("language", "written"),
    [("da", "1. september 2027"), ("sv", "1 september 2027"), ("en", "1 September 2027")],
)
def test_a_day_is_written_as_people_write_it(language, written):
    assert whole_day(date(2027, 9, 1), language) == written
