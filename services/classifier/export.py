"""Turns word vectors into plain sentence-transformers modules that load without our code."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from services.classifier.embedding import SHARPNESS, WordEmbedding
from services.classifier.features import Floats

PIECES = 5000
LONG_WORD = 4
ENDINGS_IN = 4
# How people without these keys write them.
_SPELLING = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe"})
_UNKNOWN = "[UNK]"
WORD_PATTERN = r"[\w\u0300-\u036f]+|[^\w\s]"


def to_sentence_transformer(embedding: WordEmbedding) -> Any:
    """A `SentenceTransformer` of StaticEmbedding and Normalize."""
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - import takes seconds
    from sentence_transformers.sentence_transformer.modules import (  # noqa: PLC0415
        Normalize,
        StaticEmbedding,
    )

    words = embedding.lexicon.words
    table = dict(zip(words, embedding.word_vectors(), strict=True))
    for word in words:
        table.setdefault(word.translate(_SPELLING), table[word])
    # Only words in some use here end compounds: those that at least ENDINGS_IN texts hold.
    rarest = (embedding.weights.max() ** (1 / SHARPNESS) - np.log(1 + ENDINGS_IN)) ** SHARPNESS
    used = embedding.weights <= rarest
    endings = [
        word for word, known in zip(words, used, strict=True) if known and len(word) > LONG_WORD
    ]
    table |= {p: v for p, v in _pieces(words, endings, table).items() if p not in table}
    names = [_UNKNOWN, *sorted(table)]
    width = embedding.lexicon.vectors.shape[1]
    rows = np.vstack([np.zeros((1, width), dtype=np.float32), *(table[n] for n in names[1:])])
    static = StaticEmbedding(_tokenizer(names), embedding_weights=rows)
    return SentenceTransformer(modules=[static, Normalize()], device="cpu")


def _pieces(
    words: Sequence[str], endings: Sequence[str], table: dict[str, Floats]
) -> dict[str, Floats]:
    """For words never seen: a piece means what the words that hold it mean on average."""
    long = [word for word in words if len(word) >= LONG_WORD and word.isalpha()]
    # Compounds end in words: byggetilladelse = bygge + ##tilladelse.
    pieces = {f"##{word}": table[word] for word in endings if word.isalpha()}
    tokenizer, trained = _trained_pieces(long)
    sums: dict[str, Floats] = {}
    counts: dict[str, int] = {}
    for word, encoded in zip(long, tokenizer.encode_batch(list(long)), strict=True):
        for piece in encoded.tokens:
            sums[piece] = sums[piece] + table[word] if piece in sums else table[word].copy()
            counts[piece] = counts.get(piece, 0) + 1
    nothing = np.zeros_like(next(iter(table.values())))
    for piece in trained:
        # One letter says nothing.
        says = piece in sums and len(piece.removeprefix("##")) > 2
        pieces.setdefault(piece, sums[piece] / np.float32(counts[piece]) if says else nothing)
    for letter in map(chr, range(33, 127)):
        pieces.setdefault(letter.lower(), nothing)
        pieces.setdefault(f"##{letter.lower()}", nothing)
    return pieces


def _trained_pieces(words: Iterable[str]) -> tuple[Any, list[str]]:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers  # noqa: PLC0415

    tokenizer = Tokenizer(models.WordPiece(unk_token=_UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    words = list(words)
    # Named beforehand, for the trainer numbers them in an order that is another each time.
    letters = [f"##{letter}" for letter in sorted({letter for word in words for letter in word})]
    trainer = trainers.WordPieceTrainer(
        vocab_size=PIECES, special_tokens=[_UNKNOWN, *letters], show_progress=False
    )
    tokenizer.train_from_iterator(words, trainer)
    return tokenizer, sorted(piece for piece in tokenizer.get_vocab() if piece != _UNKNOWN)


def splitting() -> tuple[Any, Any]:
    """How our tokenizers find words, as `tokenizer.json` says it: normalizer and pre_tokenizer."""
    said = json.loads(_tokenizer([_UNKNOWN]).to_str())
    return said["normalizer"], said["pre_tokenizer"]


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
