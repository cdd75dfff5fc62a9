"""What the intake promises its senders, and what it needs for that."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from contracts.event import Envelope
from contracts.inquiry import InquiryReceived


class IntakeLedger(Protocol):
    """Keeps each inquiry until its case is open; nothing is forgotten before."""

    async def keep(self, envelope: Envelope[InquiryReceived], raw: str, message: str) -> bool:
        """Durable when this returns; False when it was kept before.

        `raw` is the sealed mail as JSON, `message` a digest that tells mails apart.
        """
        ...

    async def inquiry_of(self, reference: str) -> UUID | None: ...

    async def arrived(self, inquiry: UUID, at: datetime) -> None:
        """Its case is open: no need to publish it again."""
        ...

    async def repeat_overdue(self, now: datetime) -> int:
        """Publish again, same bytes, what has not arrived; how many."""
        ...
