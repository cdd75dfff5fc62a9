"""Who was misread gets the answer by one button; a phrase of danger is never taken back."""

from dataclasses import replace

import pytest

from services.chatbot.alarm import Alarm
from services.chatbot.answer import signpost_crisis
from services.chatbot.reply import Question, Reply
from services.chatbot.say import NO_DANGER
from tests.chatbot.desk import SUNDAY
from tests.chatbot.test_answer_switch import turn

pytestmark = pytest.mark.slow

LOUD = Alarm({}, 1.0, -1e3)
"""Rings at everything."""
DAY = SUNDAY.date()


@pytest.fixture
def loud(desk, monkeypatch):
    world = replace(desk.engine.world, index=replace(desk.engine.world.index, alarm=LOUD))
    monkeypatch.setattr(desk.engine, "world", world)
    return desk


async def test_the_numbers_come_first_and_one_button_beneath_them_answers(loud):
    talk = await loud.talk()
    rang = (await talk.ask("Hvad koster et pas?"))[-1]
    (button,) = rang["about"]["offered"]
    asked, answer = (await talk.ask(button["title"], topic=button["topic"]))[-2:]

    assert (rang["kind"], button["topic"]) == ("crisis", NO_DANGER)
    assert "112" in rang["text"]
    assert "pas" not in rang["text"].lower().split()
    assert (asked["text"], answer["kind"]) == ("Hvad koster et pas?", "answer")


@pytest.mark.parametrize("language", ["da", "sv", "en"])
async def test_the_button_says_in_each_language_what_it_does(loud, language):
    talk = await loud.talk(language)
    said = (await talk.ask("pas pass passport?"))[-1]

    titles = {"Ingen er i fare", "Ingen är i fara", "Nobody is in danger"}
    assert said["about"]["offered"][0]["title"].split(".")[0] in titles


async def test_a_phrase_of_danger_has_no_such_button_and_pressing_changes_nothing(loud):
    talk = await loud.talk()
    first = (await talk.ask("jeg vil ikke leve mere"))[-1]
    second = (await talk.ask("jeg vil ikke leve mere", topic=NO_DANGER))[-1]

    assert "offered" not in first["about"]
    assert (second["kind"], second["about"]["danger"]) == ("crisis", "suicide")


async def test_nobody_takes_back_an_alarm_that_did_not_ring(loud):
    talk = await loud.talk()
    said = (await talk.ask("Hvad koster et pas?", topic=NO_DANGER))[-1]

    assert said["kind"] == "crisis"


async def test_who_was_calmed_is_still_heard_by_a_phrase(loud):
    question = Question("jeg vil ikke leve mere", DAY, calmed=True)
    reply = signpost_crisis(question, loud.engine.world)

    assert isinstance(reply, Reply)
    assert reply.parts[0].danger == "suicide"
    calm = signpost_crisis(replace(question, text="hvad koster et pas"), loud.engine.world)
    assert isinstance(calm, Question)


async def test_while_answers_are_off_no_button_promises_one(loud):
    await turn(loud, "off")
    said = (await (await loud.talk()).ask("Hvad koster et pas?"))[-1]

    assert said["kind"] == "crisis"
    assert "offered" not in said["about"]
