"""Proposals and promotions on SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database import Transaction
from services.classifier.adapters.learning_tables import promotion, proposal


async def newest_promotion(connection: AsyncConnection) -> Row[Any] | None:
    """The row that names the model that decides."""
    rows = await connection.execute(select(promotion).order_by(promotion.c.number.desc()).limit(1))
    return rows.one_or_none()


async def promotions(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Newest first."""
    return (await connection.execute(select(promotion).order_by(promotion.c.number.desc()))).all()


async def add_promotion(
    tx: Transaction, *, number: int, digest: str, statement: str, signature: str, at: datetime
) -> None:
    await tx.execute(
        insert(promotion).values(
            number=number, digest=digest, statement=statement, signature=signature, at=at
        )
    )


async def open_proposals(connection: AsyncConnection) -> Sequence[Row[Any]]:
    return (
        await connection.execute(
            select(proposal).where(proposal.c.settled_at.is_(None)).order_by(proposal.c.proposed_at)
        )
    ).all()


async def find_proposal(connection: AsyncConnection, proposal_id: UUID) -> Row[Any] | None:
    rows = await connection.execute(select(proposal).where(proposal.c.id == proposal_id))
    return rows.one_or_none()


async def add_proposal(
    tx: Transaction,
    *,
    proposal_id: UUID,
    digest: str,
    previous: str,
    kind: str,
    gate: str | None,
    by: str,
    at: datetime,
) -> None:
    await tx.execute(
        insert(proposal).values(
            id=proposal_id,
            digest=digest,
            previous=previous,
            kind=kind,
            gate=gate,
            proposed_by=by,
            proposed_at=at,
        )
    )


async def approve_proposal(tx: Transaction, proposal_id: UUID, by: str, at: datetime) -> bool:
    """False when it was settled before, or `by` is the one who proposed it."""
    done = await tx.execute(
        update(proposal)
        .where(
            proposal.c.id == proposal_id,
            proposal.c.proposed_by != by,
            proposal.c.settled_at.is_(None),
        )
        .values(settled_by=by, settled_at=at, outcome="approved")
    )
    return bool(done.rowcount)


async def reject_proposal(tx: Transaction, proposal_id: UUID, by: str, at: datetime) -> bool:
    """The proposer may withdraw; False when it was settled before."""
    done = await tx.execute(
        update(proposal)
        .where(proposal.c.id == proposal_id, proposal.c.settled_at.is_(None))
        .values(settled_by=by, settled_at=at, outcome="rejected")
    )
    return bool(done.rowcount)
