"""How much energy an inquiry takes: measured where the processor tells, estimated where it does not."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

POWERCAP = Path("/sys/class/powercap")
"""Where Linux shows what Intel and AMD processors say of their energy (RAPL), if we may read it."""
SECONDS_AN_HOUR = 3600
THOUSAND = 1000


class Energy(NamedTuple):
    """What one inquiry costs."""

    seconds: float
    """Processor time, all threads."""
    watt_hours: float
    """Per 1,000 inquiries."""
    source: Literal["measured", "estimated"]
    """Measured: the processor's own counter, with all else that ran. Estimated: seconds times watts."""


def measure(work: Callable[[], int], watts: float, powercap: Path = POWERCAP) -> Energy:
    """`work` reads inquiries and says how many; `watts` is what one busy core is taken to draw."""
    joules, began = read_joules(powercap), time.process_time()
    inquiries = work()
    seconds = (time.process_time() - began) / inquiries
    after = read_joules(powercap)
    # A counter that ran over says less than before.
    if joules is None or after is None or after <= joules:
        return estimate(seconds, watts)
    return Energy(seconds, _per_thousand((after - joules) / inquiries), "measured")


def estimate(seconds: float, watts: float) -> Energy:
    """Of one inquiry that takes so many seconds of a core."""
    return Energy(seconds, _per_thousand(seconds * watts), "estimated")


def read_joules(powercap: Path = POWERCAP) -> float | None:
    """All processors' counters together; None where there are none or only root may read them."""
    counters = sorted(powercap.glob("intel-rapl:[0-9]/energy_uj"))
    try:
        return sum(int(path.read_text("ascii")) for path in counters) / 1e6 if counters else None
    except OSError:
        return None


def _per_thousand(joules: float) -> float:
    return THOUSAND * joules / SECONDS_AN_HOUR


class Meter:
    """What a running service's inquiries cost since it started: for metrics and pages."""

    def __init__(self, watts: float) -> None:
        self._watts = watts
        self._seconds = 0.0
        self._inquiries = 0

    def add(self, seconds: float) -> Energy:
        self._seconds += seconds
        self._inquiries += 1
        return estimate(self._seconds / self._inquiries, self._watts)

    def now(self) -> Energy | None:
        """None before the first inquiry."""
        if not self._inquiries:
            return None
        return estimate(self._seconds / self._inquiries, self._watts)
