"""The embedding as any sentence-transformers model, by folder."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.chatbot.ports import Floats


class SentenceTransformerEmbedder:
    """Loads the model when made; the import alone takes seconds."""

    def __init__(self, folder: Path) -> None:
        import torch  # noqa: PLC0415 - slow, and not every command needs it
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415

        # More threads are slower for a static model, and answers share the machine with the rest. The
        # same holds for NumPy's products: on two cores a second thread made them ten times as dear.
        torch.set_num_threads(1)
        threadpool_limits(1)
        self._torch = torch
        self._model = SentenceTransformer(str(folder), device="cpu")
        # A model with prompts (e5 and its like) is left to `encode`, which knows where they go.
        self._is_plain = self._model.default_prompt_name is None
        self._is_static = self._is_plain and _is_static(self._model)
        self.name = folder.name
        self.digest = folder_digest(folder)

    def embed(self, texts: Sequence[str]) -> Floats:
        rows = self._one(texts[0]) if len(texts) == 1 and self._is_plain else self._many(texts)
        return np.nan_to_num(np.asarray(rows, dtype=np.float32))

    def _many(self, texts: Sequence[str]) -> Any:
        return self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)

    def _one(self, text: str) -> Any:
        """What `encode` does, without its batches and progress: they cost six times the embedding."""
        normalize = self._torch.nn.functional.normalize
        with self._torch.inference_mode():
            row = self._mean(text) if self._is_static else self._through_modules(text)
            return normalize(row, dim=1).numpy()

    def _through_modules(self, text: str) -> Any:
        return self._model(self._model.preprocess([text]))["sentence_embedding"]

    def _mean(self, text: str) -> Any:
        """What the two modules of a static model do, bit for bit, in half the time."""
        functional, static = self._torch.nn.functional, self._model[0]
        numbers = static.tokenizer.encode(text, add_special_tokens=False).ids
        row = functional.embedding_bag(
            self._torch.tensor(numbers, dtype=self._torch.long),
            static.embedding.weight,
            self._torch.zeros(1, dtype=self._torch.long),
            mode="mean",
        )
        return functional.normalize(row, dim=1)


def _is_static(model: Any) -> bool:
    """Whether it is the mean of its tokens' vectors, of length 1, and nothing else."""
    from sentence_transformers.sentence_transformer.modules import (  # noqa: PLC0415
        Normalize,
        StaticEmbedding,
    )

    return [type(module) for module in model] == [StaticEmbedding, Normalize]


def folder_digest(folder: Path) -> str:
    """SHA-256 over names and contents of all files, hex."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            whole.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return whole.hexdigest()
