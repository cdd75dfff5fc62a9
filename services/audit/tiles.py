"""Tiles and entry bundles as C2SP tlog-tiles lays them out: height 8, three-digit path groups."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

TILE_HEIGHT = 8
TILE_HASHES = 256
HASH_BYTES = 32
MAX_ENTRY_BYTES = 65_535

_PATH = re.compile(r"((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?\Z")


class TilePathError(ValueError):
    """Not a path of tlog-tiles."""


class TileId(NamedTuple):
    level: int
    number: int
    width: int
    """1 to 256; 256 is a full tile."""


class BundleId(NamedTuple):
    number: int
    width: int


def width_at(level: int, number: int, size: int) -> int:
    """How many hashes tile `number` of `level` has in a tree of `size`; 0 when there is none."""
    return max(0, min(TILE_HASHES, (size >> TILE_HEIGHT * level) - number * TILE_HASHES))


def tiles_at(size: int) -> Iterator[TileId]:
    """Every tile of a tree of `size`, lowest level first."""
    level = 0
    while hashes := size >> TILE_HEIGHT * level:
        for number in range(-(-hashes // TILE_HASHES)):
            yield TileId(level, number, width_at(level, number, size))
        level += 1


def tile_path(tile: TileId) -> str:
    """`tile/<L>/<N>[.p/<W>]`, without a leading slash."""
    return f"tile/{tile.level}/{_number_path(tile.number, tile.width)}"


def bundle_path(bundle: BundleId) -> str:
    return f"tile/entries/{_number_path(bundle.number, bundle.width)}"


def parse_tile_path(level: str, rest: str) -> TileId:
    """Reads `<L>` and `<N>[.p/<W>]`; raises TilePathError for any but the canonical form."""
    if not level.isascii() or not level.isdigit() or (len(level) > 1 and level.startswith("0")):
        raise TilePathError("the level is not a number")
    if int(level) > 7:
        raise TilePathError("no tree is that high")
    number, width = _parse_number_path(rest)
    return TileId(int(level), number, width)


def parse_bundle_path(rest: str) -> BundleId:
    return BundleId(*_parse_number_path(rest))


def pack_bundle(entries: Iterable[bytes]) -> bytes:
    """`uint16be length || leaf bytes`, repeated."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise ValueError(f"an entry of {len(entry)} bytes does not fit a bundle")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def unpack_bundle(data: bytes) -> list[bytes]:
    """The entries of a bundle; raises ValueError when it ends in the middle of one."""
    entries: list[bytes] = []
    position = 0
    while position < len(data):
        length = int.from_bytes(data[position : position + 2], "big")
        entry = data[position + 2 : position + 2 + length]
        if position + 2 > len(data) or len(entry) != length:
            raise ValueError("the bundle ends in the middle of an entry")
        entries.append(entry)
        position += 2 + length
    return entries


def _number_path(number: int, width: int) -> str:
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03d}")
    partial = "" if width == TILE_HASHES else f".p/{width}"
    return "/".join(reversed(groups)) + partial


def _parse_number_path(text: str) -> tuple[int, int]:
    match = _PATH.match(text)
    if not match or not text.isascii() or len(text) > 40:
        raise TilePathError("not a tile path")
    number = int(match[1].replace("x", "").replace("/", ""))
    width = int(match[2]) if match[2] else TILE_HASHES
    if match[2] and width >= TILE_HASHES:
        raise TilePathError("a partial tile has fewer than 256 hashes")
    if _number_path(number, width) != text:
        raise TilePathError("not the shortest form of the number")
    return number, width
