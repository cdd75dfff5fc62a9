"""Which examples a text is most like: one product with all of them, then the best looked at exactly."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.classifier.features import Floats, Ids

CANDIDATES = 16
"""Looked at exactly, for a large product is exact to six digits only."""
DIGITS = 6
CHUNK = 256
"""Texts at once: a product of fewer reads all examples for little, one of more outgrows the cache."""
GROUP = 64


class Nearest(NamedTuple):
    """Numbers of examples and their cosines, nearest first; n x at most CANDIDATES."""

    places: Ids
    cosines: Floats


def nearest(examples: Floats, dense: Floats, across: Floats | None = None) -> Nearest:
    """`across` are the examples as columns, for who asks often; made here when it is not given."""
    columns = np.ascontiguousarray(examples.T, dtype=np.float32) if across is None else across
    parts = [
        _nearest(examples, columns, dense[start : start + CHUNK])
        for start in range(0, max(1, len(dense)), CHUNK)
    ]
    return Nearest(*(np.concatenate(one) for one in zip(*parts, strict=True)))


def _nearest(examples: Floats, across: Floats, dense: Floats) -> Nearest:
    rough = dense @ across
    places = np.sort(_best_places(rough, min(CANDIDATES, rough.shape[1])), axis=1)
    # A large product rounds differently with every number of rows, this one does not.
    exact = np.einsum("nd,nkd->nk", dense, examples[places], dtype=np.float64).round(DIGITS)
    order = np.argsort(-exact, axis=1, kind="stable")
    return Nearest(
        np.take_along_axis(places, order, axis=1).astype(np.int32),
        np.take_along_axis(exact, order, axis=1).astype(np.float32),
    )


def _best_places(rough: Floats, count: int) -> NDArray[np.int_]:
    """The `count` largest of each row, in no order.

    They stand in the `count` groups with the largest members, so most columns are seen only once.
    """
    rows, width = rough.shape
    groups = width // GROUP
    if groups <= count:
        return np.argpartition(rough, -count, axis=1)[:, -count:]
    # A group's members stand `groups` apart: so the maxima of all groups are found side by side.
    largest = rough[:, : groups * GROUP].reshape(rows, GROUP, groups).max(axis=1)
    chosen = np.argpartition(largest, -count, axis=1)[:, -count:]
    members = (np.arange(GROUP)[:, None] * groups + chosen[:, None, :]).reshape(rows, -1)
    rest = np.broadcast_to(np.arange(groups * GROUP, width), (rows, width - groups * GROUP))
    members = np.concatenate([members, rest], axis=1)
    best = np.argpartition(np.take_along_axis(rough, members, axis=1), -count, axis=1)[:, -count:]
    return np.take_along_axis(members, best, axis=1)
