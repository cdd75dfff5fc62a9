"""The embedding as any sentence-transformers model, by folder."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from services.chatbot.ports import Floats


class SentenceTransformerEmbedder:
    """Loads the model when made; the import alone takes seconds."""

    def __init__(self, folder: Path) -> None:
        import torch  # noqa: PLC0415 - slow, and not every command needs it
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415

        # More threads are slower for a static model, and answers share the machine with the rest.
        torch.set_num_threads(1)
        self._model = SentenceTransformer(str(folder), device="cpu")
        self.name = folder.name
        self.digest = folder_digest(folder)

    def embed(self, texts: Sequence[str]) -> Floats:
        rows = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.nan_to_num(np.asarray(rows, dtype=np.float32))


def folder_digest(folder: Path) -> str:
    """SHA-256 over names and contents of all files, hex."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            whole.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return whole.hexdigest()
