"""What was asked to be erased, what was, and the little that is left of it, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.inquiry import InquiryErased
from infra.chassis.tables import outbox
from infra.database import Transaction
from services.router.adapters.cases import insert_once
from services.router.adapters.tables import (
    act,
    case,
    classification,
    contest,
    correction,
    dead_letter,
    erased_case,
    erasure,
    error_report,
    inquiry,
    mail_out,
)

NEWEST = 100
# Of the trail's copies only the bytes stay; ours go, for they hold what staff and citizen wrote.
WITH_WORDS = ("case.replied", "decision.contested")

_decided = erasure.c.approved_at.is_not(None)
_waiting = erasure.c.approved_at.is_(None) & erasure.c.declined_at.is_(None)


async def is_decided(reader: AsyncConnection | Transaction, inquiry_id: UUID) -> bool:
    """Asked in the transaction that would keep something: an approval may come in between."""
    found = await reader.execute(
        select(erasure.c.id).where(erasure.c.inquiry == inquiry_id, _decided)
    )
    return found.first() is not None


async def state_of(reader: AsyncConnection | Transaction, inquiry_id: UUID) -> Row[Any] | None:
    """The decision if there is one, else the request that waits."""
    found = await reader.execute(
        select(erasure)
        .where(erasure.c.inquiry == inquiry_id, _decided | _waiting)
        .order_by(erasure.c.approved_at.is_(None))
    )
    return found.first()


async def ask(tx: Transaction, **values: Any) -> None:
    await insert_once(tx, erasure, **values)


async def approve(tx: Transaction, erasure_id: UUID, by: str, at: datetime) -> None:
    await tx.execute(
        update(erasure)
        .where(erasure.c.id == erasure_id, _waiting)
        .values(approved_by=by, approved_at=at)
    )


async def decline(tx: Transaction, erasure_id: UUID, by: str, at: datetime) -> None:
    await tx.execute(
        update(erasure)
        .where(erasure.c.id == erasure_id, _waiting)
        .values(declined_by=by, declined_at=at)
    )


async def keep_decision(
    tx: Transaction, event_id: UUID, event: InquiryErased, reference: str, at: datetime
) -> bool:
    """A decision made elsewhere, or by the deadline; False when there was one."""
    if await is_decided(tx, event.inquiry):
        return False
    made = {
        "reason": event.reason,
        "records": event.records,
        "asked_by": event.requested_by,
        "asked_at": at,
        "approved_by": event.approved_by,
        "approved_at": at,
    }
    done = await tx.execute(
        update(erasure).where(erasure.c.inquiry == event.inquiry, _waiting).values(**made)
    )
    if not done.rowcount:
        await ask(tx, id=event_id, inquiry=event.inquiry, reference=reference, **made)
    return True


async def unfinished(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Decided, and everything we said about them is in the trail: log before act."""
    rows = await connection.execute(
        select(erasure)
        .where(_decided, erasure.c.erased_at.is_(None))
        .order_by(erasure.c.approved_at)
        .limit(NEWEST)
    )
    return [row for row in rows.all() if not await _awaits_trail(connection, row.inquiry)]


async def _awaits_trail(connection: AsyncConnection, inquiry_id: UUID) -> bool:
    found = await connection.execute(
        select(outbox.c.seq)
        .where(outbox.c.confirmed_at.is_(None), outbox.c.key == str(inquiry_id).encode())
        .limit(1)
    )
    return found.first() is not None


async def strays(
    connection: AsyncConnection, inquiry_id: UUID, references: Sequence[str]
) -> tuple[list[Row[Any]], list[UUID]]:
    """Dead letters about it that still hold their bytes, and error reports from its pages."""
    letters = await connection.execute(
        select(dead_letter).where(dead_letter.c.letter["about"].as_string() == str(inquiry_id))
    )
    pages = [f"router/cases/{one}" for one in references]
    reports = await connection.execute(
        select(error_report.c.id).where(error_report.c.page.in_(pages))
    )
    return [row for row in letters.all() if row.letter.get("raw")], list(reports.scalars())


