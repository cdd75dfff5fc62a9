"""Many texts read at once: a publication reads thousands, and most of their words are the same."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from services.chatbot.ports import Floats
from services.chatbot.terms import terms, written_words


class Counted(NamedTuple):
    names: tuple[str, ...]
    """Every term of these texts, in order."""
    counts: sparse.csr_matrix
    """texts x names: how often each holds it"""

    @property
    def text_of(self) -> np.ndarray:
        """Number of the text that each stored count belongs to."""
        return np.repeat(np.arange(self.counts.shape[0]), np.diff(self.counts.indptr))

    def holders(self) -> np.ndarray:
        """How many texts hold each term."""
        return np.bincount(self.counts.indices, minlength=len(self.names))

    def places(self, vocabulary: Mapping[str, int]) -> np.ndarray:
        """By stored count the term's number in a vocabulary; -1 when it is not in it."""
        found = [vocabulary.get(name, -1) for name in self.names]
        return np.array(found, dtype=np.int64)[self.counts.indices]


def count_terms(texts: Sequence[str], languages: Sequence[str]) -> Counted:
    """What `terms` finds in each of them, every word taken apart once.

    The words are forgotten at the end: past inquiries are among them.
    """
    numbers: dict[str, int] = {}
    of_words: dict[tuple[str, str], list[int]] = {}
    columns: list[int] = []
    ends = [0]
    for text, language in zip(texts, languages, strict=True):
        for word in written_words(text):
            found = of_words.get((word, language))
            if found is None:
                found = [numbers.setdefault(t, len(numbers)) for t in terms(word, language)]
                of_words[word, language] = found
            columns += found
        ends.append(len(columns))
    names = tuple(sorted(numbers))
    place = np.empty(len(names), dtype=np.int64)
    place[[numbers[name] for name in names]] = np.arange(len(names))
    counts = sparse.csr_matrix(
        (np.ones(len(columns)), place[np.array(columns, dtype=np.int64)], ends),
        shape=(len(texts), len(names)),
    )
    counts.sum_duplicates()
    return Counted(names, counts)


def weigh(
    counted: Counted, vocabulary: Mapping[str, int], idf: Floats, unknown: float
) -> sparse.csr_matrix:
    """texts x vocabulary: tf-idf weights of length 1 together, terms nobody holds counted."""
    columns, text_of = counted.places(vocabulary), counted.text_of
    known = columns >= 0
    rare = np.full(len(columns), unknown)
    rare[known] = idf[columns[known]]
    weights = (1 + np.log(counted.counts.data)) * rare
    texts = counted.counts.shape[0]
    lengths = np.sqrt(np.bincount(text_of, weights**2, minlength=texts))
    values = (weights[known] / lengths[text_of[known]]).astype(np.float32)
    ends = np.cumsum([0, *np.bincount(text_of[known], minlength=texts)])
    return sparse.csr_matrix((values, columns[known], ends), shape=(texts, len(idf)))
