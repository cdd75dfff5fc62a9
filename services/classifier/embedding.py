"""The municipality's own embedding: general word vectors, weighted by how telling each word is here.

The result is a plain sentence-transformers model (StaticEmbedding and Normalize) that
`SentenceTransformer(path)` loads without any code of ours. One vector per known word, and word pieces
for words never seen. Fine-tuning it on the labels was tried (contrastive, 100-600 steps) and made unseen
inquiries worse, so the labels teach only the head.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from services.classifier.features import Floats, Words
from services.classifier.lexicon import Lexicon

SHARPNESS = 1.5
"""Power of the idf weight: rare words say more than plain idf allows."""


@dataclass(frozen=True)
class WordEmbedding:
    """A weighted vector per word of the lexicon; a text is the normalised sum over its words."""

    lexicon: Lexicon
    weights: Floats

    def embed(self, texts: Sequence[Words]) -> Floats:
        place = self.lexicon.place
        rows = [[place[word] for word in words if word in place] for words in texts]
        ends = np.cumsum([0, *map(len, rows)])
        flat = np.fromiter((c for row in rows for c in row), dtype=np.int32, count=int(ends[-1]))
        shape = (len(texts), len(self.weights))
        counts = sparse.csr_matrix((self.weights[flat], flat, ends), shape=shape)
        return unit(np.asarray(counts @ self.lexicon.vectors, dtype=np.float32))

    def word_vectors(self) -> Floats:
        """One row a word of the lexicon: its share of a text's sum."""
        return np.asarray(self.lexicon.vectors * self.weights[:, None], dtype=np.float32)


def weigh_words(lexicon: Lexicon, texts: Iterable[Words]) -> WordEmbedding:
    """Weights from how many of `texts` hold a word (smoothed idf to the power SHARPNESS)."""
    seen: Counter[str] = Counter()
    total = 0
    for words in texts:
        seen.update(set(words))
        total += 1
    held = np.array([seen[word] for word in lexicon.words], dtype=np.float32)
    idf = np.log((1 + total) / (1 + held)) + 1
    return WordEmbedding(lexicon, (idf**SHARPNESS).astype(np.float32))


def unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths == 0, 1, lengths), dtype=np.float32)
