"""What a citizen can do in a conversation, by the API that every channel uses."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from contracts.answer import QuestionAnswered
from contracts.inquiry import DecisionContested, InquiryErased, InquiryReceived
from contracts.reference import reference_of
from infra.chassis.tables import outbox
from infra.keyring import KeyDestroyedError
from services.chatbot.adapters.tables import message, turn

pytestmark = pytest.mark.slow


async def test_an_answer_comes_with_its_receipt(desk):
    talk = await desk.talk()
    answer = (await talk.ask("Hvad koster et pas?"))[-1]

    assert answer["about"]["title"]
    assert "/answers/" in answer["receipt"]
    assert answer["at"].endswith("Z")


async def test_the_same_message_twice_is_answered_once(desk):
    talk = await desk.talk()
    same = str(uuid4())

    first = await talk.ask("Hvad koster et pas?", id=same)
    again = await talk.ask("Hvad koster et pas?", id=same)

    assert first == again
    assert len(await desk.said(QuestionAnswered)) == 1


async def test_a_pressed_button_for_a_person_is_a_turn_that_names_its_inquiry(desk):
    talk = await desk.talk()
    reference = (await talk.post("person", note="ring til mig")).json()["reference"]

    (received,) = await desk.said(InquiryReceived)
    (answered,) = await desk.said(QuestionAnswered)
    assert reference_of(UUID(received["inquiry"])) == reference
    assert (answered["verdict"], answered["handed_over"]) == ("handed-over", received["inquiry"])
    assert answered["question"] is None


async def test_the_same_wish_for_a_person_is_one_inquiry(desk):
    talk = await desk.talk()
    same = str(uuid4())
    references = [
        (await talk.post("person", note="ring", id=same)).json()["reference"] for _ in range(2)
    ]

    assert references[0] == references[1]
    assert len(await desk.said(InquiryReceived)) == 1


async def test_a_written_wish_for_a_person_and_its_inquiry_are_one_transaction(desk, monkeypatch):
    """Stopped in between, "I pass it on" would stand in the chat and nothing would be passed on."""
    talk = await desk.talk()

    async def broken(*_args, **_more):
        raise RuntimeError("stopped")

    monkeypatch.setattr("services.chatbot.handover.store.add_handover", broken)
    answer = await talk.client.post(
        f"{talk.path}/messages", json={"text": "jeg vil tale med et menneske"}
    )
    assert answer.status_code == 500
    assert len(await talk.messages()) == 1
    monkeypatch.undo()

    same = await talk.ask("jeg vil tale med et menneske")
    assert "HV-" in same[-1]["text"]
    assert len(await desk.said(InquiryReceived)) == 1


async def test_what_comes_after_a_handover_names_the_inquiry_it_went_to(desk):
    talk = await desk.talk()
    await talk.post("person", note="hjælp")
    await talk.ask("kan jeg sagsøge kommunen")
    await talk.ask("jeg vil tale med et menneske")

    received = [one["inquiry"] for one in await desk.said(InquiryReceived)]
    answered = await desk.said(QuestionAnswered)
    assert [one["handed_over"] for one in answered] == [received[0], received[1], received[0]]


async def test_ones_own_matter_after_a_handover_reaches_who_has_the_case(desk):
    talk = await desk.talk()
    await talk.post("person", note="hjælp")
    await talk.ask("hvor langt er I med min ansøgning")

    first, second = await desk.said(InquiryReceived)
    assert second["follows"] == first["inquiry"]


async def test_this_is_wrong_brings_a_person_and_no_machine_sorts_it(desk):
    talk = await desk.talk()
    answer = (await talk.ask("Hvad koster et pas?"))[-1]
    said = [(await talk.post("wrong", seq=answer["seq"])).json() for _ in range(2)]

    (received,) = await desk.said(InquiryReceived)
    (contested,) = await desk.said(DecisionContested)
    assert said[0] == said[1] == {"reference": received["reference"]}
    assert (contested["inquiry"], contested["wish"]) == (received["inquiry"], "wrong")
    assert received["wants_person"]
    async with desk.chassis.database.read() as reader:
        helpful = await reader.scalar(select(turn.c.helpful).where(turn.c.seq == answer["seq"]))
    assert helpful is False


async def test_only_an_answer_can_be_wrong(desk):
    talk = await desk.talk()

    assert (await talk.post("wrong", seq=1)).status_code == 404


async def test_the_conversation_can_be_taken_along_with_its_sources(desk):
    talk = await desk.talk()
    await talk.ask("Hvad koster et pas? mit cpr er 010180-1234")
    file = await talk.client.get(f"{talk.path}/download")

    assert 'filename="samtale.txt"' in file.headers["content-disposition"]
    assert "890" in file.text
    assert "Automatisk svar (AI)" in file.text
    assert "010180" not in file.text


async def test_an_ended_conversation_stays_readable_and_says_so_once(desk):
    talk = await desk.talk()
    for _ in range(2):
        assert (await talk.post("end")).json() == {"status": "ended"}

    said = [one for one in await talk.messages() if one["role"] == "notice"]
    assert len(said) == 1


async def test_a_deleted_conversation_is_gone_with_its_key_and_its_receipt(desk):
    talk = await desk.talk()
    answer = (await talk.ask("Hvad koster et pas?"))[-1]
    receipt = answer["receipt"].partition("8083")[2]
    assert (await talk.client.get(receipt)).status_code == 200

    assert (await talk.client.delete(talk.path)).status_code == 204

    assert (await talk.client.get(f"{talk.path}/messages")).status_code == 404
    assert (await talk.client.get(receipt)).status_code == 410
    with pytest.raises(KeyDestroyedError):
        await desk.chassis.keyring.data_key(UUID(talk.id))
    async with desk.chassis.database.read() as reader:
        assert (await reader.execute(select(message))).all() == []


async def test_an_erased_inquiry_takes_its_conversation_along_and_the_chat_says_so(desk):
    talk = await desk.talk()
    await talk.ask("Hvad koster et pas?")
    await talk.post("person", note="ring", email="borger@b.example")
    (received,) = await desk.said(InquiryReceived)
    erased = InquiryErased(
        inquiry=received["inquiry"], reason="request", requested_by="a", approved_by="b"
    )

    for _ in range(2):
        await desk.hear(erased)

    answer = await talk.client.get(f"{talk.path}/messages")
    assert answer.status_code == 410
    assert "slettet efter en beslutning" in answer.json()["error"]
    form = {"lang": "da", "conversation": talk.id, "token": talk.begun["token"], "text": "hej"}
    page = await desk.browser().post("/chat", data=form)
    assert (page.status_code, "slettet efter en beslutning" in page.text) == (410, True)
    stranger = desk.browser(authorization="Bearer wrong")
    assert (await stranger.get(f"{talk.path}/messages")).status_code == 404
    with pytest.raises(KeyDestroyedError):
        await desk.chassis.keyring.data_key(UUID(talk.id))
    async with desk.chassis.database.read() as reader:
        assert (await reader.execute(select(message))).all() == []


async def test_an_erased_inquiry_that_is_not_ours_changes_nothing(desk):
    talk = await desk.talk()
    await desk.hear(
        InquiryErased(inquiry=uuid4(), reason="request", requested_by="a", approved_by="b")
    )

    assert len(await talk.messages()) == 1


async def test_other_channels_find_every_call_and_its_token_in_the_description(desk):
    described = (await desk.browser().get("/schema/openapi.json")).json()

    ask = described["paths"]["/api/v1/conversations/{conversation}/messages"]["post"]
    begin = described["paths"]["/api/v1/conversations"]["post"]
    assert ask["security"] == [{"conversation": []}]
    assert described["components"]["securitySchemes"]["conversation"]["scheme"] == "bearer"
    assert "428" in begin["responses"]
    assert not [path for path in described["paths"] if path.startswith("/editor")]


async def test_no_event_holds_a_word_of_the_citizen(desk):
    talk = await desk.talk()
    await talk.ask("hvad koster et pas for Xerxes")
    await talk.post("person", note="Xerxes", email="xerxes@b.example")

    async with desk.chassis.database.read() as reader:
        values = (await reader.execute(select(outbox.c.value))).scalars()
        assert [value for value in values if b"xerxes" in value.lower()] == []
