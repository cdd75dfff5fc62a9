"""The head: a dense and a sparse linear classifier whose scores are scaled and added."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from services.classifier.features import (
    Chosen,
    Counted,
    FeatureSpace,
    Floats,
    Ids,
    Matrix,
    Words,
    count_features,
)
from services.classifier.solver import Solve, solve_here

SPARSE_SIZES = range(3, 6)
"""Two-letter pieces were a quarter of the work and told nothing that longer ones do not."""
OUTSIDE = ""
"""The label of texts that fit nobody: a class of its own while scoring, never a category."""
FLAGS = ("urgent", "sensitive")
TOLERANCE = 0.1
"""Where liblinear stops; a hundred times stricter costs minutes and changes no prediction in a hundred."""


@dataclass(frozen=True)
class HeadPlan:
    """Compared by cross-validation on the sample municipality."""

    dense_c: float = 2.0
    sparse_c: float = 0.5
    sharpness: float = 2.0
    dense_share: float = 0.35
    flag_c: float = 0.2
    flag_dense: float = 0.35
    """How much the dense row counts beside the sparse one; flags hang on words more than on meaning."""
    most_features: int = 70_000


@dataclass(frozen=True)
class Linear:
    """Weights (inputs x classes) and biases."""

    weights: Floats
    biases: Floats

    def __call__(self, rows: Matrix) -> Floats:
        return np.asarray(rows @ self.weights + self.biases, dtype=np.float32)


@dataclass(frozen=True)
class Head:
    """Scores texts from their dense rows (n x d) and sparse rows (n x f)."""

    classes: tuple[str, ...]
    """Categories, and OUTSIDE last when there were examples of it."""
    space: FeatureSpace
    dense: Linear
    sparse: Linear
    flags_dense: Linear
    flags_sparse: Linear
    scales: tuple[float, float]
    """Standard deviations of dense and sparse scores on rows the head did not see."""
    share: float

    def scores(self, dense: Floats, rows: Matrix) -> Floats:
        """n x classes; comparable across texts, not yet probabilities."""
        # In double precision, or the number of texts in a batch would show in the last digits.
        dense_part = self.dense(dense.astype(np.float64)) / self.scales[0]
        sparse_part = self.sparse(rows) / self.scales[1]
        return np.asarray(self.share * dense_part + (1 - self.share) * sparse_part)

    def flags(self, dense: Floats, rows: Matrix) -> Floats:
        """n x 2: urgent and sensitive, larger is more."""
        return self.flags_dense(dense.astype(np.float64)) + self.flags_sparse(rows)


def count(texts: Sequence[Words]) -> Counted:
    return count_features(texts, sizes=SPARSE_SIZES, pairs=True)


def choose_features(counted: Counted, rows: Ids, plan: HeadPlan) -> Chosen:
    # With few texts every feature counts; with many, what occurs once is noise.
    min_texts = 1 if len(rows) < 1000 else 2
    return counted.choose(
        rows, min_texts=min_texts, most=plan.most_features, sharpness=plan.sharpness
    )


def fit_head(
    space: FeatureSpace,
    dense: Floats,
    rows: Matrix,
    labels: Sequence[str],
    flags: NDArray[np.bool_],
    plan: HeadPlan,
    solve: Solve | None = None,
) -> Head:
    """`labels` are categories or OUTSIDE; `flags` is n x 2 (urgent, sensitive).

    `solve` fits a LinearSVC, here or elsewhere: see `solver.py`.
    """
    solve = solve or solve_here
    classes = tuple(sorted({label for label in labels if label != OUTSIDE}))
    if OUTSIDE in labels:
        classes = (*classes, OUTSIDE)
    # Sorted by sklearn, so the empty label comes first there and last here.
    inside = np.array([label != OUTSIDE for label in labels])
    names = np.array(labels)
    both = sparse.hstack([rows, sparse.csr_matrix(plan.flag_dense * dense)]).tocsr()
    # Each may be solved in a process of its own, and the dense part meanwhile here.
    with ThreadPoolExecutor(1 + flags.shape[1]) as beside:
        plain = LinearSVC(C=plan.sparse_c, tol=TOLERANCE, random_state=0)
        sparse_model = beside.submit(solve, plain, rows, names)
        felt = [
            beside.submit(_fit_flag, both, flags[:, n], plan, solve) for n in range(flags.shape[1])
        ]
        dense_model = LogisticRegression(C=plan.dense_c, max_iter=120)
        dense_model.fit(dense[inside], names[inside])
    head_dense = _linear(dense_model, classes)
    head_sparse = _linear(sparse_model.result(), classes)
    flag_rows = [flag.result() for flag in felt]
    weights = np.column_stack([weight for weight, _ in flag_rows]).astype(np.float32)
    biases = np.array([bias for _, bias in flag_rows], dtype=np.float32)
    return Head(
        classes=classes,
        space=space,
        dense=head_dense,
        sparse=head_sparse,
        flags_sparse=Linear(weights[: rows.shape[1]], biases),
        flags_dense=Linear(plan.flag_dense * weights[rows.shape[1] :], np.zeros_like(biases)),
        scales=(float(head_dense(dense).std()) or 1.0, float(head_sparse(rows).std()) or 1.0),
        share=plan.dense_share,
    )


def _linear(model: LogisticRegression | LinearSVC, classes: Sequence[str]) -> Linear:
    """The model's weights with columns in the order of `classes`; a class it lacks scores zero."""
    coefficients, biases = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        coefficients = np.vstack([-coefficients, coefficients])
        biases = np.concatenate([-biases, biases])
    place = {name: number for number, name in enumerate(model.classes_)}
    columns = [place.get(name) for name in classes]
    weights = np.zeros((coefficients.shape[1], len(classes)), dtype=np.float32)
    offsets = np.zeros(len(classes), dtype=np.float32)
    for number, column in enumerate(columns):
        if column is not None:
            weights[:, number] = coefficients[column]
            offsets[number] = biases[column]
    return Linear(weights, offsets)


def _fit_flag(
    rows: Matrix, wanted: NDArray[np.bool_], plan: HeadPlan, solve: Solve
) -> tuple[Floats, float]:
    if not wanted.any() or wanted.all():
        return np.zeros(rows.shape[1], dtype=np.float32), 1.0 if wanted.any() else -1.0
    plain = LinearSVC(C=plan.flag_c, class_weight="balanced", tol=TOLERANCE, random_state=0)
    model = solve(plain, rows, wanted)
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])
