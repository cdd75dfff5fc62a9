"""The committed schemas, the examples and the topic file say the same as the models."""

import json
from pathlib import Path

import pytest
import yaml

from contracts import documents
from contracts.catalogue import EVENTS, SERVICES, topics

EXAMPLES = sorted((Path(documents.__file__).parent / "examples").glob("*/*.json"))


def test_the_committed_schemas_are_those_of_the_models():
    assert documents.stale() == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_every_example_decodes(path: Path):
    model = EVENTS[path.parent.name.rsplit(".v", 1)[0]]

    event = model.model_validate(json.loads(path.read_text("utf-8")))

    assert model.model_validate_json(event.model_dump_json()) == event


def test_every_event_has_an_example():
    shown = {path.parent.name.rsplit(".v", 1)[0] for path in EXAMPLES}

    assert shown == set(EVENTS)


def test_the_topic_file_knows_every_event_and_only_our_services():
    catalogue = topics()

    assert set(catalogue) == set(EVENTS)
    assert {s for t in catalogue.values() for s in (*t.producers, *t.consumers)} <= set(SERVICES)


def test_the_trail_takes_in_every_topic_but_its_own_receipts():
    missed = {name for name, topic in topics().items() if "audit" not in topic.consumers}

    assert missed == {"trail.receipt"}


def test_a_service_missing_from_the_topic_file_is_refused(monkeypatch):
    raw = {"topics": {"inquiry.received": {"description": "x"}}}
    monkeypatch.setattr(yaml, "safe_load", lambda _: raw)

    with pytest.raises(ValueError, match="producers"):
        topics()
