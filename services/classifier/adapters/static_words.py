"""A StaticEmbedding of words without a tokenizer's run over each text: words come again, texts do not."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from infra.text.normalise import words
from infra.text.static_embedding import read_static_embedding
from services.classifier.features import Floats, Ids
from services.classifier.model import Vectors
from services.classifier.numbered import Numbered, number_words, side_by_side

KEPT_WORDS = 50_000


class StaticWords:
    """Sums of word vectors, scaled to length 1; the same rows as `SentenceTransformer.encode` gives.

    Summed up in double precision, so that neither the batch nor the order of words shows in a digit.
    """

    def __init__(self, tokenizer: Any, vectors: Floats) -> None:
        self._tokenizer = tokenizer
        self._vectors = vectors
        self._known: dict[str, Ids] = {}

    def embed(self, texts: Sequence[str]) -> Floats:
        numbered = number_words([word.text for word in words(text)] for text in texts)
        return self.add_up(numbered, self.vectors_of(numbered.words))

    def vectors_of(self, found: Sequence[str]) -> Vectors:
        tokens, starts, _ = side_by_side(self._tokens(found))
        ends = np.append(starts, len(tokens))
        ones = np.ones(len(tokens))
        of_words = sparse.csr_matrix(
            (ones, np.arange(len(tokens)), ends), (len(found), len(tokens))
        )
        return np.asarray(of_words @ self._vectors[tokens].astype(np.float64))

    def add_up(self, texts: Numbered, vectors: Vectors) -> Floats:
        ones = np.ones(len(texts.places))
        counts = sparse.csr_matrix(
            (ones, texts.places, texts.ends), (len(texts.ends) - 1, len(texts.words))
        )
        rows: Any = counts @ vectors
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(lengths == 0, 1, lengths), dtype=np.float32)

    def _tokens(self, found: Sequence[str]) -> list[Ids]:
        known = self._known
        fresh = [word for word in found if word not in known]
        encoded = self._tokenizer.encode_batch(fresh, add_special_tokens=False) if fresh else []
        made = {
            word: np.array(one.ids, dtype=np.int32)
            for word, one in zip(fresh, encoded, strict=True)
        }
        if len(known) + len(made) < KEPT_WORDS:
            known.update(made)
        return [made[word] if word in made else known[word] for word in found]


def read_static_words(folder: Path) -> StaticWords | None:
    """None for a model of another kind, or one that takes other things for words than we do."""
    static = read_static_embedding(folder)
    if static is None or not _finds_our_words(static.tokenizer):
        return None
    return StaticWords(static.tokenizer, static.table.astype(np.float32))


def static_words(model: Any) -> StaticWords | None:
    """The same of a `SentenceTransformer` that is in memory."""
    from sentence_transformers.sentence_transformer.modules import (  # noqa: PLC0415
        Normalize,
        StaticEmbedding,
    )

    modules = list(model)
    if [type(one) for one in modules] != [StaticEmbedding, Normalize]:
        return None
    static = modules[0]
    if model.default_prompt_name or not _finds_our_words(static.tokenizer):
        return None
    return StaticWords(static.tokenizer, static.embedding.weight.detach().numpy())


def _finds_our_words(tokenizer: Any) -> bool:
    from services.classifier.export import splitting  # noqa: PLC0415

    said = json.loads(tokenizer.to_str())
    return (said["normalizer"], said["pre_tokenizer"]) == splitting()
