"""What kind of message it is: a question for the articles, one's own case, a plea, a cry for help ...

`calm` is what only sounds like a cry. The phrases of screen.py say what they say; this hears the same
thing in other words. A linear model on the embedding, words and pairs of words, learnt from
phrases/refused.yaml and phrases/cries.yaml beside the articles' questions.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy import sparse

from infra.text.safe_yaml import read_yaml
from services.chatbot.knowledge import TONGUES, KnowledgeError
from services.chatbot.ports import Floats
from services.chatbot.softmax import fit_softmax, log_softmax
from services.chatbot.terms import spoken_words

Kind = Literal["asks", "elsewhere", "own-case", "decision", "legal", "injection", "danger", "calm"]
KINDS: tuple[Kind, ...] = get_args(Kind)
REFUSED: tuple[Kind, ...] = ("own-case", "decision", "legal", "injection")
LISTENED = 60
"""Words of a message that are listened to."""
TERMS = 0.5
"""Length of the words' half of a row beside the embedding's 1."""
RIDGE = 3e-5
ROUNDS = 60
FOLDS = 4
FLOOR = -8.0
FALSELY = 0.005
"""Share of ordinary questions that may be taken for each kind that is refused."""
LEAST = 0.05
"""Probability of a kind below which nothing is refused, however rarely questions look like it."""


class Example(NamedTuple):
    kind: Kind
    text: str
    vector: Floats


@dataclass(frozen=True)
class Kinds:
    vocabulary: Mapping[str, int]
    idf: Floats
    weights: Floats
    """(dimensions + 1 + terms) x KINDS"""
    refuse_from: Mapping[str, float]
    """By kind the log-probability from which it is refused."""

    def read(self, text: str, vector: Floats) -> Floats:
        """Log-probability of each of KINDS."""
        columns, values = _row(features(text), self.vocabulary, self.idf)
        width = len(vector)
        logits = vector @ self.weights[:width] + self.weights[width]
        logits = logits + values @ self.weights[width + 1 + columns]
        return np.maximum(log_softmax(logits), FLOOR).astype(np.float32)

    def danger(self, text: str, vector: Floats) -> float:
        """Log-odds of a cry for help; 0 when nothing was learnt."""
        if not self.weights.size:
            return 0.0
        return float(danger_odds(self.read(text, vector)[None, :])[0])

    def refused(self, text: str, vector: Floats, *, more: float = 0.0) -> Kind | None:
        """The kind that it surely enough is and that no article may answer; `more` raises the bar."""
        read = dict(zip(KINDS, _told(self.read(text, vector)), strict=True))
        over = {kind: read[kind] - self.refuse_from.get(kind, np.inf) for kind in REFUSED}
        kind = max(over, key=lambda name: over[name])
        return kind if over[kind] >= more else None


NO_KINDS = Kinds({}, np.zeros(0, np.float32), np.zeros((0, 0), np.float32), {})


def danger_odds(rows: Floats) -> Floats:
    """Log-odds of danger from log-probabilities of KINDS, one row a message."""
    told = np.minimum(rows[:, KINDS.index("danger")], -1e-6)
    return np.asarray(told - np.log1p(-np.exp(told)), dtype=np.float32)


def _told(row: Floats) -> Floats:
    """One's own case and a plea go to the same people: together they may be sure enough."""
    own, plea = KINDS.index("own-case"), KINDS.index("decision")
    told = row.copy()
    both = np.logaddexp(row[own], row[plea])
    told[own], told[plea] = (both, row[plea]) if row[own] >= row[plea] else (row[own], both)
    return told


