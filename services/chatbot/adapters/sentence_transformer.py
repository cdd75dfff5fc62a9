"""The embedding as any sentence-transformers model, by folder.

A model that only adds up what its words mean gets a second half: what the sentence means as a whole.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from infra.text.sentence_encoder import load_sentence_encoder, sentence_encoder_digest
from infra.text.static_embedding import StaticEmbedding, read_static_embedding
from services.chatbot.ports import Floats

SENTENCE = 0.5
"""Share of the sentence's meaning in the square of a vector's length; the words have the rest."""


class SentenceTransformerEmbedder:
    """Loads the model when made; one that needs torch takes ten seconds for that."""

    def __init__(self, folder: Path, *, sentences: bool = True) -> None:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415

        # More threads are slower for a static model, and answers share the machine with the rest. The
        # same holds for NumPy's products: on two cores a second thread made them ten times as dear.
        threadpool_limits(1)
        static = read_static_embedding(folder)
        self._model: Any = static or _Modules(folder)
        self.name = folder.name
        self.digest = folder_digest(folder)
        if static is not None and sentences:
            self._model = _WordsAndSentence(static)
            both = f"{self.digest}/{sentence_encoder_digest()}/{SENTENCE}"
            self.digest = hashlib.sha256(both.encode()).hexdigest()

    def embed(self, texts: Sequence[str]) -> Floats:
        return np.nan_to_num(np.asarray(self._model.embed(texts), dtype=np.float32))


class _WordsAndSentence:
    def __init__(self, words: StaticEmbedding) -> None:
        self._words = words
        self._sentences = load_sentence_encoder()

    def embed(self, texts: Sequence[str]) -> Any:
        words, sentences = self._words.embed(texts), self._sentences.embed(texts)
        width = words.shape[1]
        rows = np.empty((len(words), width + sentences.shape[1]), dtype=np.float32)
        np.multiply(words, np.float32(np.sqrt(1 - SENTENCE)), out=rows[:, :width])
        np.multiply(sentences, np.float32(np.sqrt(SENTENCE)), out=rows[:, width:])
        # A text without a known word stays without a direction.
        rows[~words.any(axis=1)] = 0
        return rows


class _Modules:
    """Any model at all, through torch."""

    def __init__(self, folder: Path) -> None:
        import torch  # noqa: PLC0415 - seconds, and the product's own model does without
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415

        torch.set_num_threads(1)
        self._torch = torch
        self._model = SentenceTransformer(str(folder), device="cpu")
        # A model with prompts (e5 and its like) is left to `encode`, which knows where they go.
        self._is_plain = self._model.default_prompt_name is None

    def embed(self, texts: Sequence[str]) -> Any:
        if len(texts) == 1 and self._is_plain:
            return self._one(texts[0])
        return self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)

    def _one(self, text: str) -> Any:
        """What `encode` does, without its batches and progress."""
        with self._torch.inference_mode():
            row = self._model(self._model.preprocess([text]))["sentence_embedding"]
            return self._torch.nn.functional.normalize(row, dim=1).numpy()


def folder_digest(folder: Path) -> str:
    """SHA-256 over names and contents of all files, hex."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            whole.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return whole.hexdigest()
