"""The public receipt of an automatic answer, and the approved text behind it."""

import pytest

from contracts.inquiry import InquiryReceived

pytestmark = pytest.mark.slow


async def receipt_of(talk, words):
    answer = (await talk.ask(words))[-1]
    return answer, answer["receipt"].partition("8083")[2]


async def test_a_receipt_shows_what_was_asked_and_why_it_was_answered_so(desk):
    talk = await desk.talk()
    answer, path = await receipt_of(talk, "Hvad koster et pas? mit cpr er 010180-1234")
    page = await desk.browser().get(f"{path}?lang=da")

    assert page.headers["cache-control"] == "no-store"
    for word in ("Hvad koster et pas?", answer["about"]["digest"], "version 1", "på vej ind"):
        assert word in page.text
    assert "010180" not in page.text


async def test_a_receipt_says_when_the_trail_has_it(desk):
    talk = await desk.talk()
    _, path = await receipt_of(talk, "Hvad koster et pas?")
    await desk.trail_has_everything()

    assert "underskrevne revisionsspor" in (await desk.browser().get(f"{path}?lang=da")).text


async def test_what_was_not_answered_has_a_receipt_too(desk):
    talk = await desk.talk("en")
    _, path = await receipt_of(talk, "can I sue the municipality")
    page = (await desk.browser().get(f"{path}?lang=en")).text

    assert "never answers this" in page
    assert "A fixed rule" in page
    assert "This is wrong" not in page


async def test_another_token_opens_nothing(desk):
    talk = await desk.talk()
    _, path = await receipt_of(talk, "Hvad koster et pas?")
    wrong = path[:-16] + "a" * 16

    assert (await desk.browser().get(wrong)).status_code == 404


async def test_the_receipt_of_one_answer_does_not_open_another(desk):
    talk = await desk.talk()
    _, one = await receipt_of(talk, "Hvad koster et pas?")
    _, other = await receipt_of(talk, "Hvad koster en beboerlicens?")
    mixed = one.rpartition("/")[0] + "/" + other.rpartition("/")[2]

    assert (await desk.browser().get(mixed)).status_code == 404


async def test_this_is_wrong_on_the_receipt_brings_a_person(desk):
    talk = await desk.talk()
    _, path = await receipt_of(talk, "Hvad koster et pas?")
    sent = await desk.browser().post(f"{path}?lang=da")
    page = await desk.browser().get(sent.headers["location"])

    (received,) = await desk.said(InquiryReceived)
    assert received["reference"] in page.text


async def test_an_approved_text_is_public_with_its_approver(desk):
    page = await desk.browser().get("/articles/pas-pris?lang=da")

    assert "890" in page.text
    assert "godkendt af" in page.text
    assert (await desk.browser().get("/articles/no-such-text")).status_code == 404
