"""What was decided about cases and what became of it, in SQL."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.case import CaseOpened
from contracts.inquiry import InquiryClassified
from infra.database import Transaction
from services.router.adapters.cases import insert_once
from services.router.adapters.tables import decision
from services.router.measures import Share
from services.router.monitor import Only, Tally
from services.router.outcome import BINS, TENTHS, Judgement, bin_of

ENOUGH = 5_000
"""So many say where the middle is as well as more would."""


async def keep_decisions(
    tx: Transaction, opened: Iterable[CaseOpened], classified: InquiryClassified | None
) -> None:
    for one in opened:
        confidence = _confidence(one, classified)
        await insert_once(
            tx,
            decision,
            case=one.case,
            at=one.opened_at,
            queue=one.queue,
            department=one.department,
            category=one.category,
            language=one.language,
            channel=one.channel,
            verdict=classified.verdict if classified else None,
            reason=one.reason,
            confidence=confidence,
            confidence_bin=bin_of(confidence, BINS),
            typicality_bin=bin_of(classified.typicality if classified else None, TENTHS),
            model=classified.model.digest if classified else None,
            contested=one.reason == "contested",
        )


def _confidence(one: CaseOpened, classified: InquiryClassified | None) -> float | None:
    """A mixed inquiry's case has that of its own part."""
    if classified is None:
        return None
    own = [part.confidence for part in classified.parts if part.category == one.category]
    mixed = len({part.category for part in classified.parts}) > 1
    return max(own) if own and mixed else classified.confidence


async def decision_of(tx: Transaction, case_id: UUID) -> Row[Any] | None:
    found: Row[Any] | None = (
        await tx.execute(select(decision).where(decision.c.case == case_id))
    ).first()
    return found


async def note_first_act(tx: Transaction, case_id: UUID, seconds: float) -> None:
    await tx.execute(
        update(decision)
        .where(decision.c.case == case_id, decision.c.first_act_seconds.is_(None))
        .values(first_act_seconds=seconds)
    )


async def settle(tx: Transaction, case_id: UUID, judged: Judgement, at: datetime) -> None:
    await tx.execute(
        update(decision)
        .where(decision.c.case == case_id)
        .values(
            outcome=judged.outcome,
            settled_at=at if judged.outcome else None,
            to_department=judged.department,
            to_category=judged.category,
        )
    )


async def mark_contested(tx: Transaction, case_ids: Sequence[UUID]) -> None:
    await tx.execute(
        update(decision).where(decision.c.case.in_(list(case_ids))).values(contested=True)
    )


async def evidence(connection: AsyncConnection, category: str, since: datetime, most: int) -> Share:
    """Of the category's cases routed automatically since then, the `most` that were handled last:
    how many were kept."""
    newest = (
        select(decision.c.outcome)
        .where(
            decision.c.category == category,
            decision.c.queue == "department",
            decision.c.at > since,
            decision.c.outcome.is_not(None),
        )
        .order_by(decision.c.settled_at.desc(), decision.c.case)
        .limit(most)
        .subquery()
    )
    rows = await connection.execute(
        select(newest.c.outcome, func.count().label("n")).group_by(newest.c.outcome)
    )
    return _kept(rows)


async def confirmed_by_hand(connection: AsyncConnection, category: str, since: datetime) -> Share:
    """Of the category's suggestions a person sorted since then: how many they agreed with."""
    rows = await connection.execute(
        select(decision.c.outcome, func.count().label("n"))
        .where(
            decision.c.category == category,
            decision.c.reason == "category-stopped",
            decision.c.at > since,
            decision.c.outcome.is_not(None),
        )
        .group_by(decision.c.outcome)
    )
    return _kept(rows)


def _kept(rows: Iterable[Row[Any]]) -> Share:
    counts: dict[str, int] = {row.outcome: row.n for row in rows}
    return Share(counts.get("kept", 0), sum(counts.values()))


async def categories_judged(connection: AsyncConnection, since: datetime) -> list[str]:
    """Categories with evidence of mistakes since then."""
    rows = await connection.execute(
        select(decision.c.category)
        .where(decision.c.at > since, decision.c.outcome == "changed")
        .distinct()
    )
    return [name for name in rows.scalars() if name is not None]


def _within(since: datetime, until: datetime, only: Only) -> Any:
    conditions = [decision.c.at > since, decision.c.at <= until]
    if only.department:
        conditions.append(decision.c.department == only.department)
    if only.language:
        conditions.append(decision.c.language == only.language)
    return and_(*conditions)


async def tallies(
    connection: AsyncConnection, since: datetime, until: datetime, only: Only
) -> list[Tally]:
    """Decisions of (since, until], counted by everything the figures ask about."""
    by = [decision.c[name] for name in Tally._fields[:-2]]
    rows = await connection.execute(
        select(*by, func.count(), func.coalesce(func.sum(decision.c.confidence), 0.0))
        .where(_within(since, until, only))
        .group_by(*by)
    )
    return [Tally._make(row) for row in rows]


async def typicality_tenths(
    connection: AsyncConnection, since: datetime, until: datetime, only: Only
) -> dict[int, int]:
    """Inquiries by how typical they were, 0 the strangest tenth; a mixed one counts per case."""
    rows = await connection.execute(
        select(decision.c.typicality_bin, func.count().label("n"))
        .where(_within(since, until, only), decision.c.typicality_bin.is_not(None))
        .group_by(decision.c.typicality_bin)
    )
    return {row.typicality_bin: row.n for row in rows}


async def median_wait(
    connection: AsyncConnection, since: datetime, until: datetime, only: Only
) -> float | None:
    """Seconds until a person first did something with half of the cases that were touched; of the
    newest ones only where there are very many."""
    touched = (
        select(decision.c.first_act_seconds)
        .where(_within(since, until, only), decision.c.first_act_seconds.is_not(None))
        .order_by(decision.c.at.desc())
        .limit(ENOUGH)
    )
    waits = sorted((await connection.execute(touched)).scalars())
    return waits[(len(waits) - 1) // 2] if waits else None
