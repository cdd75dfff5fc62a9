"""The trail at work: takes batches in, signs what was committed, answers with receipts.

One writer. Every step can be repeated: a batch that was committed is known the next time, a head
that was signed signs to the same bytes, a receipt may be sent twice.
"""

import asyncio
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from contracts.event import Sealed, effect_id
from infra.chassis.clock import Clock
from infra.keyring import DataKey
from services.audit import tree
from services.audit.admit import Admitted, Entry, Standing, admit, eid_of, own_entry
from services.audit.checkpoint import Checkpoint
from services.audit.commitments import TrailSecret
from services.audit.compose import ChainHead
from services.audit.listen import Arrival, Heard, Record, inquiry_of, keys_needed, listen
from services.audit.ports import (
    Growth,
    Receipts,
    SignedHead,
    SignerRefusedError,
    TrailMovedError,
    TrailStore,
)
from services.audit.signer import TrailSigner
from services.audit.tree import Edge, grow

RECEIPT_ENTRIES = 1_000
MAX_QUARANTINED = 32_000_000
REMEMBERED_CHAINS = 50_000


class Keys(Protocol):
    async def create(self, key_id: UUID) -> DataKey: ...
    async def data_keys(self, key_ids: Iterable[UUID]) -> dict[UUID, DataKey]: ...


class Taken(NamedTuple):
    """What became of a batch."""

    added: int
    repeated: int


