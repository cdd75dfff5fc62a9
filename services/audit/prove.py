"""Proofs from the stored tiles, always against a checkpoint whose signature was verified."""

from typing import Literal, NamedTuple

from services.audit import note, tree
from services.audit.checkpoint import Checkpoint, open_checkpoint
from services.audit.leaf import leaf_hash
from services.audit.ports import TrailStore
from services.audit.proof import EntryProof
from services.audit.tiles import TileId, pack_bundle, width_at

State = Literal["proved", "waiting", "broken"]


class Head(NamedTuple):
    checkpoint: Checkpoint
    note: str
    signed_at: str


class NotInLogError(LookupError):
    """The signed log has no such entry, tile or size."""


class Prover:
    def __init__(self, store: TrailStore, log: note.Verifier) -> None:
        self._store = store
        self._log = log

    @property
    def vkey(self) -> str:
        return self._log.vkey

    async def head(self) -> Head | None:
        """The newest checkpoint; raises NoteError when what is stored is not the log's."""
        newest = await self._store.newest_checkpoint()
        if newest is None:
            return None
        return Head(open_checkpoint(newest.note, self._log), newest.note, newest.signed_at)

    async def entry_proof(self, idx: int) -> EntryProof:
        """Raises NotInLogError."""
        head = await self._signed_head()
        return EntryProof(idx, tuple(await self._path(idx, head.checkpoint)), head.note)

    async def state_of(self, idx: int, body: bytes, head: Head | None) -> State:
        """Whether these stored bytes are what was signed as entry `idx`."""
        if head is None or idx >= head.checkpoint.size:
            return "waiting"
        size, root = head.checkpoint.size, head.checkpoint.root
        try:
            path = await self._path(idx, head.checkpoint)
            tree.verify_inclusion(idx, size, root, leaf_hash(body), path)
        except (tree.ProofError, NotInLogError):
            return "broken"
        return "proved"

    async def consistency(self, old: int, new: int) -> list[bytes]:
        """Raises NotInLogError unless 0 < old <= new <= the signed size."""
        head = await self._signed_head()
        if not 0 < old <= new <= head.checkpoint.size:
            raise NotInLogError
        return await self._prove(tree.consistency_spans(old, new), new)

    async def tile(self, wanted: TileId) -> bytes:
        head = await self._signed_head()
        found = await self._store.tiles([wanted], head.checkpoint.size)
        if wanted not in found:
            raise NotInLogError
        return found[wanted]

    async def bundle(self, number: int, width: int) -> bytes:
        head = await self._signed_head()
        if not 0 < width <= width_at(0, number, head.checkpoint.size):
            raise NotInLogError
        start = number * 256
        return pack_bundle(await self._store.bodies(start, start + width))

    async def _signed_head(self) -> Head:
        head = await self.head()
        if head is None:
            raise NotInLogError
        return head

    async def _path(self, idx: int, head: Checkpoint) -> list[bytes]:
        if not 0 <= idx < head.size:
            raise NotInLogError
        return await self._prove(tree.inclusion_spans(idx, head.size), head.size)

    async def _prove(self, spans: list[tree.Span], size: int) -> list[bytes]:
        wanted = tree.tiles_of(spans, size)
        tiles = await self._store.tiles(wanted, size)
        if wanted - tiles.keys():
            raise NotInLogError
        return tree.prove(spans, size, tiles)
