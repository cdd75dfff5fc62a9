"""What the audit trail answers: the proof that an event is in it."""

from typing import ClassVar
from uuid import UUID

from contracts.event import Event, Part


class ReceiptEntry(Part):
    event: UUID
    index: int
    """Leaf index in the log."""


class TrailReceipt(Event):
    """These events are in the trail, under this signed checkpoint. Not taken into the trail itself."""

    type: ClassVar[str] = "trail.receipt"

    checkpoint: str
    """The signed note (C2SP tlog-checkpoint)."""
    size: int
    entries: tuple[ReceiptEntry, ...]

    @property
    def subject(self) -> str:
        return str(self.size)
