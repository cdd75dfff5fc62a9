"""The arithmetic of monitoring: shares with their uncertainty, and how much two distributions differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt
from statistics import NormalDist

from infra.statistics import LEVEL, Interval, wilson


@dataclass(frozen=True)
class Share:
    """`part` of `whole`, with the interval its true value is likely in."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None

    @property
    def rest(self) -> "Share":
        return Share(self.whole - self.part, self.whole)

    def interval(self, level: float = LEVEL) -> Interval:
        return wilson(self.part, self.whole, level)


def stability_index(before: Mapping[str, int], now: Mapping[str, int]) -> float:
    """Population stability index: sum of (q - p) ln(q / p) over the bins.

    N. Siddiqi, Credit Risk Scorecards (2006); the same as Jeffreys' symmetric divergence. Half an
    observation is added to each bin, or a bin that was empty before would make it infinite.
    """
    bins = before.keys() | now.keys()
    p, q = _smoothed(before, bins), _smoothed(now, bins)
    return sum((q[one] - p[one]) * log(q[one] / p[one]) for one in bins)


def chance_index(bins: int, before: int, now: int, level: float = 0.999) -> float:
    """What the index stays below, with probability `level`, though nothing has changed.

    B. Yurdakul, Statistical properties of population stability index (2018): it is about
    chi-square with bins - 1 degrees of freedom, times 1/n + 1/m.
    """
    if bins < 2 or not before or not now:
        return 0.0
    return _chi_square(bins - 1, level) * (1 / before + 1 / now)


def calibration_gap(bins: Sequence[tuple[int, float, int]]) -> float | None:
    """Expected calibration error of bins (n, mean confidence, right ones); Guo et al. 2017."""
    total = sum(n for n, _, _ in bins)
    if not total:
        return None
    return sum(abs(confidence - right / n) * n for n, confidence, right in bins if n) / total


def _smoothed(counts: Mapping[str, int], bins: set[str]) -> dict[str, float]:
    total = sum(counts.values()) + 0.5 * len(bins)
    return {one: (counts.get(one, 0) + 0.5) / total for one in bins}


def _chi_square(freedom: int, level: float) -> float:
    """Quantile after Wilson and Hilferty 1931; within 1 % from three degrees of freedom on."""
    spread = 2 / (9 * freedom)
    root = 1 - spread + NormalDist().inv_cdf(level) * sqrt(spread)
    return float(freedom * max(root, 0.0) ** 3)
