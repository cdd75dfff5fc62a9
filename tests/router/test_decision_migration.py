"""A router that ran before there was a monitor learns from its own history what was decided."""

import pytest
from sqlalchemy import delete, select, text

from contracts.inquiry import DecisionContested
from infra.chassis.tables import outbox
from services.router.adapters.tables import decision

pytestmark = pytest.mark.slow


async def test_decisions_made_before_the_monitor_are_read_from_the_cases_history(office):
    emil, bilal = office.staff["emil.koordinator"], office.staff["bilal.tmf"]
    kept = await office.open_case("tmf.veje")
    moved = await office.open_case("tmf.affald")
    sorted_by_hand = await office.open_case("tmf.parkering", verdict="unsure", confidence=0.4)
    contested = await office.open_case("kff.pas")
    await office.open_case(None)
    office.clock.advance(hours=3)
    await office.desk.close(kept.id, bilal, "answered")
    await office.desk.move(moved.id, bilal, "kff.pas")
    await office.desk.move(sorted_by_hand.id, emil, "tmf.parkering")
    await office.hear(DecisionContested(inquiry=contested.inquiry, wish="wrong"))
    await office.desk.move(contested.id, emil, "tmf.veje")
    noted = await all_decisions(office)

    await as_if_from_before(office)

    assert await all_decisions(office) == noted
    assert len(noted) == 5


async def test_without_the_events_the_history_itself_tells_most_of_it(office):
    bilal = office.staff["bilal.tmf"]
    kept, moved = await office.open_case("tmf.veje"), await office.open_case("tmf.affald")
    by_hand = await office.open_case("tmf.parkering", verdict="unsure", confidence=0.4)
    await office.desk.close(kept.id, bilal, "answered")
    await office.desk.move(moved.id, bilal, "kff.pas")
    await office.desk.move(by_hand.id, bilal, "tmf.parkering")
    noted = await all_decisions(office)

    async with office.chassis.database.write() as tx:
        await tx.execute(delete(outbox))
    await as_if_from_before(office)

    assert await all_decisions(office) == noted


async def as_if_from_before(office):
    async with office.chassis.database.write() as tx:
        await tx.execute(delete(decision))
        await tx.execute(text("UPDATE version_router SET version_num = '0002'"))
    await office.chassis.database.migrate("services.router.migrations")


async def all_decisions(office):
    columns = [column for column in decision.c if column.name != "typicality_bin"]
    async with office.chassis.database.read() as reader:
        rows = await reader.execute(select(*columns).order_by(decision.c.case))
        return [tuple(row) for row in rows]
