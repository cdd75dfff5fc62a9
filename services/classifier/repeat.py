"""Looks after inquiries whose case does not open: publishes them again until it does."""

import asyncio

import structlog

from infra.chassis.chassis import Chassis
from services.classifier.adapters.ledger import SqlIntakeLedger

log = structlog.get_logger()
LOOK_SECONDS = 1.0


class Repeater:
    """Not even a broker that loses everything loses an inquiry."""

    def __init__(self, chassis: Chassis, ledger: SqlIntakeLedger) -> None:
        self._chassis = chassis
        self._ledger = ledger
        self._cluster: str | None = None

    async def run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            cluster = self._chassis.broker.cluster
            if cluster is None:
                continue
            if cluster != self._cluster:
                self._cluster = cluster
                await self._ledger.hurry()
            repeated = await self._ledger.repeat_overdue(self._chassis.clock())
            if repeated:
                log.warning("inquiries_published_again", count=repeated)
            self._chassis.metrics.set("henvend_intake_waiting", await self._ledger.waiting())
