"""Looks after inquiries whose classification does not come: a person triages them."""

import asyncio
from datetime import datetime

import structlog

from infra.chassis.chassis import Chassis
from services.router.adapters import cases
from services.router.consumer import Consumer
from services.router.settings import RouterSettings

log = structlog.get_logger()
LOOK_SECONDS = 1.0
BUSY_TIMES = 10
"""A classifier that is at work, but behind, is given this many times the usual patience."""


class Watch:
    def __init__(self, chassis: Chassis, settings: RouterSettings, consumer: Consumer) -> None:
        self._chassis = chassis
        self._settings = settings
        self._consumer = consumer
        self._connected_since: datetime | None = None

    async def run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Once: open the overdue ones in triage."""
        now = self._chassis.clock()
        if not self._chassis.broker.connected:
            # Without a broker no classification can come; do not blame the classifier.
            self._connected_since = None
            return
        # Nor for the time before there was one: it begins with all that waited.
        self._connected_since = self._connected_since or now
        before = self._impatient_before(now)
        async with self._chassis.database.read() as reader:
            waiting = await cases.overdue_unrouted(reader, before) if before else []
        for inquiry in waiting:
            log.warning("classification_missed", inquiry=str(inquiry))
            await self._consumer.open_unclassified(inquiry)

    def _impatient_before(self, now: datetime) -> datetime | None:
        """Who was received before this has waited long enough; None when nobody has."""
        patience = self._settings.patience
        if not patience:
            return now
        assert self._connected_since is not None
        heard = self._consumer.classified_at
        at_work = heard is not None and now - heard <= patience
        allowed = patience * BUSY_TIMES if at_work else patience
        return now - allowed if now - self._connected_since > allowed else None
