"""Sets a model's probabilities and thresholds from rows no part of it was trained on.

Cross-fitting gives such rows from the examples themselves. Examples are written to teach, so they are
harder than what people send; a calibration set (a plain sample of real inquiries) says how sure the
model may be.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from services.classifier import calibrate
from services.classifier.calibrate import OutsideModel, outside_signs, softmax
from services.classifier.cross_fit import inside
from services.classifier.features import Floats
from services.classifier.head import OUTSIDE
from services.classifier.measures import auroc
from services.classifier.model import Calibration

PRECISION = 0.95
ASK_MISS = 0.1
URGENT_RECALL = 0.94
SENSITIVE_RECALL = 0.92
OURS_CALLED_OUTSIDE = 0.04
OURS_DOUBTED = 0.1
"""A stranger that looks like a category is called confident less often the more of ours a person reads."""
ENOUGH_ROWS = 150
FEW_A_CATEGORY = 8
"""Examples that tell what a category is called, but neither how sure one may be nor what is strange."""
PARTS = 5
SCORE_SIGNS = 4
"""The first of the signs of a stranger, which hang on the scores alone."""
UNLIKE, UNKNOWN_WORDS = -0.25, -0.5
"""Weights of likeness to the nearest example and of the share of known words: no row can teach them."""
HIDDEN = -1e9
NEVER_SURE = 1.0
NEVER_STRANGE = 1.01
"""What no confidence (at most 0.9999) and no probability reaches."""


class Unseen(NamedTuple):
    """Rows a head was not trained on, and what it said of them."""

    labels: Sequence[str]
    flags: NDArray[np.bool_]
    scores: Floats
    """Over all classes of the head."""
    flag_scores: Floats
    similar: Floats
    known: Floats


class Sureness(NamedTuple):
    """How scores become probabilities."""

    temperature: float
    trust: tuple[float, float, float]

    def probabilities(self, scores: Floats) -> Floats:
        return calibrate.trusted(softmax(scores / self.temperature), self.trust)


def set_thresholds(
    crossed: Unseen,
    checked: Unseen | None,
    names: Sequence[str],
    department_of: Callable[[str], str],
) -> tuple[Calibration, dict[str, float]]:
    """`crossed` from cross-fitting, `checked` the calibration set; `names` are the categories.

    Too small a calibration set decides nothing alone.
    """
    enough = checked is not None and len(_ours(checked, names).right) >= ENOUGH_ROWS
    rows = checked if checked is not None and enough else crossed
    judged = _ours(rows, names)
    sureness = _sureness(judged)
    outside, separation = _fit_outside(
        crossed, checked if enough else None, sureness.temperature, len(names)
    )
    cold = not enough and len(judged.right) < FEW_A_CATEGORY * len(names)
    if cold:
        outside = replace(outside, threshold=NEVER_STRANGE, doubt=NEVER_STRANGE)
    calibration = Calibration(
        temperature=sureness.temperature,
        trust=sureness.trust,
        thresholds=dict.fromkeys(names, NEVER_SURE)
        if cold
        else _thresholds(rows, sureness, outside, names),
        precision=PRECISION,
        ask_cut=calibrate.conformal_cut(
            sureness.probabilities(judged.scores), judged.right, ASK_MISS
        ),
        # A missed cry for help is worse than a false one: the harder rows decide.
        urgent=calibrate.recall_threshold(
            crossed.flag_scores[:, 0], crossed.flags[:, 0], URGENT_RECALL
        ),
        sensitive=calibrate.recall_threshold(
            crossed.flag_scores[:, 1], crossed.flags[:, 1], SENSITIVE_RECALL
        ),
        outside=outside,
        typicality=calibrate.percentiles(crossed.similar[inside(crossed.labels), 0]),
    )
    departments = np.array([department_of(name) for name in names])
    metrics = _metrics(_ours(crossed, names), departments)
    metrics["outside_auroc"] = round(separation, 4)
    if enough:
        metrics |= {f"checked_{n}": v for n, v in _metrics(judged, departments).items()}
    return calibration, metrics


class _Ours(NamedTuple):
    """Rows that belong to a category, their scores over the categories, and the right ones."""

    scores: Floats
    right: NDArray[np.int64]


def _ours(rows: Unseen, names: Sequence[str]) -> _Ours:
    place = {name: number for number, name in enumerate(names)}
    right = np.array([place.get(label, -1) for label in rows.labels], dtype=np.int64)
    return _Ours(rows.scores[right >= 0, : len(names)], right[right >= 0])


def _sureness(rows: _Ours) -> Sureness:
    temperature = calibrate.fit_temperature(rows.scores, rows.right)
    raw = softmax(rows.scores / temperature)
    return Sureness(temperature, calibrate.fit_trust(raw, raw.argmax(axis=1) == rows.right))


def _thresholds(
    rows: Unseen, sureness: Sureness, outside: OutsideModel, names: Sequence[str]
) -> dict[str, float]:
    """What fits nobody and does not look it counts among the wrong: it would be routed too."""
    signs = _signs(rows, sureness.temperature, len(names))
    routed = outside(signs) < outside.threshold
    probabilities = sureness.probabilities(rows.scores[routed, : len(names)])
    predicted = probabilities.argmax(axis=1)
    labels = np.array(rows.labels)[routed]
    correct = np.array(names)[predicted] == labels
    return calibrate.fit_thresholds(names, predicted, probabilities.max(axis=1), correct, PRECISION)


def _fit_outside(
    crossed: Unseen, checked: Unseen | None, temperature: float, categories: int
) -> tuple[OutsideModel, float]:
    """Learned from examples that fit nobody; without them, unlikeness to all examples decides."""
    rows = [crossed] if checked is None else [crossed, checked]
    parts = [_signs(one, temperature, categories) for one in rows]
    signs = np.concatenate(parts)
    ours = np.array([label != OUTSIDE for one in rows for label in one.labels])
    means, scales = signs.mean(axis=0), signs.std(axis=0)
    scales = np.where(scales == 0, 1, scales)
    standard = (signs - means) / scales
    if ours.all():
        return _fit_strangeness(crossed, temperature, categories, means, scales), 0.0
    model = LogisticRegression(C=1.0, class_weight="balanced").fit(standard, ~ours)
    guess = model.predict_proba(standard)[:, 1]
    latest = np.arange(len(guess)) >= len(guess) - len(parts[-1])
    cut = float(np.quantile(guess[ours & latest], 1 - OURS_CALLED_OUTSIDE))
    cut = cut if checked is not None else max(cut, 0.5)
    doubt = min(cut, float(np.quantile(guess[ours & latest], 1 - OURS_DOUBTED)))
    weights, bias = model.coef_[0].astype(np.float32), float(model.intercept_[0])
    first = slice(len(crossed.labels))
    found = OutsideModel(means, scales, weights, bias, cut, cut if checked is None else doubt)
    return found, auroc(guess[first], ~ours[first])


def _fit_strangeness(
    rows: Unseen, temperature: float, categories: int, means: Floats, scales: Floats
) -> OutsideModel:
    """Without examples of strangers: each inquiry is one to a model that lacks its category.

    Learned from the scores; that what is unlike all examples is strange is known beforehand.
    """
    hidden = rows.scores.copy()
    place = {label: number for number, label in enumerate(sorted(set(rows.labels)))}
    hidden[np.arange(len(hidden)), [place[label] for label in rows.labels]] = HIDDEN
    own, lacking = (
        (_signs(one, temperature, categories) - means) / scales
        for one in (rows, rows._replace(scores=hidden))
    )
    both = np.concatenate([own, lacking])[:, :SCORE_SIGNS]
    model = LogisticRegression(C=0.01, class_weight="balanced", max_iter=500).fit(
        both, np.arange(len(both)) >= len(own)
    )
    weights = np.array([*model.coef_[0], UNLIKE, 0, UNKNOWN_WORDS], dtype=np.float32)
    bias = float(model.intercept_[0])
    guess = 1 / (1 + np.exp(-(own @ weights + bias)))
    cut = float(np.quantile(guess, 1 - OURS_CALLED_OUTSIDE))
    return OutsideModel(means, scales, weights, bias, cut)


def _signs(rows: Unseen, temperature: float, categories: int) -> Floats:
    scores = rows.scores[:, :categories]
    foreign = rows.scores[:, categories:].sum(axis=1)
    return outside_signs(scores, temperature, foreign, rows.similar, rows.known)


def _metrics(rows: _Ours, departments: NDArray[np.str_]) -> dict[str, float]:
    """What the rows measured; the model card and the promotion gate read it.

    Confidences come from the other parts of the rows, so the calibration is not judged by itself.
    """
    confidence = np.zeros(len(rows.right), dtype=np.float32)
    part = np.random.default_rng(5).permutation(len(rows.right)) % PARTS
    for number in range(PARTS):
        mine = part == number
        others = _Ours(rows.scores[~mine], rows.right[~mine])
        confidence[mine] = _sureness(others).probabilities(rows.scores[mine]).max(axis=1)
    predicted = rows.scores.argmax(axis=1)
    correct = predicted == rows.right
    sure = confidence >= calibrate.lowest_threshold(confidence, correct, PRECISION)
    return {
        "category_accuracy": round(float(correct.mean()), 4),
        "department_accuracy": round(
            float((departments[predicted] == departments[rows.right]).mean()), 4
        ),
        "ece": round(calibrate.expected_calibration_error(confidence, correct), 4),
        "coverage": round(float(sure.mean()), 4),
        "precision_when_sure": round(float(correct[sure].mean()) if sure.any() else 0.0, 4),
    }
