"""What would other rules have done? Routes the past again, without touching it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.case import CaseOpened
from contracts.inquiry import InquiryClassified, InquiryReceived
from services.router.route import RoutingTable, route


@dataclass(frozen=True)
class Past:
    """One inquiry as it was when it was routed."""

    received: InquiryReceived
    classified: InquiryClassified | None
    routed_at: datetime


@dataclass(frozen=True)
class Way:
    """Where a case goes and by which rule."""

    place: str
    """A department, or `triage`."""
    rule: str
    deadline: datetime


@dataclass(frozen=True)
class Change:
    reference: str
    was: Way
    now: Way

    @property
    def moves(self) -> bool:
        """It goes elsewhere; else only its deadline is another."""
        return self.was.place != self.now.place


@dataclass(frozen=True)
class Replay:
    cases: int
    changes: tuple[Change, ...]

    @property
    def moves(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.moves)


def replay(past: Iterable[Past], old: RoutingTable, new: RoutingTable) -> Replay:
    """Both sets of rules decide anew on the same inputs, so that only the rules differ."""
    cases = 0
    changes: list[Change] = []
    for one in past:
        before = _ways(route(one.received, one.classified, old, one.routed_at))
        after = _ways(route(one.received, one.classified, new, one.routed_at))
        cases += len(before)
        for (reference, was), (_, now) in zip(before, after, strict=True):
            if (was.place, was.deadline) != (now.place, now.deadline):
                changes.append(Change(reference, was, now))
    return Replay(cases, tuple(changes))


def _ways(opened: Sequence[CaseOpened]) -> list[tuple[str, Way]]:
    return [
        (
            case.reference,
            Way(
                case.department if case.queue == "department" else "triage",
                case.rule,
                case.deadline,
            ),
        )
        for case in opened
    ]
