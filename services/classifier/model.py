"""All a classification needs, as one value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from services.classifier.calibrate import OutsideModel
from services.classifier.features import Floats
from services.classifier.head import OUTSIDE, Head
from services.classifier.nearest import Product, plain_product
from services.classifier.numbered import Numbered

Vectors = NDArray[np.float64]


class Embedder(Protocol):
    """Texts to rows of length 1 (n x d); a text it knows nothing of gets zeros."""

    def embed(self, texts: Sequence[str]) -> Floats: ...


@runtime_checkable
class WordEmbedder(Embedder, Protocol):
    """One that sees a text as its words, and need not be given the text again."""

    def vectors_of(self, words: Sequence[str]) -> Vectors:
        """One row a word."""
        ...

    def add_up(self, texts: Numbered, vectors: Vectors) -> Floats:
        """`embed` of texts, from the vectors of their words."""
        ...


@dataclass(frozen=True)
class Calibration:
    """What cross-fitting taught about the head's scores."""

    temperature: float
    trust: tuple[float, float, float]
    """Bias and weights of logit(p1) and log(p1 / p2): how far a best guess may be trusted."""
    thresholds: Mapping[str, float]
    precision: float
    """What a confident verdict promises."""
    ask_cut: float
    """A category at least this probable belongs to the conformal set."""
    urgent: float
    sensitive: float
    outside: OutsideModel
    typicality: tuple[float, ...] = ()
    """Percentiles of how near unseen examples were to their nearest; empty in older models."""


class Known(NamedTuple):
    """A confirmed example as evidence shows it: masked, shortened."""

    category: str
    text: str


@dataclass(frozen=True)
class Kind:
    """What the taxonomy says of a category."""

    department: str
    external: bool
    sensitive: bool


@dataclass(frozen=True)
class Model:
    name: str
    digest: str
    embedder: Embedder
    head: Head
    calibration: Calibration
    examples: Floats
    """Dense rows of the examples, in the order of `known`."""
    known: Sequence[Known]
    kinds: Mapping[str, Kind]
    quick: Product | None = None
    """A product with the examples that is quicker for a batch than the plain one."""

    @cached_property
    def categories(self) -> tuple[str, ...]:
        return tuple(name for name in self.head.classes if name != OUTSIDE)

    @cached_property
    def products(self) -> Sequence[Product]:
        """How `nearest` multiplies the examples, the quickest first."""
        plain = plain_product(self.examples)
        return [plain] if self.quick is None else [self.quick, plain]


def dense_rows(embedder: Embedder, texts: Sequence[str], numbered: Numbered) -> Floats:
    """`numbered` has the words of `texts`."""
    if isinstance(embedder, WordEmbedder):
        return embedder.add_up(numbered, embedder.vectors_of(numbered.words))
    return embedder.embed(texts)
