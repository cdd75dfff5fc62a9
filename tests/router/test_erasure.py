"""Two persons erase an inquiry, and nothing brings it back."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from contracts.case import CaseOpened, CaseReplied
from contracts.event import effect_id
from contracts.inquiry import DecisionContested, InquiryErased
from infra.chassis.tables import outbox
from infra.keyring import KeyDestroyedError
from services.router.adapters import mails, tables
from services.router.erasure import (
    HeldCase,
    Holding,
    duties,
    objection_to_asking,
    objection_to_settling,
)
from services.router.receipt import token_of
from services.router.refusal import ActRefusedError
from tests.router.inquiries import MONDAY, classified, dead_letter, parts_of

pytestmark = pytest.mark.slow

HANNE, EMIL = "hanne.dpo", "emil.koordinator"
KEPT = (tables.erasure, tables.erased_case, tables.decision)


def holding(*cases: HeldCase, replies: int = 0) -> Holding:
    return Holding(
        inquiry=UUID(int=1),
        reference="HV-00000-00001",
        received_at=MONDAY,
        channel="mail",
        in_chat=False,
        attachments=0,
        understood=True,
        cases=cases,
        replies=replies,
        acts=replies,
        letters_sent=0,
        letters_waiting=0,
        contests=0,
        complaint=False,
        strays=0,
        related=(),
    )


def held(status: str = "closed", outcome: str | None = "duplicate") -> HeldCase:
    return HeldCase("HV-00000-00001", "tmf", "tmf.veje", status, MONDAY, MONDAY, outcome)


@pytest.mark.parametrize(
    ("about", "kept", "expected"),
    [
        (holding(held()), (), ()),
        (holding(held("open", None)), (), ("open",)),
        (holding(held(), replies=1), (), ("answered",)),
        (holding(held(outcome="answered")), (), ("answered",)),
        (holding(held()), ("tmf",), ("kept",)),
        (holding(held()), ("tmf.veje",), ("kept",)),
        (holding(held(), held("open", None), replies=2), ("tmf",), ("open", "answered", "kept")),
    ],
)
def test_the_duty_to_keep_records_is_named_where_it_may_hold(about, kept, expected):
    assert duties(about, kept) == expected


@pytest.mark.parametrize(
    ("about", "ground", "records", "expected"),
    [
        (holding(held()), "objection", "", None),
        (holding(held()), "because", "", "ground"),
        (holding(), "objection", "", "unsorted"),
        (holding(held("open", None)), "objection", "", "records"),
        (holding(held("open", None)), "objection", "whatever", "records"),
        (holding(held("open", None)), "objection", "no-record", None),
    ],
)
def test_nobody_asks_without_a_ground_and_a_word_about_the_duty(about, ground, records, expected):
    assert objection_to_asking(about, (), ground, records) == expected


@pytest.mark.parametrize(
    ("asked", "settles", "expected"),
    [
        (("a", "dpo"), ("a", "dpo"), "own_erasure"),
        (("a", "dpo"), ("b", "coordinator"), None),
        (("a", "coordinator"), ("b", "dpo"), None),
        (("a", "coordinator"), ("b", "coordinator"), "needs_dpo"),
        (("gone", ""), ("b", "coordinator"), "needs_dpo"),
    ],
)
def test_two_persons_decide_and_one_is_the_data_protection_officer(asked, settles, expected):
    assert objection_to_settling(*asked, *settles, agreed=True, complaint=False) == expected
    for complaint in (True, False):
        taken_back = objection_to_settling(*asked, *settles, agreed=False, complaint=complaint)
        assert taken_back is None
    held_up = objection_to_settling(*asked, *settles, agreed=True, complaint=True)
    assert held_up == "complaint_open"


async def decide(office, case, records: str = "no-record") -> None:
    erasing = office.app.state.erasing
    await erasing.ask(case.inquiry, office.staff[HANNE], "objection", records)
    await erasing.settle(case.inquiry, office.staff[EMIL], agreed=True)


async def erase(office, case) -> None:
    await decide(office, case)
    await office.receipt()
    assert await office.app.state.erasing.finish() == 1


async def test_while_a_complaint_is_open_it_can_be_asked_for_and_waits(office):
    case = await office.open_case("tmf.veje")
    erasing, bilal = office.app.state.erasing, office.staff["bilal.tmf"]
    await erasing.ask(case.inquiry, office.staff[HANNE], "objection", "no-record")
    # After it was asked for, before it is approved: the later word counts.
    await office.hear(DecisionContested(inquiry=case.inquiry, wish="wrong"))
    with pytest.raises(ActRefusedError, match="complaint_open"):
        await erasing.settle(case.inquiry, office.staff[EMIL], agreed=True)
    assert await office.said(InquiryErased) == []

    office.clock.advance(minutes=5)
    await office.desk.close(case.id, bilal, "answered")
    assert not (await erasing.holding(case.inquiry)).complaint
    office.clock.advance(minutes=5)
    # Wanting a person opens the case again and complains of nothing.
    await office.hear(DecisionContested(inquiry=case.inquiry, wish="person"))
    assert not (await erasing.holding(case.inquiry)).complaint
    await erasing.settle(case.inquiry, office.staff[EMIL], agreed=True)
    assert len(await office.said(InquiryErased)) == 1


async def rows_about(office, inquiry: UUID, case_id: UUID) -> dict[str, int]:
    """How many rows of each table name the inquiry, its case or either's bytes."""
    names = {str(inquiry), inquiry.hex, str(case_id), case_id.hex}
    found: dict[str, int] = {}
    async with office.chassis.database.read() as reader:
        for table in tables.metadata.tables.values():
            rows = await reader.execute(select(table))
            hits = sum(any(name in repr(tuple(row)) for name in names) for row in rows)
            if hits:
                found[table.name] = hits
    return found


