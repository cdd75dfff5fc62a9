"""Somebody in danger is heard in words that no example has; who is not in danger is left in peace."""

import json

import pytest

from services.chatbot.alarm import SILENT, features, fit_alarm, read_cries
from services.chatbot.kinds import read_refused
from services.chatbot.knowledge import load_base
from services.chatbot.paused import reply_paused
from services.chatbot.publish import read_inquiries
from services.chatbot.reply import Question
from services.chatbot.screen import Screening, load_phrases, screen
from services.chatbot.senses import read_senses, sensed
from services.classifier.examples import spoken, training_words
from services.classifier.near_duplicates import find_twins
from tests.chatbot.sample import CHATBOT
from tests.chatbot.test_fit import DAY

pytestmark = pytest.mark.slow

PHRASES = load_phrases()
EXAMPLES = CHATBOT.parent / "classifier" / "examples"


@pytest.fixture(scope="module")
def questions():
    base = load_base(CHATBOT / "knowledge")
    return [q for article in base.articles.values() for q in article.questions]


@pytest.fixture(scope="module")
def alarm(questions):
    known, inquiries = read_cries(), read_inquiries(EXAMPLES)
    return fit_alarm(
        known.cries,
        [*questions, *(text for _, text in read_refused())],
        known.lookalikes,
        urgent=[one.text for one in inquiries if one.urgent],
        calm=[one.text for one in inquiries if not one.urgent],
    )


def _cases(*names):
    lines = (
        line
        for name in names
        for line in (CHATBOT / "development" / f"{name}.jsonl").read_text("utf-8").splitlines()
    )
    return [json.loads(line) for line in lines]


def _heard(alarm, text):
    return alarm.hear(text, screen(text, PHRASES)) is not None


# Neither a phrase nor an example has these: without the model nobody would hear them.
UNNAMED = [
    "naboens kone tager sig til brystet og er helt gra i ansigtet",
    "MIN MORFAR ER DEMENT OG ER GÅET UD I FROSTEN I SLÅBROK",
    "min morfar er dement og er gaaet ud i frosten i slaabrok",
    "han venter på mig nede ved døren og jeg gemmer mig",
    "pojken har rymt från boendet i bara pyjamas och det snöar",
    "the balcony above us is burning and people are shouting",
]


@pytest.mark.parametrize("text", UNNAMED)
def test_a_cry_that_no_phrase_names_is_heard(alarm, text):
    assert screen(text, PHRASES).danger is None
    assert text not in read_cries().cries
    assert alarm.hear(text, Screening()) == "alarm"


# The model alone leaves these below its threshold: the phrases hear them.
NAMED = [
    ("voldtægt", "violence"),
    ("selvmord", "suicide"),
]


@pytest.mark.parametrize(("text", "danger"), NAMED)
def test_what_a_phrase_names_is_heard_though_the_model_is_not_sure(alarm, text, danger):
    assert not alarm.rings(text)
    assert alarm.hear(text, screen(text, PHRASES)) == danger


def test_without_the_model_the_phrases_still_hear():
    text = "jeg vil ikke leve mere"
    assert SILENT.hear(text, screen(text, PHRASES)) == "suicide"
    reply = reply_paused(Question(text, DAY), PHRASES, SILENT.hear)
    assert reply.parts[0].verdict == "crisis"


def test_paused_the_model_still_hears(alarm):
    reply = reply_paused(Question(UNNAMED[0], DAY), PHRASES, alarm.hear)
    assert reply.parts[0].danger == "alarm"


@pytest.mark.parametrize(
    "text",
    [
        "har ni böcker om självmord till en uppsats",
        "hvor gammelt skal et barn være for at gå alene til skole",
        "prisen på et parkeringskort er jo selvmord for en studerende",
        "my uncle had a stroke last year, can he get a ramp",
        "vi drukner i reklamer",
    ],
)
def test_what_only_sounds_like_danger_is_left_in_peace(alarm, text):
    assert not _heard(alarm, text)


@pytest.mark.parametrize("cry", ["jeg vil ikke leve mere", "min mand slår mig", "I want to die"])
def test_a_phrase_among_ordinary_questions_is_heard(alarm, questions, cry):
    for n in range(0, 400, 10):
        before, after = ". ".join(questions[n : n + 5]), ". ".join(questions[n + 5 : n + 10])
        text = f"{before}. {cry}. {after}"
        assert screen(text, PHRASES).danger is not None
        assert _heard(alarm, text)
        assert _heard(alarm, f"{questions[n]} {cry}")
        assert _heard(alarm, f"{cry} {questions[n]}")


@pytest.mark.parametrize("text", ["tak", "hej igen", "og nu?", "ok tak", "nej"])
def test_a_word_or_two_only_ring_by_a_phrase(alarm, text):
    assert not _heard(alarm, text)


def test_unseen_cries_of_the_development_set_are_heard_and_its_lookalikes_seldom(alarm):
    cases = _cases("crisis")
    cries = [_heard(alarm, c["text"]) for c in cases if c["expect"] == "crisis"]
    calm = [_heard(alarm, c["text"]) for c in cases if c["expect"] != "crisis"]

    assert sum(cries) / len(cries) >= 0.9
    assert sum(calm) / len(calm) <= 0.1


def test_ordinary_questions_are_seldom_taken_for_a_crisis(alarm, questions):
    asked = [case["text"] for case in _cases("answerable", "refuse")]
    heard = [_heard(alarm, text) for text in [*asked, *questions]]
    # Each is one button more to press (misread.py): dearer would be a cry that nobody hears. Among them are stories
    # of several sentences that were written to sound like anything but a question.
    assert sum(heard) / len(heard) < 0.0175


def test_what_teaches_the_alarm_stands_in_no_set_that_measures_it():
    known = read_cries()
    learnt = [training_words(None, text) for text in (*known.cries, *known.lookalikes)]
    measured = [
        training_words(None, json.loads(line)["text"])
        for of in ("development", "evaluation")
        for line in (CHATBOT / of / "crisis.jsonl").read_text("utf-8").splitlines()
    ]
    assert not {spoken(words) for words in learnt} & {spoken(words) for words in measured}
    twins = find_twins([*learnt, *measured], 0.8)
    assert not [1 for one in twins if one.first < len(learnt) <= one.second]


def test_one_sense_is_one_in_three_languages_and_all_spellings():
    senses = read_senses()
    for words in (("kniv", "knife"), ("døde", "doede"), ("bange", "rädd", "raedd", "afraid")):
        shared = set.intersection(*(set(senses.of(_plain(word))) for word in words))
        assert shared


def _plain(word):
    return word.replace("ø", "oe").replace("ä", "ae")


def test_two_senses_are_a_pair_only_near_each_other():
    senses = read_senses()
    near = sensed(["baby", "kniv"], senses)
    far = sensed(["baby", *["xyz"] * 12, "kniv"], senses)
    assert "child+weapon" in near
    assert "child+weapon" not in far
    assert {"child", "weapon"} <= far


def test_capitals_and_missing_letters_change_nothing():
    assert features("Han TRÆKKER ikke vejret") == features("han traekker ikke vejret")


def test_too_few_examples_make_no_model():
    assert fit_alarm(["hjælp"] * 10, ["hvad koster et pas"] * 600) is SILENT
