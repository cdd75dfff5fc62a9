"""Words as bundles of character n-grams: what a small model can learn Danish compounds and typos from."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

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
            found = (self.index.get(gram) for gram in grams(word, self.sizes))
            ids = np.array([number for number in found if number is not None], dtype=np.int32)
            if len(self._known) < _KEPT_WORDS:
                self._known[word] = ids
        return ids

    def of_text(self, words: Words) -> Ids:
        """Feature numbers of a text, repeated as often as they occur."""
        found = [self.of_word(word) for word in words]
        if self.pairs:
            numbers = (self.index.get(pair(a, b)) for a, b in pairwise(words))
            found.append(np.array([n for n in numbers if n is not None], dtype=np.int32))
        return np.concatenate(found) if found else np.empty(0, dtype=np.int32)

    def matrix(self, texts: Iterable[Words]) -> Matrix:
        """One row a text: (1 + ln tf) * idf, rows of length 1."""
        rows = [self.of_text(words) for words in texts]
        ends = np.cumsum([0, *(len(row) for row in rows)])
        columns = np.concatenate(rows) if rows else np.empty(0, dtype=np.int32)
        counts = sparse.csr_matrix(
            (np.ones(len(columns), dtype=np.float32), columns, ends),
            shape=(len(rows), len(self.idf)),
        )
        counts.sum_duplicates()
        counts.data = (1 + np.log(counts.data)) * self.idf[counts.indices]
        return unit_rows(counts)


_KEPT_WORDS = 50_000


def fit_features(
    texts: Sequence[Words], *, sizes: range, pairs: bool, min_texts: int, most: int
) -> FeatureSpace:
    """The features that occur in at least `min_texts` texts, at most `most` of them."""
    seen: Counter[str] = Counter()
    known: dict[str, list[str]] = {}
    for words in texts:
        features: set[str] = set()
        for word in set(words):
            if word not in known:
                known[word] = grams(word, sizes)
            features.update(known[word])
        if pairs:
            features.update(pair(a, b) for a, b in pairwise(words))
        seen.update(features)
    chosen = sorted((n for n in seen.items() if n[1] >= min_texts), key=lambda n: (-n[1], n[0]))
    chosen = chosen[:most]
    counts = np.array([count for _, count in chosen], dtype=np.float32)
    idf = (np.log((1 + len(texts)) / (1 + counts)) + 1).astype(np.float32)
    return FeatureSpace(sizes, pairs, {name: i for i, (name, _) in enumerate(chosen)}, idf)


def unit_rows(matrix: Matrix) -> Matrix:
    """Rows scaled to length 1; empty rows stay empty."""
    lengths = np.sqrt(matrix.multiply(matrix).sum(axis=1)).A1
    lengths[lengths == 0] = 1
    repeated = np.repeat(lengths, np.diff(matrix.indptr))
    matrix.data = (matrix.data / repeated).astype(np.float32)
    return matrix
