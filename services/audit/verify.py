"""Re-derives the whole trail from its stored bytes and names what does not fit.

Fed row by row, in order; nothing is taken on trust but the log's public key.
"""

import heapq
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

import orjson

from services.audit import note
from services.audit.checkpoint import Checkpoint, open_checkpoint
from services.audit.commitments import TrailSecret
from services.audit.leaf import NotCanonicalError, decode, leaf_hash
from services.audit.tiles import HASH_BYTES, TILE_HASHES, TileId, tiles_at
from services.audit.tree import EMPTY_ROOT, Edge, grow

MAX_FAULTS = 50


class Fault(NamedTuple):
    """Something that does not fit."""

    idx: int
    what: str
    spread: bool = False
    """True: it lies somewhere from this entry on; False: it is this entry."""

    @property
    def order(self) -> tuple[bool, int]:
        """An exact finding says more than a range."""
        return self.spread, self.idx


class StoredEntry(NamedTuple):
    """A row of the trail with its index rows; None where a row is missing."""

    idx: int
    eid: UUID
    body: bytes
    event: "StoredEvent | None"
    link: "StoredLink | None"


class StoredEvent(NamedTuple):
    typ: str
    kind: str
    mode: str
    outcome: str
    rx: str
    digest: bytes
    content: bytes | None


class StoredLink(NamedTuple):
    inquiry: UUID
    n: int
    inq: str
    hash: bytes


class Claims(NamedTuple):
    """What the store and the signer say the trail is."""

    size: int
    root: bytes
    checkpoints: Mapping[int, str]
    tiles: Mapping[TileId, bytes]
    references: frozenset[tuple[bytes, UUID]]
    signed: Checkpoint | None
    """The signer's own memory, kept apart from the database."""


class Report(NamedTuple):
    entries: int
    signed: int
    faults: tuple[Fault, ...]
    """By entry, at most MAX_FAULTS."""


