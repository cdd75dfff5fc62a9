"""The page where two persons erase an inquiry without reading it."""

import pytest

from contracts.inquiry import DecisionContested, InquiryErased
from services.router.receipt import token_of
from tests.router.inquiries import SENDER, TITLE, WORDS
from tests.router.test_erasure import EMIL, HANNE, decide, erase

pytestmark = pytest.mark.slow


async def test_one_asks_another_approves_and_the_case_page_says_when_and_why(office):
    case = await office.open_case("tmf.veje")
    address = f"/erasures/{case.reference}"
    async with office.visitor(HANNE) as hanne, office.visitor(EMIL) as emil:
        found = await hanne.get(f"/erasures?reference={case.reference.lower()}")
        assert (found.status_code, found.headers["location"]) == (303, address)
        asked = await hanne.post(address, reason="objection", records="no-record")
        assert asked.status_code == 303
        own = await hanne.post(f"{address}/settle", verdict="approve")
        assert own.status_code == 409
        assert "En sletning skal godkendes af en anden" in own.text
        assert "venter på en anden person" in (await emil.get(f"/cases/{case.reference}")).text
        approved = await emil.post(f"{address}/settle", verdict="approve")
        assert approved.status_code == 303
        assert len(await office.said(InquiryErased)) == 1
        await office.receipt()
        await office.app.state.erasing.finish()

        gone = await emil.get(f"/cases/{case.reference}")
        again = await emil.post(f"/cases/{case.reference}/reply", text="Hej")
        sought = await emil.get(f"/find?reference={case.reference}")
        listed = (await hanne.get("/erasures")).text
        own_page = (await hanne.get(address)).text

    assert (gone.status_code, again.status_code) == (410, 410)
    assert sought.headers["location"] == f"/cases/{case.reference}"
    for words in (
        "Slettet",
        "23.11.2026",
        "borgeren har gjort berettiget indsigelse",
        "Teknik- og Miljøforvaltningen",
        "Veje, fortove",
    ):
        assert words in gone.text
    for page in (listed, own_page):
        assert case.reference in page
        assert "Hanne Skov" in page
        assert "Emil Krogh" in page


async def test_it_shows_what_is_held_and_never_a_word_of_it(office):
    case = await office.open_case("tmf.veje")
    bilal = office.staff["bilal.tmf"]
    await office.desk.reply(case.id, bilal, "Hullet bliver lappet på torsdag")
    async with office.visitor(HANNE) as hanne:
        page = (await hanne.get(f"/erasures/{case.reference}")).text

    for words in ("sager: 1, handlinger: 1, svar: 1", "Breve, der venter", "Revisionssporet"):
        assert words in page
    for secret in (WORDS, TITLE, SENDER, "Quistgaard", "torsdag"):
        assert secret not in page


async def test_an_open_complaint_is_said_and_leaves_nothing_to_approve(office):
    case = await office.open_case("tmf.veje")
    await office.hear(DecisionContested(inquiry=case.inquiry, wish="wrong"))
    address = f"/erasures/{case.reference}"
    async with office.visitor(HANNE) as hanne, office.visitor(EMIL) as emil:
        before = await hanne.get(address)
        asked = await hanne.post(address, reason="objection", records="no-record")
        page = await emil.get(address)
        tried = await emil.post(f"{address}/settle", verdict="approve")
        taken_back = await emil.post(f"{address}/settle", verdict="decline")

    assert (asked.status_code, tried.status_code, taken_back.status_code) == (303, 409, 303)
    for shown in (before, page, tried):
        assert "klagen er ikke behandlet" in shown.text
    assert 'value="approve"' not in page.text
    assert 'value="decline"' in page.text


async def test_where_records_must_be_kept_the_page_says_so_and_asks_why(office):
    case = await office.open_case("sof.boern-familier")
    async with office.visitor(HANNE) as hanne:
        address = f"/erasures/{case.reference}"
        page = (await hanne.get(address)).text
        refused = await hanne.post(address, reason="objection")
        asked = await hanne.post(address, reason="objection", records="filed-elsewhere")

    assert "GDPR art. 17, stk. 3" in page
    assert "afleveres til arkiv" in page
    assert "stadig åben" in page
    assert refused.status_code == 409
    assert "pligt til at bevare" in refused.text
    assert asked.status_code == 303


async def test_a_closed_case_without_an_answer_asks_for_the_ground_only(office):
    case = await office.open_case("tmf.veje")
    await office.desk.close(case.id, office.staff["bilal.tmf"], "duplicate")
    async with office.visitor(HANNE) as hanne:
        page = (await hanne.get(f"/erasures/{case.reference}")).text
        asked = await hanne.post(f"/erasures/{case.reference}", reason="registered-by-mistake")

    assert 'name="records"' not in page
    assert asked.status_code == 303


