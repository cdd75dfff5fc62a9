"""The bytes of a leaf, from an event, its place in the broker and its place in the inquiry."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from services.audit.commitments import OpeningKey, TrailSecret, commitment, salt
from services.audit.describe import Account
from services.audit.leaf import LeafValue, encode
from services.audit.listen import Garbled, Heard, Record, record_time

LEAF_VERSION = 1


class ChainHead(NamedTuple):
    """Where an inquiry stands in the trail."""

    inq: str
    n: int
    """Number of its last entry within the inquiry."""
    last: bytes
    """Leaf hash of that entry."""


def event_leaf(
    heard: Heard,
    eid: UUID,
    kind: str,
    account: Account,
    head: ChainHead | None,
    keys: Mapping[UUID, OpeningKey],
    secret: TrailSecret,
) -> bytes:
    """The leaf of an event; `head` is where it stands in its inquiry's chain: its own number and
    the hash to point back to. Raises NotCanonicalError or OverflowError for what no leaf can hold.
    """
    received = record_time(heard.record)
    commitments, unopened = _commitments(heard, eid, keys)
    fields: dict[str, LeafValue] = {
        "v": LEAF_VERSION,
        "typ": account.typ,
        "eid": str(eid),
        "at": stamp(heard.envelope.time),
        "rx": stamp(received),
        "src": _src(heard.record),
        "act": {"kind": kind, "out": account.out, "mode": account.mode, **account.scores},
        "sys": {"svc": _service(heard.envelope.source), **account.sys},
        "pc": {"event": heard.digest.hex(), **commitments},
    }
    optional: dict[str, LeafValue] = {
        "why": [*account.why, *unopened],
        "tmpl": list(account.tmpl),
        "hum": [secret.staff_pseudonym(name, received) for name in account.staff],
    }
    fields |= {name: value for name, value in optional.items() if value}
    return encode(fields | _link(head))


def garbled_leaf(garbled: Garbled, eid: UUID) -> bytes:
    """The leaf of a record that is no event: its place, the reason, a keyed digest of its bytes."""
    received = stamp(record_time(garbled.record))
    return encode({
        "v": LEAF_VERSION,
        "typ": "ingest_error",
        "eid": str(eid),
        "at": received,
        "rx": received,
        "src": _src(garbled.record),
        "act": {"kind": "record.garbled", "out": garbled.reason, "mode": "auto"},
        "pc": {"event": garbled.digest.hex()},
    })


def own_leaf(eid: UUID, typ: str, kind: str, out: str, when: datetime) -> bytes:
    """The leaf of something the trail itself did: it was opened, it met a new broker."""
    return encode({
        "v": LEAF_VERSION,
        "typ": typ,
        "eid": str(eid),
        "at": stamp(when),
        "rx": stamp(when),
        "act": {"kind": kind, "out": out, "mode": "auto"},
    })


def stamp(when: datetime) -> str:
    """`YYYY-MM-DDThh:mm:ss.ffffffZ`; a time without zone is taken for UTC."""
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _commitments(
    heard: Heard, eid: UUID, keys: Mapping[UUID, OpeningKey]
) -> tuple[dict[str, str], Iterable[str]]:
    """Commitments to the sealed fields, and codes for those that could not be opened."""
    made: dict[str, str] = {}
    unopened: list[str] = []
    for name, sealed in heard.sealed:
        key = keys.get(sealed.key)
        if key is None:
            unopened.append(f"key-destroyed:{name}")
            continue
        try:
            made[name] = commitment(salt(key, eid, name), name, key.open(name, sealed))
        except ValueError:
            unopened.append(f"seal-broken:{name}")
    return made, unopened


def _link(head: ChainHead | None) -> dict[str, LeafValue]:
    if head is None:
        return {}
    link: dict[str, LeafValue] = {"inq": head.inq, "n": head.n}
    return {**link, "prev": head.last.hex()} if head.n else link


def _src(record: Record) -> dict[str, LeafValue]:
    return {"t": record.topic, "p": record.partition, "o": record.offset}


def _service(source: str) -> str:
    return source if source.isascii() and source.isalnum() and len(source) <= 40 else "other"
