"""How good is the machine's sorting, as shown by what staff did with its cases? Figures of a period."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.router.measures import Share, calibration_gap
from services.router.outcome import BINS, Outcome

UNKNOWN = "unknown"
CONFUSIONS = 12


class Only(NamedTuple):
    """Which decisions count; None means all."""

    department: str | None = None
    language: str | None = None


class Tally(NamedTuple):
    """So many decisions that are alike in everything the figures ask about."""

    queue: str
    department: str
    category: str | None
    language: str
    verdict: str | None
    outcome: Outcome | None
    to_department: str | None
    to_category: str | None
    confidence_bin: int | None
    contested: bool
    n: int
    confidence: float
    """Sum over them."""

    @property
    def automatic(self) -> bool:
        return self.queue == "department" and self.category is not None


@dataclass(frozen=True)
class Quality:
    """Of one department, language or category, or of all."""

    name: str
    cases: int
    automatic: Share
    """Routed without manual sorting, of all."""
    kept: Share
    """Left in their category, of those routed automatically and handled."""
    right_department: Share
    contested: Share


@dataclass(frozen=True)
class Bin:
    """Suggestions within one step of confidence that staff have judged."""

    low: float
    high: float
    confidence: float
    """Their mean."""
    kept: Share


@dataclass(frozen=True)
class Column:
    """Cases within one step of confidence, by what was done with them."""

    low: float
    high: float
    automatic: int
    triage: int


class Confusion(NamedTuple):
    suggested: str
    chosen: str
    """A category, or a department when staff named no category."""
    n: int


@dataclass(frozen=True)
class Effect:
    """What sorting by machine saved, under the policy's assumptions."""

    routed: int
    overridden: int
    minutes: float
    answered: int = 0
    """Chat questions answered without a person."""

    @property
    def hours(self) -> float:
        return self.minutes / 60


@dataclass(frozen=True)
class Figures:
    total: Quality
    departments: tuple[Quality, ...]
    languages: tuple[Quality, ...]
    categories: tuple[Quality, ...]
    verdicts: tuple[tuple[str, Share], ...]
    reliability: tuple[Bin, ...]
    calibration_gap: float | None
    histogram: tuple[Column, ...]
    confusions: tuple[Confusion, ...]

    @property
    def judged(self) -> int:
        """Suggestions behind the reliability curve."""
        return sum(one.kept.whole for one in self.reliability)


def figures(tallies: Sequence[Tally]) -> Figures:
    """All counts of one period; the order of `tallies` does not matter."""
    bins = reliability(tallies)
    return Figures(
        total=quality("", tallies),
        departments=_by(tallies, lambda one: one.department or None),
        languages=_by(tallies, lambda one: one.language),
        categories=_by(tallies, lambda one: one.category),
        verdicts=_verdicts(tallies),
        reliability=bins,
        calibration_gap=calibration_gap([
            (one.kept.whole, one.confidence, one.kept.part) for one in bins
        ]),
        histogram=_histogram(tallies),
        confusions=_confusions(tallies),
    )


def quality(name: str, tallies: Iterable[Tally]) -> Quality:
    cases = automatic = handled = kept = department = contested = 0
    for one in tallies:
        cases += one.n
        contested += one.n if one.contested else 0
        if not one.automatic:
            continue
        automatic += one.n
        if one.outcome:
            handled += one.n
            kept += one.n if one.outcome == "kept" else 0
            same = one.outcome == "kept" or one.to_department == one.department
            department += one.n if same else 0
    return Quality(
        name=name,
        cases=cases,
        automatic=Share(automatic, cases),
        kept=Share(kept, handled),
        right_department=Share(department, handled),
        contested=Share(contested, cases),
    )


def reliability(tallies: Iterable[Tally]) -> tuple[Bin, ...]:
    """Steps of 0.1 of every judged suggestion, also of those a person sorted (ten or fewer)."""
    counts: dict[int, list[float]] = {}
    for one in tallies:
        if one.category is None or one.confidence_bin is None or one.outcome is None:
            continue
        row = counts.setdefault(one.confidence_bin // 2, [0, 0.0, 0])
        row[0] += one.n
        row[1] += one.confidence
        row[2] += one.n if one.outcome == "kept" else 0
    return tuple(
        Bin(place / 10, (place + 1) / 10, total / n, Share(int(kept), int(n)))
        for place, (n, total, kept) in sorted(counts.items())
    )


def effect(
    tallies: Iterable[Tally], *, minutes_to_sort: float, minutes_lost: float, answered: int = 0
) -> Effect:
    """Minutes nobody spent on sorting, less what wrong routing cost; never more than was routed."""
    routed = overridden = 0
    for one in tallies:
        if one.automatic:
            routed += one.n
            overridden += one.n if one.outcome == "changed" else 0
    minutes = routed * minutes_to_sort - overridden * minutes_lost
    return Effect(routed, overridden, minutes, answered)


def _by(tallies: Sequence[Tally], key: Callable[[Tally], str | None]) -> tuple[Quality, ...]:
    groups: dict[str, list[Tally]] = {}
    for one in tallies:
        name = key(one)
        if name is not None:
            groups.setdefault(name, []).append(one)
    return tuple(quality(name, groups[name]) for name in sorted(groups))


def _verdicts(tallies: Iterable[Tally]) -> tuple[tuple[str, Share], ...]:
    counts: Counter[str] = Counter()
    for one in tallies:
        counts[one.verdict or UNKNOWN] += one.n
    total = counts.total()
    return tuple((name, Share(count, total)) for name, count in counts.most_common())


def _histogram(tallies: Iterable[Tally]) -> tuple[Column, ...]:
    automatic, triage = [0] * BINS, [0] * BINS
    for one in tallies:
        if one.confidence_bin is not None:
            side = automatic if one.automatic else triage
            side[one.confidence_bin] += one.n
    return tuple(
        Column(place / BINS, (place + 1) / BINS, automatic[place], triage[place])
        for place in range(BINS)
    )


def _confusions(tallies: Iterable[Tally]) -> tuple[Confusion, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    for one in tallies:
        if one.outcome == "changed" and one.category and one.automatic:
            counts[one.category, one.to_category or one.to_department or ""] += one.n
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:CONFUSIONS]
    return tuple(Confusion(*pair, count) for pair, count in ordered)
