"""Computed once for a message and forgotten with it."""

from collections.abc import Sequence

import numpy as np

from services.chatbot.ports import Embedder, Floats


class MemoEmbedder:
    """Several steps look at the same words. Lives as long as one answer: it holds what a citizen wrote."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._rows: dict[str, Floats] = {}
        self.name = embedder.name
        self.digest = embedder.digest

    def embed(self, texts: Sequence[str]) -> Floats:
        for text in texts:
            if text not in self._rows:
                self._rows[text] = self._embedder.embed([text])[0]
        return np.stack([self._rows[text] for text in texts])
