"""Trains the municipality's own embedding: LSA over n-grams, then contrastive fine-tuning.

The result is a plain sentence-transformers model (StaticEmbedding and Normalize) that
`SentenceTransformer(path)` loads without any code of ours. One vector per known word (the weighted sum
of its n-grams' vectors), and word pieces for words never seen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from services.classifier.features import (
    FeatureSpace,
    Floats,
    Matrix,
    Words,
    fit_features,
    unit_rows,
)

SIZES = range(3, 6)


@dataclass(frozen=True)
class EmbeddingPlan:
    """How to train; the defaults were compared by cross-validation on the sample municipality."""

    dimensions: int = 256
    min_texts: int = 2
    most_features: int = 20_000
    steps: int = 200
    rows_per_class: int = 2
    classes_per_step: int = 64
    scale: float = 16.0
    learning_rate: float = 1e-3
    dropout: float = 0.3
    seed: int = 20


@dataclass(frozen=True)
class NgramEmbedding:
    """A vector for each n-gram; a text is the normalised sum over its words."""

    space: FeatureSpace
    vectors: Floats

    def embed(self, texts: Sequence[Words]) -> Floats:
        return unit(weighted(self.space, texts) @ self.vectors)

    def word_vectors(self, words: Sequence[str]) -> Floats:
        """One row a word, exactly its share of a text's sum."""
        return np.asarray(_word_weights(self.space, words) @ self.vectors, dtype=np.float32)


Progress = Callable[[int, int], None]


def train_embedding(
    texts: Sequence[Words],
    labels: Sequence[str | None],
    plan: EmbeddingPlan,
    progress: Progress = lambda _done, _all: None,
) -> NgramEmbedding:
    """`texts` without a label (None) shape the vocabulary and the LSA, not the fine-tuning."""
    space = fit_features(
        texts, sizes=SIZES, pairs=False, min_texts=plan.min_texts, most=plan.most_features
    )
    rows = unit_rows(weighted(space, texts))
    dimensions = min(plan.dimensions, min(rows.shape) - 1)
    _, _, components = randomized_svd(rows, dimensions, n_iter=2, random_state=plan.seed)
    start = np.ascontiguousarray(components.T, dtype=np.float32)
    labelled = np.flatnonzero([label is not None for label in labels])
    names = [label for label in labels if label is not None]
    return NgramEmbedding(space, _fine_tune(start, rows[labelled], names, plan, progress))


def weighted(space: FeatureSpace, texts: Sequence[Words]) -> Matrix:
    """One row a text: the sum over its words of idf / sqrt(number of the word's n-grams)."""
    vocabulary: dict[str, int] = {}
    columns = [[vocabulary.setdefault(w, len(vocabulary)) for w in words] for words in texts]
    ends = np.cumsum([0, *map(len, columns)])
    flat = np.fromiter((c for row in columns for c in row), dtype=np.int32, count=int(ends[-1]))
    counts = sparse.csr_matrix(
        (np.ones(len(flat), dtype=np.float32), flat, ends), shape=(len(texts), len(vocabulary))
    )
    counts.sum_duplicates()
    return (counts @ _word_weights(space, list(vocabulary))).tocsr()


def unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths == 0, 1, lengths), dtype=np.float32)


def _word_weights(space: FeatureSpace, words: Sequence[str]) -> Matrix:
    ids = [space.of_word(word) for word in words]
    ends = np.cumsum([0, *map(len, ids)])
    columns = np.concatenate(ids) if ids else np.empty(0, dtype=np.int32)
    shares = np.repeat([1 / np.sqrt(max(1, len(row))) for row in ids], [len(row) for row in ids])
    return sparse.csr_matrix(
        ((space.idf[columns] * shares).astype(np.float32), columns, ends),
        shape=(len(words), len(space.idf)),
    )


def _fine_tune(
    start: Floats, rows: Matrix, labels: Sequence[str], plan: EmbeddingPlan, progress: Progress
) -> Floats:
    """Supervised contrastive: each step pulls together texts of a class and pushes classes apart."""
    import torch  # noqa: PLC0415 - takes seconds, and only training needs it

    classes = sorted(set(labels))
    members = [np.flatnonzero([label == name for label in labels]) for name in classes]
    members = [rows_of for rows_of in members if len(rows_of) > 1]
    if len(members) < 2:
        return start
    random = np.random.default_rng(plan.seed)
    vectors = torch.from_numpy(start.copy())
    optimiser = torch.optim.Adam([vectors], lr=plan.learning_rate, fused=True)
    warm_up = max(1, plan.steps // 20)
    for step in range(plan.steps):
        progress(step, plan.steps)
        pace = min(1, (step + 1) / warm_up) * (1 - step / plan.steps)
        optimiser.param_groups[0]["lr"] = plan.learning_rate * pace
        first, second = _pairs(members, plan, random)
        batch = rows[np.concatenate([first, second])]
        batch.data = batch.data * (random.random(len(batch.data)) > plan.dropout)
        sums = torch.from_numpy(batch @ vectors.numpy()).requires_grad_()
        loss = _contrast(torch, sums, plan.scale)
        loss.backward()
        vectors.grad = torch.from_numpy(np.ascontiguousarray(batch.T.tocsr() @ sums.grad.numpy()))
        optimiser.step()
    return vectors.numpy()


def _pairs(members: list, plan: EmbeddingPlan, random: np.random.Generator):
    """One pair of different rows from each of the chosen classes."""
    chosen = random.permutation(len(members))[: plan.classes_per_step]
    pairs = [random.choice(members[number], size=2, replace=False) for number in chosen]
    return np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])


def _contrast(torch, sums, scale: float):
    rows = torch.nn.functional.normalize(sums, dim=1)
    half = len(rows) // 2
    scores = rows[:half] @ rows[half:].T * scale
    target = torch.arange(half)
    loss = torch.nn.functional.cross_entropy
    return (loss(scores, target) + loss(scores.T, target)) / 2
