"""Under attack: everybody gets a task, one solved task opens one conversation, limits say when to return."""

from hashlib import sha256

import pytest
import pytest_asyncio

from services.chatbot.gate import waiting_time
from services.chatbot.proof import LIFETIME_SECONDS, Spent, is_proved
from tests.chatbot.conftest import copy_of
from tests.chatbot.desk import open_desk

pytestmark = pytest.mark.slow

BEGIN = "/api/v1/conversations"


@pytest_asyncio.fixture
async def attacked(tmp_path, published):
    """One conversation a minute is normal here, so that two are an attack."""
    folder = copy_of(published, tmp_path / "town")
    async with open_desk(folder, chatbot_proofs_above=1) as desk:
        await desk.talk()
        yield desk


def solved(task):
    for number in range(10**7):
        digest = sha256(f"{task['challenge']}:{number}".encode()).digest()
        if int.from_bytes(digest[:4], "big") >> (32 - task["bits"]) == 0:
            return {"challenge": task["challenge"], "proof": str(number)}
    raise AssertionError


async def test_a_solved_task_opens_one_conversation_and_no_second(attacked):
    visitor = attacked.browser()
    refused = await visitor.post(BEGIN, json={"language": "da"})
    assert refused.status_code == 428
    assert "Ring" in refused.json()["error"] or "ring" in refused.json()["error"]
    proof = solved(refused.json())

    assert (await visitor.post(BEGIN, json=proof)).status_code == 201
    assert (await visitor.post(BEGIN, json=proof)).status_code == 428


async def test_a_wrong_or_strange_proof_opens_nothing(attacked):
    visitor = attacked.browser()
    task = (await visitor.post(BEGIN, json={})).json()
    for proof in (
        {"challenge": task["challenge"], "proof": "nonsense"},
        {"challenge": "1.2.3", "proof": "0"},
        {"challenge": "²³.ø.å", "proof": "0"},
    ):
        assert (await visitor.post(BEGIN, json=proof)).status_code == 428


async def test_without_javascript_one_is_told_to_wait_or_call(attacked):
    page = await attacked.browser().post(
        "/chat", data={"lang": "da", "text": "Hvad koster et pas?"}
    )

    assert page.status_code == 428
    assert "Vent et minut" in page.text
    assert "Hvad koster et pas?" in page.text


async def test_too_many_messages_are_told_when_to_come_back(tmp_path, published):
    folder = copy_of(published, tmp_path / "town")
    async with open_desk(folder, chatbot_messages_per_minute=2) as desk:
        talk = await desk.talk()
        for _ in range(2):
            await talk.ask("Hvad koster et pas?")
        refused = await talk.client.post(f"{talk.path}/messages", json={"text": "igen"})
        form = {"lang": "da", "conversation": talk.id, "token": talk.begun["token"], "text": "igen"}
        page = await desk.browser().post("/chat", data=form)

    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert f"om {refused.headers['retry-after']} sekunder" in refused.json()["error"]
    # The form keeps the conversation and what was written.
    assert page.status_code == 429
    assert talk.begun["token"] in page.text
    assert "igen</textarea>" in page.text


async def test_too_many_conversations_of_one_address_are_told_in_minutes(tmp_path, published):
    folder = copy_of(published, tmp_path / "town")
    async with open_desk(folder, chatbot_conversations_per_hour=1) as desk:
        await desk.talk()
        refused = await desk.browser().post(BEGIN, json={"language": "en"})

    assert refused.status_code == 429
    assert "in 60 minutes" in refused.json()["error"]


def test_a_wait_is_said_as_people_say_it():
    assert waiting_time(90, "da") == "om 90 sekunder"
    assert waiting_time(91, "sv") == "om 2 minuter"


def test_a_spent_task_is_forgotten_when_it_is_worth_nothing_any_more():
    spent = Spent()

    assert [spent.spend("a", 0.0), spent.spend("a", LIFETIME_SECONDS)] == [True, False]
    assert spent.spend("a", LIFETIME_SECONDS + 1.0)
    assert not is_proved(b"secret", "", "", 0.0)
