"""Three failures, three consequences; retrying and dead-lettering live here and nowhere else."""

import asyncio
import random
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any
from uuid import UUID

import structlog

from contracts.event import MAX_BODY_BYTES, Envelope, Event, InvalidEventError, decode, effect_id
from contracts.governance import DeadLettered
from infra.chassis.broker import Delivered
from infra.chassis.clock import Clock
from infra.chassis.correlation import about_record
from infra.chassis.errors import TRANSIENT
from infra.chassis.metrics import Metrics
from infra.chassis.outbox import Outbox
from infra.database import Database
from infra.keyring import KeyDestroyedError, Keyring

FIRST_WAIT = 0.1
LONGEST_WAIT = 5.0
HOLD_SECONDS = 120.0
"""Hold a partition this long inside one delivery, then seek back, so that the group stays alive."""
BUGS_IN_A_ROW = 20
"""A bad deploy must not drain a whole topic into the dead letters: stop and alert."""

Handler = Callable[[Envelope[Any]], Awaitable[None]]
log = structlog.get_logger()


class Deliveries:
    """Decodes records, hands them to their handler, and decides what a failure means."""

    def __init__(
        self,
        *,
        service: str,
        database: Database,
        outbox: Outbox,
        keyring: Keyring,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._service = service
        self._database = database
        self._outbox = outbox
        self._keyring = keyring
        self._metrics = metrics
        self._clock = clock
        self._handlers: dict[str, Handler] = {}
        self._types: dict[str, type[Event]] = {}
        self._bugs = 0
        self.stopped = False
        """Too many bugs in a row; the readiness page says so."""

    def on(self, event: type[Event], handler: Handler) -> None:
        self._types[event.type] = event
        self._handlers[event.type] = handler

    @property
    def topics(self) -> list[str]:
        return sorted(self._handlers)

    async def deliver(self, record: Delivered) -> None:
        """Returns when the record is done with (handled, repeated or dead-lettered)."""
        with about_record(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            headers=record.headers,
        ):
            try:
                envelope = decode(record.value, record.headers, self._types)
                await self._handle(envelope)
            except InvalidEventError as error:
                await self._bury(record, error.reason, str(error), attempts=1)
            except KeyDestroyedError:
                # Erased while under way: there is nothing left to handle, and nothing to bury.
                log.info("erased_inquiry_skipped")
            except TRANSIENT:
                raise
            except Exception as error:
                log.exception("handler_failed")
                await self._bury(record, "bug", type(error).__name__, attempts=1)
                await self._note_bug()
            else:
                self._bugs = 0
                self._metrics.count("henvend_events_handled_total", type=envelope.type)

    async def _handle(self, envelope: Envelope[Any]) -> None:
        began = time.monotonic()
        wait = FIRST_WAIT
        while True:
            try:
                await self._handlers[envelope.type](envelope)
            except TRANSIENT as error:
                self._metrics.count("henvend_events_retried_total", type=envelope.type)
                log.info("dependency_awaited", error=type(error).__name__)
                if time.monotonic() - began > HOLD_SECONDS:
                    raise
                # Full jitter: services that lost the same dependency do not return in step.
                await asyncio.sleep(random.uniform(wait / 2, wait))  # noqa: S311
                wait = min(wait * 2, LONGEST_WAIT)
            else:
                self._metrics.observe(
                    "henvend_handling_seconds", time.monotonic() - began, type=envelope.type
                )
                return

    async def _note_bug(self) -> None:
        self._bugs += 1
        if self._bugs >= BUGS_IN_A_ROW:
            self.stopped = True
            self._metrics.set("henvend_consumer_stopped", 1)
            log.critical("consumption_stopped", bugs_in_a_row=self._bugs)
            # Held here the partition waits for a person; a restart after the repair goes on.
            await asyncio.Event().wait()

    async def _bury(self, record: Delivered, reason: str, error: str, *, attempts: int) -> None:
        wait = FIRST_WAIT
        while True:
            try:
                await self._put_letter(record, reason, error, attempts)
            except TRANSIENT:
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)
            else:
                self._metrics.count("henvend_events_dead_lettered_total", reason=reason)
                log.warning("event_dead_lettered", reason=reason, error=error)
                return

    async def _put_letter(self, record: Delivered, reason: str, error: str, attempts: int) -> None:
        letter = await self._letter(record, reason, error, attempts)
        envelope = Envelope[DeadLettered].of(
            letter, event_id=letter.letter, source=self._service, time=self._clock()
        )
        async with self._database.write() as tx:
            await self._outbox.put(tx, envelope, cause=None)

    async def _letter(
        self, record: Delivered, reason: str, error: str, attempts: int
    ) -> DeadLettered:
        value = record.value or b""
        digest = sha256(value).hexdigest()
        # The same bad record, delivered again or sent again, is the same letter.
        letter = effect_id(f"{self._service}/{record.topic}", f"{digest}/{reason}")
        raw = None
        if len(value) <= MAX_BODY_BYTES // 2:
            key = await self._keyring.create(letter)
            raw = key.seal("raw", b64encode(value).decode())
        return DeadLettered(
            letter=letter,
            consumer=self._service,
            reason=reason,
            error=error[:200],
            attempts=attempts,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            size=len(value),
            digest=digest,
            event=_uuid(record.headers.get("ce_id")),
            about=str(_uuid(record.headers.get("ce_subject")) or "") or None,
            headers={
                name: record.headers[name]
                for name in ("ce_type", "ce_source", "ce_time", "ce_specversion")
                if name in record.headers and len(record.headers[name]) < 100
            },
            raw=raw,
        )


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
