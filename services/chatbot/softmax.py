"""Softmax regression on an embedding and sparse terms side by side."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from services.chatbot.ports import Floats


def fit_softmax(
    dense: Floats,
    terms: sparse.csr_matrix,
    target: NDArray[np.int64],
    importance: NDArray[np.float64],
    *,
    classes: int,
    ridge: float,
    rounds: int,
) -> Floats:
    """Weights (dimensions + 1 + terms) x classes; the row between is the constant."""
    rows = np.hstack([dense, np.ones((len(dense), 1))]).astype(np.float32)
    terms = terms.astype(np.float32)
    back = terms.T.tocsr()
    wanted = np.eye(classes, dtype=np.float32)[target]
    share = (importance / importance.sum()).astype(np.float32)[:, None]
    width = rows.shape[1]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(-1, classes).astype(np.float32)
        logs = log_softmax(rows @ weights[:width] + terms @ weights[width:])
        wrong = (np.exp(logs) - wanted) * share
        gradient = np.vstack([rows.T @ wrong, back @ wrong]) + 2 * ridge * weights
        value = ridge * float((weights**2).sum()) - float((share * wanted * logs).sum())
        return value, gradient.ravel().astype(np.float64)

    start = np.zeros((width + terms.shape[1]) * classes)
    fitted = minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": rounds, "maxcor": 5}
    )
    return np.asarray(fitted.x.reshape(-1, classes), dtype=np.float32)


def log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