def bytes_of(office) -> bytes:
    """Databases with their journals, as somebody who has the disk reads them."""
    folder = Path(office.settings.data)
    files = [*folder.glob("router.db*"), *folder.glob("keyring.db*")]
    return b"".join(path.read_bytes() for path in sorted(files))


async def a_lived_case(office):
    """Moved, answered, contested, reported and with a dead letter."""
    case = await office.open_case("tmf.veje")
    bilal = office.staff["bilal.tmf"]
    await office.desk.assign(case.id, bilal)
    await office.desk.move(case.id, bilal, "tmf.parkering")
    await office.desk.reply(case.id, bilal, "Hullet bliver lappet på torsdag")
    await office.hear(DecisionContested(inquiry=case.inquiry, wish="wrong"))
    key = await office.chassis.keyring.create(effect_id(case.inquiry, "letter"))
    await office.hear(
        dead_letter(key.id, about=str(case.inquiry), raw=key.seal("raw", "Åse Quistgaard"))
    )
    office.clock.advance(minutes=5)
    await office.desk.close(case.id, bilal, "answered")
    return await office.case(case.reference)


async def test_no_row_and_no_byte_of_it_is_left_but_its_line(office):
    case = await a_lived_case(office)
    other = await office.open_case("tmf.veje")
    key = await office.chassis.keyring.data_key(case.inquiry)
    async with office.chassis.database.read() as reader:
        [letter] = (await reader.execute(select(tables.dead_letter))).all()
        reply = next(
            mail.reply["text"] for mail in await mails.mails_of(reader, case.id) if mail.reply
        )
    sealed = [case.received[field]["text"] for field in ("text", "title", "sender")]
    gone = [one.encode() for one in (*sealed, reply, letter.letter["raw"]["text"])]
    await office.chassis.database.truncate_log()
    assert [one in bytes_of(office) for one in gone] == [True] * 5

    await erase(office, case)

    assert [one in bytes_of(office) for one in gone] == [False] * 5
    assert await rows_about(office, case.inquiry, case.id) == {
        "erasure": 1,
        "erased_case": 1,
        "decision": 1,
        "dead_letter": 1,
    }
    for shredded in (key.id, letter.id):
        with pytest.raises(KeyDestroyedError):
            await office.chassis.keyring.data_key(shredded)
    assert (await office.case(other.reference)).received == other.received
    assert await office.chassis.keyring.data_key(other.inquiry)


async def test_nothing_goes_before_the_trail_holds_the_decision_and_all_before_it(office):
    case = await office.open_case()
    await decide(office, case)

    assert await office.app.state.erasing.finish() == 0
    [said] = await office.said(InquiryErased)
    await office.chassis.outbox.confirm([said.event_id])
    assert await office.app.state.erasing.finish() == 0
    assert await office.case(case.reference) is not None

    await office.receipt()
    assert await office.app.state.erasing.finish() == 1
    assert await office.case(case.reference) is None