def fit_kinds(examples: Sequence[Example]) -> tuple[Kinds, Floats]:
    """The model, and what it says of each example when it had not seen it (log-probabilities)."""
    found = [features(example.text) for example in examples]
    counts = Counter(name for names in found for name in names)
    vocabulary = {
        name: number for number, name in enumerate(sorted(n for n, c in counts.items() if c > 1))
    }
    idf = np.array([np.log(len(found) / counts[name]) for name in vocabulary], dtype=np.float32)
    rows = [_row(names, vocabulary, idf) for names in found]
    ends = np.cumsum([0, *(len(columns) for columns, _ in rows)])
    columns = np.concatenate([columns for columns, _ in rows] or [np.empty(0, np.int64)])
    values = np.concatenate([values for _, values in rows] or [np.empty(0, np.float32)])
    terms = sparse.csr_matrix((values, columns, ends), shape=(len(rows), len(vocabulary)))
    vectors = np.stack([example.vector for example in examples])
    target = np.array([KINDS.index(example.kind) for example in examples])
    fold = np.arange(len(examples)) % FOLDS
    held = np.zeros((len(examples), len(KINDS)), dtype=np.float32)
    for number in range(FOLDS):
        seen, unseen = fold != number, fold == number
        learnt = _fit(vectors[seen], terms[seen], target[seen])
        held[unseen] = _scores(learnt, vectors[unseen], terms[unseen])
    weights = _fit(vectors, terms, target)
    return Kinds(vocabulary, idf, weights, refusals_from(held[target == 0])), held


def refusals_from(ordinary: Floats, falsely: float = FALSELY) -> Mapping[str, float]:
    """Thresholds such that few of these ordinary questions are refused."""
    if not len(ordinary):
        return {}
    told = np.stack([_told(row) for row in ordinary])
    rare = {kind: np.quantile(told[:, KINDS.index(kind)], 1 - falsely) for kind in REFUSED}
    return {kind: max(float(least) + 1e-6, float(np.log(LEAST))) for kind, least in rare.items()}


def features(text: str) -> list[str]:
    """Words, pairs of words, and how it begins."""
    words = spoken_words(text)[:LISTENED]
    return sorted({*words, *(f"{a} {b}" for a, b in pairwise(words)), "^" + " ".join(words[:2])})


def read_refused(text: str | None = None) -> tuple[tuple[Kind, str], ...]:
    """Examples of what is refused, by kind and language, and under `asks` of what only sounds like it.

    Raises KnowledgeError.
    """
    name = "phrases/refused.yaml"
    source = text or files("services.chatbot").joinpath(name).read_text("utf-8")
    try:
        raw: Any = read_yaml(source)
    except yaml.YAMLError as error:
        raise KnowledgeError([f"{name}: is not valid YAML"]) from error
    return tuple(_listed(raw, name))


def _listed(raw: Any, name: str) -> Iterable[tuple[Kind, str]]:
    for kind in (*REFUSED, "asks"):
        of = raw.get(kind) if isinstance(raw, dict) else None
        if not isinstance(of, dict) or any(tongue not in TONGUES for tongue in of):
            raise KnowledgeError([f"{name}: {kind}: must hold lists by da, sv and en"])
        for lines in of.values():
            yield from ((kind, str(line)) for line in lines)


def _row(
    names: Sequence[str], vocabulary: Mapping[str, int], idf: Floats
) -> tuple[NDArray[np.int64], Floats]:
    columns = np.array([vocabulary[n] for n in names if n in vocabulary], dtype=np.int64)
    scale = np.float32(TERMS / np.sqrt(max(1, len(names))))
    return columns, np.asarray(idf[columns] * scale, dtype=np.float32)


def _fit(vectors: Floats, terms: sparse.csr_matrix, target: NDArray[np.int64]) -> Floats:
    counts = np.maximum(np.bincount(target, minlength=len(KINDS)), 1)
    # Between one example one vote and one kind one vote.
    importance = np.sqrt(len(target) / counts)[target]
    return fit_softmax(
        vectors, terms, target, importance, classes=len(KINDS), ridge=RIDGE, rounds=ROUNDS
    )


def _scores(weights: Floats, vectors: Floats, terms: sparse.csr_matrix) -> Floats:
    width = vectors.shape[1]
    logits = vectors @ weights[:width] + weights[width] + terms @ weights[width + 1 :]
    return np.maximum(log_softmax(logits), FLOOR).astype(np.float32)
