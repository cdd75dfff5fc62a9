"""The Merkle tree of RFC 6962: roots and proofs from hash tiles, and the verifiers of RFC 9162.

The verifiers are written from RFC 9162 section 2.1 and share no code with the generators.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from services.audit.tiles import HASH_BYTES, TILE_HASHES, TILE_HEIGHT, TileId, width_at

EMPTY_ROOT = sha256(b"").digest()


class ProofError(ValueError):
    """A proof does not hold, or cannot exist for these sizes."""


class Span(NamedTuple):
    """The leaves `start` up to, not including, `end`."""

    start: int
    end: int


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962 section 2.1: SHA-256(01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]


def split_hashes(data: bytes) -> list[bytes]:
    return [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]


class Edge(NamedTuple):
    """The right edge of a tree: per tile level, the hashes of its not yet full last tile."""

    size: int = 0
    levels: tuple[bytes, ...] = ()

    def root(self) -> bytes:
        peaks = [peak for data in reversed(self.levels) for peak in _peaks(split_hashes(data))]
        if not peaks:
            return EMPTY_ROOT
        root = peaks.pop()
        while peaks:
            root = node_hash(peaks.pop(), root)
        return root


def grow(edge: Edge, leaf_hashes: Sequence[bytes]) -> tuple[Edge, dict[TileId, bytes]]:
    """The edge after these leaves, and the tiles to store: new full ones and last partial ones."""
    levels: list[bytes] = []
    tiles: dict[TileId, bytes] = {}
    added = b"".join(leaf_hashes)
    level = 0
    before = edge.size
    while added or level < len(edge.levels):
        old = edge.levels[level] if level < len(edge.levels) else b""
        number = before // TILE_HASHES
        full, rest = _cut_tiles(old + added)
        for offset, data in enumerate(full):
            tiles[TileId(level, number + offset, TILE_HASHES)] = data
        if added and rest:
            tiles[TileId(level, number + len(full), len(rest) // HASH_BYTES)] = rest
        levels.append(rest)
        added = b"".join(perfect_root(split_hashes(data)) for data in full)
        before >>= TILE_HEIGHT
        level += 1
    return Edge(edge.size + len(leaf_hashes), tuple(levels)), tiles


def inclusion_spans(index: int, size: int) -> list[Span]:
    """The subtrees whose roots prove that leaf `index` is in the tree of `size` (RFC 6962 PATH)."""
    if not 0 <= index < size:
        raise ProofError(f"no entry {index} in a tree of {size}")
    spans: list[Span] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append(Span(middle, end))
            end = middle
        else:
            spans.append(Span(start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(old: int, new: int) -> list[Span]:
    """The subtrees whose roots prove that the tree of `new` begins with that of `old`."""
    if not 0 <= old <= new:
        raise ProofError(f"a tree of {new} cannot begin with one of {old}")
    if old in {0, new}:
        return []
    spans: list[Span] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            spans.append(Span(middle, end))
            end = middle
        else:
            spans.append(Span(start, middle))
            start, whole = middle, False
    if not whole:
        spans.append(Span(start, end))
    return spans[::-1]


def tiles_of(spans: Sequence[Span], size: int) -> set[TileId]:
    """The tiles of a tree of `size` from which the roots of these spans can be computed."""
    nodes = (node for span in spans for node in _perfect_nodes(span))
    return {_tile_of(height, number, size) for height, number in nodes}


def root_of(span: Span, size: int, tiles: Mapping[TileId, bytes]) -> bytes:
    """The root over a span, from the tiles that `tiles_of` named."""
    peaks = [_node(height, number, size, tiles) for height, number in _perfect_nodes(span)]
    root = peaks.pop()
    while peaks:
        root = node_hash(peaks.pop(), root)
    return root


def root_of_tree(size: int, tiles: Mapping[TileId, bytes]) -> bytes:
    return root_of(Span(0, size), size, tiles) if size else EMPTY_ROOT


def inclusion_root(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root that this inclusion proof leads to (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        raise ProofError(f"no entry {index} in a tree of {size}")
    fn, sn, root = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            raise ProofError("the proof is too long")
        if fn & 1 or fn == sn:
            root = node_hash(sibling, root)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = node_hash(root, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise ProofError("the proof is too short")
    return root


def verify_inclusion(
    index: int, size: int, root: bytes, leaf: bytes, proof: Sequence[bytes]
) -> None:
    """Raises ProofError unless the leaf hash is at `index` of the tree with this size and root.

    A proof does not bind the size: take size and root from a verified checkpoint only.
    """
    if inclusion_root(index, size, leaf, proof) != root:
        raise ProofError("the proof leads to another root")


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raises ProofError unless the new tree begins with the old one (RFC 9162 section 2.1.4.2)."""
    if old > new or old < 0:
        raise ProofError(f"a tree of {new} cannot begin with one of {old}")
    if old in {0, new}:
        _verify_trivial(old, old_root, new_root, proof, same=old == new)
        return
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ProofError("the proof is empty")
    if _roots_of(old, new, path) != (old_root, new_root):
        raise ProofError("the proof leads to other roots")


def _roots_of(old: int, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if sn == 0:
            raise ProofError("the proof is too long")
        if fn & 1 or fn == sn:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = node_hash(second, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise ProofError("the proof is too short")
    return first, second


def prove(spans: Sequence[Span], size: int, tiles: Mapping[TileId, bytes]) -> list[bytes]:
    return [root_of(span, size, tiles) for span in spans]


def _verify_trivial(
    old: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes], *, same: bool
) -> None:
    if proof:
        raise ProofError("the proof should be empty")
    if old == 0 and old_root != EMPTY_ROOT:
        raise ProofError("size 0 with a root that is not the empty root")
    if same and old_root != new_root:
        raise ProofError("two roots for one size")


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def _cut_tiles(data: bytes) -> tuple[list[bytes], bytes]:
    tile_bytes = TILE_HASHES * HASH_BYTES
    full = len(data) // tile_bytes * tile_bytes
    return [data[i : i + tile_bytes] for i in range(0, full, tile_bytes)], data[full:]


def _peaks(hashes: Sequence[bytes]) -> Iterator[bytes]:
    start = 0
    for height in range(len(hashes).bit_length() - 1, -1, -1):
        if len(hashes) & 1 << height:
            yield perfect_root(hashes[start : start + (1 << height)])
            start += 1 << height


def _perfect_nodes(span: Span) -> Iterator[tuple[int, int]]:
    """Height and number of the perfect subtrees a span consists of, from the left."""
    start = span.start
    while start < span.end:
        height = (span.end - start).bit_length() - 1
        if start:
            height = min(height, (start & -start).bit_length() - 1)
        yield height, start >> height
        start += 1 << height


def _tile_of(height: int, number: int, size: int) -> TileId:
    level, rest = divmod(height, TILE_HEIGHT)
    tile = (number << rest) // TILE_HASHES
    return TileId(level, tile, width_at(level, tile, size))


def _node(height: int, number: int, size: int, tiles: Mapping[TileId, bytes]) -> bytes:
    tile = _tile_of(height, number, size)
    rest = height % TILE_HEIGHT
    first = (number << rest) % TILE_HASHES
    data = tiles[tile][first * HASH_BYTES : (first + (1 << rest)) * HASH_BYTES]
    return perfect_root(split_hashes(data))
