"""The head: ridge regression of topics, whose answers without some of its rows have a closed form."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from services.chatbot.index import Head, Index
from services.chatbot.knowledge import KnowledgeError
from services.chatbot.ports import Floats

UNSOUND = (
    "The language model gives vectors that cannot be compared (not numbers, or not of length 1), so no "
    "publication can be made; what is published goes on answering. Train the model again (`henvend "
    "train`) or name another one (HENVEND_CHATBOT_MODEL), then publish again."
)


class HeadPlan(NamedTuple):
    dense_share: float = 0.4
    ridge: float = 0.4


PLAN = HeadPlan()


class Solved(NamedTuple):
    """The fitted head and what is needed to ask it without some of the rows it was fitted to."""

    head: Head
    half: Floats
    """The inverse of the kernel's lower Cholesky factor: the kernel's inverse is its square."""
    dual: Floats
    targets: Floats

    def without(self, rows: NDArray[np.int64], asked: NDArray[np.int64]) -> Floats:
        """What a head fitted without `rows` (in order) says about `asked`, which must be among them.

        Exact, by the block of the kernel's inverse that belongs to `rows`.
        """
        # Above its diagonal a column of `half` is empty.
        columns = self.half[rows[0] :, rows]
        block = columns.T @ columns
        shift = np.linalg.solve(block, self.dual[rows])
        place = np.searchsorted(rows, asked)
        return np.asarray(self.targets[asked] - shift[place])


def solve_head(index: Index, plan: HeadPlan = PLAN) -> Solved:
    """Weights such that `dense @ D + sparse @ S` is near 1 for the right topic and 0 for others.

    Raises KnowledgeError when the vectors allow none.

    Rows are the known questions, the articles' own sentences and, for no topic at all, the questions
    that are nobody's here; in that order.
    """
    rows = (*index.entries, *index.passages, *index.outside)
    vectors = np.concatenate([index.vectors, index.passage_vectors, index.outside_vectors])
    terms = index.questions.vectors([e.text for e in rows], [e.language for e in rows])
    # Single precision halves the work; the ridge keeps the kernel far from singular.
    kernel = plan.dense_share * (vectors @ vectors.T).astype(np.float32)
    kernel += (1 - plan.dense_share) * (terms @ terms.T).toarray()
    kernel[np.diag_indices_from(kernel)] += plan.ridge
    nothing = len(index.topics)
    numbers = [index.topic_numbers.get(entry.topic, nothing) for entry in rows]
    targets = np.eye(nothing + 1, dtype=np.float32)[numbers][:, :nothing]
    dual, half = _solve(kernel, targets)
    head = Head(
        dense=(plan.dense_share * vectors.T @ dual).astype(np.float32),
        sparse=np.asarray((1 - plan.dense_share) * (terms.T @ dual), dtype=np.float32),
    )
    return Solved(head, half, dual, targets)


def _solve(kernel: Floats, targets: Floats) -> tuple[Floats, Floats]:
    """The kernel's inverse times the targets, and half of that inverse: a third less work than all of it.

    The kernel is symmetric and positive definite; it is overwritten.
    """
    # Its transpose is the same matrix, in the order of rows that is overwritten without a copy.
    factor, failed = lapack.spotrf(kernel.T, lower=1, clean=1, overwrite_a=1)
    if failed:
        raise KnowledgeError([UNSOUND])
    dual, _ = lapack.spotrs(factor, targets, lower=1)
    half, _ = lapack.strtri(factor, lower=1, overwrite_c=1)
    return np.asarray(dual), np.asarray(half)
