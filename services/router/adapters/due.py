"""Closed cases whose time is over, in SQL."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.router.adapters.tables import case, erasure
from services.router.retention import Retention

CHUNK = 500


async def due_inquiries(
    connection: AsyncConnection, retention: Retention, at: datetime
) -> list[tuple[UUID, str]]:
    """Inquiries whose every case is closed and due at that moment, with the department of one of them.

    Those that somebody asked to erase are left out.
    """
    candidates = await _closed_long_ago(connection, retention, at)
    found: list[tuple[UUID, str]] = []
    for start in range(0, len(candidates), CHUNK):
        rows = await connection.execute(
            select(case).where(case.c.inquiry.in_(candidates[start : start + CHUNK]))
        )
        cases: dict[UUID, list[Row[Any]]] = defaultdict(list)
        for row in rows:
            cases[row.inquiry].append(row)
        found += [
            (inquiry, of_it[0].department)
            for inquiry, of_it in cases.items()
            if all(_is_due(one, retention, at) for one in of_it)
        ]
    return found


async def _closed_long_ago(
    connection: AsyncConnection, retention: Retention, at: datetime
) -> list[UUID]:
    """With at least one case that is due; asked by rule, so that what is kept for ever costs nothing."""
    groups = await connection.execute(
        select(case.c.department, case.c.category).where(case.c.status == "closed").distinct()
    )
    conditions = [
        (case.c.department == department)
        & (case.c.category.is_(None) if category is None else case.c.category == category)
        & (case.c.closed_at <= at - timedelta(days=days))
        for department, category in groups.all()
        if (days := retention.days_of(department, category)) is not None
    ]
    if not conditions:
        return []
    asked = exists().where(erasure.c.inquiry == case.c.inquiry, erasure.c.declined_at.is_(None))
    rows = await connection.execute(
        select(case.c.inquiry)
        .where(case.c.status == "closed", or_(*conditions), ~asked)
        .order_by(case.c.closed_at)
    )
    return list(dict.fromkeys(rows.scalars()))


def _is_due(one: Row[Any], retention: Retention, at: datetime) -> bool:
    if one.status != "closed" or one.closed_at is None:
        return False
    due = retention.due_at(one.department, one.category, one.closed_at)
    return due is not None and due <= at
