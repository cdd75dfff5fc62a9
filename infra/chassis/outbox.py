"""Events leave in the transaction that caused them, and are kept until the trail has them.

"The broker acknowledged it" is not enough: the embedded broker forgets everything when it stops, and
was seen to lose acknowledged records. A row is published to each new cluster, and again to the same one
after a while, until a `trail.receipt` confirms it.
"""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import structlog
from sqlalchemy import Row, and_, delete, func, or_, select, update

from contracts.event import Envelope, Record
from infra.chassis.clock import Clock
from infra.chassis.errors import TRANSIENT
from infra.chassis.metrics import Metrics
from infra.chassis.tables import inbox, outbox
from infra.database import Database, Transaction

BATCH = 200
IDLE_SECONDS = 1.0
UNCONFIRMED_AGAIN = timedelta(seconds=30)
"""Published but not confirmed for this long: published again, then after twice as long, and so on."""
MOST_DOUBLINGS = 6
KEEP = timedelta(days=30)
"""Confirmed rows stay this long, so that a repeated cause can repeat its effects."""

log = structlog.get_logger()


class Publisher(Protocol):
    """What the relay needs of the broker."""

    @property
    def cluster(self) -> str | None: ...

    async def publish(self, record: Record) -> None: ...


@dataclass
class Tries:
    """An unconfirmed row since this process first saw it published."""

    last: datetime
    again: int = 0

    def is_due(self, now: datetime) -> bool:
        wait: timedelta = UNCONFIRMED_AGAIN * 2 ** min(self.again, MOST_DOUBLINGS)
        return now - self.last >= wait


class Outbox:
    def __init__(
        self, database: Database, publisher: Publisher, metrics: Metrics, clock: Clock
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._metrics = metrics
        self._clock = clock
        self._work = asyncio.Event()
        self._tries: dict[int, Tries] = {}

    async def put(self, tx: Transaction, envelope: Envelope[Any], *, cause: UUID | None) -> None:
        """Publish `envelope` once `tx` has committed; putting the same event id again is harmless."""
        record = envelope.record()
        await tx.execute(
            tx.insert_new(outbox),
            {
                "event_id": envelope.id,
                "cause": cause,
                "topic": record.topic,
                "key": record.key,
                "value": record.value,
                "headers": record.headers,
                "put_at": self._clock(),
            },
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
        looked = time.monotonic()
        while True:
            try:
                busy = await self._publish_some()
                # By the clock: a busy outbox is never idle.
                if time.monotonic() - looked >= IDLE_SECONDS:
                    looked = time.monotonic()
                    await self.look()
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
        with suppress(TimeoutError):
            await asyncio.wait_for(self._work.wait(), IDLE_SECONDS)
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

    async def look(self) -> None:
        """Counts what waits for the trail, and publishes again what has waited long."""
        self._metrics.set("henvend_outbox_waiting", float(await self.unconfirmed()))
        due = await self._due()
        if not due:
            return
        log.warning("events_published_again", count=len(due))
        async with self._database.write() as tx:
            await tx.execute(
                update(outbox)
                .where(outbox.c.seq.in_(due), outbox.c.confirmed_at.is_(None))
                .values(published_in=None)
            )
            tx.after_commit(self.nudge)

    async def _due(self) -> list[int]:
        """Rows whose record or receipt must have been lost. Also notes when each was first seen."""
        async with self._database.read() as reader:
            found = await reader.execute(
                select(outbox.c.seq)
                .where(
                    outbox.c.published_in == self._publisher.cluster,
                    outbox.c.confirmed_at.is_(None),
                )
                .order_by(outbox.c.seq)
                .limit(BATCH)
            )
            waiting = list(found.scalars())
        now = self._clock()
        self._tries = {seq: self._tries.get(seq) or Tries(now) for seq in waiting}
        due = [seq for seq, tries in self._tries.items() if tries.is_due(now)]
        for seq in due:
            self._tries[seq] = Tries(now, self._tries[seq].again + 1)
        return due


def _record(row: Row[Any]) -> Record:
    return Record(topic=row.topic, key=row.key, value=row.value, headers=dict(row.headers))
