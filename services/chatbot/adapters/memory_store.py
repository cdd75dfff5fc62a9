"""The vector store as one matrix in memory: for a command that answers and ends."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import numpy as np

from services.chatbot.ports import Floats, Hit, Only, StoredPoint


class MemoryStore:
    def __init__(self) -> None:
        self._points: dict[UUID, StoredPoint] = {}
        self._stacked: tuple[list[StoredPoint], Floats] | None = None

    def ids(self) -> set[UUID]:
        return set(self._points)

    def put(self, points: Iterable[StoredPoint]) -> None:
        self._points |= {point.id: point for point in points}
        self._stacked = None

    def remove(self, ids: Iterable[UUID]) -> None:
        for gone in ids:
            self._points.pop(gone, None)
        self._stacked = None

    def nearest(self, vector: Sequence[float], only: Only, limit: int) -> list[Hit]:
        if not any(vector):
            return []
        points, matrix = self._matrix()
        if not points:
            return []
        scores = matrix @ (np.asarray(vector, dtype=np.float32) / np.linalg.norm(vector))
        order = [n for n in np.argsort(-scores, kind="stable") if _matches(points[n], only)]
        return [Hit(points[n].id, float(scores[n])) for n in order[:limit]]

    def close(self) -> None:
        self._points.clear()

    def _matrix(self) -> tuple[list[StoredPoint], Floats]:
        if self._stacked is None:
            points = list(self._points.values())
            rows = np.array([point.vector for point in points], dtype=np.float32)
            lengths = np.linalg.norm(rows, axis=1, keepdims=True) if points else rows
            unit = (rows / np.where(lengths == 0, 1, lengths)).astype(np.float32)
            self._stacked = points, unit
        return self._stacked


def _matches(point: StoredPoint, only: Only) -> bool:
    return (
        point.municipality == only.municipality
        and point.valid_from <= only.day.toordinal() <= point.review_by
        and (not only.languages or point.language in only.languages)
    )
