"""Any sentence-transformers model as the embedder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.classifier.adapters.static_words import read_static_words, static_words
from services.classifier.features import Floats
from services.classifier.model import Embedder


class SentenceTransformerEmbedder:
    """Texts to rows of length 1; a text without known words gets a row of zeros.

    `prefix` is put before each text, as e5 models want (`query: `).
    """

    def __init__(self, model: Any, prefix: str = "") -> None:
        self._model = model
        self._prefix = prefix

    def embed(self, texts: Sequence[str]) -> Floats:
        rows = self._model.encode(
            [self._prefix + text for text in texts],
            batch_size=256,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        rows = np.nan_to_num(np.asarray(rows, dtype=np.float32))
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(lengths == 0, 1, lengths), dtype=np.float32)


def load_embedder(name: str | Path, prefix: str = "") -> Embedder:
    """`name` is a folder or a model id. All but our own model imports torch, which takes ten seconds."""
    own = None if prefix else read_static_words(Path(name))
    return own or _through_torch(name, prefix)


def _through_torch(name: str | Path, prefix: str) -> Embedder:
    import torch  # noqa: PLC0415
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    # One small matrix per text: more threads only wait for each other.
    torch.set_num_threads(1)
    model = SentenceTransformer(str(name), device="cpu").float()
    return embedder_of(model, prefix)


def embedder_of(model: Any, prefix: str = "") -> Embedder:
    """The quick way for models that sum up vectors of words as `words` finds them; else `encode`."""
    own = None if prefix else static_words(model)
    return own or SentenceTransformerEmbedder(model, prefix)
