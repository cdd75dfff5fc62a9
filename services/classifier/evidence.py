"""Why a category was suggested: the phrases that spoke for it, and what would have changed it.

The sparse head is additive, so each word's share in the lead over the runner-up is exact.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from infra.text.normalise import Word
from services.classifier.numbered import Floats, Numbered, Places, Spread

MOST_PHRASES = 4
LONGEST_PHRASE = 5
QUIET = 0.15
"""A word that says less than this share of the loudest word's says nothing."""
WEAK = 0.25
"""A phrase with less than this share of the strongest one's weight is not worth showing."""


class Weighted(NamedTuple):
    """A stretch of the text and how much it spoke for the chosen category."""

    start: int
    end: int
    weight: float


class Run(NamedTuple):
    """Neighbouring words that spoke for a category: places in their text, and what they said."""

    first: int
    behind: int
    weight: float


def word_shares(spread: Spread, lean: Floats, texts: Iterable[int]) -> Floats:
    """Of each place the share of its text's score; a pair's share is split between its two words.

    `lean` has the weight of each entry of the spread's matrix; only `texts` are looked at.
    """
    matrix = spread.matrix
    apart = (matrix.data * lean / spread.times).astype(np.float32)
    of_columns, of_pairs = (
        np.zeros(len(own), dtype=np.float32) for own in (spread.columns, spread.pairs)
    )
    # A text's features are looked up in a table of all there are: what it holds of the others is not asked for.
    table = np.zeros(matrix.shape[1], dtype=np.float32)
    entries, columns, pairs = spread.bounds
    for n in texts:
        here = slice(entries[n], entries[n + 1])
        table[matrix.indices[here]] = apart[here]
        own, joint = slice(columns[n], columns[n + 1]), slice(pairs[n], pairs[n + 1])
        of_columns[own] = table[spread.columns[own]]
        of_pairs[joint] = table[spread.pairs[joint]] / 2
    shares = np.zeros(int(spread.ends[-1]))
    shares += np.bincount(spread.owners, of_columns, minlength=len(shares))
    shares[spread.firsts] += of_pairs
    shares[spread.firsts + 1] += of_pairs
    return shares.astype(np.float32)


def runs(numbered: Numbered, shares: Floats) -> list[list[Run]]:
    """For each text the runs of words that spoke for the category, strongest first."""
    texts = numbered.texts
    loudest = np.zeros(len(numbered.ends) - 1, dtype=np.float32)
    np.maximum.at(loudest, texts, shares)
    bars = (QUIET * loudest.astype(np.float64)).astype(np.float32)
    spell = np.array([word[0].isalnum() for word in numbered.words], dtype=bool)
    speaking = np.flatnonzero((shares > bars[texts]) & spell[numbered.places])
    found: list[list[Run]] = [[] for _ in loudest]
    starts = numbered.ends.tolist()
    for text, first, length, weight in _neighbours(speaking, texts, shares):
        if weight > 0:
            begin = first - starts[text]
            found[text].append(Run(begin, begin + length, weight))
    return [_strongest(own) for own in found]


def _neighbours(
    speaking: Places, texts: Places, shares: Floats
) -> Iterator[tuple[int, int, int, float]]:
    """Text, first place, length and weight of each run; a long one is several."""
    if not len(speaking):
        return
    count = np.arange(len(speaking))
    follows = (np.diff(speaking) == 1) & (np.diff(texts[speaking]) == 0)
    begun = np.maximum.accumulate(np.where(np.append(False, follows), 0, count))
    heads = np.flatnonzero((count - begun) % LONGEST_PHRASE == 0)
    lengths = np.diff(np.append(heads, len(speaking)))
    firsts = speaking[heads]
    weights = shares[firsts]
    for further in range(1, LONGEST_PHRASE):
        longer = lengths > further
        weights[longer] += shares[firsts[longer] + further]
    rounded = (round(weight, 4) for weight in weights.tolist())
    yield from zip(texts[firsts].tolist(), firsts.tolist(), lengths.tolist(), rounded, strict=True)


def _strongest(own: list[Run]) -> list[Run]:
    floor = WEAK * max((run.weight for run in own), default=0.0)
    strong = [run for run in own if run.weight >= floor]
    return sorted(strong, key=lambda run: (-run.weight, run.first))[:MOST_PHRASES]


def phrase(words: Sequence[Word], run: Run) -> Weighted:
    return Weighted(words[run.first].start, words[run.behind - 1].end, run.weight)