async def test_the_event_names_both_persons_the_ground_and_why_it_need_not_be_kept(office):
    case = await office.open_case()
    await decide(office, case)

    assert await office.bodies(InquiryErased) == [
        {
            "inquiry": str(case.inquiry),
            "reason": "objection",
            "requested_by": HANNE,
            "approved_by": EMIL,
            "records": "no-record",
        }
    ]


async def test_who_asked_does_not_approve_and_nothing_happens(office):
    case = await office.open_case()
    erasing = office.app.state.erasing
    await erasing.ask(case.inquiry, office.staff[HANNE], "objection", "no-record")

    with pytest.raises(ActRefusedError, match="own_erasure"):
        await erasing.settle(case.inquiry, office.staff[HANNE], agreed=True)

    await office.receipt()
    await erasing.finish()
    assert await office.case(case.reference) is not None
    assert await office.said(InquiryErased) == []


async def test_what_was_declined_stays_and_may_be_asked_for_again(office):
    case = await office.open_case()
    erasing = office.app.state.erasing
    await erasing.ask(case.inquiry, office.staff[HANNE], "objection", "no-record")
    with pytest.raises(ActRefusedError, match="asked_already"):
        await erasing.ask(case.inquiry, office.staff[EMIL], "objection", "no-record")
    await erasing.settle(case.inquiry, office.staff[EMIL], agreed=False)
    with pytest.raises(ActRefusedError, match="settled"):
        await erasing.settle(case.inquiry, office.staff[EMIL], agreed=True)

    await erasing.ask(case.inquiry, office.staff[EMIL], "unlawful", "no-record")
    assert await office.said(InquiryErased) == []


async def test_no_letter_leaves_from_the_decision_on(office):
    case = await office.open_case()
    bilal = office.staff["bilal.tmf"]
    await office.desk.reply(case.id, bilal, "Hullet bliver lappet på torsdag")
    await office.receipt()
    async with office.chassis.database.read() as reader:
        due = await mails.due_mails(reader, outbox, office.clock())
    assert len(due) == 2
    await decide(office, case)
    await office.receipt()

    async with office.chassis.database.read() as reader:
        assert await mails.due_mails(reader, outbox, office.clock()) == []
    # One that was found due a moment before the decision.
    await office.mailroom._send(due[0])
    await office.app.state.erasing.finish()
    await office.mailroom._send(due[1])

    assert office.mail.sent == []


async def test_nobody_works_on_it_from_the_decision_on(office):
    case = await office.open_case()
    await decide(office, case)

    with pytest.raises(ActRefusedError, match="erasing"):
        await office.desk.reply(case.id, office.staff["bilal.tmf"], "Hullet bliver lappet")

    await office.receipt()
    await office.app.state.erasing.finish()
    with pytest.raises(ActRefusedError, match="gone"):
        await office.desk.assign(case.id, office.staff["bilal.tmf"])


async def test_nothing_that_comes_late_or_again_brings_it_back(office):
    """At least once, in any order: the inquiry, another model's opinion, an objection, a dead letter."""
    about = await office.new_inquiry()
    case = await office.open_case(received=about)
    await erase(office, case)
    left = await rows_about(office, case.inquiry, case.id)

    for event in (
        about,
        classified(about),
        DecisionContested(inquiry=about.inquiry, wish="wrong"),
        InquiryErased(inquiry=about.inquiry, reason="x", requested_by="a", approved_by="b"),
    ):
        await office.hear(event)
        await office.hear(_again(event))
    await office.app.state.erasing.finish()

    assert await rows_about(office, case.inquiry, case.id) == left


def _again(event):
    from tests.router.inquiries import enveloped

    return enveloped(event, uuid4())


async def test_whoever_sends_the_inquiry_again_is_told_again(office):
    """Or an intake that missed the erasure would send it for ever."""
    about = await office.new_inquiry()
    case = await office.open_case(received=about)
    await erase(office, case)
    async with office.chassis.database.write() as tx:
        await tx.execute(outbox.update().values(published_in="this-cluster"))

    await office.hear(about)

    waiting = {row.topic for row in await office.said() if row.published_in is None}
    assert waiting == {CaseOpened.type, InquiryErased.type}


