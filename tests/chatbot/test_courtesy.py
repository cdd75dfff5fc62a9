"""Small talk: what is thanks, what chooses a button, what takes the last message back."""

import pytest

from infra.pages.pages import text as said
from services.chatbot.courtesy import chosen, courtesy, is_yes, taken_back
from services.chatbot.dialogue import Thread
from services.chatbot.municipality import load_municipality
from services.chatbot.reply import Part, Reply
from services.chatbot.say import sayings


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("tak for hjælpen!", "thanks"),
        ("Tack så mycket", "thanks"),
        ("thanks, that's all", "thanks"),
        ("lovely, thank you so much", "thanks"),
        ("okej tack för svaret", "thanks"),
        ("øv. men tak alligevel", "thanks"),
        ("ta", "thanks"),
        ("hav en god weekend", "goodbye"),
        ("hej", "greeting"),
        ("hej er der nogen", "greeting"),
        ("ok", "ok"),
        ("nej", "no"),
    ],
)
def test_a_remark_is_heard_for_what_it_is(words, kind):
    assert courtesy(words) == kind


@pytest.mark.parametrize(
    "words",
    [
        "tak, hvad koster det",
        "er det alt?",
        "det var ikke det",
        "hej jeg har rotter",
        "",
        "jeg kan ikke mere",
    ],
)
def test_whatever_says_more_is_no_remark(words):
    assert courtesy(words) is None


@pytest.mark.parametrize(
    ("words", "count", "number"),
    [
        ("den anden", 2, 1),
        ("den første tak", 3, 0),
        ("the last one", 3, 2),
        ("nummer 2", 2, 1),
        ("den tredje", 2, None),
        ("den anden dag", 2, None),
        ("kan den anden forælder hente det", 2, None),
    ],
)
def test_a_button_is_chosen_only_by_its_place(words, count, number):
    assert chosen(words, count) == number


def test_yes_is_more_than_thanks():
    assert is_yes("ja tak")
    assert not is_yes("tak")
    assert not is_yes("ja men hvad koster det")


def test_what_is_taken_back_leaves_the_subject_only_when_it_was_the_wrong_one():
    left = taken_back("nej det var ikke det, jeg mente en sal til festen")
    meant = taken_back("no, I meant the blue one")
    assert left is not None
    assert (left.rest, left.leaves) == ("en sal til festen", True)
    assert meant is not None
    assert (meant.rest, meant.leaves) == ("the blue one", False)
    assert taken_back("nej vi bor ikke sammen") is None


@pytest.mark.parametrize("language", ["da", "sv", "en"])
@pytest.mark.parametrize("kind", ["thanks", "goodbye", "greeting", "ok", "no"])
def test_a_remark_is_answered_in_its_language_and_offers_nobody_without_need(language, kind):
    part = Part("declined", confidence=1.0, courtesy=kind)
    reply = Reply(language, (part,), "tak", 0, Thread())
    (saying,) = sayings(reply, None, load_municipality(None))
    assert saying.text == said(f"chatbot.courtesy.{kind}", language)
    assert bool(saying.about) == (kind == "no")
