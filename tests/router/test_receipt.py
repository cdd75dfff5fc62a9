"""The citizen's receipt: true, in the citizen's language, without a word of the inquiry, and contestable."""

from uuid import UUID

import pytest

from contracts.inquiry import DecisionContested
from infra.keyring import DataKey
from services.router.receipt import certainty, opens, token_of
from services.router.receipt_page import PER_MINUTE
from tests.router.inquiries import SENDER, TITLE, WORDS

pytestmark = pytest.mark.slow


async def address_of(office, case):
    key = await office.chassis.keyring.data_key(case.inquiry)
    return f"/receipt/{case.reference}/{token_of(key)}"


def test_the_token_is_sixteen_letters_that_only_the_key_gives():
    one, other = DataKey(UUID(int=1), b"1" * 32), DataKey(UUID(int=1), b"2" * 32)

    assert len(token_of(one)) == 16
    assert token_of(one).isalnum()
    assert opens(one, token_of(one))
    assert opens(one, token_of(one).upper())
    assert not opens(one, token_of(other))
    assert not opens(one, "")
    assert not opens(one, "æøå")


@pytest.mark.parametrize(
    ("confidence", "words"), [(0.7, "sure"), (0.69, "unsure"), (0.35, "unsure"), (0.34, "doubtful")]
)
def test_confidence_is_told_in_words_against_what_was_needed(confidence, words):
    assert certainty(confidence, threshold=0.7) == words


async def test_the_acknowledgement_leads_to_the_receipt(office):
    case = await office.open_case()
    await office.receipt()
    await office.mailroom.send_due()
    [mail] = office.mail.sent
    [link] = [line for line in mail.get_content().splitlines() if "/receipt/" in line]

    async with office.visitor() as citizen:
        page = await citizen.get(link.strip().removeprefix(office.settings.url_of("router")))

    assert page.status_code == 200
    assert case.reference in page.text


async def test_it_says_what_was_understood_why_who_has_it_and_until_when(office):
    case = await office.open_case("tmf.veje")
    async with office.visitor() as citizen:
        page = (await citizen.get(await address_of(office, case))).text

    assert "Veje, fortove" in page
    assert "Programmet var sikkert" in page
    assert "Sorteringsprogrammet var sikkert, og intet talte imod." in page
    assert "Teknik- og Miljøforvaltningen" in page
    assert "07.12.2026" in page


async def test_it_never_shows_what_the_citizen_or_the_staff_wrote_or_who_they_are(office):
    case = await office.open_case()
    bilal = office.staff["bilal.tmf"]
    await office.desk.assign(case.id, bilal)
    await office.desk.reply(case.id, bilal, "Hullet bliver lappet på torsdag")

    async with office.visitor() as citizen:
        page = (await citizen.get(await address_of(office, case))).text

    for secret in (WORDS, TITLE, SENDER, "Quistgaard", "torsdag", bilal.name, bilal.account):
        assert secret not in page
    assert "en medarbejder tog sagen" in page
    assert "du fik svar" in page


@pytest.mark.parametrize(
    ("language", "title"),
    [("da", "Din henvendelse"), ("sv", "Ditt ärende"), ("en", "Your inquiry")],
)
async def test_it_is_in_the_language_the_citizen_wrote_in(office, language, title):
    case = await office.open_case(language=language)

    async with office.visitor(**{"accept-language": "fr"}) as citizen:
        page = await citizen.get(await address_of(office, case))

    assert f"<h1>{title}</h1>" in page.text
    assert f'<html lang="{language}">' in page.text


async def test_the_reader_may_choose_another_language(office):
    case = await office.open_case(language="da")

    async with office.visitor() as citizen:
        page = await citizen.get(f"{await address_of(office, case)}?lang=en")

    assert "<h1>Your inquiry</h1>" in page.text


async def test_a_wrong_token_and_a_wrong_reference_look_alike(office):
    case = await office.open_case()
    address = await address_of(office, case)

    async with office.visitor() as guesser:
        wrong_token = await guesser.get(f"/receipt/{case.reference}/{'a' * 16}")
        wrong_reference = await guesser.get(f"/receipt/HV-00000-00000/{address[-16:]}")

    assert wrong_token.status_code == wrong_reference.status_code == 404
    assert wrong_token.text.replace(case.reference, "") == wrong_reference.text.replace(
        "HV-00000-00000", ""
    ).replace(address[-16:], "a" * 16)


