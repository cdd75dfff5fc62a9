"""kill -9 while a hundred mails and some chats flow: nothing lost, nothing doubled."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.journeys.order import assert_in_order, wait_settled
from tests.journeys.talk import Talk
from tests.journeys.town import Town, busyness, deliver, mail

pytestmark = pytest.mark.slow

MAILS = 100
PER_SECOND = 40.0
CHATS = 10
WORDS = (
    "Skraldespanden er ikke tømt i to uger.",
    "Der er et stort hul i cykelstien ved skolen.",
    "Hvornår kan jeg få tid til at forny mit pas?",
    "Vi vil gerne have vores søn skrevet op til vuggestue.",
    "Jag har fått en parkeringsböter som är fel.",
)


def chats(town: Town, problems: list[str]) -> None:
    """Each handed over to a person, by a client that tries again with the same id."""
    for _ in range(CHATS):
        talk = insist(lambda: Talk.begin(town.url("chatbot")))
        call = partial(talk.call_person, "Jeg vil tale med nogen.", str(uuid4()))
        references = {insist(call), insist(call)}
        if len(references) != 1:
            problems.append(f"two references for one call: {references}")


def insist(attempt: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 90 * busyness()
    while True:
        try:
            return attempt()
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


@pytest.mark.parametrize("victim", ["classifier", "router", "audit", "chatbot", "broker"])
def test_kill_9_while_a_hundred_mails_flow_loses_and_doubles_nothing(
    town: Town, victim: str
) -> None:
    before = town.count("classifier", "select count(*) from intake")
    run = uuid4().hex[:6]
    mails = [mail(f"{victim}-{run}-{n}", WORDS[n % len(WORDS)]) for n in range(MAILS)]
    problems: list[str] = []
    citizens = [
        threading.Thread(
            target=deliver, args=(town.ports.smtp, mails), kwargs={"per_second": PER_SECOND}
        ),
        threading.Thread(target=chats, args=(town, problems)),
    ]
    for citizen in citizens:
        citizen.start()
    time.sleep(MAILS / PER_SECOND / 2)
    dead = town.kill(victim)
    town.wait_back(victim, dead)
    for citizen in citizens:
        citizen.join(120 * busyness())
        assert not citizen.is_alive()
    wait_settled(town)
    assert problems == []
    assert town.count("classifier", "select count(*) from intake") == before + MAILS
    assert_in_order(town)
