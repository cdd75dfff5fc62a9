"""Mail leaves only when the trail holds what it tells of; a refusal is shown, an absence is waited out."""

import pytest

from contracts.case import CaseOpened
from infra.chassis.errors import DependencyUnavailableError
from infra.chassis.outgoing import FIRST_WAIT, LONGEST_WAIT, MailRefusedError
from tests.router.inquiries import TITLE

pytestmark = pytest.mark.slow

REPLY = "Hullet bliver lappet på torsdag"


async def test_nothing_leaves_before_the_trail_has_it(office):
    case = await office.open_case()

    await office.mailroom.send_due()

    assert office.mail.sent == []

    [opened] = await office.said(CaseOpened)
    await office.chassis.outbox.confirm([opened.event_id])
    await office.mailroom.send_due()

    [mail] = office.mail.sent
    assert mail["Subject"] == f"SV: {TITLE} [{case.reference}]"


async def test_it_leaves_once(office):
    await office.open_case()
    await office.receipt()

    await office.mailroom.send_due()
    await office.mailroom.send_due()

    assert len(office.mail.sent) == 1


async def test_the_acknowledgement_names_department_reference_and_date(office):
    case = await office.open_case()
    await office.receipt()
    await office.mailroom.send_due()

    [mail] = office.mail.sent
    body = mail.get_content()

    assert "Teknik- og Miljøforvaltningen" in body
    assert case.reference in body
    assert "07.12.2026" in body
    assert office.settings.router_phone in body


async def test_a_triaged_case_is_acknowledged_without_promising_a_department(office):
    await office.open_case(verdict="unsure")
    await office.receipt()
    await office.mailroom.send_due()

    [mail] = office.mail.sent

    assert "forvaltningen" not in mail.get_content()


@pytest.mark.parametrize(
    ("language", "greeting"), [("da", "Kære"), ("sv", "Hej"), ("en", "Dear"), ("other", "Dear")]
)
async def test_a_citizen_is_written_to_in_their_language(office, language, greeting):
    await office.open_case(language=language)
    await office.receipt()
    await office.mailroom.send_due()

    [mail] = office.mail.sent

    assert greeting in mail.get_content().splitlines()[0]


async def test_a_reply_is_sent_word_for_word_with_its_writers_name(office):
    case = await office.open_case()
    await office.desk.reply(case.id, office.staff["bilal.tmf"], REPLY)
    await office.receipt()
    await office.mailroom.send_due()

    reply = office.mail.sent[-1].get_content()

    assert reply.startswith(REPLY)
    assert "Bilal Aydin" in reply


async def test_an_absent_mail_server_is_asked_later_and_ever_more_seldom(office):
    case = await office.open_case()
    await office.receipt()
    office.mail.failing = DependencyUnavailableError("outgoing mail server")

    waits = []
    for _ in range(14):
        assert await office.mailroom.send_due() == 1
        assert await office.mailroom.send_due() == 0
        [mail] = await office.mails(case.id)
        waits.append(mail.next_at - office.clock())
        office.clock.now = mail.next_at

    assert waits[0] == FIRST_WAIT
    assert waits[1] == 2 * FIRST_WAIT
    assert waits[-1] == LONGEST_WAIT

    office.mail.failing = None
    await office.mailroom.send_due()

    assert len(office.mail.sent) == 1


async def test_a_refused_recipient_is_not_tried_again_and_shown_on_the_case(office):
    case = await office.open_case()
    await office.receipt()
    office.mail.failing = MailRefusedError(550)

    await office.mailroom.send_due()
    office.clock.advance(days=1)

    assert await office.mailroom.send_due() == 0
    [mail] = await office.mails(case.id)
    assert mail.failure == "smtp-550"

    async with office.visitor("bilal.tmf") as bilal:
        page = await bilal.get(f"/cases/{case.reference}")

    assert "smtp-550" in page.text


async def test_a_sender_that_is_no_address_is_shown_and_not_tried_again(office):
    about = await office.new_inquiry()
    key = await office.chassis.keyring.data_key(about.inquiry)
    case = await office.open_case(
        received=about.model_copy(update={"sender": key.seal("sender", "undisclosed-recipients:;")})
    )
    await office.receipt()

    await office.mailroom.send_due()

    [mail] = await office.mails(case.id)
    assert mail.failure == "unanswerable"


async def test_an_erased_citizen_gets_no_more_mail(office):
    case = await office.open_case()
    await office.receipt()
    await office.chassis.keyring.shred(case.inquiry)

    await office.mailroom.send_due()

    assert office.mail.sent == []
    [mail] = await office.mails(case.id)
    assert mail.failure == "erased"


async def test_a_letter_that_cannot_be_read_holds_up_no_other(office):
    broken = await office.new_inquiry()
    stranger = await office.new_inquiry()
    first = await office.open_case(received=broken.model_copy(update={"sender": stranger.sender}))
    await office.open_case()
    await office.receipt()

    await office.mailroom.send_due()

    assert len(office.mail.sent) == 1
    [mail] = await office.mails(first.id)
    assert mail.failure == "unreadable"
