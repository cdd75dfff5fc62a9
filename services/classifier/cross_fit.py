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
from services.classifier.features import Counted, Floats, Ids, Matrix, Words
from services.classifier.head import OUTSIDE, Head, HeadPlan, choose_features, fit_head
from services.classifier.lexicon import Lexicon
from services.classifier.nearest import nearest
from services.classifier.solver import Solve, solve_here

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
    counted: Counted


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
    rows: Rows,
    embedding: Lexicon | Floats,
    plan: HeadPlan,
    *,
    solve: Solve = solve_here,
    step: Step = lambda: None,
) -> Held:
    """`embedding` is what to make one of in each fold, or the frozen rows of an outside model."""
    folds = _folds(rows.labels)
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(lambda fold: _fold(rows, fold, embedding, plan, solve, step), folds))
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
    held: Ids,
    embedding: Lexicon | Floats,
    plan: HeadPlan,
    solve: Solve,
    step: Step,
) -> Held:
    kept = np.setdiff1d(np.arange(len(rows.texts)), held).astype(np.int32)
    labels = [rows.labels[row] for row in kept]
    if isinstance(embedding, Lexicon):
        own = weigh_words(embedding, [rows.texts[row] for row in kept])
        dense = own.embed(rows.texts)
    else:
        dense = embedding
    step()
    chosen = choose_features(rows.counted, kept, plan)
    matrix = rows.counted.matrix(kept, chosen)
    head = fit_head(chosen.space, dense[kept], matrix, labels, rows.flags[kept], plan, solve)
    step()
    known = rows.counted.known_share(held, chosen)
    examples = dense[kept[inside(labels)]]
    return measure(head, examples, rows.counted.matrix(held, chosen), dense[held], known)


def measure(head: Head, examples: Floats, rows: Matrix, dense: Floats, known: Floats) -> Held:
    """Scores of unseen texts by one head; `examples` are the dense rows of what it knows."""
    dense_scores, sparse_scores = head.dense(dense), head.sparse(rows)
    scales = (float(dense_scores.std()) or 1.0, float(sparse_scores.std()) or 1.0)
    return Held(
        dense=dense_scores / scales[0],
        sparse=sparse_scores / scales[1],
        flags=head.flags(dense, rows),
        similar=similarity(examples, dense),
        known=known,
        scales=scales,
    )


def similarity(examples: Floats, dense: Floats) -> Floats:
    """n x 2: cosine to the nearest example, and the mean of the five nearest."""
    return likeness(nearest(examples, dense).cosines)


def likeness(cosines: Floats) -> Floats:
    """From cosines to the nearest examples, nearest first, as in `similarity`."""
    return np.column_stack([cosines[:, 0], cosines[:, :NEIGHBOURS].mean(axis=1)])


def inside(labels: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([label != OUTSIDE for label in labels])


def _folds(labels: Sequence[str]) -> list[Ids]:
    """Every label spread evenly over the folds, by the order of the rows."""
    place = np.empty(len(labels), dtype=int)
    random = np.random.default_rng(3)
    names = np.array(labels)
    for name in sorted(set(labels)):
        mine = random.permutation(np.flatnonzero(names == name))
        place[mine] = np.arange(len(mine)) % FOLDS
    return [np.flatnonzero(place == fold).astype(np.int32) for fold in range(FOLDS)]
