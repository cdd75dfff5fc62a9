"""Events leave in the transaction that caused them, and are kept until the trail has them.

The embedded broker forgets everything when it stops, so "the broker acknowledged it" is not enough:
a row is published to each new cluster until a `trail.receipt` confirms it.
"""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import structlog
from sqlalchemy import Row, and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from contracts.event import Envelope, Record
from infra.chassis.clock import Clock
from infra.chassis.errors import TRANSIENT
from infra.chassis.metrics import Metrics
from infra.chassis.tables import inbox, outbox
from infra.database import Database, Transaction

BATCH = 200
IDLE_SECONDS = 1.0
KEEP = timedelta(days=30)
"""Confirmed rows stay this long, so that a repeated cause can repeat its effects."""

log = structlog.get_logger()


class Publisher(Protocol):
    """What the relay needs of the broker."""

    @property
    def cluster(self) -> str | None: ...

    async def publish(self, record: Record) -> None: ...


class Outbox:
    def __init__(
        self, database: Database, publisher: Publisher, metrics: Metrics, clock: Clock
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._metrics = metrics
        self._clock = clock
        self._work = asyncio.Event()

    async def put(self, tx: Transaction, envelope: Envelope[Any], *, cause: UUID | None) -> None:
        """Publish `envelope` once `tx` has committed; putting the same event id again is harmless."""
        record = envelope.record()
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        await tx.execute(
            insert(outbox)
            .values(
                event_id=envelope.id,
                cause=cause,
                topic=record.topic,
                key=record.key,
                value=record.value,
                headers=record.headers,
                put_at=self._clock(),
            )
            .on_conflict_do_nothing()
        )
        tx.after_commit(self.nudge)

    async def repeat(self, tx: Transaction, cause: UUID) -> None:
        """The cause came again: somebody may have missed its effects, so publish them again."""
        await tx.execute(update(outbox).where(outbox.c.cause == cause).values(published_in=None))
        tx.after_commit(self.nudge)

    async def repeat_event(self, tx: Transaction, event_id: UUID) -> None:
        """Publish one event again, same bytes."""
        await tx.execute(
            update(outbox).where(outbox.c.event_id == event_id).values(published_in=None)
        )
        tx.after_commit(self.nudge)

    async def confirm(self, event_ids: Iterable[UUID]) -> None:
        """The trail has these events."""
        ids = list(event_ids)
        async with self._database.write() as tx:
            for start in range(0, len(ids), 500):
                await tx.execute(
                    update(outbox)
                    .where(outbox.c.event_id.in_(ids[start : start + 500]))
                    .where(outbox.c.confirmed_at.is_(None))
                    .values(confirmed_at=self._clock())
                )

    def nudge(self) -> None:
        """There is work, or the cluster changed."""
        self._work.set()

    async def run(self) -> None:
        """Publish what waits, in order, until cancelled."""
        while True:
            try:
                busy = await self._publish_some()
            except TRANSIENT as error:
                log.info("outbox_waited", error=type(error).__name__)
                busy = False
            if not busy:
                await self._wait()

    async def tidy(self) -> None:
        """Forget confirmed rows and inbox marks older than KEEP."""
        before = self._clock() - KEEP
        async with self._database.write() as tx:
            await tx.execute(delete(outbox).where(outbox.c.confirmed_at < before))
            await tx.execute(delete(inbox).where(inbox.c.seen_at < before))

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._work.wait(), IDLE_SECONDS)
        except TimeoutError:
            await self._count_waiting()
        self._work.clear()

    async def _publish_some(self) -> bool:
        cluster = self._publisher.cluster
        if cluster is None:
            return False
        rows = await self._waiting(cluster)
        if not rows:
            return False
        results = await asyncio.gather(
            *(self._publisher.publish(_record(row)) for row in rows), return_exceptions=True
        )
        done = [row.seq for row, result in zip(rows, results, strict=True) if result is None]
        async with self._database.write() as tx:
            await tx.execute(
                update(outbox).where(outbox.c.seq.in_(done)).values(published_in=cluster)
            )
        failed = next((result for result in results if result is not None), None)
        if failed is not None:
            raise failed
        return True

    async def _waiting(self, cluster: str) -> list[Row[Any]]:
        other_cluster = and_(outbox.c.published_in != cluster, outbox.c.confirmed_at.is_(None))
        async with self._database.read() as reader:
            found = await reader.execute(
                select(outbox)
                .where(or_(outbox.c.published_in.is_(None), other_cluster))
                .order_by(outbox.c.seq)
                .limit(BATCH)
            )
            return list(found)

    async def unconfirmed(self) -> int:
        """How many events the trail has not confirmed yet."""
        async with self._database.read() as reader:
            waiting = await reader.scalar(
                select(func.count()).select_from(outbox).where(outbox.c.confirmed_at.is_(None))
            )
        return int(waiting or 0)

    async def _count_waiting(self) -> None:
        self._metrics.set("henvend_outbox_waiting", float(await self.unconfirmed()))


def _record(row: Row[Any]) -> Record:
    return Record(topic=row.topic, key=row.key, value=row.value, headers=dict(row.headers))