class Verification:
    """`entry` for every row by ascending index, then `finish`."""

    def __init__(self, claims: Claims, log: note.Verifier, secret: TrailSecret | None) -> None:
        self._claims = claims
        self._log = log
        self._secret = secret
        self._edge = Edge()
        self._pending: list[bytes] = []
        self._faults: list[Fault] = []
        self._links: dict[str, tuple[int, bytes, int, UUID | None]] = {}
        self._seen_eids: set[bytes] = set()
        self._good_to = 0
        self._expected = 0
        self._stops = sorted(self._heads())
        self._leaf_tiles = _widest_by_number(claims.tiles)

    def entry(self, stored: StoredEntry) -> None:
        if stored.idx > self._expected:
            self._fault(self._expected, self._missing(stored.idx))
        elif stored.idx < self._expected:
            self._fault(stored.idx, "stands outside the log")
        self._expected = max(self._expected, stored.idx + 1)
        digest = leaf_hash(stored.body)
        self._check_tile_hash(stored.idx, digest)
        self._check_leaf(stored, digest)
        if stored.idx >= self._claims.size:
            self._fault(stored.idx, "was added behind the end of the log")
            return
        self._pending.append(digest)
        self._grow_to_stop()

    def finish(self) -> Report:
        if self._expected < self._claims.size:
            self._fault(self._expected, self._missing(self._claims.size))
        self._grow_pending()
        if self._edge.root() != self._claims.root:
            self._fault(self._good_to, "or a later one is not what was committed", spread=True)
        self._check_tiles()
        self._check_ends()
        signed = max((size for size in self._claims.checkpoints), default=0)
        # Several checks may name one entry; the first of them is the closest to the bytes.
        ordered = sorted(self._faults, key=lambda fault: fault.order)
        return Report(self._edge.size, min(signed, self._edge.size), tuple(ordered[:MAX_FAULTS]))

    def _heads(self) -> set[int]:
        signed = {self._claims.signed.size} if self._claims.signed else set()
        return {size for size in {*self._claims.checkpoints, *signed} if size >= 0}

    def _fault(self, idx: int, what: str, *, spread: bool = False) -> None:
        if len(self._faults) < 10 * MAX_FAULTS:
            self._faults.append(Fault(idx, what, spread))

    def _missing(self, following: int) -> str:
        last = following - 1
        return "is missing" if last == self._expected else f"to {last} are missing"

    def _check_tile_hash(self, idx: int, digest: bytes) -> None:
        number, place = divmod(idx, TILE_HASHES)
        tile = self._leaf_tiles.get(number, b"")
        data = tile[place * HASH_BYTES : (place + 1) * HASH_BYTES]
        if data != digest and idx < self._claims.size:
            self._fault(idx, "has other bytes than the hash that was stored with it")

    def _check_leaf(self, stored: StoredEntry, digest: bytes) -> None:
        try:
            fields = decode(stored.body)
        except NotCanonicalError as error:
            self._fault(stored.idx, f"is not a canonical leaf ({error})")
            return
        if fields.get("eid") != str(stored.eid):
            self._fault(stored.idx, "stands under another event id than its own")
        if stored.eid.bytes in self._seen_eids:
            self._fault(stored.idx, "repeats an event id")
        self._seen_eids.add(stored.eid.bytes)
        self._check_event(stored, fields)
        self._check_chain(stored, fields, digest)

    def _check_event(self, stored: StoredEntry, fields: Mapping[str, object]) -> None:
        event = stored.event
        if event is None:
            self._fault(stored.idx, "has lost its row in the search index")
            return
        act = fields.get("act")
        act = act if isinstance(act, dict) else {}
        leaf_says = (fields.get("typ"), act.get("kind"), act.get("mode"), act.get("out"))
        if leaf_says != event[:4] or fields.get("rx") != event.rx:
            self._fault(stored.idx, "is described otherwise in the search index")
        commitments = fields.get("pc")
        bound = commitments.get("event") if isinstance(commitments, dict) else None
        if bound is not None and bound != event.digest.hex():
            self._fault(stored.idx, "is indexed with another digest")
        source = fields.get("src")
        if event.content is not None and isinstance(source, dict):
            self._check_content(stored, str(source.get("t")), event.content, bound)

    def _check_content(
        self, stored: StoredEntry, topic: str, content: bytes, bound: object
    ) -> None:
        if self._secret is None:
            return
        if self._secret.digest(topic, content).hex() != bound:
            self._fault(stored.idx, "has another event stored beside it than the one it records")
            return
        reference = _reference_in(content)
        if reference and stored.link:
            mac = self._secret.reference_mac(reference)
            if (mac, stored.link.inquiry) not in self._claims.references:
                self._fault(stored.idx, "cannot be found by its reference any more")

    def _check_chain(
        self, stored: StoredEntry, fields: Mapping[str, object], digest: bytes
    ) -> None:
        inq, n, link = fields.get("inq"), fields.get("n"), stored.link
        if not isinstance(inq, str) or not isinstance(n, int):
            if link is not None:
                self._fault(stored.idx, "is listed under an inquiry it does not name")
            return
        if link is None:
            self._fault(stored.idx, "has lost its row in the inquiry's list")
        elif (link.inq, link.n, link.hash) != (inq, n, digest):
            self._fault(stored.idx, "is listed otherwise in its inquiry's list")
        before = self._links.get(inq)
        inquiry = link.inquiry if link else None
        self._links[inq] = (n, digest, stored.idx, inquiry)
        if before is None:
            if n != 0 or "prev" in fields:
                self._fault(stored.idx, f"is number {n} of its inquiry, but none came before it")
            return
        if n != before[0] + 1:
            self._fault(stored.idx, f"is number {n} of its inquiry after number {before[0]}")
        elif fields.get("prev") != before[1].hex():
            self._fault(before[2], f"is not what entry {stored.idx} of the same inquiry points to")
        if before[3] and inquiry and before[3] != inquiry:
            self._fault(stored.idx, "is listed under another inquiry than the entry before it")

    def _grow_to_stop(self) -> None:
        reached = self._edge.size + len(self._pending)
        while self._stops and self._stops[0] < reached:
            self._check_head(heapq.heappop(self._stops))
        if self._stops and self._stops[0] == reached:
            self._grow_pending()
            self._check_head(heapq.heappop(self._stops))
        elif len(self._pending) >= TILE_HASHES:
            self._grow_pending()

    def _grow_pending(self) -> None:
        self._edge, tiles = grow(self._edge, self._pending)
        self._pending = []
        for tile, data in tiles.items():
            stored = self._claims.tiles.get(tile)
            if tile.level and stored is not None and stored != data:
                step = TILE_HASHES**tile.level
                first = _first_difference(tile, stored, data) * step
                self._fault(
                    first,
                    f"to {first + step - 1} do not lead to their hash in tile level {tile.level}",
                    spread=True,
                )

    def _check_head(self, size: int) -> None:
        root = self._edge.root() if size else EMPTY_ROOT
        fits = self._edge.size == size if size else True
        for head in self._signed_heads(size):
            fits = fits and head.root == root
        if not fits:
            self._fault(
                self._good_to,
                f"to {size - 1} are not what was signed at size {size}",
                spread=True,
            )
        else:
            self._good_to = max(self._good_to, size)

    def _signed_heads(self, size: int) -> Iterable[Checkpoint]:
        if self._claims.signed and self._claims.signed.size == size:
            yield self._claims.signed
        raw = self._claims.checkpoints.get(size)
        if raw is None:
            return
        try:
            head = open_checkpoint(raw, self._log)
        except note.NoteError as error:
            self._fault(max(0, size - 1), f"ends a checkpoint that is not the log's ({error})")
            return
        if head.size != size:
            self._fault(max(0, size - 1), "ends a checkpoint stored under another size")
            return
        yield head

    def _check_tiles(self) -> None:
        expected = set(tiles_at(self._claims.size))
        for tile in expected - self._claims.tiles.keys():
            first = tile.number * TILE_HASHES ** (tile.level + 1)
            self._fault(min(first, max(0, self._claims.size - 1)), "begins a tile that is missing")
        for tile in self._claims.tiles.keys() - expected:
            self._fault(tile.number * TILE_HASHES ** (tile.level + 1), "begins a tile too many")
        for tile in expected & self._claims.tiles.keys():
            if len(self._claims.tiles[tile]) != tile.width * HASH_BYTES:
                first = tile.number * TILE_HASHES ** (tile.level + 1)
                self._fault(first, "begins a tile of the wrong length")

    def _check_ends(self) -> None:
        for size in self._stops:
            last = size - 1
            what = "is missing" if last == self._edge.size else f"to {last} are missing"
            self._fault(self._edge.size, f"{what}: {size} entries were signed")


def _widest_by_number(tiles: Mapping[TileId, bytes]) -> dict[int, bytes]:
    """The hashes of the leaves, by tile."""
    leaves = sorted(t for t in tiles if t.level == 0 and 0 < t.width <= TILE_HASHES)
    return {tile.number: tiles[tile] for tile in leaves}


def _first_difference(tile: TileId, one: bytes, other: bytes) -> int:
    for place in range(tile.width):
        part = slice(place * HASH_BYTES, (place + 1) * HASH_BYTES)
        if one[part] != other[part]:
            return tile.number * TILE_HASHES + place
    return tile.number * TILE_HASHES


def _reference_in(content: bytes) -> str | None:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    reference = body.get("reference") if isinstance(body, dict) else None
    return reference if isinstance(reference, str) else None
