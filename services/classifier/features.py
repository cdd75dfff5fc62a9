"""Words as bundles of character n-grams: what a small model can learn Danish compounds and typos from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise, repeat
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from services.classifier.numbered import (
    Floats,
    Found,
    Ids,
    Numbered,
    Places,
    Spread,
    Words,
    number_words,
    side_by_side,
    spread_out,
)

__all__ = [
    "Chosen",
    "Counted",
    "FeatureSpace",
    "Floats",
    "Ids",
    "Matrix",
    "Words",
    "count_features",
    "fit_features",
    "grams",
    "pair",
    "unit_rows",
    "weigh",
]

Matrix = Any
"""A scipy CSR matrix of float32."""


def grams(word: str, sizes: range) -> list[str]:
    """The word itself (`w=word`) and all character n-grams of `<word>`."""
    edged = f"<{word}>"
    return [f"w={word}", *(edged[i : i + n] for n in sizes for i in range(len(edged) - n + 1))]


def pair(first: str, second: str) -> str:
    return f"b={first} {second}"


@dataclass(frozen=True)
class FeatureSpace:
    """Which features there are, and how telling each is (idf)."""

    sizes: range
    pairs: bool
    index: dict[str, int]
    idf: Floats
    _known: dict[str, Ids] = field(default_factory=dict, repr=False, compare=False)

    def of_word(self, word: str) -> Ids:
        """Feature numbers of one word; kept, for words come again."""
        ids = self._known.get(word)
        if ids is None:
            found = map(self.index.get, grams(word, self.sizes))
            ids = np.array([number for number in found if number is not None], dtype=np.int32)
            if len(self._known) < _KEPT_WORDS:
                self._known[word] = ids
        return ids

    def of_words(self, words: Sequence[str]) -> "WordFeatures":
        known, count = self._known, len(words)
        found = [known[word] if word in known else self.of_word(word) for word in words]
        paired = map(self._pair_table.words.get, words, repeat(-1))
        own = map(self.index.__contains__, map("w=".__add__, words))
        return WordFeatures(
            side_by_side(found),
            np.fromiter(paired, dtype=np.int64, count=count),
            np.fromiter(own, dtype=np.float64, count=count),
        )

    def known_share(self, words: Words) -> float:
        """Which share of the words has a feature of its own."""
        return float(self.known_shares(number_words([words]))[0])

    def known_shares(self, numbered: Numbered, words: "WordFeatures | None" = None) -> Floats:
        """`known_share` of each text."""
        known = (words or self.of_words(numbered.words)).known
        sizes = np.diff(numbered.ends)
        if not len(known):
            return np.zeros(len(sizes), dtype=np.float32)
        sums = np.bincount(numbered.texts, known[numbered.places], minlength=len(sizes))
        return np.asarray(sums / np.maximum(sizes, 1), dtype=np.float32)

    def matrix(self, texts: Iterable[Words]) -> Matrix:
        """One row a text: (1 + ln tf) * idf, rows of length 1."""
        return self.spread(number_words(texts)).matrix

    def spread(self, numbered: Numbered, words: "WordFeatures | None" = None) -> Spread:
        """As `matrix`, and where in the texts each feature comes from.

        `words`: what `of_words` said of the batch's words, for who asks of them more than once.
        """
        words = words or self.of_words(numbered.words)
        columns, owners = spread_out(words.features, numbered.places)
        pairs, firsts = self._pairs_of(numbered, words) if self.pairs else (columns[:0], owners[:0])
        rows, width, texts = len(numbered.ends) - 1, len(self.idf), numbered.texts
        small = np.int32 if rows * width < np.iinfo(np.int32).max else np.int64
        keys = np.concatenate([texts[owners] * width + columns, texts[firsts] * width + pairs])
        entries, times = np.unique(keys.astype(small), return_counts=True)
        starts = np.searchsorted(entries, np.arange(rows + 1) * width)
        counts = sparse.csr_matrix(
            (times.astype(np.float32), (entries % width).astype(np.int32), starts), (rows, width)
        )
        matrix = weigh(counts, self.idf)
        return Spread(matrix, times.astype(np.int32), columns, owners, pairs, firsts, numbered.ends)

    def _pairs_of(self, numbered: Numbered, words: "WordFeatures") -> tuple[Ids, Places]:
        """The features of neighbouring words, and the place of the first of the two."""
        known = self._pair_table
        if not len(numbered.places) or not len(known.keys):
            return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64)
        here = words.paired[numbered.places]
        may = (here[:-1] >= 0) & (here[1:] >= 0)
        borders = numbered.ends[1:-1]
        may[borders[(borders > 0) & (borders < len(here))] - 1] = False
        firsts = np.flatnonzero(may)
        keys = here[firsts] * len(known.words) + here[firsts + 1]
        found = np.minimum(np.searchsorted(known.keys, keys), len(known.keys) - 1)
        hit = known.keys[found] == keys
        return known.columns[found[hit]], firsts[hit]

    @cached_property
    def _pair_table(self) -> "_PairTable":
        words: dict[str, int] = {}
        named = [
            (*(words.setdefault(w, len(words)) for w in name[2:].split(" ", 1)), column)
            for name, column in self.index.items()
            if name.startswith("b=")
        ]
        table = np.array(named, dtype=np.int64).reshape(-1, 3)
        keys = table[:, 0] * len(words) + table[:, 1]
        order = np.argsort(keys)
        return _PairTable(words, keys[order], table[order, 2].astype(np.int32))


class WordFeatures(NamedTuple):
    """What a space knows of each word of a batch."""

    features: Found
    paired: Places
    """Its number among the words of pairs; -1 when it is in none."""
    known: Floats
    """1 for a word with a feature of its own, else 0."""


class _PairTable(NamedTuple):
    words: dict[str, int]
    """Numbers of the words that pairs are made of."""
    keys: Places
    """First word's number times the number of words, plus the second's; ascending."""
    columns: Ids


_KEPT_WORDS = 50_000


class Chosen(NamedTuple):
    """A space, and where its features stand among all that were counted."""

    space: FeatureSpace
    columns: Ids


@dataclass(frozen=True)
class Counted:
    """How often each text holds each feature, counted once for all the spaces chosen from it."""

    sizes: range
    pairs: bool
    names: Sequence[str]
    times: Matrix
    """Texts x features."""

    def choose(self, rows: Ids, *, min_texts: int, most: int, sharpness: float = 1.0) -> Chosen:
        """The features at least `min_texts` of the rows hold, at most `most`, commonest first.

        `sharpness` is the power of the idf: above 1 rare features count more than plain idf allows.
        """
        held = np.bincount(self.times[rows].indices, minlength=len(self.names))
        order = np.argsort(-held, kind="stable")
        columns = order[: min(most, int((held >= min_texts).sum()))].astype(np.int32)
        idf = (np.log((1 + len(rows)) / (1 + held[columns])) + 1) ** sharpness
        index = {self.names[column]: number for number, column in enumerate(columns)}
        return Chosen(FeatureSpace(self.sizes, self.pairs, index, idf.astype(np.float32)), columns)

    def matrix(self, rows: Ids, chosen: Chosen) -> Matrix:
        """As `FeatureSpace.matrix` of these texts."""
        return weigh(self.times[rows][:, chosen.columns], chosen.space.idf)

    def known_share(self, rows: Ids, chosen: Chosen) -> Floats:
        """As `FeatureSpace.known_share` of these texts."""
        are_words = np.array([name.startswith("w=") for name in self.names], dtype=np.float32)
        known = np.zeros_like(are_words)
        known[chosen.columns] = are_words[chosen.columns]
        times = self.times[rows]
        return np.asarray((times @ known) / np.maximum(times @ are_words, 1), dtype=np.float32)


def count_features(texts: Sequence[Words], *, sizes: range, pairs: bool) -> Counted:
    """Every feature of the texts, numbered in the order of their first appearance."""
    index: dict[str, int] = {}
    known: dict[str, Ids] = {}
    rows = []
    for words in texts:
        found = []
        for word in words:
            if word not in known:
                numbers = [index.setdefault(gram, len(index)) for gram in grams(word, sizes)]
                known[word] = np.array(numbers, dtype=np.int32)
            found.append(known[word])
        if pairs:
            joint = [index.setdefault(pair(a, b), len(index)) for a, b in pairwise(words)]
            found.append(np.array(joint, dtype=np.int32))
        rows.append(np.concatenate(found) if found else np.empty(0, dtype=np.int32))
    return Counted(sizes, pairs, list(index), _counts(rows, len(index)))


def fit_features(
    texts: Sequence[Words], *, sizes: range, pairs: bool, min_texts: int, most: int
) -> FeatureSpace:
    """The features that occur in at least `min_texts` texts, at most `most` of them."""
    counted = count_features(texts, sizes=sizes, pairs=pairs)
    rows = np.arange(len(texts), dtype=np.int32)
    return counted.choose(rows, min_texts=min_texts, most=most).space


def _counts(rows: Sequence[Ids], width: int) -> Matrix:
    ends = np.cumsum([0, *map(len, rows)])
    columns = np.concatenate(rows) if rows else np.empty(0, dtype=np.int32)
    ones = np.ones(len(columns), dtype=np.float32)
    counts = sparse.csr_matrix((ones, columns, ends), shape=(len(rows), width))
    counts.sum_duplicates()
    return counts


def weigh(counts: Matrix, idf: Floats) -> Matrix:
    """(1 + ln tf) * idf, rows of length 1. Changes `counts`."""
    counts.sort_indices()
    counts.data = (1 + np.log(counts.data)) * idf[counts.indices]
    return unit_rows(counts)


def unit_rows(matrix: Matrix) -> Matrix:
    """Rows scaled to length 1; empty rows stay empty."""
    sizes = np.diff(matrix.indptr)
    owners = np.repeat(np.arange(len(sizes)), sizes)
    lengths = np.sqrt(np.bincount(owners, matrix.data * matrix.data, minlength=len(sizes)))
    matrix.data = (matrix.data / lengths[owners]).astype(np.float32)
    return matrix
