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
    """Each word's share of the row's score; a pair's share is split between its two words.

    `lean` has the weight of each of the row's features (in the order of `row.indices`).
    """
    if not len(row.indices):
        return np.zeros(len(words), dtype=np.float32)
    ids = [space.of_word(word.text) for word in words]
    owners = np.repeat(np.arange(len(words)), [len(found) for found in ids])
    pairs = [space.index.get(pair(a.text, b.text), -1) for a, b in pairwise(words)]
    firsts = np.array([n for n, feature in enumerate(pairs) if feature >= 0], dtype=np.int64)
    joint = np.array([feature for feature in pairs if feature >= 0], dtype=np.int64)
    place = np.searchsorted(row.indices, np.concatenate([*ids, joint]).astype(np.int64))
    occurs = np.bincount(place, minlength=len(row.indices))
    each = row.data * lean / np.maximum(occurs, 1)
    values = each[place]
    halves = values[len(owners) :] / 2
    shares = np.bincount(owners, values[: len(owners)], minlength=len(words))
    np.add.at(shares, firsts, halves)
    np.add.at(shares, firsts + 1, halves)
    return np.asarray(shares, dtype=np.float32)


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