async def test_only_those_who_may_erase_see_the_page(office):
    case = await office.open_case()
    for account in ("bilal.tmf", "ida.drift", "gustav.borgerraadgiver", "freja.redaktoer"):
        async with office.visitor(account) as visitor:
            for path in ("/erasures", f"/erasures/{case.reference}"):
                assert (await visitor.get(path)).status_code == 403
            asked = await visitor.post(f"/erasures/{case.reference}", reason="objection")
            settled = await visitor.post(f"/erasures/{case.reference}/settle", verdict="approve")
            assert (asked.status_code, settled.status_code) == (403, 403)
    async with office.visitor() as nobody:
        assert (await nobody.get("/erasures")).status_code == 303
    assert await office.said(InquiryErased) == []


async def test_an_unknown_reference_is_said_to_be_unknown(office):
    async with office.visitor(HANNE) as hanne:
        sought = await hanne.get("/erasures?reference=HV-00000-00000")
        page = await hanne.get("/erasures/HV-00000-00000")

    assert "Ingen sag har denne reference" in sought.text
    assert page.status_code == 404


async def test_another_department_does_not_learn_what_was_erased(office):
    case = await office.open_case("tmf.veje")
    await erase(office, case)
    async with office.visitor("anna.kff") as anna, office.visitor("bilal.tmf") as bilal:
        assert (await anna.get(f"/cases/{case.reference}")).status_code == 403
        assert (await bilal.get(f"/cases/{case.reference}")).status_code == 410


async def test_the_receipt_says_so_in_the_citizens_language_and_only_to_the_citizen(office):
    case = await office.open_case(language="sv")
    token = token_of(await office.chassis.keyring.data_key(case.inquiry))
    await erase(office, case)

    async with office.visitor(**{"accept-language": "fr"}) as citizen:
        page = await citizen.get(f"/receipt/{case.reference}/{token}")
        pressed = await citizen.post(f"/receipt/{case.reference}/{token}", wish="person")
        guessed = await citizen.get(f"/receipt/{case.reference}/{'a' * 16}")

    assert (page.status_code, pressed.status_code, guessed.status_code) == (410, 410, 404)
    assert '<html lang="sv">' in page.text
    assert "invånaren har med rätta invänt" in page.text
    assert "23.11.2026" in page.text


async def test_while_the_trail_is_away_the_receipt_says_that_it_is_being_erased(office):
    case = await office.open_case()
    token = token_of(await office.chassis.keyring.data_key(case.inquiry))
    await decide(office, case)

    async with office.visitor() as citizen:
        page = await citizen.get(f"/receipt/{case.reference}/{token}")
        pressed = await citizen.post(f"/receipt/{case.reference}/{token}", wish="person")

    assert (page.status_code, pressed.status_code) == (410, 410)
    assert "er ved at blive slettet" in page.text
    assert "Nøglen til teksten er destrueret" not in page.text


async def test_inquiries_of_the_same_thread_are_named(office):
    first = await office.open_case()
    answer = await office.new_inquiry(follows=first.inquiry)
    second = await office.open_case(received=answer)
    await office.open_case()
    async with office.visitor(HANNE) as hanne:
        of_first = (await hanne.get(f"/erasures/{first.reference}")).text
        of_second = (await hanne.get(f"/erasures/{second.reference}")).text

    assert f'href="/erasures/{second.reference}"' in of_first
    assert f'href="/erasures/{first.reference}"' in of_second


async def test_other_systems_erase_by_the_same_two_persons(office):
    case = await office.open_case("tmf.veje")
    address = f"/api/v1/erasures/{case.reference}"
    asked = {"reason": "objection", "records": "no-record"}
    async with (
        office.visitor(HANNE, accept="application/json") as hanne,
        office.visitor(EMIL, accept="application/json") as emil,
        office.visitor("bilal.tmf", accept="application/json") as bilal,
    ):
        assert (await bilal.get(address)).status_code == 403
        assert (await _say(bilal, address, **asked)).status_code == 403
        assert (await _say(hanne, address, reason="objection")).json()["error"] == "records"
        assert (await _say(hanne, address, reason="whatever")).status_code == 400
        assert (await _say(hanne, address, **asked)).status_code == 201
        own = await _say(hanne, f"{address}/verdict", approve=True)
        assert (own.status_code, own.json()["error"]) == (409, "own_erasure")
        assert (await _say(emil, f"{address}/verdict", approve=True)).status_code == 201
        found = (await hanne.get(address)).json()
        listed = (await emil.get("/api/v1/erasures")).json()

    assert found["duties"] == ["open"]
    assert found["held"]["cases"][0]["reference"] == case.reference
    assert found["erasure"]["approved_by"] == EMIL
    assert [one["reference"] for one in listed] == [case.reference]
    assert WORDS not in str(found)


async def _say(visitor, path, **body):
    token = visitor.client.cookies.get("henvend_csrf") or ""
    return await visitor.client.post(path, json=body, headers={"x-csrf-token": token})
