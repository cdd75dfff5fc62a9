"""Reads every topic and hands it to the trail; holds everything back while something is away.

The audit service never gives a record up: it waits, or it stops.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import structlog

from infra.chassis.errors import TRANSIENT
from infra.chassis.metrics import Metrics
from services.audit.adapters.records import RecordReader
from services.audit.listen import Record
from services.audit.ports import SignerRefusedError, TrailMovedError
from services.audit.trail import Taken, Trail

BATCH = 1_000
GATHER_SECONDS = 0.25
CHECKPOINT_SECONDS = 1.0
FIRST_WAIT = 0.1
LONGEST_WAIT = 5.0

T = TypeVar("T")
log = structlog.get_logger()


class Ingest:
    """The two loops of the audit service: taking in, and signing."""

    def __init__(self, trail: Trail, reader: RecordReader, metrics: Metrics) -> None:
        self._trail = trail
        self._reader = reader
        self._metrics = metrics
        self._opened = asyncio.Event()
        self.refused: str | None = None
        """Why the trail stopped, in words for a person; None while it runs."""

    @property
    def ready(self) -> bool:
        return self._opened.is_set() and self.refused is None

    async def take_in(self) -> None:
        """Until cancelled."""
        await self._or_stop(self._take_in)

    async def sign(self) -> None:
        """A checkpoint at most every second while the trail grows, then the receipts; until cancelled."""
        await self._or_stop(self._sign)

    async def _or_stop(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except SignerRefusedError as error:
            # Going on would fork the log. The pages stay up to say so; a person must look.
            self.refused = str(error)
            log.critical("trail_stopped", reason=str(error))
            await asyncio.Event().wait()

    async def _take_in(self) -> None:
        await patiently(self._trail.open)
        self._opened.set()
        self._metrics.set("henvend_trail_size", self._trail.size)
        while True:
            cluster = await self._reader.cluster()
            offsets = await patiently(partial(self._trail.join, cluster))
            try:
                async with self._reader.session(cluster, offsets) as session:
                    while self._reader.is_current(cluster):
                        records = await gather(session.read)
                        if records:
                            await self._take(cluster, records)
            except TrailMovedError:
                log.warning("trail_moved")
            except TRANSIENT as error:
                log.info("broker_awaited", error=type(error).__name__)
                await asyncio.sleep(FIRST_WAIT)

    async def _take(self, cluster: str, records: Sequence[Record]) -> None:
        taken: Taken = await patiently(partial(self._trail.take, cluster, records))
        if self.refused:
            raise SignerRefusedError(self.refused)
        self._metrics.count("henvend_leaves_appended_total", taken.added)
        self._metrics.set("henvend_trail_size", self._trail.size)
        if taken.repeated:
            self._metrics.count("henvend_events_repeated_total", taken.repeated)

    async def _sign(self) -> None:
        await self._opened.wait()
        while True:
            await self._trail.grown.wait()
            self._trail.grown.clear()
            began = time.monotonic()
            head = await patiently(self._trail.sign)
            self._metrics.observe("henvend_checkpoint_seconds", time.monotonic() - began)
            if head:
                await patiently(partial(self._trail.send_receipts, head))
            await asyncio.sleep(max(0.0, CHECKPOINT_SECONDS - (time.monotonic() - began)))


async def gather(read: Callable[[int, float], Awaitable[Sequence[Record]]]) -> list[Record]:
    """A batch: what comes within a quarter of a second of the first record, at most 1,000."""
    records = list(await read(BATCH, GATHER_SECONDS))
    end = time.monotonic() + GATHER_SECONDS
    while records and len(records) < BATCH and (left := end - time.monotonic()) > 0:
        records += await read(BATCH - len(records), left)
    return records


async def patiently(attempt: Callable[[], Awaitable[T]]) -> T:
    """Repeats while a dependency is away, waiting longer each time."""
    wait = FIRST_WAIT
    while True:
        try:
            return await attempt()
        except TRANSIENT as error:
            log.info("dependency_awaited", error=type(error).__name__)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)
