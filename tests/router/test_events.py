"""Events in, cases out: any order, any repetition, and what cannot be handled is kept with a reason."""

from uuid import uuid4

import pytest
from sqlalchemy import func, select

from contracts.case import CaseOpened
from contracts.event import effect_id
from contracts.governance import DeadLettered, RulesChanged
from contracts.inquiry import DecisionContested
from contracts.reference import reference_of
from infra.chassis.tables import outbox
from services.router.adapters import cases, tables
from services.router.watch import Watch
from tests.router.inquiries import WORDS, classified, dead_letter, enveloped, parts_of
from tests.router.office import open_office

pytestmark = pytest.mark.slow


async def count(office, table):
    async with office.chassis.database.read() as reader:
        return await reader.scalar(select(func.count()).select_from(table))


async def waiting_to_leave(office, event):
    return [row for row in await office.said(event) if row.published_in is None]


async def as_published(office):
    async with office.chassis.database.write() as tx:
        await tx.execute(outbox.update().values(published_in="cluster-1"))


async def test_a_case_opens_when_both_halves_are_there(office):
    about = await office.new_inquiry()

    await office.hear(about)

    assert await count(office, tables.case) == 0

    await office.hear(classified(about))

    [body] = await office.bodies(CaseOpened)
    assert body["reference"] == about.reference
    assert body["department"] == "tmf"


async def test_a_classification_may_come_before_its_inquiry(office):
    about = await office.new_inquiry()

    await office.hear(classified(about))
    await office.hear(about)

    assert len(await office.said(CaseOpened)) == 1
    assert (await office.case(about.reference)).category == "tmf.veje"


async def test_what_comes_twice_is_done_once_and_said_again(office):
    about = await office.new_inquiry()
    await office.hear(about)
    await office.hear(classified(about))
    [first] = await office.said(CaseOpened)
    await as_published(office)

    await office.hear(about)
    await office.hear(classified(about))

    assert await count(office, tables.case) == 1
    assert await count(office, tables.mail_out) == 1
    [again] = await waiting_to_leave(office, CaseOpened)
    assert (again.event_id, again.value) == (first.event_id, first.value)


async def test_another_opinion_on_a_routed_inquiry_changes_nothing(office):
    about = await office.new_inquiry()
    await office.hear(about)
    await office.hear(classified(about))

    await office.hear(enveloped(classified(about, "kff.pas"), uuid4()))

    assert (await office.case(about.reference)).category == "tmf.veje"
    assert await count(office, tables.case) == 1


async def test_a_mixed_inquiry_opens_linked_cases_each_with_its_acknowledgement(office):
    about = await office.new_inquiry()
    await office.hear(about)
    await office.hear(classified(about, "kff.pas", parts=parts_of("kff.pas", "tmf.affald")))

    async with office.chassis.database.read() as reader:
        siblings = await cases.siblings(reader, about.inquiry)
    reference = reference_of(about.inquiry)
    assert [one.reference for one in siblings] == [reference, f"{reference}-2"]
    assert await count(office, tables.mail_out) == 2


async def test_an_unknown_category_is_a_dead_letter_with_its_reason(office):
    about = await office.new_inquiry()
    await office.hear(about)

    await office.hear(classified(about, "tmf.motorveje"))

    [body] = await office.bodies(DeadLettered)
    assert body["reason"] == "unknown-category"
    assert body["about"] == str(about.inquiry)
    assert await count(office, tables.classification) == 0
    assert await count(office, tables.case) == 0


async def test_an_unknown_category_among_the_alternatives_or_parts_is_found_too(office):
    about = await office.new_inquiry()

    await office.hear(classified(about, parts=parts_of("tmf.veje", "tmf.motorveje")))

    assert [body["reason"] for body in await office.bodies(DeadLettered)] == ["unknown-category"]


async def test_without_a_classifier_a_person_triages_after_the_patience(office):
    about = await office.new_inquiry()
    await office.hear(about)
    office.chassis.broker.connected = True
    watch = Watch(office.chassis, office.settings, office.app.state.consumer)
    await watch.look()

    office.clock.advance(seconds=29)
    await watch.look()

    assert await office.said(CaseOpened) == []

    office.clock.advance(seconds=2)
    await watch.look()

    [body] = await office.bodies(CaseOpened)
    assert (body["queue"], body["rule"]) == ("triage", "not-classified")

    await office.hear(classified(about))

    assert await count(office, tables.case) == 1


