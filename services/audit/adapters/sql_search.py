"""What the pages ask of the stored trail."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, distinct, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.case import CaseOpened
from contracts.governance import DeadLettered
from contracts.inquiry import InquiryReceived
from infra.database import Database
from services.audit.adapters.tables import event, inq_leaf, leaf, log_state, reference
from services.audit.commitments import TrailSecret

MOST_LISTED = 50


class StoredLeaf(NamedTuple):
    idx: int
    body: bytes


class Balance(NamedTuple):
    """Everything that came in must be somewhere: in = opened + dead-lettered + still open."""

    received: int
    opened: int
    questions: int
    dead_lettered: int
    unexplained: int
    conflicts: int
    garbled: int


class TrailSearch:
    def __init__(self, database: Database, secret: TrailSecret) -> None:
        self._database = database
        self._secret = secret

    async def inquiries(self, citizens_reference: str) -> list[UUID]:
        """The inquiries that were ever told this reference (in its tidy form)."""
        mac = self._secret.reference_mac(citizens_reference)
        async with self._database.read() as reader:
            found = await reader.execute(select(reference.c.inquiry).where(reference.c.mac == mac))
            return list(found.scalars())

    async def timeline(self, inquiries: Sequence[UUID]) -> list[StoredLeaf]:
        """All entries about these inquiries, in the order of the trail."""
        async with self._database.read() as reader:
            rows = await reader.execute(
                select(leaf.c.idx, leaf.c.body)
                .join(inq_leaf, inq_leaf.c.idx == leaf.c.idx)
                .where(inq_leaf.c.inquiry.in_(inquiries))
                .order_by(leaf.c.idx)
            )
            return [StoredLeaf(row.idx, row.body) for row in rows]

    async def entry(self, idx: int) -> StoredLeaf | None:
        async with self._database.read() as reader:
            row = (
                await reader.execute(select(leaf.c.idx, leaf.c.body).where(leaf.c.idx == idx))
            ).one_or_none()
        return StoredLeaf(row.idx, row.body) if row else None

    async def troubles(self) -> list[StoredLeaf]:
        """The newest entries about conflicts, garbled records and dead letters."""
        async with self._database.read() as reader:
            rows = await reader.execute(
                select(leaf.c.idx, leaf.c.body)
                .join(event, event.c.idx == leaf.c.idx)
                .where(event.c.typ.in_(("conflict", "ingest_error")))
                .order_by(leaf.c.idx.desc())
                .limit(MOST_LISTED)
            )
            return [StoredLeaf(row.idx, row.body) for row in rows]

    async def newest(self) -> list[StoredLeaf]:
        async with self._database.read() as reader:
            rows = await reader.execute(
                select(leaf.c.idx, leaf.c.body).order_by(leaf.c.idx.desc()).limit(10)
            )
            return [StoredLeaf(row.idx, row.body) for row in rows]

    async def size(self) -> int:
        async with self._database.read() as reader:
            return await reader.scalar(select(log_state.c.size)) or 0

    async def balance(self) -> Balance:
        async with self._database.read() as reader:
            by_kind = await _counts(reader, event.c.kind)
            by_typ = await _counts(reader, event.c.typ)
            opened = await reader.scalar(
                select(func.count(distinct(inq_leaf.c.inquiry)))
                .join(event, event.c.idx == inq_leaf.c.idx)
                .where(event.c.kind == CaseOpened.type)
            )
            unexplained = await self._unexplained(reader)
        return Balance(
            received=by_kind.get(InquiryReceived.type, 0),
            opened=opened or 0,
            questions=by_kind.get("question.answered", 0),
            dead_lettered=by_kind.get(DeadLettered.type, 0),
            unexplained=unexplained,
            conflicts=by_typ.get("conflict", 0),
            garbled=by_kind.get("record.garbled", 0),
        )

    async def _unexplained(self, reader: AsyncConnection) -> int:
        """Inquiries received whose case was never opened and that are in no dead letter."""
        opening = (
            select(inq_leaf.c.inquiry)
            .join(event, event.c.idx == inq_leaf.c.idx)
            .where(event.c.kind == CaseOpened.type)
        )
        waiting = await reader.execute(
            select(inq_leaf.c.inquiry)
            .join(event, event.c.idx == inq_leaf.c.idx)
            .where(event.c.kind == InquiryReceived.type, inq_leaf.c.inquiry.not_in(opening))
        )
        missing = {str(inquiry) for inquiry in waiting.scalars()}
        if not missing:
            return 0
        letters = await reader.execute(
            select(event.c.content).where(event.c.kind == DeadLettered.type)
        )
        return len(missing - {_about(content) for content in letters.scalars()})


async def _counts(reader: AsyncConnection, column: ColumnElement[str]) -> dict[str, int]:
    rows = await reader.execute(select(column, func.count()).group_by(column))
    return {value: count for value, count in rows}  # noqa: C416


def _about(content: bytes | None) -> str | None:
    letter: Any = orjson.loads(content) if content else {}
    about = letter.get("about") if isinstance(letter, dict) else None
    return str(about) if about else None
