"""Proposed publications, in SQL. There is one open proposal at a time: the folder holds one text."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update

from infra.database import Transaction
from services.chatbot.adapters.conversations import Reader
from services.chatbot.adapters.tables import release
from services.chatbot.publish import Released


async def of(reader: Reader, digest: str) -> Row[Any] | None:
    return (await reader.execute(select(release).where(release.c.digest == digest))).first()


async def propose(tx: Transaction, digest: str, by: str, at: datetime) -> bool:
    """False when it is proposed already. What is over, or no longer what the folder says, is dropped:
    the trail holds who released what."""
    await tx.execute(
        delete(release).where((release.c.digest != digest) | release.c.approved_at.is_not(None))
    )
    done = await tx.execute(
        tx
        .insert(release)
        .values(digest=digest, proposed_by=by, proposed_at=at)
        .on_conflict_do_nothing(index_elements=[release.c.digest])
    )
    return bool(done.rowcount)


async def approve(tx: Transaction, digest: str, by: str, at: datetime) -> bool:
    """False when it is not open any more, or when `by` proposed it."""
    done = await tx.execute(
        update(release)
        .where(
            release.c.digest == digest,
            release.c.approved_at.is_(None),
            release.c.proposed_by != by,
        )
        .values(approved_by=by, approved_at=at)
    )
    return bool(done.rowcount)


async def withdraw(tx: Transaction, digest: str) -> bool:
    done = await tx.execute(
        delete(release).where(release.c.digest == digest, release.c.approved_at.is_(None))
    )
    return bool(done.rowcount)


async def alone(tx: Transaction, digest: str, by: str, why: str, at: datetime) -> None:
    """One person publishes it at a shell; whatever was proposed is over."""
    await tx.execute(delete(release))
    values = {"digest": digest, "proposed_by": by, "proposed_at": at, "approved_at": at}
    await tx.execute(tx.insert(release).values(**values, alone=why))


async def settled(tx: Transaction, digest: str) -> Released:
    """Who released it, told once: published again from a shell, it is nobody's of them."""
    row = await of(tx, digest)
    if row is None or row.approved_at is None:
        return Released()
    await tx.execute(delete(release).where(release.c.digest == digest))
    if row.approved_by is None:
        return Released((row.proposed_by,), row.alone)
    return Released((row.proposed_by, row.approved_by))
