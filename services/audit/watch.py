"""Counts all the time: what came in must be opened, answered or in a dead letter."""

import asyncio

import structlog

from infra.chassis.errors import TRANSIENT
from infra.chassis.metrics import Metrics
from services.audit.adapters.sql_search import TrailSearch

EVERY_SECONDS = 10.0

log = structlog.get_logger()


class Watch:
    def __init__(self, search: TrailSearch, metrics: Metrics) -> None:
        self._search = search
        self._metrics = metrics
        self._counted = -1
        self._unexplained = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except TRANSIENT as error:
                log.info("dependency_awaited", error=type(error).__name__)
            await asyncio.sleep(EVERY_SECONDS)

    async def look(self) -> None:
        size = await self._search.size()
        if size == self._counted and not self._unexplained:
            return
        balance = await self._search.balance()
        # One look apart, so that what is merely under way does not alarm.
        if size == self._counted and balance.unexplained:
            log.warning("inquiries_unexplained", count=balance.unexplained)
        self._counted, self._unexplained = size, balance.unexplained
        self._metrics.set("henvend_trail_unexplained", balance.unexplained)
