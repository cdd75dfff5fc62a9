"""Scores every example by a model that has not seen it: embedding, features and head retrained per fold.

Calibrating on rows the embedding was trained on gives a model that is sure of everything.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.classifier.embedding import weigh_words
from services.classifier.features import Floats, Words
from services.classifier.head import OUTSIDE, Head, HeadPlan, fit_head, fit_sparse_space
from services.classifier.lexicon import Lexicon

FOLDS = 3
NEIGHBOURS = 5
Embed = Callable[[Sequence[int]], Floats]
Step = Callable[[], None]


@dataclass(frozen=True)
class Rows:
    """Training rows side by side."""

    texts: tuple[Words, ...]
    labels: tuple[str, ...]
    """Categories, or OUTSIDE."""
    flags: NDArray[np.bool_]

    def some(self, chosen: NDArray[np.int64]) -> "Rows":
        texts = tuple(self.texts[i] for i in chosen)
        labels = tuple(self.labels[i] for i in chosen)
        return Rows(texts, labels, self.flags[chosen])


class Held(NamedTuple):
    """What models said of rows they had not seen; row order of the training rows."""

    dense: Floats
    sparse: Floats
    """Both n x classes, each divided by its standard deviation within the fold."""
    flags: Floats
    similar: Floats
    known: Floats
    scales: tuple[float, float]


def cross_fit(
    rows: Rows, embedding: Lexicon | Floats, plan: HeadPlan, *, step: Step = lambda: None
) -> Held:
    """`embedding` is what to make one of in each fold, or the frozen rows of an outside model."""
    folds = _folds(rows.labels)
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(lambda fold: _fold(rows, fold, embedding, plan, step), folds))
    order = np.argsort(np.concatenate(folds))

    def joined(name: str) -> Floats:
        return np.asarray(np.concatenate([getattr(part, name) for part in parts])[order])

    scales = np.mean([part.scales for part in parts], axis=0)
    return Held(
        dense=joined("dense"),
        sparse=joined("sparse"),
        flags=joined("flags"),
        similar=joined("similar"),
        known=joined("known"),
        scales=(float(scales[0]), float(scales[1])),
    )


def _fold(
    rows: Rows,
    held: NDArray[np.int64],
    embedding: Lexicon | Floats,
    plan: HeadPlan,
    step: Step,
) -> Held:
    kept = np.setdiff1d(np.arange(len(rows.texts)), held)
    train, test = rows.some(kept), rows.some(held)
    if isinstance(embedding, Lexicon):
        own = weigh_words(embedding, train.texts)
        seen, unseen = own.embed(train.texts), own.embed(test.texts)
    else:
        seen, unseen = embedding[kept], embedding[held]
    step()
    space = fit_sparse_space(train.texts, plan)
    head = fit_head(space, seen, space.matrix(train.texts), train.labels, train.flags, plan)
    step()
    return measure(head, seen[inside(train.labels)], test.texts, unseen)


def measure(head: Head, examples: Floats, texts: Sequence[Words], dense: Floats) -> Held:
    """Scores of unseen texts by one head; `examples` are the dense rows of what it knows."""
    rows = head.space.matrix(texts)
    dense_scores, sparse_scores = head.dense(dense), head.sparse(rows)
    scales = (float(dense_scores.std()) or 1.0, float(sparse_scores.std()) or 1.0)
    return Held(
        dense=dense_scores / scales[0],
        sparse=sparse_scores / scales[1],
        flags=head.flags(dense, rows),
        similar=similarity(examples, dense),
        known=np.array([known_share(head, words) for words in texts], dtype=np.float32),
        scales=scales,
    )


def similarity(examples: Floats, dense: Floats) -> Floats:
    """n x 2: cosine to the nearest example, and the mean of the five nearest."""
    return nearness(dense @ examples.T)


def nearness(cosines: Floats) -> Floats:
    count = min(NEIGHBOURS, cosines.shape[1])
    nearest = -np.partition(-cosines, count - 1, axis=1)[:, :count]
    return np.column_stack([nearest.max(axis=1), nearest.mean(axis=1)])


def known_share(head: Head, words: Words) -> float:
    if not words:
        return 0.0
    return sum(f"w={word}" in head.space.index for word in words) / len(words)


def inside(labels: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([label != OUTSIDE for label in labels])


def _folds(labels: Sequence[str]) -> list[NDArray[np.int64]]:
    """Every label spread evenly over the folds, by the order of the rows."""
    place = np.empty(len(labels), dtype=int)
    random = np.random.default_rng(3)
    names = np.array(labels)
    for name in sorted(set(labels)):
        mine = random.permutation(np.flatnonzero(names == name))
        place[mine] = np.arange(len(mine)) % FOLDS
    return [np.flatnonzero(place == fold) for fold in range(FOLDS)]
