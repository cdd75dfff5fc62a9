"""What stands against erasing an inquiry, and which grounds there are. People decide; this only asks.

Grounds are those of the General Data Protection Regulation, article 17(1). The duty to keep public
records (article 17(3)(b) and (d)) is named wherever it may stand against one of them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

Ground = Literal[
    "no-longer-needed",
    "consent-withdrawn",
    "objection",
    "unlawful",
    "legal-duty",
    "retention-over",
    "registered-by-mistake",
]
Records = Literal["filed-elsewhere", "no-record", "never-ours"]
"""Why the duty to keep records does not stand against it."""
GROUNDS: tuple[Ground, ...] = get_args(Ground)
RECORDS: tuple[Records, ...] = get_args(Records)

Duty = Literal["open", "answered", "kept"]
Answered = frozenset({"answered"})


@dataclass(frozen=True)
class HeldCase:
    reference: str
    department: str
    category: str | None
    status: str
    opened_at: datetime
    closed_at: datetime | None
    outcome: str | None
    """How it was last closed."""


@dataclass(frozen=True)
class Holding:
    """What is held of one inquiry: counts and kinds, not a word of it."""

    inquiry: UUID
    reference: str
    received_at: datetime
    channel: str
    in_chat: bool
    attachments: int
    understood: bool
    """A model read it."""
    cases: tuple[HeldCase, ...]
    replies: int
    acts: int
    letters_sent: int
    letters_waiting: int
    contests: int
    complaint: bool
    """The citizen said that it is wrong, and nobody has closed the case since."""
    strays: int
    """Records about it that could not be handled, and error reports from its pages."""
    related: tuple[str, ...]
    """Inquiries of the same thread or conversation, by reference: each is erased by itself."""


def duties(holding: Holding, kept: Collection[str]) -> tuple[Duty, ...]:
    """Why its records may have to be kept; `kept` names departments and categories that are archived."""
    found: list[Duty] = []
    if any(case.status == "open" for case in holding.cases):
        found.append("open")
    if holding.replies or any(case.outcome in Answered for case in holding.cases):
        found.append("answered")
    if any({case.department, case.category} & set(kept) for case in holding.cases):
        found.append("kept")
    return tuple(found)


def objection_to_asking(
    holding: Holding, kept: Collection[str], ground: str, records: str
) -> str | None:
    """A text key under `router.refused`, or None when it may be asked for."""
    if not holding.cases:
        return "unsorted"
    if ground not in GROUNDS:
        return "ground"
    if duties(holding, kept) and records not in RECORDS:
        return "records"
    return None


def objection_to_settling(
    asked_by: str, asker_role: str, by: str, role: str, *, agreed: bool, complaint: bool
) -> str | None:
    """Two persons, one of them the data-protection officer. Anybody of them may take it back.

    While a complaint is open it waits: who erased the case would have settled the complaint.
    """
    if not agreed:
        return None
    if complaint:
        return "complaint_open"
    if asked_by == by:
        return "own_erasure"
    return None if "dpo" in {asker_role, role} else "needs_dpo"
