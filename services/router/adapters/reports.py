"""Errors that staff reported, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database import Transaction
from services.router.adapters.cases import insert_once
from services.router.adapters.tables import error_report

NEWEST = 200


async def keep_report(
    tx: Transaction, report_id: UUID, *, page: str, by: str, text: dict[str, Any], at: datetime
) -> None:
    await insert_once(tx, error_report, id=report_id, page=page, by=by, text=text, at=at)


async def reports(connection: AsyncConnection) -> Sequence[Any]:
    """Open ones first, newest first."""
    rows = await connection.execute(
        select(error_report)
        .order_by(error_report.c.settled_at.is_not(None), error_report.c.at.desc())
        .limit(NEWEST)
    )
    return rows.all()


async def settle_report(tx: Transaction, report_id: UUID, by: str, at: datetime) -> None:
    await tx.execute(
        update(error_report)
        .where(error_report.c.id == report_id, error_report.c.settled_at.is_(None))
        .values(settled_at=at, settled_by=by)
    )
