"""The trail in SQLite or PostgreSQL, one writer at a time."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, func, insert, select, tuple_, update

from infra.database import Database, Transaction
from services.audit.adapters.tables import (
    checkpoint,
    event,
    inq_leaf,
    koffset,
    leaf,
    log_state,
    quarantine,
    reference,
    tile,
)
from services.audit.admit import Entry, Known
from services.audit.compose import ChainHead, stamp
from services.audit.ports import Growth, LogState, SignedHead, TrailMovedError
from services.audit.tiles import HASH_BYTES, TileId, width_at
from services.audit.tree import Edge, grow

T = TypeVar("T")
LOOKUP = 500
STATE = 1


class SqlTrailStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def state(self) -> LogState | None:
        async with self._database.read() as reader:
            row = (await reader.execute(select(log_state))).one_or_none()
        return LogState(row.origin, row.size, row.root, row.receipted) if row else None

    async def edge(self) -> Edge:
        state = await self.state()
        if state is None:
            return Edge()
        levels: list[bytes] = []
        while state.size >> 8 * len(levels):
            levels.append(b"")
        partial = {}
        for level in range(len(levels)):
            number = (state.size >> 8 * level) // 256
            width = width_at(level, number, state.size)
            if width:
                partial[level] = TileId(level, number, width)
        found = await self.tiles(partial.values(), state.size)
        for level, wanted in partial.items():
            levels[level] = found[wanted]
        return Edge(state.size, tuple(levels))

    async def offsets(self, cluster: str) -> dict[tuple[str, int], int]:
        async with self._database.read() as reader:
            rows = await reader.execute(select(koffset).where(koffset.c.cluster == cluster))
            return {(row.topic, row.part): row.next for row in rows}

    async def known(self, eids: Iterable[UUID]) -> dict[UUID, Known]:
        found: dict[UUID, Known] = {}
        query = select(leaf.c.eid, leaf.c.idx, event.c.digest).join(
            event, event.c.idx == leaf.c.idx
        )
        async with self._database.read() as reader:
            for some in _chunks(eids):
                for row in await reader.execute(query.where(leaf.c.eid.in_(some))):
                    found[row.eid] = Known(row.idx, row.digest)
        return found

    async def chains(self, inquiries: Iterable[UUID]) -> dict[UUID, ChainHead]:
        found: dict[UUID, ChainHead] = {}
        async with self._database.read() as reader:
            for some in _chunks(inquiries):
                last = (
                    select(inq_leaf.c.inquiry, func.max(inq_leaf.c.n).label("n"))
                    .where(inq_leaf.c.inquiry.in_(some))
                    .group_by(inq_leaf.c.inquiry)
                    .subquery()
                )
                rows = await reader.execute(
                    select(inq_leaf).join(
                        last,
                        and_(inq_leaf.c.inquiry == last.c.inquiry, inq_leaf.c.n == last.c.n),
                    )
                )
                for row in rows:
                    found[row.inquiry] = ChainHead(row.inq, row.n, row.hash)
        return found

    async def open_log(self, origin: str, genesis: Entry) -> None:
        edge, tiles = grow(Edge(), [genesis.hash])
        async with self._database.write() as tx:
            await tx.execute(
                insert(log_state).values(
                    id=STATE, origin=origin, size=1, root=edge.root(), receipted=0
                )
            )
            await self._add_entries(tx, [genesis])
            await self._add_tiles(tx, tiles)

    async def append(self, growth: Growth) -> None:
        async with self._database.write() as tx:
            await self._move_state(tx, growth)
            await self._move_offsets(tx, growth)
            entries = growth.admitted.entries
            if entries:
                await self._add_entries(tx, entries)
                await self._add_tiles(tx, growth.tiles)
                await self._quarantine(tx, growth)

    async def _move_state(self, tx: Transaction, growth: Growth) -> None:
        moved = await tx.execute(
            update(log_state)
            .where(log_state.c.id == STATE, log_state.c.size == growth.before.size)
            .values(size=growth.after.size, root=growth.after.root())
        )
        if moved.rowcount != 1:
            raise TrailMovedError("the log has another size")

    async def _move_offsets(self, tx: Transaction, growth: Growth) -> None:
        rows = await tx.execute(select(koffset).where(koffset.c.cluster == growth.cluster))
        current = {(row.topic, row.part): row.next for row in rows}
        for place, expected in growth.read_from.items():
            if current.get(place, 0) != expected:
                raise TrailMovedError("the offsets have moved")
        statement = tx.insert(koffset)
        statement = statement.on_conflict_do_update(
            index_elements=["cluster", "topic", "part"], set_={"next": statement.excluded.next}
        )
        moved = [
            {"cluster": growth.cluster, "topic": topic, "part": part, "next": following}
            for (topic, part), following in growth.read_to.items()
        ]
        if moved:
            await tx.execute(statement, moved)

    async def _add_entries(self, tx: Transaction, entries: Sequence[Entry]) -> None:
        await tx.execute(
            insert(leaf), [{"idx": e.idx, "eid": e.eid, "body": e.body} for e in entries]
        )
        await tx.execute(insert(event), [_event_row(e) for e in entries])
        linked = [_link_row(e) for e in entries if e.chain]
        if linked:
            await tx.execute(insert(inq_leaf), linked)
        references = [
            {"mac": mac, "inquiry": e.inquiry} for e in entries if e.inquiry for mac in e.references
        ]
        if references:
            await tx.execute(tx.insert(reference).on_conflict_do_nothing(), references)

    async def _add_tiles(self, tx: Transaction, tiles: Mapping[TileId, bytes]) -> None:
        await tx.execute(
            insert(tile),
            [{"level": t.level, "n": t.number, "w": t.width, "data": d} for t, d in tiles.items()],
        )
        # Any narrower tile is a prefix of the new one and is served from it.
        narrower = delete(tile).where(
            tile.c.level == bindparam("of_level"),
            tile.c.n == bindparam("of_number"),
            tile.c.w < bindparam("below"),
        )
        await tx.execute(
            narrower,
            [{"of_level": t.level, "of_number": t.number, "below": t.width} for t in tiles],
        )

    async def _quarantine(self, tx: Transaction, growth: Growth) -> None:
        rows = [
            {
                "idx": e.idx,
                "cluster": growth.cluster,
                "topic": e.garbled.record.topic,
                "part": e.garbled.record.partition,
                "off": e.garbled.record.offset,
                "size": len(e.garbled.record.value or b""),
                "raw": growth.quarantined.get(e.idx),
            }
            for e in growth.admitted.entries
            if e.garbled
        ]
        if rows:
            await tx.execute(insert(quarantine), rows)

    async def tiles(self, wanted: Iterable[TileId], size: int) -> dict[TileId, bytes]:
        found: dict[TileId, bytes] = {}
        possible = [t for t in wanted if 0 < t.width <= width_at(t.level, t.number, size)]
        async with self._database.read() as reader:
            for some in _chunks(possible):
                places = [(t.level, t.number) for t in some]
                rows = await reader.execute(
                    select(tile)
                    .where(tuple_(tile.c.level, tile.c.n).in_(places))
                    .order_by(tile.c.w)
                )
                widest = {(row.level, row.n): row.data for row in rows}
                for t in some:
                    data = widest.get((t.level, t.number), b"")[: t.width * HASH_BYTES]
                    if len(data) == t.width * HASH_BYTES:
                        found[t] = data
        return found

    async def bodies(self, start: int, end: int) -> list[bytes]:
        async with self._database.read() as reader:
            rows = await reader.execute(
                select(leaf.c.body)
                .where(leaf.c.idx >= start, leaf.c.idx < end)
                .order_by(leaf.c.idx)
            )
            return list(rows.scalars())

    async def add_checkpoint(self, size: int, note: str, signed_at: datetime) -> None:
        async with self._database.write() as tx:
            await tx.execute(
                tx
                .insert(checkpoint)
                .values(size=size, note=note, signed_at=stamp(signed_at))
                .on_conflict_do_nothing()
            )

    async def newest_checkpoint(self) -> SignedHead | None:
        async with self._database.read() as reader:
            row = (
                await reader.execute(select(checkpoint).order_by(checkpoint.c.size.desc()).limit(1))
            ).one_or_none()
        return SignedHead(row.size, row.note, row.signed_at) if row else None

    async def events_between(self, start: int, end: int) -> list[tuple[UUID, int]]:
        async with self._database.read() as reader:
            rows = await reader.execute(
                select(event.c.event, event.c.idx)
                .where(event.c.idx >= start, event.c.idx < end, event.c.event.is_not(None))
                .order_by(event.c.idx)
            )
            return [(row.event, row.idx) for row in rows]

    async def mark_receipted(self, size: int) -> None:
        async with self._database.write() as tx:
            await tx.execute(
                update(log_state)
                .where(log_state.c.id == STATE, log_state.c.receipted < size)
                .values(receipted=size)
            )


def _event_row(entry: Entry) -> dict[str, Any]:
    return {
        "idx": entry.idx,
        "event": entry.event,
        "typ": entry.typ,
        "kind": entry.kind,
        "mode": entry.mode,
        "outcome": entry.out,
        "rx": entry.received,
        "digest": entry.digest,
        "content": entry.content,
    }


def _link_row(entry: Entry) -> dict[str, Any]:
    assert entry.chain is not None
    return {
        "inquiry": entry.inquiry,
        "n": entry.chain.n,
        "idx": entry.idx,
        "inq": entry.chain.inq,
        "hash": entry.hash,
    }


def _chunks(items: Iterable[T]) -> Iterable[list[T]]:
    remaining = iter(items)
    while some := list(islice(remaining, LOOKUP)):
        yield some
