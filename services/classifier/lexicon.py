"""What words mean in general: vectors distilled once from a multilingual model (lexicon/README.md)."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files

import numpy as np
from safetensors.numpy import load_file

from services.classifier.features import Floats


@dataclass(frozen=True)
class Lexicon:
    """A vector for each word."""

    words: tuple[str, ...]
    vectors: Floats
    place: dict[str, int]


@cache
def load_lexicon() -> Lexicon:
    folder = files("services.classifier") / "lexicon"
    words = tuple((folder / "words.txt").read_text("utf-8").splitlines())
    with as_file(folder / "vectors.safetensors") as path:
        arrays = load_file(path)
    vectors = arrays["vectors"].astype(np.float32) * arrays["scales"]
    return Lexicon(words, vectors, {word: number for number, word in enumerate(words)})
