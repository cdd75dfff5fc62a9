"""Why did the machine say that? The past decision, made again by the same model from the same words."""

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from contracts.inquiry import Evidence, InquiryClassified
from infra.keyring import DataKey
from services.classifier.adapters.decisions import Decision
from services.classifier.classify import Inquiry, classify
from services.classifier.consumer import to_event
from services.classifier.model import Model


class Difference(NamedTuple):
    field: str
    recorded: Any
    again: Any


@dataclass(frozen=True)
class Explanation:
    text: str
    title: str | None
    recorded: InquiryClassified
    evidence: Evidence | None
    """As it was recorded."""
    identical: bool
    """Byte for byte the event that was published, in the fields it had."""
    added: tuple[str, ...]
    """Fields that events have got since; additive changes keep an event's version."""
    differences: tuple[Difference, ...]


def explain(decision: Decision, model: Model, key: DataKey) -> Explanation:
    """`model` is the one whose digest the decision names. Raises SealBrokenError."""
    received = decision.received
    text = key.open("text", received.text)
    title = key.open("title", received.title) if received.title else None
    (reading,) = classify([Inquiry(text=text, title=title, hint=received.language)], model)
    again = to_event(received, reading, model, key)
    recorded = InquiryClassified.model_validate_json(decision.classified)
    had = set(json.loads(decision.classified))
    identical = again.model_dump_json(include=had).encode() == decision.classified.encode()
    return Explanation(
        text=text,
        title=title,
        recorded=recorded,
        evidence=_evidence(recorded, key),
        identical=identical,
        added=tuple(sorted(set(InquiryClassified.model_fields) - had)),
        differences=() if identical else differences(decision.classified, again, key),
    )


def differences(recorded: str, again: InquiryClassified, key: DataKey) -> tuple[Difference, ...]:
    """Field by field of those it had, evidence opened; empty when only their spelling differs."""
    was, now = json.loads(recorded), json.loads(again.model_dump_json())
    if was.get("evidence") != now.get("evidence"):
        old = _evidence(InquiryClassified.model_validate(was), key)
        new = _evidence(again, key)
        was["evidence"] = old.model_dump(mode="json") if old else None
        now["evidence"] = new.model_dump(mode="json") if new else None
    return tuple(
        Difference(name, was.get(name), now.get(name))
        for name in sorted(was)
        if was.get(name) != now.get(name)
    )


def _evidence(said: InquiryClassified, key: DataKey) -> Evidence | None:
    if said.evidence is None:
        return None
    return Evidence.model_validate_json(key.open("evidence", said.evidence))
