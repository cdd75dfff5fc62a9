"""Documents generated from the event models: one JSON schema per event, one AsyncAPI description."""

import json
from pathlib import Path
from typing import Any

from contracts.catalogue import EVENTS, topics

HERE = Path(__file__).parent
SCHEMAS = HERE / "schemas"
ASYNCAPI = HERE / "asyncapi.json"


def documents() -> dict[Path, str]:
    """What each generated file must hold."""
    files = {
        SCHEMAS / f"{name}.v{model.version}.json": _text(model.model_json_schema())
        for name, model in EVENTS.items()
    }
    return files | {ASYNCAPI: _text(asyncapi())}


def write() -> list[str]:
    """Write every generated file; returns their names."""
    SCHEMAS.mkdir(exist_ok=True)
    for path, content in documents().items():
        path.write_text(content, "utf-8")
    return [str(path.relative_to(HERE.parent)) for path in documents()]


def stale() -> list[str]:
    """Generated files that are missing, differ from the models, or belong to no model."""
    wanted = documents()
    old = [p for p, content in wanted.items() if not p.exists() or p.read_text("utf-8") != content]
    orphans = [path for path in SCHEMAS.glob("*.json") if path not in wanted]
    return [str(path.relative_to(HERE.parent)) for path in (*old, *orphans)]


def asyncapi() -> dict[str, Any]:
    """AsyncAPI 3.0: a channel per topic, a send or receive operation per service and topic."""
    catalogue = topics()
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for name, topic in catalogue.items():
        model = EVENTS[name]
        channels[name] = {
            "address": name,
            "description": topic.description,
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
            "bindings": {"kafka": {"topic": name, "partitions": topic.partitions}},
        }
        messages[name] = {
            "name": f"{name}.v{model.version}",
            "contentType": "application/json",
            "headers": _cloudevents_headers(f"{name}.v{model.version}"),
            "payload": model.model_json_schema(),
            "bindings": {"kafka": {"key": {"type": "string", "description": topic.key}}},
        }
        for action, services in (("send", topic.producers), ("receive", topic.consumers)):
            for service in services:
                operations[f"{service}.{action}.{name}"] = {
                    "action": action,
                    "channel": {"$ref": f"#/channels/{name}"},
                    "tags": [{"name": service}],
                }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Henvend events",
            "version": "1",
            "description": "CloudEvents 1.0 in Kafka binary mode. Fields of type Sealed hold "
            "ciphertext; the keyring opens them.",
            "license": {"name": "EUPL-1.2"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _cloudevents_headers(event_type: str) -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "required": ["ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_specversion"],
        "properties": {
            "ce_id": {"type": "string", "format": "uuid"},
            "ce_type": {"const": event_type},
            "ce_source": text,
            "ce_subject": text,
            "ce_time": {"type": "string", "format": "date-time"},
            "ce_specversion": {"const": "1.0"},
            "content-type": {"const": "application/json"},
        },
    }


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
