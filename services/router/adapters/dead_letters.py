"""Records that a service could not handle, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database import Transaction
from services.router.adapters.cases import insert_once
from services.router.adapters.tables import dead_letter


async def keep_dead_letter(
    tx: Transaction, letter_id: UUID, letter: dict[str, Any], at: datetime
) -> None:
    await insert_once(tx, dead_letter, id=letter_id, letter=letter, at=at)


async def dead_letters(connection: AsyncConnection) -> Sequence[Any]:
    rows = await connection.execute(
        select(dead_letter).order_by(dead_letter.c.at.desc()).limit(200)
    )
    return rows.all()


async def find_dead_letter(connection: AsyncConnection, letter_id: UUID) -> Any | None:
    return (
        await connection.execute(select(dead_letter).where(dead_letter.c.id == letter_id))
    ).first()


async def mark_sent_again(tx: Transaction, letter_id: UUID, by: str, at: datetime) -> None:
    await tx.execute(
        update(dead_letter)
        .where(dead_letter.c.id == letter_id)
        .values(sent_again_at=at, sent_again_by=by)
    )
