"""Which departments get cases from the machine. A person can stop it for one or for all (P19)."""

from collections.abc import Iterable
from typing import Literal, get_args

ROUTING = "routing"
Reason = Literal["wrong-decisions", "maintenance", "staff-request", "as-usual"]
REASONS: tuple[Reason, ...] = get_args(Reason)
"""Codes, for the reason stands in the trail for ever."""


def switch_of(department: str | None) -> str:
    return f"{ROUTING}.{department}" if department else ROUTING


def is_routing(name: str) -> bool:
    return name == ROUTING or name.startswith(f"{ROUTING}.")


def stopped_departments(off: Iterable[str], departments: Iterable[str]) -> frozenset[str]:
    """The departments whose cases wait for a person, from the names of the switches that are off."""
    names = set(off)
    if ROUTING in names:
        return frozenset(departments)
    return frozenset(one for one in departments if switch_of(one) in names)
