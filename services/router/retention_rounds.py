"""Erases what the municipality's own deadline ends, once an hour; each inquiry's trail says so."""

import asyncio
from uuid import UUID

import structlog

from contracts.event import effect_id
from contracts.inquiry import RETENTION, InquiryErased
from contracts.reference import reference_of
from infra.chassis.errors import TRANSIENT
from services.router.adapters import due, erasures
from services.router.erasing import Erasures

LOOK_SECONDS = 3600.0
MOST_AT_ONCE = 500
"""The next round takes the rest: a deadline that was shortened must not stop everything else."""
OVER = "retention-over"

log = structlog.get_logger()


class RetentionRounds:
    def __init__(self, erasing: Erasures) -> None:
        self._erasing = erasing
        self._chassis = erasing.chassis

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except TRANSIENT as error:
                log.info("retention_waited", error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> int:
        """Decide what is due by now; how many inquiries. They go as soon as the trail has that."""
        now = self._chassis.clock()
        async with self._chassis.database.read() as reader:
            found = await due.due_inquiries(reader, self._erasing.retention, now)
        decided = sum([await self._decide(inquiry) for inquiry, _ in found[:MOST_AT_ONCE]])
        if decided:
            log.info("retention_over", inquiries=decided)
        return decided

    async def _decide(self, inquiry: UUID) -> bool:
        now = self._chassis.clock()
        event = InquiryErased(
            inquiry=inquiry, reason=OVER, requested_by=RETENTION, approved_by=RETENTION
        )
        async with self._chassis.database.write() as tx:
            # The citizen may have objected, or a colleague asked, since it was found due.
            if not await erasures.all_closed(tx, inquiry) or await erasures.state_of(tx, inquiry):
                return False
            decided = effect_id(inquiry, "erased")
            await erasures.keep_decision(tx, decided, event, reference_of(inquiry), now)
            await self._erasing.publish(tx, event, now)
        return True
