"""Records from the broker, read as events; what cannot be read keeps place and keyed digest."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from contracts.catalogue import EVENTS
from contracts.event import Envelope, Event, InquiryEvent, InvalidEventError, Sealed, decode
from services.audit.commitments import TrailSecret

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Record(NamedTuple):
    """One record as the broker gave it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    """Milliseconds since 1970, the broker's record time."""
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Heard(NamedTuple):
    """A record that is an event."""

    record: Record
    envelope: Envelope[Any]
    digest: bytes
    sealed: tuple[tuple[str, Sealed], ...]


class Garbled(NamedTuple):
    """A record that is none; `reason` is a code."""

    record: Record
    reason: str
    digest: bytes
    event: UUID | None = None
    """Its event id, if that could be read."""


Arrival: TypeAlias = Heard | Garbled


def listen(record: Record, secret: TrailSecret) -> Arrival:
    """Reads a record; its topic says what it must be."""
    digest = secret.digest(record.topic, record.value or b"")
    types = {record.topic: EVENTS[record.topic]} if record.topic in EVENTS else {}
    try:
        envelope: Envelope[Any] = decode(record.value, record.headers, types)
    except InvalidEventError as error:
        return Garbled(record, error.reason, digest)
    except RecursionError:
        return Garbled(record, "not-json", digest)
    return Heard(record, envelope, digest, tuple(sealed_fields(envelope.data)))


def sealed_fields(event: Event) -> Iterator[tuple[str, Sealed]]:
    for name in _field_names(type(event)):
        value = getattr(event, name)
        if isinstance(value, Sealed):
            yield name, value


@cache
def _field_names(event: type[Event]) -> tuple[str, ...]:
    return tuple(event.model_fields)


def inquiry_of(event: Event) -> UUID | None:
    return event.inquiry if isinstance(event, InquiryEvent) else None


def keys_needed(batch: Iterable[Arrival]) -> set[UUID]:
    """The data keys that commitments and inquiry references are made with."""
    needed: set[UUID] = set()
    for heard in batch:
        if isinstance(heard, Heard):
            needed.update(sealed.key for _, sealed in heard.sealed)
            inquiry = inquiry_of(heard.envelope.data)
            if inquiry:
                needed.add(inquiry)
    return needed


def record_time(record: Record) -> datetime:
    """The broker's record time; 1970 when it is out of range."""
    try:
        return datetime.fromtimestamp(max(0, record.timestamp) / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return EPOCH
