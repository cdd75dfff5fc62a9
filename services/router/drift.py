"""Has what comes in changed? This period's inquiries against those of the longer period before."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from services.router.measures import Share, chance_index, stability_index
from services.router.monitor import UNKNOWN, Tally
from services.router.outcome import BINS, TENTHS
from services.router.policy import Policy

Level = Literal["few", "steady", "watch", "changed"]
SHOWN = 5

_SIGNS: Mapping[str, Callable[[Tally], str | None]] = {
    "category": lambda one: one.category or UNKNOWN,
    "verdict": lambda one: one.verdict or UNKNOWN,
    "language": lambda one: one.language,
    # Steps of 0.1: finer ones are mostly noise.
    "confidence": lambda one: (
        None if one.confidence_bin is None else _step(one.confidence_bin // 2, BINS // 2)
    ),
}


@dataclass(frozen=True)
class Mover:
    """A value whose share changed."""

    value: str
    before: Share
    now: Share

    @property
    def points(self) -> float:
        """Change in percentage points."""
        return 100 * ((self.now.value or 0) - (self.before.value or 0))


@dataclass(frozen=True)
class Drift:
    sign: str
    index: float
    chance: float
    """What the index may reach though nothing changed."""
    level: Level
    before: int
    now: int
    movers: tuple[Mover, ...]
    """Largest change first."""


def drifts(before: Sequence[Tally], now: Sequence[Tally], policy: Policy) -> tuple[Drift, ...]:
    return tuple(
        _drift(sign, _count(before, key), _count(now, key), policy) for sign, key in _SIGNS.items()
    )


def strange(tenths: Mapping[int, int]) -> Share:
    """Inquiries less like any training example than the strangest tenth of the examples themselves.

    `tenths` counts inquiries by tenth of the examples' own similarity. About one in ten in the
    first is expected when nothing has changed; older models do not say it.
    """
    return Share(tenths.get(0, 0), sum(tenths.values()))


def typicality(tenths: Mapping[int, int]) -> tuple[tuple[str, Share], ...]:
    """Share in each tenth; level when nothing changed."""
    total = sum(tenths.values())
    return tuple(
        (_step(place, TENTHS), Share(tenths.get(place, 0), total))
        for place in range(TENTHS if total else 0)
    )


def _drift(sign: str, before: Counter[str], now: Counter[str], policy: Policy) -> Drift:
    totals = before.total(), now.total()
    index = stability_index(before, now)
    chance = chance_index(len(before.keys() | now.keys()), *totals)
    movers = sorted(
        (
            Mover(value, Share(before[value], totals[0]), Share(now[value], totals[1]))
            for value in before.keys() | now.keys()
        ),
        key=lambda mover: (-abs(mover.points), mover.value),
    )
    level = _level(index, chance, min(totals), policy)
    return Drift(sign, index, chance, level, *totals, tuple(movers[:SHOWN]))


def _level(index: float, chance: float, smaller: int, policy: Policy) -> Level:
    if smaller < policy.drift_minimum:
        return "few"
    if index < max(policy.drift_watch, chance):
        return "steady"
    return "changed" if index >= max(policy.drift_alert, chance) else "watch"


def _count(tallies: Iterable[Tally], key: Callable[[Tally], str | None]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for one in tallies:
        value = key(one)
        if value is not None:
            counts[value] += one.n
    return counts


def _step(place: int, steps: int) -> str:
    return f"{100 * place // steps}–{100 * (place + 1) // steps}"
