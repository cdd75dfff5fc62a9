"""What citizens contested, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database import Transaction
from services.router.adapters.cases import insert_once
from services.router.adapters.tables import act, case, contest, inquiry


async def keep_contest(
    tx: Transaction, event_id: UUID, inquiry_id: UUID, wish: str, at: datetime
) -> None:
    await insert_once(tx, contest, id=event_id, inquiry=inquiry_id, wish=wish, at=at)
    await tx.execute(update(inquiry).where(inquiry.c.id == inquiry_id).values(contested_at=at))


async def is_contested(tx: Transaction, inquiry_id: UUID) -> bool:
    return bool(await tx.scalar(select(contest.c.id).where(contest.c.inquiry == inquiry_id)))


async def back_to_triage(tx: Transaction, inquiry_id: UUID, case_id: UUID | None) -> Sequence[Any]:
    """The case, or all of the inquiry's open ones (all of them when none is open); they are open
    and await triage from now on."""
    found = (await tx.execute(select(case).where(case.c.inquiry == inquiry_id))).all()
    if case_id is not None:
        meant = [one for one in found if one.id == case_id]
    else:
        meant = [one for one in found if one.status == "open"] or list(found)
    await tx.execute(
        update(case)
        .where(case.c.id.in_([one.id for one in meant]))
        .values(queue="triage", status="open", closed_at=None, assigned_to=None)
    )
    return meant


async def last_act(connection: AsyncConnection, case_id: UUID) -> Any | None:
    return (
        await connection.execute(
            select(act.c.kind, act.c.detail)
            .where(act.c.case == case_id)
            .order_by(act.c.at.desc(), act.c.id.desc())
            .limit(1)
        )
    ).first()


async def act_count(connection: AsyncConnection, case_id: UUID) -> int:
    found = await connection.scalar(
        select(func.count()).select_from(act).where(act.c.case == case_id)
    )
    return int(found or 0)
