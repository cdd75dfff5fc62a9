"""The vector store in process: Qdrant's own engine, one folder, one process at a time."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import qdrant_edge as edge

from services.chatbot.ports import Hit, Only, StoredPoint

BATCH = 500
LAYOUT = "bytes"
"""Part of a store's folder name: a store keeps the layout it was made with, and one of another is made anew."""
INDEXED = {
    "municipality": edge.PayloadSchemaType.Keyword,
    "language": edge.PayloadSchemaType.Keyword,
    "valid_from": edge.PayloadSchemaType.Integer,
    "review_by": edge.PayloadSchemaType.Integer,
}
"""What is filtered by: without an index a search reads every payload, which is 20 times slower."""
_SEARCH = edge.SearchParams(
    quantization=edge.QuantizationSearchParams(rescore=True, oversampling=2.0)
)
FEW = 500
"""So many points are left out of a search by name: that takes half the time of asking each one."""


class EdgeStore:
    def __init__(self, folder: Path, dimensions: int) -> None:
        config = edge.EdgeConfig(
            vectors=edge.EdgeVectorParams(
                size=dimensions,
                distance=edge.Distance.Cosine,
                # A byte a number to look through, the numbers themselves for the few that are found: the
                # same answers, and a quarter of the memory to read for each.
                quantization_config=edge.ScalarQuantizationConfig(
                    type=edge.ScalarType.Int8, always_ram=True
                ),
                # No graph: it would leave out neighbours, and a few thousand points need none.
                hnsw_config=edge.HnswIndexConfig(m=0, ef_construct=100, full_scan_threshold=0),
            ),
            # One thread: a few thousand points are searched faster than threads are woken.
            max_search_threads=1,
        )
        if (folder / "segments").is_dir():
            self._shard = edge.EdgeShard.load(str(folder))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self._shard = edge.EdgeShard.create(str(folder), config)
        for field, kind in INDEXED.items():
            # Again is harmless, and gives one to stores made before there was any.
            self._shard.update(edge.UpdateOperation.create_field_index(field, kind))
        self._filtered: tuple[Only, edge.Filter | None] | None = None

    def ids(self) -> set[UUID]:
        found: set[UUID] = set()
        offset: Any = None
        while True:
            records, offset = self._shard.scroll(edge.ScrollRequest(offset=offset, limit=BATCH))
            found.update(cast("UUID", record.id) for record in records)
            if offset is None:
                return found

    def put(self, points: Iterable[StoredPoint]) -> None:
        self._filtered = None
        waiting = iter(points)
        while batch := list(islice(waiting, BATCH)):
            self._shard.update(edge.UpdateOperation.upsert_points([_point(p) for p in batch]))
        # Only what is settled is searched by bytes; until then it is searched in full, which finds the same.
        self._shard.optimize()
        self._shard.flush()

    def remove(self, ids: Iterable[UUID]) -> None:
        self._filtered = None
        waiting = iter(ids)
        while batch := list(islice(waiting, BATCH)):
            self._shard.update(edge.UpdateOperation.delete_points([*batch]))
        self._shard.flush()

    def nearest(self, vector: Sequence[float], only: Only, limit: int) -> list[Hit]:
        if not any(vector):
            return []
        found = self._shard.query(
            edge.QueryRequest(
                limit=limit,
                query=edge.Query.Nearest(list(vector)),
                filter=self._filter(only),
                params=_SEARCH,
            )
        )
        # Every id was put in as a UUID.
        return [Hit(cast("UUID", point.id), point.score) for point in found]

    def close(self) -> None:
        self._shard.close()

    def _filter(self, only: Only) -> edge.Filter | None:
        """Nearly every search of a day wants the same of the same points, and nearly all of them fit."""
        if self._filtered is None or self._filtered[0] != only:
            self._filtered = only, self._cheapest(only)
        return self._filtered[1]

    def _cheapest(self, only: Only) -> edge.Filter | None:
        """What lets through exactly what `_filter(only)` does, as long as no point changes."""
        others = edge.Filter(must_not=[_filter(only)])
        found, _ = self._shard.scroll(edge.ScrollRequest(filter=others, limit=FEW + 1))
        if len(found) > FEW:
            return _filter(only)
        left_out = {record.id for record in found}
        return edge.Filter(must_not=[edge.HasIdCondition(left_out)]) if left_out else None


def _point(point: StoredPoint) -> edge.Point:
    return edge.Point(
        id=point.id,
        vector=list(point.vector),
        payload={
            "topic": point.topic,
            "language": point.language,
            "municipality": point.municipality,
            "valid_from": point.valid_from,
            "review_by": point.review_by,
        },
    )


def _filter(only: Only) -> edge.Filter:
    day = only.day.toordinal()
    conditions: list[Any] = [
        edge.FieldCondition("municipality", match=edge.MatchValue(only.municipality)),
        edge.FieldCondition("valid_from", range=edge.RangeFloat(lte=day)),
        edge.FieldCondition("review_by", range=edge.RangeFloat(gte=day)),
    ]
    if only.languages:
        conditions.append(
            edge.FieldCondition("language", match=edge.MatchAny(list(only.languages)))
        )
    return edge.Filter(must=conditions)
