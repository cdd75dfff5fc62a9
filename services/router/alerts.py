"""What somebody must look at, worst first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from services.router.drift import Drift
from services.router.measures import Share
from services.router.monitor import Figures, Quality
from services.router.policy import Policy

Kind = Literal["stopped", "broken", "below", "coverage", "drift", "strange"]
Level = Literal["error", "warning"]


@dataclass(frozen=True)
class Alert:
    """`about` is a category, a department, a sign of drift, or empty for all."""

    kind: Kind
    level: Level
    about: str = ""
    share: Share | None = None
    before: Share | None = None
    index: float | None = None


def alerts(
    now: Figures,
    before: Figures,
    changed: Iterable[Drift],
    strangers: Share,
    stopped: Sequence[str],
    policy: Policy,
) -> tuple[Alert, ...]:
    """`stopped` are the categories whose automatic routing is off."""
    by_category = {one.name: one.kept for one in now.categories}
    found = [Alert("stopped", "error", name, by_category.get(name)) for name in stopped]
    found += _of_precision(now.categories, policy, set(stopped))
    found += _of_precision(now.departments, policy, set())
    found += _of_coverage(now.total, before.total, policy)
    found += [
        Alert("drift", "warning", one.sign, index=one.index)
        for one in changed
        if one.level == "changed"
    ]
    if strangers.whole >= policy.drift_minimum and (strangers.value or 0) > policy.strange_alert:
        found.append(Alert("strange", "warning", share=strangers))
    # Sorting is stable: within a level they stay in the order above.
    return tuple(sorted(found, key=lambda alert: alert.level != "error"))


def _of_precision(
    qualities: Iterable[Quality], policy: Policy, besides: set[str]
) -> Iterable[Alert]:
    for one in qualities:
        if one.name in besides or not policy.says_enough(one.kept):
            continue
        if one.kept.interval()[1] < policy.promise:
            yield Alert("broken", "error", one.name, one.kept)
        elif (one.kept.value or 0) < policy.promise:
            yield Alert("below", "warning", one.name, one.kept)


def _of_coverage(now: Quality, before: Quality, policy: Policy) -> Iterable[Alert]:
    if min(now.cases, before.cases) < policy.drift_minimum:
        return
    fall = (before.automatic.value or 0) - (now.automatic.value or 0)
    if fall > policy.coverage_fall:
        yield Alert("coverage", "warning", share=now.automatic, before=before.automatic)
