"""Was the machine's suggestion right? Read from what staff do with the case, never asked of them."""

from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["kept", "changed"]
BINS = 20
"""Confidence is counted in steps of 0.05."""
TENTHS = 10
# Passed on outside the house, or set aside as a duplicate: says nothing about the category.
SILENT_ENDS = frozenset({"forwarded", "duplicate"})


@dataclass(frozen=True)
class Decision:
    """What was decided about a case when it was opened, and what became of it."""

    department: str
    category: str | None
    automatic: bool
    """It went straight into the department's queue."""
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Judgement:
    outcome: Outcome | None
    department: str | None = None
    """Where it went instead."""
    category: str | None = None


def judge(decision: Decision, kind: str, detail: dict[str, Any]) -> Judgement | None:
    """The verdict after one more act of staff; None when the act says nothing new.

    The last act counts: a case moved away and back again is not a mistake.
    """
    if decision.category is None:
        return None
    if kind == "moved":
        return _of_move(decision, detail["to"], detail.get("category"))
    handled = kind == "replied" or (kind == "closed" and detail["outcome"] not in SILENT_ENDS)
    if handled and decision.automatic and decision.outcome is None:
        return Judgement("kept")
    return None


def _of_move(decision: Decision, department: str, category: str | None) -> Judgement | None:
    if (department, category) == (decision.department, decision.category):
        # Out of triage somebody chose it; back in its queue it still has to prove itself.
        return Judgement(None if decision.automatic else "kept")
    if not decision.automatic and department == decision.department and category is None:
        return None
    return Judgement("changed", department, category)


def bin_of(value: float | None, bins: int) -> int | None:
    """Which of `bins` equal steps of 0..1 a value falls in."""
    return None if value is None else min(int(value * bins), bins - 1)
