"""Which examples a text is most like: one product with all of them, then the best looked at exactly."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from services.classifier.numbered import Floats, Ids, Places

MOST = 5
DIGITS = 6
ERROR = 5e-6
"""A large product of rows of length 1 is never wrong by more."""
CHUNK = 256
"""Texts at once: a product of fewer reads all examples for little, one of more outgrows the cache."""
GROUP = 64


class Nearest(NamedTuple):
    """Numbers of examples and their cosines, nearest first; n x at most MOST."""

    places: Ids
    cosines: Floats


class Product(NamedTuple):
    """Rows times the examples as columns, quick and not exact."""

    multiply: Callable[[Floats], Floats]
    error: float
    """What it is never wrong by, for rows of length 1."""
    pays: Callable[[int], bool] = lambda _: True
    """Whether it does for so many rows, now."""


def plain_product(examples: Floats) -> Product:
    columns = np.ascontiguousarray(examples.T, dtype=np.float32)
    return Product(lambda dense: np.asarray(dense @ columns), ERROR)


def nearest(examples: Floats, dense: Floats, products: Sequence[Product] = ()) -> Nearest:
    """`products` for who asks often, the quickest first; made here when there are none.

    Whichever product is taken, what it cannot tell apart is looked at exactly: the answer is the same.
    """
    products = products or [plain_product(examples)]
    parts = [
        _nearest(examples, products, dense[start : start + CHUNK])
        for start in range(0, max(1, len(dense)), CHUNK)
    ]
    return Nearest(*(np.concatenate(one) for one in zip(*parts, strict=True)))


def _nearest(examples: Floats, products: Sequence[Product], dense: Floats) -> Nearest:
    product = next(one for one in products if one.pays(len(dense)))
    rough = product.multiply(dense)
    most = min(MOST, rough.shape[1])
    # A text without a known word is as like all examples: the first will do.
    rough[~dense.any(axis=1), :most] = 1
    texts, places = _best_places(rough, most, 2 * product.error)
    # A large product rounds differently with every number of rows, this one does not.
    exact = np.einsum("kd,kd->k", dense[texts], examples[places], dtype=np.float64).round(DIGITS)
    order = np.lexsort((places, -exact, texts))
    firsts = np.searchsorted(texts[order], np.arange(len(dense)))
    best = order[firsts[:, None] + np.arange(most)]
    return Nearest(places[best].astype(np.int32), exact[best].astype(np.float32))


def _best_places(rough: Floats, count: int, margin: float) -> tuple[Places, Places]:
    """Texts and examples: for each text its `count` likest, and what comes too near to them to tell.

    The largest of each group are that many different examples, so the best reach the `count` largest of
    those; only the groups that hold one are looked at again.
    """
    rows, width = rough.shape
    groups = width // GROUP
    if groups < count:
        return _at_least(rough, _largest(rough, count) - np.float32(margin))
    # A group's members stand `groups` apart: so the maxima of all groups are found side by side.
    largest = rough[:, : groups * GROUP].reshape(rows, GROUP, groups).max(axis=1)
    floors = _largest(largest, count) - np.float32(margin)
    texts, chosen = _at_least(largest, floors)
    members = np.arange(GROUP) * groups + chosen[:, None]
    among, which = _at_least(rough[texts[:, None], members], floors[texts])
    last, rest = _at_least(rough[:, groups * GROUP :], floors)
    return (
        np.concatenate([texts[among], last]),
        np.concatenate([members[among, which], rest + groups * GROUP]),
    )


def _largest(table: Floats, count: int) -> Floats:
    """Of each row what its `count` largest reach."""
    return np.asarray(np.partition(table, -count, axis=1)[:, -count])


def _at_least(table: Floats, floors: Floats) -> tuple[Places, Places]:
    """Rows and columns of what reaches its row's floor."""
    found = np.flatnonzero(table >= floors[:, None])
    rows, columns = np.divmod(found, max(1, table.shape[1]))
    return rows, columns
