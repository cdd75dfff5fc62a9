"""Finds pairs of texts that say nearly the same, exactly and without comparing all with all.

Two rows of length 1 whose cosine is at least t share a feature that is rare in both: were all they share
among the commonest features, which together make up less than t of either row's length, the cosine could
not reach t. So only rows that share one of their rarer features are compared (prefix filtering,
Bayardo, Ma and Srikant 2007; with the length bound of Anastasiu and Karypis 2014).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from services.classifier.features import Matrix, Words, fit_features

BLOCK = 500
"""Rows compared at once; bounds the memory."""
PAIRS = 20_000
MOST_FEATURES = 400_000
Step = Callable[[], None]


class Twins(NamedTuple):
    """Places of two texts in the sequence given, and how alike they are (cosine)."""

    first: int
    second: int
    cosine: float


def find_twins(texts: Sequence[Words], least: float, step: Step = lambda: None) -> Iterator[Twins]:
    """All pairs at least `least` alike in words, word pairs and character 3- and 4-grams.

    `step` is called once per BLOCK texts.
    """
    if not texts:
        return
    space = fit_features(texts, sizes=range(3, 5), pairs=True, min_texts=2, most=MOST_FEATURES)
    yield from twins_of(space.matrix(texts), least, step)


def twins_of(rows: Matrix, least: float, step: Step = lambda: None) -> Iterator[Twins]:
    """As `find_twins`, of CSR rows of length 1 (or 0)."""
    telling = _rare_part(rows, least)
    turned = telling.T.tocsc()
    for start in range(0, rows.shape[0], BLOCK):
        sharing = (telling[start : start + BLOCK] @ turned).tocoo()
        first, second = sharing.row + start, sharing.col
        later = first < second
        yield from _exactly(rows, first[later], second[later], least)
        step()


def blocks(count: int) -> int:
    """How often `step` is called for so many texts."""
    return -(-count // BLOCK)


def _rare_part(rows: Matrix, least: float) -> Matrix:
    """A pattern of ones: each row's rarer features, without the commonest that cannot reach `least`."""
    commonness = np.bincount(rows.indices, minlength=rows.shape[1])
    place = np.empty(rows.shape[1], dtype=np.int32)
    place[np.argsort(commonness, kind="stable")] = np.arange(rows.shape[1], dtype=np.int32)
    # A copy, for sorting in place would tear the caller's values from their columns.
    ordered = sparse.csr_matrix(
        (rows.data.copy(), place[rows.indices], rows.indptr), shape=rows.shape
    )
    ordered.sort_indices()
    mass = np.concatenate([[0.0], np.cumsum(ordered.data.astype(np.float64) ** 2)])
    ends = np.repeat(ordered.indptr[1:], np.diff(ordered.indptr))
    # What follows a feature in its row, itself included, is all that rows meeting there can share.
    kept = mass[ends] - mass[:-1] >= least**2 - 1e-6
    counts = np.concatenate([[0], np.cumsum(kept)])[ordered.indptr]
    ones = np.ones(int(counts[-1]), dtype=np.int32)
    return sparse.csr_matrix((ones, ordered.indices[kept], counts), shape=rows.shape)


def _exactly(rows: Matrix, first: np.ndarray, second: np.ndarray, least: float) -> Iterator[Twins]:
    for start in range(0, len(first), PAIRS):
        a, b = first[start : start + PAIRS], second[start : start + PAIRS]
        cosines = np.asarray(rows[a].multiply(rows[b]).sum(axis=1)).ravel()
        for number in np.flatnonzero(cosines >= least):
            yield Twins(int(a[number]), int(b[number]), float(cosines[number]))
