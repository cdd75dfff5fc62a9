"""What a sentence means as a whole, beside what its words mean: a small transformer, read without torch.

A table of words weighs each word alike wherever it stands; the encoder has learnt which words matter beside
which others. It was taught to give the vectors of a far larger one (`sentences/README.md` says which, and
how) and knows Danish, Swedish and English as citizens write them. Two pre-norm layers (Vaswani et al. 2017;
Xiong et al. 2020) over word vectors; a word it does not know is the sum of its pieces of 3 to 5 letters (Bojanowski
et al. 2017).
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

Floats = NDArray[np.float32]
FOLDER = Path(__file__).parent / "sentences"
LONGEST = 48
"""Words that are read; a longer text is known by its beginning."""
HEADS = 4
PIECE_LENGTHS = (3, 4, 5)
PIECES = 14
"""Pieces of one word that are added up."""
TOGETHER = 128
"""Texts of equal length that are computed at once."""
_WORD = re.compile(r"\w+|[?!]")
_TINY = 1e-5


@dataclass(frozen=True)
class Layer:
    """One transformer layer: matrices, inputs x outputs, each with its shift.

    What a norm scales and shifts by is part of the matrix that reads it (`_reading`).
    """

    query_key_value: tuple[Floats, Floats]
    """Three matrices side by side; queries are scaled for their products with the keys."""
    mix: tuple[Floats, Floats]
    widen: tuple[Floats, Floats]
    narrow: tuple[Floats, Floats]


@dataclass(frozen=True)
class SentenceEncoder:
    vocabulary: dict[str, int]
    words: NDArray[np.int8]
    """known words x width, times `word_scales`"""
    word_scales: Floats
    pieces: NDArray[np.int8]
    """buckets x width, times `piece_scales`"""
    piece_scales: Floats
    positions: Floats
    first_norm: tuple[Floats, Floats]
    layers: tuple[Layer, ...]
    out: tuple[Floats, Floats]

    @property
    def dimensions(self) -> int:
        return int(self.out[0].shape[1])

    def embed(self, texts: Sequence[str]) -> Floats:
        """One row of length 1 a text; zeros for a text without a word."""
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        by_length: defaultdict[int, list[int]] = defaultdict(list)
        split = [words_of(text) for text in texts]
        for number, words in enumerate(split):
            by_length[len(words)].append(number)
        for length, numbers in sorted(by_length.items()):
            for start in range(0, len(numbers) if length else 0, TOGETHER):
                chosen = numbers[start : start + TOGETHER]
                rows[chosen] = self._encode([split[number] for number in chosen])
        return rows

    def _encode(self, texts: Sequence[Sequence[str]]) -> Floats:
        """Texts of equally many words."""
        vectors = np.stack([self._word(word) for words in texts for word in words])
        vectors = vectors.reshape(len(texts), -1, vectors.shape[1])
        states = _norm(vectors + self.positions[: vectors.shape[1]])
        states = states * self.first_norm[0] + self.first_norm[1]
        for layer in self.layers:
            states += _attend(_norm(states), layer)
            hidden = _linear(_norm(states), layer.widen)
            states += _linear(np.maximum(hidden, 0, out=hidden), layer.narrow)
        means = np.concatenate([states.mean(axis=1), vectors.mean(axis=1)], axis=1)
        rows = _linear(means, self.out)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))

    def _word(self, word: str) -> Floats:
        number = self.vocabulary.get(word)
        if number is not None:
            return np.asarray(self.words[number] * self.word_scales)
        found = pieces_of(word, len(self.pieces))
        return np.asarray(self.pieces[found].sum(axis=0, dtype=np.float32) * self.piece_scales)


def words_of(text: str) -> list[str]:
    """The words that are read, and what ends a question or an exclamation."""
    return _WORD.findall(text.lower())[:LONGEST]


def pieces_of(word: str, buckets: int) -> list[int]:
    """Numbers of a word's pieces among so many buckets."""
    framed = f"<{word}>"
    found = [
        framed[start : start + length]
        for length in PIECE_LENGTHS
        for start in range(max(1, len(framed) - length + 1))
    ]
    return [crc32(piece.encode()) % buckets for piece in found[:PIECES]]


def _attend(states: Floats, layer: Layer) -> Floats:
    texts, length, width = states.shape
    size = width // HEADS
    three = _linear(states, layer.query_key_value).reshape(texts, length, 3, HEADS, size)
    query, key, value = three.transpose(2, 0, 3, 1, 4)
    scores = query @ key.swapaxes(-1, -2)
    scores -= scores.max(axis=-1, keepdims=True)
    shares = np.exp(scores, out=scores)
    shares /= shares.sum(axis=-1, keepdims=True)
    together = (shares @ value).transpose(0, 2, 1, 3).reshape(texts, length, width)
    return _linear(together, layer.mix)


def _linear(rows: Floats, weights: tuple[Floats, Floats]) -> Floats:
    found = rows @ weights[0]
    found += weights[1]
    return np.asarray(found)


def _norm(rows: Floats) -> Floats:
    """Each row brought to mean 0 and variance 1."""
    width = np.float32(rows.shape[-1])
    centred = rows - np.add.reduce(rows, axis=-1, keepdims=True) / width
    squares = np.einsum("...i,...i->...", centred, centred)[..., None]
    centred /= np.sqrt(squares / width + np.float32(_TINY))
    return np.asarray(centred)


def _reading(norm: tuple[Floats, Floats], weights: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """The matrix that reads rows before a norm has scaled and shifted them."""
    scale, shift = norm
    return scale[:, None] * weights[0], shift @ weights[0] + weights[1]


@cache
def load_sentence_encoder(folder: Path = FOLDER) -> SentenceEncoder:
    """Read once a process: it is the same for all."""
    arrays: dict[str, Any] = load_file(folder / "encoder.safetensors")
    words = (folder / "words.txt").read_text("utf-8").splitlines()

    def pair(name: str) -> tuple[Floats, Floats]:
        weight, bias = (arrays[f"{name}.{part}"].astype(np.float32) for part in ("weight", "bias"))
        return weight, bias

    def layer(name: str) -> Layer:
        both = _reading(pair(f"{name}.attention_norm"), pair(f"{name}.query_key_value"))
        width = both[0].shape[0]
        queries = np.ones(both[0].shape[1], dtype=np.float32)
        queries[:width] = 1 / np.sqrt(width // HEADS)
        return Layer(
            query_key_value=(both[0] * queries, both[1] * queries),
            mix=pair(f"{name}.mix"),
            widen=_reading(pair(f"{name}.hidden_norm"), pair(f"{name}.widen")),
            narrow=pair(f"{name}.narrow"),
        )

    numbers = {name.split(".")[1] for name in arrays if name.startswith("layers.")}
    return SentenceEncoder(
        vocabulary={word: number for number, word in enumerate(words)},
        words=arrays["words"],
        word_scales=arrays["word_scales"],
        pieces=arrays["pieces"],
        piece_scales=arrays["piece_scales"],
        positions=arrays["positions"].astype(np.float32),
        first_norm=pair("first_norm"),
        layers=tuple(layer(f"layers.{number}") for number in sorted(numbers, key=int)),
        out=pair("out"),
    )


@cache
def sentence_encoder_digest(folder: Path = FOLDER) -> str:
    """SHA-256 over its files, hex."""
    whole = hashlib.sha256()
    for name in ("encoder.safetensors", "words.txt"):
        whole.update((folder / name).read_bytes())
    return whole.hexdigest()
