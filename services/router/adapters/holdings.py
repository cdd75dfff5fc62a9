"""What is held of an inquiry, counted without opening any of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.router.adapters.erasures import strays
from services.router.adapters.tables import act, case, classification, contest, inquiry, mail_out
from services.router.erasure import HeldCase, Holding

MOST_RELATED = 50


async def holding_of(connection: AsyncConnection, inquiry_id: UUID) -> Holding | None:
    """None when nothing is (any more)."""
    found = (await connection.execute(select(inquiry).where(inquiry.c.id == inquiry_id))).first()
    if found is None:
        return None
    cases = (
        await connection.execute(
            select(case).where(case.c.inquiry == inquiry_id).order_by(case.c.reference)
        )
    ).all()
    acts = (
        await connection.execute(
            select(act).where(act.c.case.in_([one.id for one in cases])).order_by(act.c.at)
        )
    ).all()
    sent, waiting = await _letters(connection, [one.id for one in cases])
    letters, reports = await strays(connection, inquiry_id, [one.reference for one in cases])
    return Holding(
        inquiry=inquiry_id,
        reference=found.reference,
        received_at=found.received_at,
        channel=found.received["channel"],
        in_chat=bool(found.received.get("conversation")),
        attachments=found.received.get("attachments", 0),
        understood=await _count(connection, classification, classification.c.inquiry == inquiry_id)
        > 0,
        cases=tuple(_held(one, acts) for one in cases),
        replies=sum(one.kind == "replied" for one in acts),
        acts=len(acts),
        letters_sent=sent,
        letters_waiting=waiting,
        contests=await _count(connection, contest, contest.c.inquiry == inquiry_id),
        complaint=await has_complaint(connection, inquiry_id),
        strays=len(letters) + len(reports),
        related=await _related(connection, found),
    )


async def has_complaint(connection: AsyncConnection, inquiry_id: UUID) -> bool:
    """Asked again by whoever approves: the citizen may have complained since the page was drawn."""
    of_it = select(case.c.id).where(case.c.inquiry == inquiry_id)
    still_open = await _count(
        connection, case, (case.c.inquiry == inquiry_id) & (case.c.status == "open")
    )
    closed_at = await connection.scalar(
        select(func.max(act.c.at)).where(act.c.case.in_(of_it), act.c.kind == "closed")
    )
    said = (contest.c.inquiry == inquiry_id) & (contest.c.wish == "wrong")
    if closed_at is not None:
        said &= contest.c.at > closed_at
    return still_open > 0 and await _count(connection, contest, said) > 0


def _held(one: Row[Any], acts: Sequence[Row[Any]]) -> HeldCase:
    closed = [a for a in acts if a.case == one.id and a.kind == "closed"]
    return HeldCase(
        reference=one.reference,
        department=one.department,
        category=one.category,
        status=one.status,
        opened_at=one.opened_at,
        closed_at=one.closed_at,
        outcome=closed[-1].detail.get("outcome") if closed else None,
    )


async def _letters(connection: AsyncConnection, cases: Sequence[UUID]) -> tuple[int, int]:
    rows = (
        await connection.execute(
            select(mail_out.c.sent_at, mail_out.c.failure).where(mail_out.c.case.in_(list(cases)))
        )
    ).all()
    sent = sum(row.sent_at is not None for row in rows)
    return sent, sum(row.sent_at is None and row.failure is None for row in rows)


async def _related(connection: AsyncConnection, found: Row[Any]) -> tuple[str, ...]:
    """What it follows, what follows it, and what came from the same conversation."""
    received = found.received
    same: list[ColumnElement[bool]] = [inquiry.c.received["follows"].as_string() == str(found.id)]
    if received.get("follows"):
        first = received["follows"]
        same += [
            inquiry.c.id == UUID(first),
            inquiry.c.received["follows"].as_string() == first,
        ]
    if received.get("conversation"):
        same.append(inquiry.c.received["conversation"].as_string() == received["conversation"])
    rows = await connection.execute(
        select(inquiry.c.reference)
        .where(or_(*same), inquiry.c.id != found.id)
        .order_by(inquiry.c.received_at)
        .limit(MOST_RELATED)
    )
    return tuple(rows.scalars())


async def _count(connection: AsyncConnection, table: Table, where: ColumnElement[bool]) -> int:
    found = await connection.scalar(select(func.count()).select_from(table).where(where))
    return int(found or 0)
