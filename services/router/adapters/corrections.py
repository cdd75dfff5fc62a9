"""Corrections that one person proposes and another confirms, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database import Transaction
from services.router.adapters.tables import case, correction


async def propose_correction(
    tx: Transaction, case_id: UUID, was: str | None, now: str, by: str, at: datetime
) -> None:
    """The newest proposal of a case counts until somebody else has confirmed one; a case that
    is moved back where it came from needs none."""
    first = await tx.scalar(select(correction.c.was).where(correction.c.case == case_id))
    if first == now:
        await tx.execute(
            delete(correction).where(
                correction.c.case == case_id, correction.c.confirmed_at.is_(None)
            )
        )
        return
    insert = tx.insert(correction).values(
        case=case_id, was=was, now=now, proposed_by=by, proposed_at=at
    )
    await tx.execute(
        insert.on_conflict_do_update(
            index_elements=[correction.c.case],
            set_={"now": now, "proposed_by": by, "proposed_at": at, "rejected_at": None},
            where=correction.c.confirmed_at.is_(None),
        )
    )


async def open_corrections(connection: AsyncConnection) -> Sequence[Any]:
    rows = await connection.execute(
        select(correction, case.c.reference, case.c.department)
        .join(case, case.c.id == correction.c.case)
        .where(correction.c.confirmed_at.is_(None), correction.c.rejected_at.is_(None))
        .order_by(correction.c.proposed_at)
    )
    return rows.all()


async def settle_correction(
    tx: Transaction, case_id: UUID, *, by: str, at: datetime, agreed: bool
) -> bool:
    """False when it was settled before, or `by` is the one who proposed it."""
    values = {"confirmed_by": by, "confirmed_at": at} if agreed else {"rejected_at": at}
    done = await tx.execute(
        update(correction)
        .where(
            correction.c.case == case_id,
            correction.c.proposed_by != by,
            correction.c.confirmed_at.is_(None),
            correction.c.rejected_at.is_(None),
        )
        .values(**values)
    )
    return bool(done.rowcount)