async def references_of(connection: AsyncConnection, inquiry_id: UUID) -> list[str]:
    rows = await connection.execute(select(case.c.reference).where(case.c.inquiry == inquiry_id))
    return list(rows.scalars())


async def all_closed(tx: Transaction, inquiry_id: UUID) -> bool:
    """Whether it has cases, and none is open."""
    rows = await tx.execute(select(case.c.status).where(case.c.inquiry == inquiry_id))
    return {*rows.scalars()} == {"closed"}


async def bury(tx: Transaction, inquiry_id: UUID, receipt: str | None) -> None:
    """Everything goes but a line per case for statistics; again is harmless."""
    cases = (await tx.execute(select(case).where(case.c.inquiry == inquiry_id))).all()
    for one in cases:
        await insert_once(
            tx,
            erased_case,
            id=one.id,
            inquiry=inquiry_id,
            reference=one.reference,
            department=one.department,
            category=one.category,
            language=one.language,
            opened_at=one.opened_at,
            receipt=receipt,
        )
    ids = [one.id for one in cases]
    for table in (mail_out, correction, act):
        await tx.execute(delete(table).where(table.c.case.in_(ids)))
    await tx.execute(delete(contest).where(contest.c.inquiry == inquiry_id))
    await tx.execute(delete(case).where(case.c.inquiry == inquiry_id))
    await tx.execute(delete(classification).where(classification.c.inquiry == inquiry_id))
    await tx.execute(delete(inquiry).where(inquiry.c.id == inquiry_id))
    await tx.execute(
        delete(outbox).where(
            outbox.c.key == str(inquiry_id).encode(),
            outbox.c.topic.in_(WITH_WORDS),
            outbox.c.confirmed_at.is_not(None),
        )
    )


async def empty_strays(
    tx: Transaction, letters: Sequence[Row[Any]], reports: Sequence[UUID]
) -> None:
    """That something could not be handled or was reported stays; its words go."""
    for row in letters:
        await tx.execute(
            update(dead_letter)
            .where(dead_letter.c.id == row.id)
            .values(letter={**row.letter, "raw": None})
        )
    for report in reports:
        nothing = {"key": str(report), "nonce": "", "text": ""}
        await tx.execute(
            update(error_report).where(error_report.c.id == report).values(text=nothing)
        )


async def finish(tx: Transaction, erasure_id: UUID, at: datetime) -> None:
    await tx.execute(
        update(erasure)
        .where(erasure.c.id == erasure_id, erasure.c.erased_at.is_(None))
        .values(erased_at=at)
    )


async def inquiry_named(connection: AsyncConnection, reference: str) -> UUID | None:
    """By its own reference or by one of its cases', also when it is erased."""
    for column, named in (
        (inquiry.c.id, inquiry.c.reference),
        (case.c.inquiry, case.c.reference),
        (erasure.c.inquiry, erasure.c.reference),
        (erased_case.c.inquiry, erased_case.c.reference),
    ):
        found: UUID | None = await connection.scalar(select(column).where(named == reference))
        if found is not None:
            return found
    return None


async def tombstone(connection: AsyncConnection, reference: str) -> Row[Any] | None:
    """What is left of an erased case, with when and why."""
    found = await connection.execute(
        select(erased_case, erasure.c.reason, erasure.c.approved_at, erasure.c.erased_at)
        .join(erasure, erasure.c.inquiry == erased_case.c.inquiry)
        .where(erased_case.c.reference == reference, _decided)
    )
    return found.first()


async def tombstones(connection: AsyncConnection, inquiry_id: UUID) -> Sequence[Row[Any]]:
    rows = await connection.execute(
        select(erased_case)
        .where(erased_case.c.inquiry == inquiry_id)
        .order_by(erased_case.c.reference)
    )
    return rows.all()


async def asked_for(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Waiting for a second person, oldest first."""
    rows = await connection.execute(select(erasure).where(_waiting).order_by(erasure.c.asked_at))
    return rows.all()


async def decided(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Newest first."""
    rows = await connection.execute(
        select(erasure).where(_decided).order_by(erasure.c.approved_at.desc()).limit(NEWEST)
    )
    return rows.all()
