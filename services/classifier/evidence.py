"""Why a category was suggested: the phrases that spoke for it, and what would have changed it.

The sparse head is additive, so each word's share in the lead over the runner-up is exact.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from infra.text.normalise import Word
from services.classifier.features import FeatureSpace, Floats, Matrix, pair

MOST_PHRASES = 4
LONGEST_PHRASE = 5


class Weighted(NamedTuple):
    """A stretch of the text and how much it spoke for the chosen category."""

    start: int
    end: int
    weight: float


def word_shares(space: FeatureSpace, words: Sequence[Word], row: Matrix, lean: Floats) -> Floats:
    """Each word's share of `row @ lean`; a pair's share is split between its two words."""
    shares = np.zeros(len(words), dtype=np.float32)
    if not len(row.indices):
        return shares
    counts = _occurrences(space, words, row)
    per_feature = row.data * lean[row.indices] / counts
    for place, word in enumerate(words):
        shares[place] += _sum_of(space.of_word(word.text), row.indices, per_feature)
    for place, (first, second) in enumerate(pairwise(words)):
        feature = space.index.get(pair(first.text, second.text))
        if feature is not None:
            half = _sum_of(np.array([feature], dtype=np.int32), row.indices, per_feature) / 2
            shares[place] += half
            shares[place + 1] += half
    return shares


def phrases(words: Sequence[Word], shares: Floats) -> tuple[Weighted, ...]:
    """Runs of words that spoke for the category, strongest first."""
    runs = [run for run in _runs(words, shares) if run.weight > 0]
    floor = 0.25 * max((run.weight for run in runs), default=0.0)
    strong = sorted(
        (run for run in runs if run.weight >= floor), key=lambda r: (-r.weight, r.start)
    )
    return tuple(strong[:MOST_PHRASES])


def _runs(words: Sequence[Word], shares: Floats) -> Iterator[Weighted]:
    run: list[int] = []
    bar = 0.15 * float(shares.max(initial=0.0))
    for place, word in enumerate(words):
        speaks = shares[place] > bar and word.text[0].isalnum()
        if speaks and run and len(run) < LONGEST_PHRASE:
            run.append(place)
            continue
        if run:
            yield _phrase(words, shares, run)
        run = [place] if speaks else []
    if run:
        yield _phrase(words, shares, run)


def _phrase(words: Sequence[Word], shares: Floats, run: Sequence[int]) -> Weighted:
    weight = round(float(sum(shares[place] for place in run)), 4)
    return Weighted(words[run[0]].start, words[run[-1]].end, weight)


def _occurrences(space: FeatureSpace, words: Sequence[Word], row: Matrix) -> Floats:
    ids = space.of_text([word.text for word in words])
    return np.asarray(np.bincount(ids, minlength=len(space.idf))[row.indices], dtype=np.float32)


def _sum_of(ids: Floats, known: Floats, values: Floats) -> float:
    if not len(ids):
        return 0.0
    return float(values[np.searchsorted(known, ids)].sum())