async def test_a_classifier_that_is_only_behind_is_waited_for_longer(office):
    waiting, other = await office.new_inquiry(), await office.new_inquiry()
    await office.hear(waiting)
    office.chassis.broker.connected = True
    watch = Watch(office.chassis, office.settings, office.app.state.consumer)
    await watch.look()

    office.clock.advance(seconds=60)
    await office.hear(classified(other))
    await watch.look()
    assert await office.said(CaseOpened) == []

    office.clock.advance(seconds=250)
    await office.hear(classified(await office.new_inquiry()))
    await watch.look()
    [body] = await office.bodies(CaseOpened)
    assert (body["queue"], body["rule"]) == ("triage", "not-classified")


async def test_what_waited_for_the_broker_waits_for_the_classifier_from_then_on(office):
    await office.hear(await office.new_inquiry())
    office.clock.advance(hours=1)
    office.chassis.broker.connected = True
    watch = Watch(office.chassis, office.settings, office.app.state.consumer)

    await watch.look()
    assert await office.said(CaseOpened) == []

    office.clock.advance(seconds=31)
    await watch.look()
    assert len(await office.said(CaseOpened)) == 1


async def test_without_a_broker_nobody_blames_the_classifier(office):
    await office.hear(await office.new_inquiry())
    office.clock.advance(hours=1)
    office.chassis.broker.connected = False

    await Watch(office.chassis, office.settings, office.app.state.consumer).look()

    assert await office.said(CaseOpened) == []


async def test_with_the_classifier_switched_off_triage_begins_at_once(tmp_path):
    async with open_office(tmp_path / "data", router_classifier_on=False) as office:
        await office.hear(await office.new_inquiry())
        office.chassis.broker.connected = True
        office.clock.advance(seconds=1)

        await Watch(office.chassis, office.settings, office.app.state.consumer).look()

        assert [body["queue"] for body in await office.bodies(CaseOpened)] == ["triage"]


async def test_a_contested_decision_goes_to_triage_and_stands_in_the_history(office):
    case = await office.open_case()

    contested = DecisionContested(inquiry=case.inquiry, wish="person")
    await office.hear(contested)
    await office.hear(contested)

    now = await office.case(case.reference)
    assert (now.queue, now.assigned_to) == ("triage", None)
    assert now.contested_at is not None
    assert await office.acts(case.id) == [("contested", "citizen")]


async def test_who_contests_before_the_case_is_open_is_not_routed_by_a_machine(office):
    about = await office.new_inquiry()
    await office.hear(DecisionContested(inquiry=about.inquiry, wish="person"))

    await office.hear(about)
    await office.hear(classified(about))

    [body] = await office.bodies(CaseOpened)
    assert (body["queue"], body["reason"]) == ("triage", "contested")


async def test_a_contested_closed_case_is_open_again(office):
    case = await office.open_case()
    await office.desk.close(case.id, office.staff["bilal.tmf"], "answered")

    await office.hear(DecisionContested(inquiry=case.inquiry, wish="wrong"))

    now = await office.case(case.reference)
    assert (now.status, now.queue, now.closed_at) == ("open", "triage", None)


@pytest.mark.parametrize(
    "change", [{"automatic": True}, {"sender": None}, {"channel": "chat"}], ids=str
)
async def test_nobody_is_thanked_who_is_a_machine_or_has_no_address_or_chats(office, change):
    await office.open_case(received=await office.new_inquiry(**change))

    assert await count(office, tables.mail_out) == 0


async def test_the_rules_are_in_the_trail_before_they_decide(tmp_path):
    async with open_office(tmp_path / "data") as office:
        [body] = await office.bodies(RulesChanged)
    async with open_office(tmp_path / "data") as office:
        assert len(await office.said(RulesChanged)) == 1

    own = tmp_path / "municipality"
    own.mkdir()
    (own / "rules.yaml").write_text(
        "rules: [{id: all, why: One for all., then: {queue: triage, deadline_days: 1}}]", "utf-8"
    )
    async with open_office(tmp_path / "data", municipality=own) as office:
        bodies = await office.bodies(RulesChanged)

    assert [one["previous"] for one in bodies] == [None, body["digest"]]


async def test_an_event_holds_no_word_of_the_citizen(office):
    await office.open_case()

    for row in await office.said():
        assert WORDS.encode() not in row.value


async def test_a_dead_letter_of_any_service_is_on_the_page_once(office):
    letter = dead_letter(effect_id("x", "y"), reason="not-json", error="JSONDecodeError")
    await office.hear(letter)
    await office.hear(letter)

    assert await count(office, tables.dead_letter) == 1
