"""What the chatbot needs from elsewhere."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple, Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into vectors of length 1; a text it knows nothing of becomes the zero vector."""

    @property
    def digest(self) -> str:
        """SHA-256 of the model's files, hex."""
        ...

    @property
    def name(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> Floats:
        """One row a text."""
        ...


class StoredPoint(NamedTuple):
    """A known question of an article, as the vector store keeps it."""

    id: UUID
    vector: Sequence[float]
    topic: str
    language: str
    municipality: str
    valid_from: int
    """Proleptic ordinal of the first day the article answers."""
    review_by: int
    """Proleptic ordinal of the last one."""


class Only(NamedTuple):
    """Which points may be found."""

    day: date
    municipality: str
    languages: tuple[str, ...] = ()
    """Empty: all."""


class Hit(NamedTuple):
    id: UUID
    similarity: float
    """Cosine."""


class VectorStore(Protocol):
    """Points that answer; what was removed is found no more once `remove` returns."""

    def ids(self) -> set[UUID]: ...

    def put(self, points: Iterable[StoredPoint]) -> None:
        """Add or replace; durable when it returns."""
        ...

    def remove(self, ids: Iterable[UUID]) -> None:
        """Unknown ids are ignored; durable when it returns."""
        ...

    def nearest(self, vector: Sequence[float], only: Only, limit: int) -> list[Hit]:
        """Best first, at most `limit`; empty for the zero vector."""
        ...

    def close(self) -> None: ...
