"""Turns scores into honest probabilities and thresholds, from rows no part of the model has seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from services.classifier.features import Floats

Indices = NDArray[np.int64]
NEVER = 1e9
"""A score nothing reaches: without examples of a flag it is never raised by the model."""


def softmax(scores: Floats) -> Floats:
    """Rows of probabilities, numerically safe."""
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def fit_temperature(scores: Floats, right: Indices) -> float:
    """The divisor that makes softmax(scores / T) most likely, given each row's right column."""
    chosen = np.arange(len(right))

    def loss(log_temperature: float) -> float:
        probabilities = softmax(scores / np.exp(log_temperature))
        return float(-np.log(probabilities[chosen, right] + 1e-12).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-4, 4), method="bounded").x))


def fit_trust(probabilities: Floats, correct: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Bias and two weights of a logistic model of being right; see `trusted`."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    if correct.all() or not correct.any():
        return 0.0, 1.0, 0.0
    model = LogisticRegression(C=10.0).fit(_trust_signs(probabilities), correct)
    return float(model.intercept_[0]), float(model.coef_[0][0]), float(model.coef_[0][1])


def trusted(probabilities: Floats, trust: tuple[float, float, float]) -> Floats:
    """Rows whose best probability is the chance that it is right; the others share the rest."""
    signs = _trust_signs(probabilities)
    best = probabilities.argmax(axis=1)
    rows = np.arange(len(best))
    was = np.clip(probabilities[rows, best], 1e-6, 1 - 1e-6)
    now = 1 / (1 + np.exp(-(trust[0] + signs @ np.array(trust[1:], dtype=np.float32))))
    # The best guess stays the best guess, however little it is trusted.
    rest = np.sort(probabilities, axis=1)[:, -2] if probabilities.shape[1] > 1 else 0.0
    floor = rest / (rest + 1 - was)
    now = np.clip(np.maximum(now, floor + 1e-4), 0, 0.9999)
    changed = probabilities * ((1 - now) / (1 - was))[:, None]
    changed[rows, best] = now
    return np.asarray(changed, dtype=np.float32)


def _trust_signs(probabilities: Floats) -> Floats:
    ordered = np.sort(probabilities, axis=1)
    first = np.clip(ordered[:, -1], 1e-6, 1 - 1e-6)
    second = np.clip(ordered[:, -2], 1e-6, 1) if probabilities.shape[1] > 1 else 1 - first
    return np.column_stack([np.log(first / (1 - first)), np.log(first / second)])


def fit_thresholds(
    classes: Sequence[str],
    predicted: Indices,
    confidence: Floats,
    correct: NDArray[np.bool_],
    precision: float,
) -> dict[str, float]:
    """Per category the lowest confidence at which its predictions reach `precision`.

    A category with few rows leans on the threshold of all (ten pseudo-rows).
    """
    shared = lowest_threshold(confidence, correct, precision)
    thresholds = {}
    for number, name in enumerate(classes):
        mine = predicted == number
        own = lowest_threshold(confidence[mine], correct[mine], precision, start=shared)
        weight = mine.sum() / (mine.sum() + 30)
        thresholds[name] = round(float(weight * own + (1 - weight) * shared), 4)
    return thresholds


def lowest_threshold(
    confidence: Floats, correct: NDArray[np.bool_], precision: float, start: float = 0.99
) -> float:
    """The lowest confidence from which on the share of correct rows is at least `precision`."""
    if not len(confidence):
        return start
    order = np.argsort(-confidence, kind="stable")
    running = np.cumsum(correct[order]) / np.arange(1, len(order) + 1)
    reached = np.flatnonzero(running >= precision)
    return float(confidence[order[reached[-1]]]) if len(reached) else start


def conformal_cut(probabilities: Floats, right: Indices, miss: float) -> float:
    """LAC: the probability a category must reach to be in the set that misses at most `miss`.

    Sadinle, Lei and Wasserman 2019; finite-sample quantile.
    """
    of_right = np.sort(probabilities[np.arange(len(right)), right])
    rank = int(np.floor(miss * (len(right) + 1))) - 1
    return float(of_right[max(0, rank)])


def expected_calibration_error(
    confidence: Floats, correct: NDArray[np.bool_], bins: int = 15
) -> float:
    """Mean gap between confidence and accuracy over equal-width bins (Guo et al. 2017)."""
    if not len(confidence):
        return 0.0
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[place == b].mean() - correct[place == b].mean()) * (place == b).mean()
        for b in range(bins)
        if (place == b).any()
    ]
    return float(sum(gaps))


def recall_threshold(scores: Floats, wanted: NDArray[np.bool_], recall: float) -> float:
    """The highest score that still finds `recall` of the wanted rows."""
    found = np.sort(scores[wanted])
    if not len(found):
        return NEVER
    return float(found[int(np.floor((1 - recall) * len(found)))])


def percentiles(similar: Floats) -> tuple[float, ...]:
    """The 0th to 100th percentile of what cross-fitting saw of nearest similarities."""
    return tuple(round(float(one), 4) for one in np.quantile(similar, np.linspace(0, 1, 101)))


def typicality(similar: Floats, reference: Sequence[float]) -> list[float | None]:
    """For each the share of the reference below it, 0..1; None without a reference."""
    if not reference:
        return [None] * len(similar)
    shares = np.interp(similar, reference, np.linspace(0, 1, len(reference)))
    return [float(share) for share in shares]


@dataclass(frozen=True)
class OutsideModel:
    """Logistic model over signs that a text fits nobody."""

    means: Floats
    scales: Floats
    weights: Floats
    bias: float
    threshold: float
    doubt: float = 1.0
    """From here on nothing is called confident, however sure the category looks."""

    def __call__(self, signs: Floats) -> Floats:
        """Probability, per row of signs."""
        standard = (signs - self.means) / self.scales
        return np.asarray(1 / (1 + np.exp(-(standard @ self.weights + self.bias))))


def outside_signs(
    scores: Floats, temperature: float, outside: Floats, similar: Floats, known: Floats
) -> Floats:
    """n x 7: what tells a foreign text.

    `scores` over categories, `outside` the outside class's score, `similar` n x 2 cosine to the nearest
    and the mean of the five nearest examples, `known` the share of known words.
    """
    probabilities = np.sort(softmax(scores / temperature), axis=1)
    first, second = probabilities[:, -1], probabilities[:, -2] if scores.shape[1] > 1 else 0.0
    energy = np.log(np.exp(scores).sum(axis=1))
    logit = np.log(first + 1e-9) - np.log(1 - first + 1e-9)
    ratio = np.log((first + 1e-9) / (second + 1e-9))
    return np.column_stack([logit, ratio, energy, outside - scores.max(axis=1), similar, known])


def weights_of(values: Mapping[str, float], names: Sequence[str]) -> Floats:
    return np.array([values[name] for name in names], dtype=np.float32)
