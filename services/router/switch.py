"""For which departments and categories the machine routes by itself. A person can stop it for one
or for all, and it stops by itself for a category whose promise is broken (P19)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

ROUTING = "routing"
CATEGORY = f"{ROUTING}.category."
Reason = Literal["wrong-decisions", "maintenance", "staff-request", "as-usual"]
REASONS: tuple[Reason, ...] = get_args(Reason)
"""Codes, for the reason stands in the trail for ever."""
BROKEN = "promise-broken"
"""The monitor's reason; no person can choose it."""


@dataclass(frozen=True)
class Stopped:
    """Whose cases wait for a person."""

    departments: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()


def switch_of(department: str | None) -> str:
    return f"{ROUTING}.{department}" if department else ROUTING


def category_switch(category: str) -> str:
    return f"{CATEGORY}{category}"


def category_of(name: str) -> str | None:
    """The category a switch is for, if it is for one."""
    return name.removeprefix(CATEGORY) if name.startswith(CATEGORY) else None


def is_routing(name: str) -> bool:
    return name == ROUTING or name.startswith(f"{ROUTING}.")


def stopped_by(off: Iterable[str], departments: Iterable[str]) -> Stopped:
    """From the names of the switches that are off."""
    names = set(off)
    categories = frozenset(one for name in names if (one := category_of(name)))
    if ROUTING in names:
        return Stopped(frozenset(departments), categories)
    return Stopped(frozenset(one for one in departments if switch_of(one) in names), categories)