async def test_one_inquirys_token_does_not_open_another(office):
    first, second = await office.open_case(), await office.open_case()
    token = (await address_of(office, first)).rpartition("/")[2]

    async with office.visitor() as citizen:
        page = await citizen.get(f"/receipt/{second.reference}/{token}")

    assert page.status_code == 404


async def test_an_erased_inquiry_says_so(office):
    case = await office.open_case()
    address = await address_of(office, case)
    await office.chassis.keyring.shred(case.inquiry)

    async with office.visitor() as citizen:
        page = await citizen.get(address)
        press = await citizen.post(address, wish="wrong")

    assert page.status_code == press.status_code == 410
    assert "Henvendelsen er slettet" in page.text


@pytest.mark.parametrize("wish", ["wrong", "person"])
async def test_a_button_stops_the_machine_and_brings_a_person(office, wish):
    case = await office.open_case()
    address = await address_of(office, case)

    async with office.visitor() as citizen:
        answer = await citizen.client.post(address, data={"wish": wish})
        page = await citizen.get(address)

    assert answer.status_code == 303
    assert "Et menneske ser på det nu" in page.text
    now = await office.case(case.reference)
    assert (now.queue, now.status) == ("triage", "open")
    [body] = await office.bodies(DecisionContested)
    assert (body["wish"], body["case"]) == (wish, str(case.id))

    async with office.visitor("emil.koordinator") as emil:
        queue = await emil.get("/?place=triage")

    assert case.reference in queue.text
    assert "borgeren er uenig" in queue.text


async def test_pressing_twice_is_one_contest_until_staff_have_acted(office):
    case = await office.open_case()
    address = await address_of(office, case)

    async with office.visitor() as citizen:
        await citizen.post(address, wish="wrong")
        await citizen.post(address, wish="wrong")

        assert len(await office.said(DecisionContested)) == 1

        office.clock.advance(minutes=1)
        await office.desk.move(case.id, office.staff["emil.koordinator"], "kff.pas")
        office.clock.advance(minutes=1)
        await citizen.post(address, wish="wrong")

    assert len(await office.said(DecisionContested)) == 2
    assert (await office.case(case.reference)).queue == "triage"


async def test_the_event_coming_round_by_the_broker_changes_nothing(office):
    from contracts.event import decode

    case = await office.open_case()
    async with office.visitor() as citizen:
        await citizen.post(await address_of(office, case), wish="wrong")
    office.clock.advance(minutes=1)
    await office.desk.move(case.id, office.staff["emil.koordinator"], "tmf.veje")
    [row] = await office.said(DecisionContested)

    await office.hear(decode(row.value, row.headers, {DecisionContested.type: DecisionContested}))

    assert (await office.case(case.reference)).queue == "department"
    assert [kind for kind, _ in await office.acts(case.id)] == ["contested", "moved"]


async def test_contesting_one_of_two_linked_cases_leaves_the_other(office):
    from tests.router.inquiries import parts_of

    case = await office.open_case("kff.pas", parts=parts_of("kff.pas", "tmf.affald"))
    async with office.visitor() as citizen:
        await citizen.post(await address_of(office, case), wish="wrong")

    assert (await office.case(case.reference)).queue == "triage"
    assert (await office.case(f"{case.reference}-2")).queue == "department"


async def test_an_odd_wish_is_refused(office):
    case = await office.open_case()

    async with office.visitor() as citizen:
        answer = await citizen.post(await address_of(office, case), wish="money")

    assert answer.status_code == 400
    assert await office.said(DecisionContested) == []


async def test_guessing_is_slowed_down(office):
    case = await office.open_case()

    async with office.visitor() as guesser:
        answers = [
            (await guesser.get(f"/receipt/{case.reference}/{'a' * 16}")).status_code
            for _ in range(PER_MINUTE + 1)
        ]

    assert answers[0] == 404
    assert answers[-1] == 429


async def test_no_search_engine_and_no_cache_keeps_it(office):
    case = await office.open_case()

    async with office.visitor() as citizen:
        page = await citizen.get(await address_of(office, case))

    assert page.headers["cache-control"] == "no-store"
    assert "noindex" in page.headers["x-robots-tag"]
    assert page.headers["referrer-policy"] == "no-referrer"
