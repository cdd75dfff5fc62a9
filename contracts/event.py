"""The envelope of every event: CloudEvents 1.0 in Kafka binary mode, keyed by its subject.

Format: CloudEvents Kafka protocol binding 1.0.2, section 3.2 (binary content mode).
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Generic, NamedTuple, Self, TypeVar
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, ValidationError

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/json"
# One namespace for every derived id, so that the same effect of the same cause always has the same id.
EFFECTS = UUID("6f1d1a3e-6a0c-5f0e-9a55-2f8f4f4b0f11")
MAX_BODY_BYTES = 1_000_000
"""Larger records are never decoded: no event comes near, and attachments stay in intake."""

Confidence = Annotated[float, Field(ge=0, le=1)]


class InvalidEventError(ValueError):
    """A record that can never become an event. `reason` is a code; the content is never quoted."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class Part(BaseModel):
    """Base of everything inside an event: frozen, unknown fields ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Part):
    """Base of all event bodies. Additive changes keep the version."""

    type: ClassVar[str]
    version: ClassVar[int] = 1

    @property
    def subject(self) -> str:
        """What the event is about; also the record key, so that one subject stays in order."""
        raise NotImplementedError


class InquiryEvent(Event):
    """An event about one inquiry."""

    inquiry: UUID

    @property
    def subject(self) -> str:
        return str(self.inquiry)


class Sealed(Part):
    """Personal text as it travels and rests: AES-256-GCM under the data key `key`.

    `nonce` is 12 bytes and `text` ciphertext plus 16-byte tag, both standard base64.
    """

    key: UUID
    nonce: str
    text: str


class Record(NamedTuple):
    """What goes on the wire: one Kafka record."""

    topic: str
    key: bytes
    value: bytes
    headers: dict[str, str]


E = TypeVar("E", bound=Event)
E_co = TypeVar("E_co", bound=Event, covariant=True)


class Envelope(BaseModel, Generic[E]):
    """An event with its id, who said it and when."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    source: str
    time: datetime
    data: E

    @property
    def subject(self) -> str:
        return self.data.subject

    @property
    def type(self) -> str:
        return self.data.type

    @classmethod
    def of(cls, data: E, *, event_id: UUID, source: str, time: datetime) -> Self:
        return cls(id=event_id, source=source, time=time, data=data)

    def record(self) -> Record:
        """The Kafka record: CloudEvents attributes in headers, JSON body, key = subject."""
        return Record(
            topic=self.type,
            key=self.subject.encode(),
            value=self.data.model_dump_json().encode(),
            headers={
                "ce_specversion": SPEC_VERSION,
                "ce_id": str(self.id),
                "ce_type": f"{self.type}.v{self.data.version}",
                "ce_source": self.source,
                "ce_subject": self.subject,
                "ce_time": self.time.astimezone(UTC).isoformat(timespec="microseconds"),
                "content-type": CONTENT_TYPE,
            },
        )


def effect_id(cause: UUID | str, effect: str) -> UUID:
    """The id of an effect of `cause`: the same cause and effect always give the same id."""
    return uuid5(EFFECTS, f"{cause}/{effect}")


def decode(
    value: bytes | None,
    headers: Mapping[str, str | bytes] | Iterable[tuple[str, bytes]],
    types: Mapping[str, type[Event]],
) -> Envelope[Any]:
    """Read one record. `types` maps event type (without version) to its model.

    Raises InvalidEventError (too-large, empty, no-id, unknown-type, not-json, invalid). The message
    names fields, never their content.
    """
    attributes = _text_headers(headers)
    if value is None or not value:
        raise InvalidEventError("empty")
    if len(value) > MAX_BODY_BYTES:
        raise InvalidEventError("too-large", f"{len(value)} bytes, at most {MAX_BODY_BYTES}")
    name = attributes.get("ce_type", "").rsplit(".v", 1)[0]
    if name not in types:
        raise InvalidEventError("unknown-type")
    try:
        body = json.loads(value)
    except ValueError as error:
        raise InvalidEventError("not-json") from error
    try:
        return Envelope[Any].model_construct(
            id=UUID(attributes["ce_id"]),
            source=attributes["ce_source"],
            time=datetime.fromisoformat(attributes["ce_time"]),
            data=types[name].model_validate(body),
        )
    except KeyError as error:
        raise InvalidEventError("no-attribute", str(error.args[0])) from None
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(map(str, e["loc"])) or "body" for e in error.errors()}))
        raise InvalidEventError("invalid", fields[:300]) from None
    except ValueError:
        raise InvalidEventError("invalid", "ce_id or ce_time") from None


def _text_headers(
    headers: Mapping[str, str | bytes] | Iterable[tuple[str, bytes]],
) -> dict[str, str]:
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return {
        name: value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        for name, value in pairs
    }
