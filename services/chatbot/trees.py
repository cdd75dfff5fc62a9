"""Small trees on top of a line: where signs matter together, what each says alone is not enough.

Gradient boosting by Newton steps (Friedman 2001; Chen and Guestrin 2016), each tree monotone in every sign:
more evidence never lowers the probability.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.chatbot.ports import Floats

DEPTH = 3
INNER, LEAVES = 2**DEPTH - 1, 2**DEPTH
MANY = 40
"""Trees; 80 of half the rate were no better."""
RATE = 0.2
FEWEST = 40
"""Questions at a leaf."""
STEP = 4.0
"""The most that one leaf may say before its rate: a few questions of which the line is wrongly sure must not shout."""


@dataclass(frozen=True)
class Trees:
    """Full trees, node n above nodes 2n+1 and 2n+2."""

    signs: NDArray[np.int64]
    """trees x INNER: which sign is looked at"""
    bounds: NDArray[np.float64]
    """trees x INNER: to the right when it is above"""
    values: NDArray[np.float64]
    """trees x LEAVES, in log-odds"""

    def score(self, rows: Floats) -> NDArray[np.float64]:
        """What all trees together add to the log-odds; one number a row (rows x signs)."""
        trees = np.arange(len(self.signs))
        at = np.zeros((len(rows), len(trees)), dtype=np.int64)
        every = np.arange(len(rows))[:, None]
        for _ in range(DEPTH):
            looked = rows[every, self.signs[trees, at]]
            at = 2 * at + 1 + (looked > self.bounds[trees, at])
        return np.asarray(self.values[trees, at - INNER].sum(axis=1))


NO_TREES = Trees(np.zeros((0, INNER), dtype=np.int64), np.zeros((0, INNER)), np.zeros((0, LEAVES)))


def fit_trees(
    rows: Floats,
    right: NDArray[np.bool_],
    importance: NDArray[np.float64],
    line: NDArray[np.float64],
    directions: Sequence[int],
) -> Trees:
    """What the log-odds of `line` miss. `directions`: 1 or -1, how each sign may move the probability."""
    from sklearn.tree import (  # noqa: PLC0415 - a second, and only publishing needs it
        DecisionTreeRegressor,
    )

    heard = importance > 0
    rows, target, logits = rows[heard], right[heard].astype(np.float64), line[heard].copy()
    weight = importance[heard] / importance[heard].mean()
    grown = []
    for _ in range(MANY):
        sure = 1 / (1 + np.exp(-logits))
        curvature = np.maximum(sure * (1 - sure), 1e-3)
        tree = DecisionTreeRegressor(
            max_depth=DEPTH, min_samples_leaf=FEWEST, monotonic_cst=list(directions), random_state=0
        ).fit(rows, (target - sure) / curvature, sample_weight=weight * curvature)
        grown.append(_full(tree.tree_))
        logits += _joined(grown[-1:]).score(rows)
    return _joined(grown)


def _joined(grown: Sequence[tuple[Any, Any, Any]]) -> Trees:
    signs, bounds, values = (np.stack(parts) for parts in zip(*grown, strict=True))
    return Trees(signs, bounds, values)


def _full(tree: Any) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """A tree of scikit-learn with every branch as deep as the deepest: below a leaf all say the same."""
    signs, bounds = np.zeros(INNER, dtype=np.int64), np.full(INNER, np.inf)
    values = np.zeros(LEAVES)

    def put(node: int, place: int) -> None:
        left, right = tree.children_left[node], tree.children_right[node]
        if place >= INNER:
            values[place - INNER] = RATE * np.clip(tree.value[node].item(), -STEP, STEP)
        elif left < 0:
            put(node, 2 * place + 1)
            put(node, 2 * place + 2)
        else:
            signs[place], bounds[place] = tree.feature[node], tree.threshold[node]
            put(left, 2 * place + 1)
            put(right, 2 * place + 2)

    put(0, 0)
    return signs, bounds, values
