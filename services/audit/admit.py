"""Records in, entries out: what one batch from the broker adds to the trail.

Nothing is dropped: a known event is answered with its entry, another content under a known id and
a record nobody can read become entries of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from contracts.event import Event, effect_id
from services.audit.commitments import OpeningKey, TrailSecret, inquiry_ref
from services.audit.compose import ChainHead, event_leaf, garbled_leaf, own_leaf, stamp
from services.audit.describe import Account, describe
from services.audit.leaf import NotCanonicalError, leaf_hash
from services.audit.listen import Arrival, Garbled, Heard, inquiry_of, record_time


class Known(NamedTuple):
    """An entry that is already in the trail."""

    idx: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One new leaf and what is indexed about it."""

    idx: int
    eid: UUID
    body: bytes
    hash: bytes
    typ: str
    kind: str
    mode: str
    out: str
    received: str
    digest: bytes
    """Keyed digest of the record's bytes."""
    event: UUID | None = None
    """Id of the event as its producer knows it; a conflict's or garbled record's eid is another."""
    content: bytes | None = None
    """The event's body as received; personal text in it is sealed. None for garbled records."""
    inquiry: UUID | None = None
    chain: ChainHead | None = None
    """Where the inquiry stands with this entry."""
    references: tuple[bytes, ...] = ()
    garbled: Garbled | None = None


@dataclass(frozen=True)
class Standing:
    """What must be known before a batch can be admitted."""

    size: int
    secret: TrailSecret
    known: Mapping[UUID, Known] = field(default_factory=dict)
    chains: Mapping[UUID, ChainHead] = field(default_factory=dict)
    keys: Mapping[UUID, OpeningKey] = field(default_factory=dict)


class Admitted(NamedTuple):
    entries: tuple[Entry, ...]
    repeated: tuple[tuple[UUID, int], ...]
    """Events that were in the trail before this record, with the index of their entry."""


def eid_of(arrival: Arrival) -> UUID:
    """The id under which a record is looked up in the trail."""
    return arrival.envelope.id if isinstance(arrival, Heard) else _garbled_eid(arrival)


def conflict_eid(heard: Heard) -> UUID:
    """The id of the entry that says: another content came under a known event id."""
    return effect_id(heard.envelope.id, f"conflict/{heard.digest.hex()}")


def admit(batch: Sequence[Arrival], standing: Standing) -> Admitted:
    """The new entries of a batch, in its order, numbered from `standing.size`.

    `standing.known` must hold what is known of `eid_of` every arrival. An entry whose `eid` is not its
    `event` got a derived id: when that too is known, admit the batch again with it.
    """
    desk = _Desk(standing)
    for arrival in batch:
        desk.take(arrival)
    return Admitted(tuple(desk.entries), tuple(desk.repeated))


def own_entry(
    idx: int, eid: UUID, typ: str, kind: str, out: str, when: datetime, secret: TrailSecret
) -> Entry:
    body = own_leaf(eid, typ, kind, out, when)
    digest = secret.digest(kind, out.encode())
    return Entry(idx, eid, body, leaf_hash(body), typ, kind, "auto", out, stamp(when), digest)


class _Desk:
    """Takes one record after the other and remembers what the batch itself has added."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._known = dict(standing.known)
        self._chains = dict(standing.chains)
        self.entries: list[Entry] = []
        self.repeated: list[tuple[UUID, int]] = []

    def take(self, arrival: Arrival) -> None:
        known = self._known.get(eid_of(arrival))
        if isinstance(arrival, Garbled):
            self._take_garbled(arrival)
        elif known is None:
            self._take_event(
                arrival, arrival.envelope.id, arrival.envelope.type, describe(arrival.envelope.data)
            )
        elif known.digest == arrival.digest:
            self.repeated.append((arrival.envelope.id, known.idx))
        else:
            self._take_conflict(arrival, known)

    def _take_conflict(self, heard: Heard, known: Known) -> None:
        eid = conflict_eid(heard)
        before = self._known.get(eid)
        if before:
            self.repeated.append((heard.envelope.id, before.idx))
            return
        account = Account("conflict", "other-content", "auto", (f"entry:{known.idx}",))
        self._take_event(heard, eid, "event.conflicted", account)

    def _take_event(self, heard: Heard, eid: UUID, kind: str, account: Account) -> None:
        event = heard.envelope.data
        inquiry = inquiry_of(event)
        link = self._link(inquiry)
        standing = self._standing
        try:
            body = event_leaf(heard, eid, kind, account, link, standing.keys, standing.secret)
        except (NotCanonicalError, OverflowError):
            self._take_garbled(Garbled(heard.record, "invalid", heard.digest, heard.envelope.id))
            return
        digest = leaf_hash(body)
        self._append(
            Entry(
                standing.size + len(self.entries),
                eid,
                body,
                digest,
                account.typ,
                kind,
                account.mode,
                account.out,
                stamp(record_time(heard.record)),
                heard.digest,
                heard.envelope.id,
                heard.record.value,
                inquiry,
                ChainHead(link.inq, link.n, digest) if link else None,
                self._references(event),
            )
        )

    def _take_garbled(self, garbled: Garbled) -> None:
        eid = _garbled_eid(garbled)
        before = self._known.get(eid)
        if before:
            if garbled.event:
                self.repeated.append((garbled.event, before.idx))
            return
        body = garbled_leaf(garbled, eid)
        received = stamp(record_time(garbled.record))
        self._append(
            Entry(
                self._standing.size + len(self.entries),
                eid,
                body,
                leaf_hash(body),
                "ingest_error",
                "record.garbled",
                "auto",
                garbled.reason,
                received,
                garbled.digest,
                garbled.event,
                garbled=garbled,
            )
        )

    def _link(self, inquiry: UUID | None) -> ChainHead | None:
        """The next place in an inquiry's chain; None when the key was gone before its first."""
        if inquiry is None:
            return None
        head = self._chains.get(inquiry)
        if head:
            return ChainHead(head.inq, head.n + 1, head.last)
        key = self._standing.keys.get(inquiry)
        return ChainHead(inquiry_ref(key), 0, b"") if key else None

    def _references(self, event: Event) -> tuple[bytes, ...]:
        reference = getattr(event, "reference", None)
        if not isinstance(reference, str):
            return ()
        return (self._standing.secret.reference_mac(reference),)

    def _append(self, entry: Entry) -> None:
        self.entries.append(entry)
        self._known[entry.eid] = Known(entry.idx, entry.digest)
        if entry.inquiry and entry.chain:
            self._chains[entry.inquiry] = entry.chain


def _garbled_eid(garbled: Garbled) -> UUID:
    if garbled.event:
        return effect_id(garbled.event, f"ingest-error/{garbled.digest.hex()}")
    source = garbled.record
    place = f"{source.topic}/{source.partition}/{source.offset}/{garbled.digest.hex()}"
    return effect_id(place, "ingest-error")
