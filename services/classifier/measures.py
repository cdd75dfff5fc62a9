"""Figures of merit that several reports share."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata


def auroc(scores: NDArray[np.floating], wanted: NDArray[np.bool_]) -> float:
    """Chance that a wanted row scores above an unwanted one; 0 when there is only one kind."""
    positives, negatives = int(wanted.sum()), int((~wanted).sum())
    if not positives or not negatives:
        return 0.0
    ranks = rankdata(scores)
    above = ranks[wanted].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def coverage_at(
    confidence: NDArray[np.floating], correct: NDArray[np.bool_], precision: float
) -> float:
    """Largest share of rows, surest first, of which at least `precision` are right."""
    if not len(correct):
        return 0.0
    order = np.argsort(-confidence, kind="stable")
    running = np.cumsum(correct[order]) / np.arange(1, len(order) + 1)
    reached = np.flatnonzero(running >= precision)
    return float((reached[-1] + 1) / len(order)) if len(reached) else 0.0


def macro_f1(wanted: Sequence[str], said: Sequence[str]) -> float:
    """Mean F1 over the wanted classes."""
    scores = []
    for name in sorted(set(wanted)):
        hits = sum(a == b == name for a, b in zip(wanted, said, strict=True))
        total = sum(a == name for a in wanted) + sum(b == name for b in said)
        scores.append(2 * hits / total)
    return float(np.mean(scores)) if scores else 0.0
