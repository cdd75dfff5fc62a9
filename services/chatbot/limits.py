"""How often somebody may write: token buckets that tell when to come back."""

import math
from collections import OrderedDict
from dataclasses import dataclass

MOST_BUCKETS = 50_000
"""Beyond this the longest unused are forgotten, so that an attack cannot fill the memory."""


@dataclass(frozen=True)
class Allowance:
    """`amount` per `seconds`, all of it at once if it was saved up."""

    amount: int
    seconds: float


class Limiter:
    """In memory: a restart forgives."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str, now: float) -> int:
        """0 when it is allowed, else after how many seconds it will be. `now` in seconds."""
        full = float(self._allowance.amount)
        pace = full / self._allowance.seconds
        left, then = self._buckets.pop(who, (full, now))
        left = min(full, left + max(0.0, now - then) * pace)
        wait = 0 if left >= 1 else max(1, math.ceil((1 - left) / pace))
        self._buckets[who] = (left - 1 if wait == 0 else left, now)
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        return wait
