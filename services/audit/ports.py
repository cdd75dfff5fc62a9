"""What the trail asks of its store, its signer and the broker."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from services.audit.admit import Admitted, Entry, Known
from services.audit.compose import ChainHead
from services.audit.tiles import TileId
from services.audit.tree import Edge

Offsets = Mapping[tuple[str, int], int]
"""Next offset to read, by topic and partition."""


class TrailMovedError(RuntimeError):
    """Somebody else appended meanwhile: read the head again and admit the batch again."""


class SignerRefusedError(RuntimeError):
    """The store is not a continuation of what was signed; the message says how. A person must look."""


class LogState(NamedTuple):
    origin: str
    size: int
    root: bytes
    receipted: int


class SignedHead(NamedTuple):
    size: int
    note: str
    signed_at: str


class Growth(NamedTuple):
    """One transaction's worth: all of it or nothing."""

    before: Edge
    after: Edge
    tiles: Mapping[TileId, bytes]
    admitted: Admitted
    cluster: str
    read_from: Offsets
    """What the offsets must be now for this to apply; 0 for a partition not read before."""
    read_to: Offsets
    quarantined: Mapping[int, str | None]
    """Entry index to the sealed raw bytes (JSON); None when they were too large to keep."""


class TrailStore(Protocol):
    """Durable when a call returns. Raises DatabaseUnavailableError when it cannot now."""

    async def state(self) -> LogState | None:
        """None before the log was opened."""
        ...

    async def edge(self) -> Edge: ...

    async def offsets(self, cluster: str) -> dict[tuple[str, int], int]: ...

    async def known(self, eids: Iterable[UUID]) -> dict[UUID, Known]: ...

    async def chains(self, inquiries: Iterable[UUID]) -> dict[UUID, ChainHead]: ...

    async def open_log(self, origin: str, genesis: Entry) -> None: ...

    async def append(self, growth: Growth) -> None:
        """Raises TrailMovedError, changing nothing, unless `before` and `read_from` still hold."""
        ...

    async def tiles(self, wanted: Iterable[TileId], size: int) -> dict[TileId, bytes]:
        """Those of the wanted tiles that a tree of `size` has."""
        ...

    async def bodies(self, start: int, end: int) -> list[bytes]: ...

    async def add_checkpoint(self, size: int, note: str, signed_at: datetime) -> None:
        """Adding the same again is harmless."""
        ...

    async def newest_checkpoint(self) -> SignedHead | None: ...

    async def events_between(self, start: int, end: int) -> list[tuple[UUID, int]]:
        """Event ids with the index of their entry, from `start` up to, not including, `end`."""
        ...

    async def mark_receipted(self, size: int) -> None: ...


class Receipts(Protocol):
    async def publish(self, note: str, size: int, entries: Sequence[tuple[UUID, int]]) -> None:
        """Returns when the broker has them; raises DependencyUnavailableError."""
        ...
