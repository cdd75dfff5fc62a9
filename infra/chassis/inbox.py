"""Remembers which events were handled, in the same transaction as their effects."""

from uuid import UUID

from infra.chassis.clock import Clock
from infra.chassis.tables import inbox
from infra.database import Transaction


class Inbox:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def first(self, tx: Transaction, event_id: UUID) -> bool:
        """True the first time; False for every repetition."""
        done = await tx.execute(
            tx
            .insert(inbox)
            .values(event_id=event_id, seen_at=self._clock())
            .on_conflict_do_nothing()
        )
        return bool(done.rowcount)
