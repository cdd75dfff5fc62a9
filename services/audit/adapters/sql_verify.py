"""Reads a stored trail in one consistent view, for verification; changes nothing."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database import Database
from services.audit import note
from services.audit.adapters.tables import (
    checkpoint,
    event,
    inq_leaf,
    leaf,
    log_state,
    reference,
    tile,
)
from services.audit.checkpoint import Checkpoint
from services.audit.commitments import TrailSecret
from services.audit.tiles import TileId
from services.audit.verify import (
    Claims,
    Fault,
    Report,
    StoredEntry,
    StoredEvent,
    StoredLink,
    Verification,
)

ROWS = 2_000
# In the order of StoredEvent and StoredLink.
_DESCRIBED = (
    event.c.typ,
    event.c.kind,
    event.c.mode,
    event.c.outcome,
    event.c.rx,
    event.c.digest,
    event.c.content,
)
_LINKED = (inq_leaf.c.inquiry, inq_leaf.c.n, inq_leaf.c.inq, inq_leaf.c.hash)


async def verify_database(
    database: Database, log: note.Verifier, secret: TrailSecret | None, signed: Checkpoint | None
) -> Report:
    """`signed` must have been read before this is called: the trail may be growing.

    Without `secret` the events stored beside the leaves are not compared with them.
    """
    async with database.read() as reader:
        claims = await _claims(reader, signed)
        verification = Verification(claims, log, secret)
        async for entry in _entries(reader):
            verification.entry(entry)
        report = verification.finish()
        strays = await _strays(reader)
    faults = sorted((*report.faults, *strays), key=lambda fault: fault.order)
    return report._replace(faults=tuple(faults))


async def _claims(reader: AsyncConnection, signed: Checkpoint | None) -> Claims:
    state = (await reader.execute(select(log_state))).one_or_none()
    notes = await reader.execute(select(checkpoint.c.size, checkpoint.c.note))
    tiles = await reader.execute(select(tile))
    references = await reader.execute(select(reference))
    return Claims(
        size=state.size if state else 0,
        root=state.root if state else b"",
        checkpoints={row.size: row.note for row in notes},
        tiles={TileId(row.level, row.n, row.w): row.data for row in tiles},
        references=frozenset((row.mac, row.inquiry) for row in references),
        signed=signed,
    )


async def _entries(reader: AsyncConnection) -> AsyncIterator[StoredEntry]:
    query = (
        select(leaf.c.idx, leaf.c.eid, leaf.c.body, event.c.idx, *_DESCRIBED, *_LINKED)
        .outerjoin(event, event.c.idx == leaf.c.idx)
        .outerjoin(inq_leaf, inq_leaf.c.idx == leaf.c.idx)
        .order_by(leaf.c.idx)
        .limit(ROWS)
    )
    last: int | None = None
    while True:
        after = query if last is None else query.where(leaf.c.idx > last)
        rows = (await reader.execute(after)).all()
        for row in rows:
            yield _entry(row)
        if len(rows) < ROWS:
            return
        last = rows[-1][0]


def _entry(row: Sequence[Any]) -> StoredEntry:
    idx, eid, body, event_idx, *rest = row
    described = None if event_idx is None else StoredEvent(*rest[: len(_DESCRIBED)])
    linked = rest[len(_DESCRIBED) :]
    link = None if linked[1] is None else StoredLink(*linked)
    return StoredEntry(idx, eid, body, described, link)


async def _strays(reader: AsyncConnection) -> list[Fault]:
    """Index rows that point to no entry."""
    strays: list[Fault] = []
    for table in (event, inq_leaf):
        query = (
            select(func.min(table.c.idx))
            .outerjoin_from(table, leaf, leaf.c.idx == table.c.idx)
            .where(leaf.c.idx.is_(None))
        )
        idx = await reader.scalar(query)
        if idx is not None:
            strays.append(Fault(idx, f"has a row in {table.name}, but is not in the log"))
    return strays
