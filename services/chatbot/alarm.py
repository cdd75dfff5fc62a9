"""Hears an emergency that no phrase names: a linear model over words and pairs of words.

Learnt from the municipality's labelled inquiries (`urgent`); the phrases of screen.py come first.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from services.chatbot.terms import spoken_words

LISTENED = 120
"""Words of a message that are listened to."""
FOLDS = 3
FALSE_ALARMS = 0.02
"""Share of ordinary messages that may be taken for an emergency."""


class Cries(NamedTuple):
    cries: tuple[str, ...]
    lookalikes: tuple[str, ...]
    """What only sounds like one."""


@dataclass(frozen=True)
class Alarm:
    weights: Mapping[str, float]
    """What each word or pair of words says, its idf included."""
    bias: float
    threshold: float

    def rings(self, text: str) -> bool:
        return self.score(text) >= self.threshold

    def score(self, text: str) -> float:
        found = features(text)
        known = [self.weights[name] for name in found if name in self.weights]
        return float(sum(known) / np.sqrt(max(1, len(found))) + self.bias)


SILENT = Alarm({}, 0.0, float("inf"))


def read_cries() -> Cries:
    """Examples that hold for every municipality."""
    raw = yaml.safe_load(
        files("services.chatbot").joinpath("phrases/cries.yaml").read_text("utf-8")
    )
    return Cries(tuple(raw["cries"]), tuple(raw["lookalikes"]))


def features(text: str) -> list[str]:
    words = spoken_words(text)[:LISTENED]
    return sorted({*words, *(f"{a} {b}" for a, b in pairwise(words))})


def fit_alarm(
    urgent: Sequence[str], calm: Sequence[str], false_alarms: float = FALSE_ALARMS
) -> Alarm:
    """The threshold comes from messages the model had not seen. SILENT without enough examples."""
    if len(urgent) < 50 or len(calm) < 500:
        return SILENT
    found = [features(text) for text in (*urgent, *calm)]
    target = np.repeat([1.0, 0.0], [len(urgent), len(calm)])
    counts = Counter(name for names in found for name in names)
    names = sorted(name for name, count in counts.items() if count > 1)
    place = {name: number for number, name in enumerate(names)}
    idf = np.array([np.log(len(found) / counts[name]) for name in names])
    rows = _matrix(found, place, idf)
    fold = np.arange(len(found)) % FOLDS
    held = np.zeros(len(found))
    for number in range(FOLDS):
        learnt = _fit(rows[fold != number], target[fold != number])
        held[fold == number] = rows[fold == number] @ learnt[:-1] + learnt[-1]
    fitted = _fit(rows, target)
    return Alarm(
        weights={n: float(w) for n, w in zip(names, fitted[:-1] * idf, strict=True) if w != 0},
        bias=float(fitted[-1]),
        threshold=float(np.quantile(held[target == 0], 1 - false_alarms)),
    )


def _matrix(
    found: Sequence[Sequence[str]], place: Mapping[str, int], idf: NDArray[np.float64]
) -> sparse.csr_matrix:
    known = [[place[name] for name in names if name in place] for names in found]
    ends = np.cumsum([0, *map(len, known)])
    columns = np.array([column for row in known for column in row], dtype=np.int64)
    lengths = np.repeat(
        [1 / np.sqrt(max(1, len(names))) for names in found], [len(row) for row in known]
    )
    return sparse.csr_matrix((idf[columns] * lengths, columns, ends), shape=(len(found), len(idf)))


def _fit(rows: sparse.csr_matrix, target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logistic regression; both kinds weigh the same in all."""
    importance = np.where(target == 1, 0.5 / target.sum(), 0.5 / (1 - target).sum())

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = rows @ weights[:-1] + weights[-1]
        wrong = importance * (1 / (1 + np.exp(-np.clip(logits, -30, 30))) - target)
        gradient = np.append(rows.T @ wrong + 2e-5 * weights[:-1], wrong.sum())
        value = importance @ (np.logaddexp(0, logits) - target * logits)
        return float(value + 1e-5 * weights[:-1] @ weights[:-1]), gradient

    start = np.zeros(rows.shape[1] + 1)
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 40}).x)