async def test_what_was_erased_elsewhere_is_obeyed_also_when_it_is_heard_first(office):
    about = await office.new_inquiry()
    erased = InquiryErased(
        inquiry=about.inquiry, reason="unlawful", requested_by="a", approved_by="b"
    )

    await office.hear(erased)
    await office.hear(about)
    await office.hear(classified(about))

    assert await office.app.state.erasing.finish() == 1
    assert await office.case(about.reference) is None
    assert await office.said(CaseOpened) == []


async def test_a_dead_letter_about_it_that_comes_late_keeps_no_words(office):
    case = await office.open_case()
    await erase(office, case)
    key = await office.chassis.keyring.create(uuid4())
    late = dead_letter(key.id, about=str(case.inquiry), raw=key.seal("raw", "Åse Quistgaard"))

    await office.hear(late)

    async with office.chassis.database.read() as reader:
        [row] = (await reader.execute(select(tables.dead_letter))).all()
    assert row.letter["raw"] is None
    with pytest.raises(KeyDestroyedError):
        await office.chassis.keyring.data_key(key.id)


async def test_an_error_report_from_its_page_loses_its_words_too(office):
    case = await office.open_case()
    async with office.visitor("bilal.tmf") as bilal:
        page = f"router/cases/{case.reference}"
        await bilal.post("/report", page=page, text="Åse Quistgaard ringede")
    async with office.chassis.database.read() as reader:
        [before] = (await reader.execute(select(tables.error_report))).all()

    await erase(office, case)

    async with office.chassis.database.read() as reader:
        [after] = (await reader.execute(select(tables.error_report))).all()
    assert before.text["text"]
    assert after.text["text"] == ""
    with pytest.raises(KeyDestroyedError):
        await office.chassis.keyring.data_key(before.id)


async def test_stopped_anywhere_it_goes_on_and_the_citizen_is_still_known(office, monkeypatch):
    case = await office.open_case()
    token = token_of(await office.chassis.keyring.data_key(case.inquiry))
    await decide(office, case)
    await office.receipt()
    erasing = office.app.state.erasing

    async def busy() -> bool:
        return False

    with monkeypatch.context() as broken:
        broken.setattr(office.chassis.database, "truncate_log", busy)
        assert await erasing.finish() == 0

    assert await erasing.finish() == 1
    assert await erasing.finish() == 0
    async with office.visitor() as citizen:
        page = await citizen.get(f"/receipt/{case.reference}/{token}")
    assert page.status_code == 410
    assert "borgeren har gjort berettiget indsigelse" in page.text


async def test_a_mixed_inquirys_cases_go_together(office):
    about = await office.new_inquiry()
    first = await office.open_case(received=about, parts=parts_of("tmf.veje", "kff.pas"))
    await erase(office, first)

    async with office.chassis.database.read() as reader:
        left = (await reader.execute(select(tables.erased_case))).all()
    assert {(row.department, row.category) for row in left} == {
        ("tmf", "tmf.veje"),
        ("kff", "kff.pas"),
    }
    assert await rows_about(office, about.inquiry, first.id) == {
        "erasure": 1,
        "erased_case": 2,
        "decision": 1,
    }


async def test_the_reply_leaves_the_outbox_too_once_the_trail_has_it(office):
    case = await office.open_case()
    await office.desk.reply(case.id, office.staff["bilal.tmf"], "Hullet bliver lappet")
    await erase(office, case)

    assert await office.said(CaseReplied) == []
    assert len(await office.said(CaseOpened)) == 1


async def test_it_waits_no_longer_than_the_trail(office):
    """A trail that is away for a day holds the erasure back, and letters with it."""
    case = await office.open_case()
    await decide(office, case)
    office.clock.advance(days=1)

    assert await office.app.state.erasing.finish() == 0
    async with office.visitor(HANNE) as hanne:
        page = (await hanne.get(f"/erasures/{case.reference}")).text
    assert "venter på revisionssporet" in page

    await office.receipt()
    await office.app.state.erasing.finish()
    async with office.chassis.database.read() as reader:
        [row] = (await reader.execute(select(tables.erasure))).all()
    assert row.erased_at - row.approved_at == timedelta(days=1)
