"""How sure a counted share is: what pages of several services say beside it."""

from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

LEVEL = 0.95


class Interval(NamedTuple):
    low: float
    high: float


def wilson(part: int, whole: int, level: float = LEVEL) -> Interval:
    """Score interval of a proportion; (0, 1) when nothing was counted.

    E. B. Wilson, Probable inference, JASA 22 (1927) 209-212. It keeps its promise for small
    numbers and shares near 1, where the usual plus-minus does not (Brown, Cai, DasGupta 2001).
    """
    if not whole:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, zz = part / whole, z * z
    centre = share + zz / (2 * whole)
    spread = z * sqrt(share * (1 - share) / whole + zz / (4 * whole * whole))
    divisor = 1 + zz / whole
    return Interval(max(0.0, (centre - spread) / divisor), min(1.0, (centre + spread) / divisor))
