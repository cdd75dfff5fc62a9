"""Fits linear classifiers one after the other here, or side by side in processes of their own.

liblinear draws from one random generator for all threads of a process: two threads at once would make
another model each time. In a process each it is as fast as there are cores, and bit for bit the same.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from threading import Lock
from typing import Any

from numpy.typing import NDArray
from sklearn.svm import LinearSVC

from services.classifier.features import Matrix

Solve = Callable[[LinearSVC, Matrix, NDArray[Any]], LinearSVC]
PROCESSES = 2
FEWEST_ROWS = 2000
"""Below this a fit is over before its rows have travelled."""
_LIBLINEAR = Lock()


def solve_here(model: LinearSVC, rows: Matrix, labels: NDArray[Any]) -> LinearSVC:
    with _LIBLINEAR:
        return model.fit(rows, labels)


@contextmanager
def solving(rows: int) -> Iterator[Solve]:
    """Something to fit with, for so many rows; called by several threads at once."""
    if rows < FEWEST_ROWS:
        yield solve_here
        return
    # Started afresh, not forked: this process has threads, and locks that a fork would copy closed.
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        # They come at the first call, and have seconds of imports to do: now, while only one core is busy.
        pool.submit(_be_there)
        yield lambda model, rows, labels: pool.submit(_fit, model, rows, labels).result()


def _be_there() -> None:
    pass


def _fit(model: LinearSVC, rows: Matrix, labels: NDArray[Any]) -> LinearSVC:
    return model.fit(rows, labels)
