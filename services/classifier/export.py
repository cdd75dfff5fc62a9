"""Turns the n-gram embedding into plain sentence-transformers modules that load without our code."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.classifier.embedding import SIZES, NgramEmbedding
from services.classifier.features import Floats, Words

PIECES = 6000
# How people without these keys write them.
_SPELLINGS = (
    str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe"}),
    str.maketrans({"æ": "a", "ø": "o", "å": "a", "ä": "a", "ö": "o"}),
)
_UNKNOWN = "[UNK]"
WORD_PATTERN = r"[\w\u0300-\u036f]+|[^\w\s]"


def to_sentence_transformer(embedding: NgramEmbedding, texts: Iterable[Words]) -> Any:
    """A `SentenceTransformer` of StaticEmbedding and Normalize, in half precision."""
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - import takes seconds
    from sentence_transformers.models import Normalize, StaticEmbedding  # noqa: PLC0415

    counts = Counter(word for text in texts for word in text)
    vectors = _word_table(embedding, sorted(counts))
    vectors |= {p: v for p, v in _pieces(embedding, counts).items() if p not in vectors}
    names = [_UNKNOWN, *sorted(vectors)]
    width = embedding.vectors.shape[1]
    table = np.vstack([np.zeros((1, width), dtype=np.float32), *(vectors[n] for n in names[1:])])
    static = StaticEmbedding(_tokenizer(names), embedding_weights=table)
    return SentenceTransformer(modules=[static.half(), Normalize()], device="cpu")


def _word_table(embedding: NgramEmbedding, words: Sequence[str]) -> dict[str, Floats]:
    """Known words exactly; other spellings of a word share its vector."""
    rows = embedding.word_vectors(words)
    table = {word: rows[number] for number, word in enumerate(words)}
    for word in words:
        for spelling in _SPELLINGS:
            table.setdefault(word.translate(spelling), table[word])
    return table


def _pieces(embedding: NgramEmbedding, counts: Counter[str]) -> dict[str, Floats]:
    """Word pieces for words never seen: vectors of the n-grams inside them."""
    letters = sorted({letter for word in counts for letter in word} | set(map(chr, range(33, 127))))
    frequent = [word for word, count in counts.items() if count > 2 and len(word) > 3]
    pieces = {*letters, *(f"##{letter}" for letter in letters), *_trained_pieces(counts)}
    table = {piece: _piece_vector(embedding, piece) for piece in sorted(pieces)}
    # Compounds end in words: byggetilladelse = bygge + ##tilladelse.
    table |= {f"##{word}": _gram_vector(embedding, f"{word}>") for word in sorted(frequent)}
    return table


def _trained_pieces(counts: Counter[str]) -> list[str]:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers  # noqa: PLC0415

    tokenizer = Tokenizer(models.WordPiece(unk_token=_UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordPieceTrainer(
        vocab_size=PIECES, special_tokens=[_UNKNOWN], show_progress=False
    )
    words = sorted(counts)
    tokenizer.train_from_iterator(
        (" ".join([word] * min(counts[word], 20)) for word in words), trainer
    )
    return [piece for piece in tokenizer.get_vocab() if piece != _UNKNOWN]


def _piece_vector(embedding: NgramEmbedding, piece: str) -> Floats:
    inside = piece.removeprefix("##")
    return _gram_vector(embedding, inside if piece.startswith("##") else f"<{inside}")


def _gram_vector(embedding: NgramEmbedding, text: str) -> Floats:
    space = embedding.space
    found = [text[i : i + n] for n in SIZES for i in range(len(text) - n + 1)]
    ids: NDArray[np.int64] = np.array(
        [space.index[g] for g in found if g in space.index], dtype=int
    )
    if not len(ids):
        return np.zeros(embedding.vectors.shape[1], dtype=np.float32)
    summed = (space.idf[ids, None] * embedding.vectors[ids]).sum(axis=0)
    return np.asarray(summed / np.sqrt(len(ids)), dtype=np.float32)


def _tokenizer(names: Sequence[str]) -> Any:
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers  # noqa: PLC0415

    vocabulary = {name: number for number, name in enumerate(names)}
    tokenizer = Tokenizer(
        models.WordPiece(vocabulary, unk_token=_UNKNOWN, max_input_chars_per_word=60)
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    # "removed" + inverted keeps what matches: the words.
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(WORD_PATTERN), "removed", invert=True)
    return tokenizer
