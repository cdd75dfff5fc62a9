"""What every vector store promises: the embedded one and Qdrant's client pass the same suite."""

from datetime import date
from uuid import UUID

import numpy as np
import pytest

from services.chatbot.adapters.edge_store import EdgeStore
from services.chatbot.adapters.memory_store import MemoryStore
from services.chatbot.adapters.server_store import ServerStore
from services.chatbot.ports import Only, StoredPoint

pytestmark = pytest.mark.slow

TODAY = date(2026, 11, 22)
ONLY = Only(TODAY, "sundby")


@pytest.fixture(params=["edge", "client", "memory"])
def store(request, tmp_path):
    if request.param == "memory":
        opened = MemoryStore()
    elif request.param == "edge":
        opened = EdgeStore(tmp_path / "store", 3)
    else:
        from qdrant_client import QdrantClient

        opened = ServerStore(QdrantClient(":memory:"), "articles", 3)
    yield opened
    opened.close()


def point(number, vector, **changes):
    fields = {
        "topic": f"topic-{number}",
        "language": "da",
        "municipality": "sundby",
        "valid_from": date(2026, 1, 1).toordinal(),
        "review_by": date(2027, 1, 1).toordinal(),
    }
    return StoredPoint(id=UUID(int=number), vector=vector, **(fields | changes))


def found(store, vector=(1.0, 0.0, 0.0), only=ONLY, limit=10):
    return [hit.id.int for hit in store.nearest(vector, only, limit)]


def test_the_nearest_come_best_first_with_their_cosine(store):
    store.put([point(1, (1.0, 0.0, 0.0)), point(2, (0.0, 1.0, 0.0)), point(3, (0.8, 0.6, 0.0))])

    hits = store.nearest((1.0, 0.0, 0.0), ONLY, 2)

    assert [hit.id.int for hit in hits] == [1, 3]
    assert [hit.similarity for hit in hits] == pytest.approx([1.0, 0.8], abs=1e-5)


def test_a_removed_point_is_found_no_more(store):
    store.put([point(1, (1.0, 0.0, 0.0)), point(2, (0.9, 0.1, 0.0))])

    store.remove([UUID(int=1), UUID(int=99)])

    assert found(store) == [2]
    assert store.ids() == {UUID(int=2)}


def test_putting_a_point_again_replaces_it(store):
    store.put([point(1, (1.0, 0.0, 0.0))])
    store.put([point(1, (0.0, 1.0, 0.0))])

    assert len(store.ids()) == 1
    assert store.nearest((1.0, 0.0, 0.0), ONLY, 1)[0].similarity == pytest.approx(0.0, abs=1e-5)


def test_only_the_asked_languages_are_found(store):
    store.put([point(1, (1.0, 0.0, 0.0)), point(2, (1.0, 0.1, 0.0), language="sv")])

    assert found(store, only=ONLY._replace(languages=("sv",))) == [2]
    assert sorted(found(store, only=ONLY._replace(languages=("da", "sv")))) == [1, 2]


def test_an_article_is_found_from_its_first_to_its_last_day_and_not_beyond(store):
    first, last = TODAY, date(2026, 12, 1)
    store.put([point(1, (1.0, 0.0, 0.0), valid_from=first.toordinal(), review_by=last.toordinal())])
    days = [date(2026, 11, 21), first, last, date(2026, 12, 2)]

    assert [found(store, only=ONLY._replace(day=day)) for day in days] == [[], [1], [1], []]


def test_what_is_put_after_a_search_is_filtered_like_what_was_there(store):
    store.put([point(1, (1.0, 0.0, 0.0))])
    assert found(store) == [1]

    store.put([point(2, (1.0, 0.0, 0.0), review_by=date(2026, 11, 1).toordinal())])

    assert found(store) == [1]
    assert sorted(found(store, only=ONLY._replace(day=date(2026, 10, 31)))) == [1, 2]


def test_more_than_a_handful_of_other_points_are_left_out(store):
    others = (point(number, (1.0, 0.0, 0.0), language="sv") for number in range(2, 602))
    store.put([point(1, (1.0, 0.0, 0.0)), *others])

    assert found(store, only=ONLY._replace(languages=("da",))) == [1]


def test_another_municipality_is_never_found(store):
    store.put([point(1, (1.0, 0.0, 0.0), municipality="nordby")])

    assert found(store) == []


def test_the_zero_vector_finds_nothing(store):
    store.put([point(1, (1.0, 0.0, 0.0))])

    assert found(store, vector=(0.0, 0.0, 0.0)) == []


def test_many_points_are_all_listed(store):
    store.put(point(number, (1.0, number / 2000, 0.0)) for number in range(1, 1203))

    assert len(store.ids()) == 1202


def test_the_embedded_store_keeps_its_points_over_a_restart(tmp_path):
    first = EdgeStore(tmp_path / "store", 3)
    first.put([point(1, (1.0, 0.0, 0.0))])
    first.close()

    again = EdgeStore(tmp_path / "store", 3)

    assert again.ids() == {UUID(int=1)}
    again.close()


def test_among_many_points_the_nearest_are_found_exactly(request, tmp_path):
    random = np.random.default_rng(0)
    vectors = random.normal(size=(3000, 48)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    edge = EdgeStore(tmp_path / "many", 48)
    request.addfinalizer(edge.close)
    edge.put([point(number, row.tolist()) for number, row in enumerate(vectors, 1)])

    for question in vectors[::300] + random.normal(scale=0.05, size=(10, 48)).astype(np.float32):
        similar = vectors @ (question / np.linalg.norm(question))
        hits = edge.nearest(question.tolist(), ONLY, 64)
        # A byte a number is only for looking through: who is found, and how near, is as the numbers say.
        assert [hit.id.int - 1 for hit in hits] == np.argsort(-similar)[:64].tolist()
        assert [hit.similarity for hit in hits] == pytest.approx(
            np.sort(similar)[::-1][:64], abs=1e-5
        )
