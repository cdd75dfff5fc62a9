"""Why a category was suggested: the phrases that spoke for it, and what would have changed it.

The sparse head is additive, so each word's share in the lead over the runner-up is exact.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from infra.text.normalise import Word
from services.classifier.numbered import Floats, TextSpread

MOST_PHRASES = 4
LONGEST_PHRASE = 5


class Weighted(NamedTuple):
    """A stretch of the text and how much it spoke for the chosen category."""

    start: int
    end: int
    weight: float


def word_shares(text: TextSpread, lean: Floats, table: Floats) -> Floats:
    """Each word's share of the text's score; a pair's share is split between its two words.

    `lean` has the weight of each of `text.features`; `table` is scratch paper for all features.
    """
    table[text.features] = text.data * lean / text.times
    shares = np.bincount(text.owners, table[text.columns], minlength=text.words)
    halves = table[text.pairs] / 2
    np.add.at(shares, text.firsts, halves)
    np.add.at(shares, text.firsts + 1, halves)
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
