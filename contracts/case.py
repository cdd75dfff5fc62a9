"""What is said about a case: a routed inquiry in a department's queue. Every act names its staff."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime

from contracts.event import InquiryEvent, Part, Sealed
from contracts.inquiry import Channel, Language

Queue = Literal["department", "triage"]
Outcome = Literal["answered", "forwarded", "no-reply-needed", "duplicate"]


class StaffRef(Part):
    """A named member of staff; the trail holds a pseudonym of `account`."""

    account: str
    role: str


class CaseEvent(InquiryEvent):
    case: UUID
    reference: str
    channel: Channel
    conversation: UUID | None = None


class CaseOpened(CaseEvent):
    type: ClassVar[str] = "case.opened"

    queue: Queue
    department: str
    category: str | None
    rule: str
    """Id of the routing rule that decided."""
    reason: str
    """Code: confident, unsure, sensitive, urgent, ask, outside, wants-person, mixed, ..."""
    rules_digest: str
    language: Language
    urgent: bool = False
    sensitive: bool = False
    opened_at: AwareDatetime
    deadline: AwareDatetime
    linked: tuple[UUID, ...] = ()
    """Other cases of the same mixed inquiry."""


class CaseMoved(CaseEvent):
    """'Wrong department': a person moved it."""

    type: ClassVar[str] = "case.moved"

    from_department: str
    to_department: str
    from_category: str | None = None
    to_category: str | None = None
    by: StaffRef


class CaseAssigned(CaseEvent):
    type: ClassVar[str] = "case.assigned"

    to: str | None
    by: StaffRef


class CaseReplied(CaseEvent):
    """A person's answer, exactly as sent (field name `reply` when opened)."""

    type: ClassVar[str] = "case.replied"

    reply: Sealed
    by: StaffRef
    language: Language


class CaseClosed(CaseEvent):
    type: ClassVar[str] = "case.closed"

    outcome: Outcome
    by: StaffRef


class CorrectionConfirmed(CaseEvent):
    """A second person agreed that the category was wrong; only now may it become a training row."""

    type: ClassVar[str] = "correction.confirmed"

    was: str | None
    now: str
    proposed_by: StaffRef
    confirmed_by: StaffRef
