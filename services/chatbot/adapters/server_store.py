"""The vector store as a Qdrant server (or qdrant-client's own local mode)."""

from collections.abc import Iterable, Sequence
from itertools import islice
from uuid import UUID

from qdrant_client import QdrantClient
from qdrant_client import models as q
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from infra.chassis.errors import DependencyUnavailableError
from services.chatbot.ports import Hit, Only, StoredPoint

BATCH = 500
INDEXED = {
    "municipality": q.PayloadSchemaType.KEYWORD,
    "language": q.PayloadSchemaType.KEYWORD,
    "valid_from": q.PayloadSchemaType.INTEGER,
    "review_by": q.PayloadSchemaType.INTEGER,
}
"""What is filtered by."""


class ServerStore:
    """`collection` is made on first use."""

    def __init__(self, client: QdrantClient, collection: str, dimensions: int) -> None:
        self._client = client
        self._collection = collection
        try:
            if not client.collection_exists(collection):
                client.create_collection(
                    collection,
                    vectors_config=q.VectorParams(size=dimensions, distance=q.Distance.COSINE),
                )
                for field, kind in INDEXED.items():
                    client.create_payload_index(collection, field, kind)
        except (ResponseHandlingException, UnexpectedResponse) as error:
            raise DependencyUnavailableError("vector store") from error

    def ids(self) -> set[UUID]:
        found: set[UUID] = set()
        offset: q.ExtendedPointId | None = None
        try:
            while True:
                records, offset = self._client.scroll(
                    self._collection, limit=BATCH, offset=offset, with_payload=False
                )
                found.update(UUID(str(record.id)) for record in records)
                if offset is None:
                    return found
        except (ResponseHandlingException, UnexpectedResponse) as error:
            raise DependencyUnavailableError("vector store") from error

    def put(self, points: Iterable[StoredPoint]) -> None:
        waiting = iter(points)
        try:
            while batch := list(islice(waiting, BATCH)):
                self._client.upsert(self._collection, [_point(p) for p in batch], wait=True)
        except (ResponseHandlingException, UnexpectedResponse) as error:
            raise DependencyUnavailableError("vector store") from error

    def remove(self, ids: Iterable[UUID]) -> None:
        waiting = iter(ids)
        try:
            while batch := list(islice(waiting, BATCH)):
                self._client.delete(
                    self._collection,
                    q.PointIdsList(points=[str(i) for i in batch]),
                    wait=True,
                )
        except (ResponseHandlingException, UnexpectedResponse) as error:
            raise DependencyUnavailableError("vector store") from error

    def nearest(self, vector: Sequence[float], only: Only, limit: int) -> list[Hit]:
        if not any(vector):
            return []
        try:
            found = self._client.query_points(
                self._collection,
                query=list(vector),
                query_filter=_filter(only),
                limit=limit,
                search_params=q.SearchParams(exact=True),
                with_payload=False,
            )
        except (ResponseHandlingException, UnexpectedResponse) as error:
            raise DependencyUnavailableError("vector store") from error
        return [Hit(UUID(str(point.id)), point.score) for point in found.points]

    def close(self) -> None:
        self._client.close()


def _point(point: StoredPoint) -> q.PointStruct:
    return q.PointStruct(
        id=str(point.id),
        vector=list(point.vector),
        payload={
            "topic": point.topic,
            "language": point.language,
            "municipality": point.municipality,
            "valid_from": point.valid_from,
            "review_by": point.review_by,
        },
    )


def _filter(only: Only) -> q.Filter:
    day = only.day.toordinal()
    conditions: list[q.Condition] = [
        q.FieldCondition(key="municipality", match=q.MatchValue(value=only.municipality)),
        q.FieldCondition(key="valid_from", range=q.Range(lte=day)),
        q.FieldCondition(key="review_by", range=q.Range(gte=day)),
    ]
    if only.languages:
        conditions.append(
            q.FieldCondition(key="language", match=q.MatchAny(any=list(only.languages)))
        )
    return q.Filter(must=conditions)