class Trail:
    """Call `open` first."""

    def __init__(
        self,
        *,
        origin: str,
        store: TrailStore,
        keys: Keys,
        signer: TrailSigner,
        secret: TrailSecret,
        receipts: Receipts,
        clock: Clock,
    ) -> None:
        self._origin = origin
        self._store = store
        self._keys = keys
        self._signer = signer
        self._secret = secret
        self._receipts = receipts
        self._clock = clock
        self._writing = asyncio.Lock()
        self._edge = Edge()
        self._offsets: dict[str, dict[tuple[str, int], int]] = {}
        self._chains: dict[UUID, ChainHead] = {}
        self._receipted = 0
        self.grown = asyncio.Event()
        """Set when there is something to sign or to send a receipt for."""

    @property
    def size(self) -> int:
        return self._edge.size

    async def open(self) -> None:
        """Begins or continues the log; raises SignerRefusedError when it is not what was signed."""
        state = await self._store.state()
        if state is None:
            await self._begin()
        elif state.origin != self._origin:
            raise SignerRefusedError(
                f"This database holds the log {state.origin}, not {self._origin}."
            )
        await self._reload()
        await self._require_signed_past()
        self.grown.set()

    async def join(self, cluster: str) -> dict[tuple[str, int], int]:
        """A session with this cluster begins; returns the next offset of each partition read."""
        async with self._writing:
            eid = effect_id(cluster, "broker.joined")
            if not await self._store.known([eid]):
                entry = own_entry(
                    self._edge.size,
                    eid,
                    "config",
                    "broker.joined",
                    cluster if cluster.isascii() and len(cluster) <= 80 else "other",
                    self._clock(),
                    self._secret,
                )
                await self._grow(Admitted((entry,), ()), cluster, {}, {})
            self._offsets = {cluster: await self._store.offsets(cluster)}
            return dict(self._offsets[cluster])

    async def take(self, cluster: str, records: Sequence[Record]) -> Taken:
        """One transaction: these records are in the trail when this returns.

        Raises DatabaseUnavailableError, DependencyUnavailableError (call again) or TrailMovedError
        (join again).
        """
        async with self._writing:
            try:
                return await self._take(cluster, records)
            except TrailMovedError:
                await self._reload()
                raise

    async def sign(self) -> SignedHead | None:
        """The checkpoint over everything committed; None before there is anything.

        Raises SignerRefusedError.
        """
        async with self._writing:
            edge = self._edge
        newest = await self._store.newest_checkpoint()
        if edge.size == 0 or (newest and newest.size == edge.size):
            return newest
        head = Checkpoint(self._origin, edge.size, edge.root())
        proof = await self._consistency(head)
        note = await asyncio.to_thread(self._signer.sign, head, proof)
        await self._store.add_checkpoint(edge.size, note, self._clock())
        return await self._store.newest_checkpoint()

    async def send_receipts(self, head: SignedHead) -> int:
        """Tells the producers of everything under `head` that the trail has it; returns how many."""
        sent = 0
        while self._receipted < head.size:
            end = min(head.size, self._receipted + RECEIPT_ENTRIES)
            entries = await self._store.events_between(self._receipted, end)
            if entries:
                await self._receipts.publish(head.note, head.size, entries)
            await self._store.mark_receipted(end)
            self._receipted = end
            sent += len(entries)
        return sent

    async def _begin(self) -> None:
        if self._signer.last() is not None:
            raise SignerRefusedError("The log was signed before, but its database is empty.")
        genesis = own_entry(
            0,
            effect_id(self._origin, "genesis"),
            "genesis",
            "log.opened",
            self._origin,
            self._clock(),
            self._secret,
        )
        await self._store.open_log(self._origin, genesis)

    async def _reload(self) -> None:
        state = await self._store.state()
        self._edge = await self._store.edge()
        self._receipted = state.receipted if state else 0
        self._chains.clear()
        self._offsets.clear()
        if state and self._edge.root() != state.root:
            raise SignerRefusedError("The tiles do not lead to the root of the last commit.")

    async def _require_signed_past(self) -> None:
        """A database restored from a backup must stop here, before it grows into a second history."""
        last = self._signer.last()
        if last is None:
            if await self._store.newest_checkpoint():
                raise SignerRefusedError(
                    "The log has checkpoints, but the signer has no memory of them: "
                    "restore the file head.json beside the log's key."
                )
            return
        if last.size > self._edge.size:
            raise SignerRefusedError(
                f"The database has {self._edge.size} entries, but {last.size} were signed: "
                "it is older than the trail. Restore the newest copy."
            )
        spans = [tree.Span(0, last.size)] if last.size else []
        tiles = await self._store.tiles(tree.tiles_of(spans, self._edge.size), self._edge.size)
        if last.size and tree.root_of(spans[0], self._edge.size, tiles) != last.root:
            raise SignerRefusedError(
                f"The first {last.size} entries of the database are not those that were signed."
            )

    async def _take(self, cluster: str, records: Sequence[Record]) -> Taken:
        offsets = self._offsets.get(cluster)
        if offsets is None:
            raise TrailMovedError("the cluster was not joined")
        fresh = [r for r in records if r.offset >= offsets.get((r.topic, r.partition), 0)]
        if not fresh:
            return Taken(0, 0)
        arrivals = await asyncio.to_thread(_listen_all, fresh, self._secret)
        admitted = await self._admit(arrivals)
        await self._repeat_receipts(admitted)
        read_to = {(r.topic, r.partition): r.offset + 1 for r in fresh}
        read_from = {place: offsets.get(place, 0) for place in read_to}
        await self._grow(admitted, cluster, read_from, read_to)
        offsets.update(read_to)
        return Taken(len(admitted.entries), len(admitted.repeated))

    async def _admit(self, arrivals: Sequence[Arrival]) -> Admitted:
        known = await self._store.known({eid_of(arrival) for arrival in arrivals})
        standing = Standing(
            size=self._edge.size,
            secret=self._secret,
            known=known,
            chains=await self._heads(arrivals),
            keys=await self._keys.data_keys(keys_needed(arrivals)),
        )
        admitted = await asyncio.to_thread(admit, arrivals, standing)
        derived = {e.eid for e in admitted.entries if e.event and e.event != e.eid}
        repeated = await self._store.known(derived) if derived else {}
        if repeated:
            again = Standing(
                standing.size,
                standing.secret,
                {**known, **repeated},
                standing.chains,
                standing.keys,
            )
            admitted = await asyncio.to_thread(admit, arrivals, again)
        return admitted

    async def _heads(self, arrivals: Sequence[Arrival]) -> Mapping[UUID, ChainHead]:
        inquiries = {
            inquiry
            for arrival in arrivals
            if isinstance(arrival, Heard) and (inquiry := inquiry_of(arrival.envelope.data))
        }
        heads = {i: self._chains[i] for i in inquiries & self._chains.keys()}
        return heads | await self._store.chains(inquiries - heads.keys())

    async def _repeat_receipts(self, admitted: Admitted) -> None:
        """Somebody sends again what the trail has: the receipt was lost, perhaps with a broker.

        Before the commit, so that a crash in between repeats this too. Entries that have no receipt
        yet get it from `send_receipts`.
        """
        answered = [(event, idx) for event, idx in admitted.repeated if idx < self._receipted]
        newest = await self._store.newest_checkpoint() if answered else None
        if newest:
            for start in range(0, len(answered), RECEIPT_ENTRIES):
                await self._receipts.publish(
                    newest.note, newest.size, answered[start : start + RECEIPT_ENTRIES]
                )

    async def _grow(
        self,
        admitted: Admitted,
        cluster: str,
        read_from: Mapping[tuple[str, int], int],
        read_to: Mapping[tuple[str, int], int],
    ) -> None:
        after, tiles = grow(self._edge, [entry.hash for entry in admitted.entries])
        quarantined = await self._quarantine(admitted.entries)
        await self._store.append(
            Growth(self._edge, after, tiles, admitted, cluster, read_from, read_to, quarantined)
        )
        self._edge = after
        self._remember(admitted.entries)
        if admitted.entries:
            self.grown.set()

    def _remember(self, entries: Iterable[Entry]) -> None:
        if len(self._chains) > REMEMBERED_CHAINS:
            self._chains.clear()
        for entry in entries:
            if entry.inquiry and entry.chain:
                self._chains[entry.inquiry] = entry.chain

    async def _quarantine(self, entries: Iterable[Entry]) -> dict[int, str | None]:
        """The raw bytes of garbled records, each sealed under a key of its own."""
        sealed: dict[int, str | None] = {}
        for entry in entries:
            if entry.garbled:
                raw = entry.garbled.record.value or b""
                sealed[entry.idx] = await self._seal(entry.eid, raw)
        return sealed

    async def _seal(self, eid: UUID, raw: bytes) -> str | None:
        if len(raw) > MAX_QUARANTINED:
            return None
        key = await self._keys.create(eid)
        sealed: Sealed = await asyncio.to_thread(key.seal, "raw", b64encode(raw).decode())
        return sealed.model_dump_json()

    async def _consistency(self, head: Checkpoint) -> list[bytes]:
        last = self._signer.last()
        if last is None or last.size > head.size:
            return []
        spans = tree.consistency_spans(last.size, head.size)
        tiles = await self._store.tiles(tree.tiles_of(spans, head.size), head.size)
        return tree.prove(spans, head.size, tiles)


def _listen_all(records: Sequence[Record], secret: TrailSecret) -> list[Arrival]:
    return [listen(record, secret) for record in records]
