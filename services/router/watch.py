"""Looks after inquiries whose classification does not come: a person triages them."""

import asyncio

import structlog

from infra.chassis.chassis import Chassis
from services.router.adapters import cases
from services.router.consumer import Consumer
from services.router.settings import RouterSettings

log = structlog.get_logger()
LOOK_SECONDS = 1.0


class Watch:
    def __init__(self, chassis: Chassis, settings: RouterSettings, consumer: Consumer) -> None:
        self._chassis = chassis
        self._settings = settings
        self._consumer = consumer

    async def run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Once: open the overdue ones in triage."""
        if not self._chassis.broker.connected:
            # Without a broker no classification can come; do not blame the classifier.
            return
        before = self._chassis.clock() - self._settings.patience
        async with self._chassis.database.read() as reader:
            waiting = await cases.overdue_unrouted(reader, before)
        for inquiry in waiting:
            log.warning("classification_missed", inquiry=str(inquiry))
            await self._consumer.open_unclassified(inquiry)
