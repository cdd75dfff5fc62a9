"""Products in half precision, for processors that multiply it several times faster than single."""

import sys
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from services.classifier.features import Floats
from services.classifier.nearest import Product

ERROR = 2**-7
"""Rows of length 1: each factor is wrong by 2^-9 of itself at most, and so is what comes out."""
FEWEST = 8
"""Rows below which single precision is as fast."""
PAYS_AFTER = 20_000
"""Rows a process has read before it imports torch for this: so many save the two seconds that takes."""
ABOUT_PROCESSOR = Path("/proc/cpuinfo")


def half_product(examples: Floats, pays_after: int = PAYS_AFTER) -> Product | None:
    """None where the processor would only pretend to: then single precision is faster."""
    if not ABOUT_PROCESSOR.exists() or "amx_bf16" not in ABOUT_PROCESSOR.read_text("utf-8"):
        return None
    half = _Half(examples, pays_after)
    return Product(half.multiply, ERROR, half.pays)


class _Half:
    def __init__(self, examples: Floats, pays_after: int) -> None:
        self._examples = examples
        self._left = pays_after

    def pays(self, rows: int) -> bool:
        self._left -= rows
        return rows >= FEWEST and (self._left < 0 or "torch" in sys.modules)

    def multiply(self, dense: Floats) -> Floats:
        rows = self._torch.from_numpy(np.ascontiguousarray(dense)).bfloat16()
        return np.asarray((rows @ self._columns).float().numpy())

    @cached_property
    def _torch(self) -> Any:
        import torch  # noqa: PLC0415 - seconds, and most processes never read as many

        # One small matrix per batch: more threads only wait for each other.
        torch.set_num_threads(1)
        return torch

    @cached_property
    def _columns(self) -> Any:
        columns = np.ascontiguousarray(self._examples.T, dtype=np.float32)
        return self._torch.from_numpy(columns).bfloat16()
