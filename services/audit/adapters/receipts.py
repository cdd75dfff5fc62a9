"""Receipts as `trail.receipt` events."""

from collections.abc import Sequence
from uuid import UUID

from contracts.event import Envelope, effect_id
from contracts.trail import ReceiptEntry, TrailReceipt
from infra.chassis.broker import Broker
from infra.chassis.clock import Clock


class BrokerReceipts:
    def __init__(self, broker: Broker, clock: Clock) -> None:
        self._broker = broker
        self._clock = clock

    async def publish(self, note: str, size: int, entries: Sequence[tuple[UUID, int]]) -> None:
        receipt = TrailReceipt(
            checkpoint=note,
            size=size,
            entries=tuple(ReceiptEntry(event=event, index=index) for event, index in entries),
        )
        first, last = entries[0][0], entries[-1][0]
        envelope = Envelope[TrailReceipt].of(
            receipt,
            event_id=effect_id(first, f"receipt/{size}/{last}"),
            source="audit",
            time=self._clock(),
        )
        await self._broker.publish(envelope.record())
