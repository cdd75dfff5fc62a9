"""The machine can be stopped at once: people go on, and help in danger stays (P19)."""

import shutil

import pytest

from contracts.answer import QuestionAnswered
from contracts.governance import SwitchTurned
from contracts.inquiry import InquiryReceived
from tests.chatbot.conftest import copy_of
from tests.chatbot.desk import open_desk, send

pytestmark = pytest.mark.slow

EDITOR = "freja.redaktoer"


async def turn(desk, way, account=EDITOR, reason="wrong-answers"):
    staff = await desk.staff(account)
    return await send(staff, "/editor/switch", turn=way, reason=reason)


@pytest.mark.parametrize("account", [EDITOR, "emil.koordinator", "ida.drift"])
async def test_editor_coordinator_and_operator_turn_it_and_the_trail_knows(desk, account):
    assert (await turn(desk, "off", account)).status_code == 303
    assert (await turn(desk, "off", account)).status_code == 303

    (said,) = await desk.said(SwitchTurned)
    assert (said["switch"], said["on"], said["by"]) == ("chat.answers", False, account)
    assert said["reason"] == "wrong-answers"


async def test_a_caseworker_and_a_stranger_do_not(desk):
    assert (await turn(desk, "off", "bilal.tmf")).status_code == 403
    assert (await desk.browser().get("/editor/switch")).status_code == 401
    assert await desk.said(SwitchTurned) == []


async def test_a_reason_in_words_is_refused(desk):
    assert (await turn(desk, "off", reason="Bilal 010180-1234")).status_code == 400


async def test_off_nothing_is_answered_not_even_by_a_button(desk):
    talk = await desk.talk()
    await turn(desk, "off")

    for said in (
        await talk.ask("Hvad koster et pas?"),
        await talk.ask("Pris på pas", topic="pas-pris"),
    ):
        assert "slået fra" in said[-1]["text"]
        assert said[-1]["about"] == {"person": True}


async def test_off_the_receipt_says_that_it_was_off_and_names_no_model(desk):
    await turn(desk, "off")
    talk = await desk.talk()
    said = (await talk.ask("Hvad koster et pas?"))[-1]
    page = (await desk.browser().get(said["receipt"].partition("8083")[2] + "?lang=da")).text

    assert "Automatiske svar var slået fra" in page
    assert "Model" not in page
    assert (await desk.said(QuestionAnswered))[0]["model"]["name"] == "none"


async def test_off_help_in_danger_is_shown(desk):
    await turn(desk, "off")
    talk = await desk.talk("sv")
    said = await talk.ask("jag vill inte leva längre")

    assert said[-1]["kind"] == "crisis"
    assert "112" in said[-1]["text"]


async def test_off_a_person_is_still_called_by_button_by_words_and_by_form(desk):
    await turn(desk, "off")
    talk = await desk.talk()
    await talk.post("person", note="ring")
    other = await desk.talk()
    await other.ask("jeg vil tale med et menneske")
    form = await desk.browser().post(
        "/chat", data={"lang": "da", "text": "ring", "action": "person"}
    )

    assert "HV-" in form.text
    assert len(await desk.said(InquiryReceived)) == 3


@pytest.mark.parametrize(
    ("language", "word"), [("da", "slået fra"), ("sv", "avstängda"), ("en", "switched off")]
)
async def test_off_every_page_says_so_and_names_the_phone(desk, language, word):
    await turn(desk, "off")
    visitor = desk.browser()
    about = (await visitor.get(f"/api/v1/widget?lang={language}")).json()
    greeted = (await desk.talk(language)).begun["messages"]

    assert about["on"] is False
    for said in (
        about["texts"]["paused"],
        (await visitor.get(f"/?lang={language}")).text,
        (await visitor.get(f"/chat?lang={language}")).text,
        greeted[-1]["text"],
    ):
        assert word in said
        assert about["phone"] in said


async def test_on_again_it_answers(desk):
    await turn(desk, "off")
    await turn(desk, "on", reason="as-usual")
    talk = await desk.talk()

    assert (await talk.ask("Hvad koster et pas?"))[-1]["kind"] == "answer"


async def test_a_restart_does_not_turn_it_on(tmp_path, published):
    folder = copy_of(published, tmp_path / "town")
    async with open_desk(folder) as desk:
        await turn(desk, "off")
    shutil.rmtree(folder / "data" / "knowledge" / "vectors")  # held by the first until it is gone
    async with open_desk(folder) as desk:
        talk = await desk.talk()

        assert "slået fra" in (await talk.ask("Hvad koster et pas?"))[-1]["text"]


async def test_the_setting_is_stronger_than_the_switch(tmp_path, published):
    async with open_desk(copy_of(published, tmp_path / "town"), chatbot_on=False) as desk:
        talk = await desk.talk()

        assert "slået fra" in (await talk.ask("Hvad koster et pas?"))[-1]["text"]
        page = (await (await desk.staff(EDITOR)).get("/editor/switch")).text
        assert "Driften har slået" in page
