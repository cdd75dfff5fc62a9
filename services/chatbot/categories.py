"""Which category of inquiry a question belongs to, learnt from the municipality's labelled inquiries.

The articles know a few questions each; the inquiries of the past know how citizens put them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from services.chatbot.counting import Counted, count_terms, weigh
from services.chatbot.ports import Floats
from services.chatbot.softmax import fit_softmax, log_softmax
from services.chatbot.terms import terms

NONE = "-"
"""The category of inquiries that are nobody's here."""
FEWEST = 300
"""Labelled inquiries without which nothing is learnt."""
HOLDERS = 3
"""Inquiries that must hold a term for it to be listened to."""
DENSE, SPARSE = 3.0, 6.0
"""Lengths of the two halves of a row: how freely each is fitted."""
RIDGE = 2e-6
ROUNDS = 25
FLOOR = -8.0
"""The lowest log-probability told apart."""


@dataclass(frozen=True)
class Categories:
    names: tuple[str, ...]
    vocabulary: Mapping[str, int]
    idf: Floats
    unknown_idf: float
    weights: Floats
    """(dimensions + 1 + terms) x names"""

    def read(self, text: str, language: str, vector: Floats) -> Floats:
        """Log-probability of each of `names`."""
        columns, values = self._weighed(text, language)
        width = len(vector)
        logits = DENSE * (vector @ self.weights[:width]) + self.weights[width]
        logits = logits + SPARSE * (values @ self.weights[width + 1 + columns])
        return np.maximum(log_softmax(logits), FLOOR).astype(np.float32)

    def read_all(self, counted: Counted, vectors: Floats) -> Floats:
        """`read` of many texts at once."""
        width = vectors.shape[1]
        logits = DENSE * (vectors @ self.weights[:width]) + self.weights[width]
        known = weigh(counted, self.vocabulary, self.idf, self.unknown_idf)
        logits = np.asarray(logits + SPARSE * (known @ self.weights[width + 1 :]), dtype=np.float32)
        return np.maximum(log_softmax(logits), FLOOR).astype(np.float32)

    def _weighed(self, text: str, language: str) -> tuple[np.ndarray, Floats]:
        return _weighed(Counter(terms(text, language)), self.vocabulary, self.idf, self.unknown_idf)


NO_CATEGORIES = Categories((), {}, np.zeros(0, np.float32), 0.0, np.zeros((0, 0), np.float32))


def fit_categories(
    texts: Sequence[str], languages: Sequence[str], labels: Sequence[str], vectors: Floats
) -> Categories:
    """NO_CATEGORIES without enough examples."""
    names = tuple(sorted(set(labels)))
    if len(texts) < FEWEST or len(names) < 2:
        return NO_CATEGORIES
    counted = count_terms(texts, languages)
    holders = counted.holders()
    known = np.flatnonzero(holders >= HOLDERS)
    vocabulary = {counted.names[term]: number for number, term in enumerate(known)}
    idf = np.log(1 + len(texts) / holders[known]).astype(np.float32)
    unknown = float(np.log(1 + len(texts) / 0.5))
    matrix = weigh(counted, vocabulary, idf, unknown)
    place = {name: number for number, name in enumerate(names)}
    weights = fit_softmax(
        DENSE * vectors,
        matrix * SPARSE,
        np.array([place[label] for label in labels]),
        np.ones(len(texts)),
        classes=len(names),
        ridge=RIDGE,
        rounds=ROUNDS,
    )
    return Categories(names, vocabulary, idf, unknown, weights)


def _weighed(
    counted: Counter[str], vocabulary: Mapping[str, int], idf: Floats, unknown: float
) -> tuple[np.ndarray, Floats]:
    """Columns and tf-idf weights of length 1 together, terms nobody holds counted."""
    columns: list[int] = []
    values: list[float] = []
    length = 0.0
    for term, count in counted.items():
        number = vocabulary.get(term)
        weight = (1 + log(count)) * (unknown if number is None else float(idf[number]))
        length += weight * weight
        if number is not None:
            columns.append(number)
            values.append(weight)
    scale = 1 / np.sqrt(length) if length else 0.0
    return np.array(columns, dtype=np.int64), np.array(values, dtype=np.float32) * np.float32(scale)
