"""A citizen asks in the chat, wants a person, and is answered there."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.journeys.order import assert_in_order, kinds_in_trail, wait_settled
from tests.journeys.talk import Talk
from tests.journeys.town import Town, post, wait_for, words_of

pytestmark = pytest.mark.slow


def test_a_chat_becomes_a_case_and_the_reply_appears_in_the_chat(town: Town) -> None:
    talk = Talk.begin(town.url("chatbot"))
    answer = talk.ask("Hvad koster et pas til en voksen?")
    assert any(one["about"] for one in answer if one["role"] == "bot"), "no source was named"

    reference = talk.call_person("Jeg vil hellere tale med et menneske om mit pas.")
    row = wait_for(
        lambda: town.rows("router", "select * from case_file where reference = ?", reference),
        30,
        "no case",
    )[0]
    assert row["channel"] == "chat"

    def said(word: str) -> list[dict[str, Any]]:
        return [one for one in talk.messages() if word in one["text"]]

    wait_for(lambda: said(reference), 30, "the chat does not name the reference")
    staff = town.login("emil.koordinator")
    page = words_of(staff.get(town.url("router", f"/cases/{reference}")))
    assert "tale med et menneske om mit pas" in page
    words = f"Du er velkommen i Borgerservice i morgen ({uuid4().hex[:6]})."
    assert (
        post(staff, town.url("router", f"/cases/{reference}/reply"), text=words).status_code == 303
    )
    wait_for(lambda: said(words), 30, "the reply did not come into the chat")
    (reply,) = said(words)
    assert (reply["role"], reply["kind"]) == ("staff", "reply")
    wait_settled(town)
    kinds = kinds_in_trail(town, row["inquiry"])
    assert {"inquiry.received", "inquiry.classified", "case.opened", "case.replied"} <= {*kinds}
    assert_in_order(town)


def test_a_stranger_cannot_read_a_conversation(town: Town) -> None:
    talk = Talk.begin(town.url("chatbot"))
    assert httpx.get(talk.url("/messages")).status_code == 404
    wrong = {"authorization": "Bearer wrong"}
    assert httpx.get(talk.url("/messages"), headers=wrong).status_code == 404
