"""Words as bundles of character n-grams: what a small model can learn Danish compounds and typos from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Ids = NDArray[np.int32]
Floats = NDArray[np.float32]
Matrix = Any
"""A scipy CSR matrix of float32."""
Words = Sequence[str]


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

    def of_text(self, words: Words) -> Ids:
        """Feature numbers of a text, repeated as often as they occur."""
        known = self._known
        found = [known[word] if word in known else self.of_word(word) for word in words]
        if self.pairs:
            find = self.index.get
            # `pair` written out: a call for each pair of words is a tenth of all the time.
            numbers = [find(f"b={a} {b}") for a, b in pairwise(words)]
            found.append(np.array([n for n in numbers if n is not None], dtype=np.int32))
        return np.concatenate(found) if found else np.empty(0, dtype=np.int32)

    def known_share(self, words: Words) -> float:
        """Which share of the words has a feature of its own."""
        known = sum(f"w={word}" in self.index for word in words)
        return known / len(words) if words else 0.0

    def matrix(self, texts: Iterable[Words]) -> Matrix:
        """One row a text: (1 + ln tf) * idf, rows of length 1."""
        return weigh(_counts([self.of_text(words) for words in texts], len(self.idf)), self.idf)


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
