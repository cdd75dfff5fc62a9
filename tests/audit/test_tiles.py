import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.tiles import (
    BundleId,
    TileId,
    TilePathError,
    bundle_path,
    pack_bundle,
    parse_bundle_path,
    parse_tile_path,
    tile_path,
    tiles_at,
    unpack_bundle,
    width_at,
)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (TileId(0, 1_234_067, 256), "tile/0/x001/x234/067"),
        (TileId(0, 273, 112), "tile/0/273.p/112"),
        (TileId(1, 0, 256), "tile/1/000"),
        (TileId(2, 0, 1), "tile/2/000.p/1"),
        (TileId(0, 1000, 256), "tile/0/x001/000"),
    ],
)
def test_tile_numbers_stand_in_groups_of_three(tile, path):
    assert tile_path(tile) == path
    level, _, rest = path.removeprefix("tile/").partition("/")
    assert parse_tile_path(level, rest) == tile


def test_bundles_have_the_paths_of_the_level_zero_tiles():
    assert bundle_path(BundleId(273, 112)) == "tile/entries/273.p/112"
    assert parse_bundle_path("x001/x234/067") == BundleId(1_234_067, 256)


@given(st.integers(0, 10**12), st.integers(1, 256))
def test_every_path_reads_back(number, width):
    path = bundle_path(BundleId(number, width)).removeprefix("tile/entries/")
    assert parse_bundle_path(path) == BundleId(number, width)


@pytest.mark.parametrize(
    "path",
    [
        "1",
        "0001",
        "x000/001",
        "001/002",
        "000.p/0",
        "000.p/256",
        "000.p/01",
        "000.p/999",
        "../000",
        "x001/",
        "",
        "000.p/",
        "٠٠٠",
        "x001/067\n",
        "x999/" * 30 + "000",
    ],
)
def test_any_other_spelling_of_a_path_is_refused(path):
    with pytest.raises(TilePathError):
        parse_bundle_path(path)


@pytest.mark.parametrize("level", ["-1", "01", "", "a", "64", "٣"])
def test_a_level_is_a_small_plain_number(level):
    with pytest.raises(TilePathError):
        parse_tile_path(level, "000")


def test_widths_of_the_specifications_example():
    assert [width_at(0, n, 70_000) for n in (0, 272, 273, 274)] == [256, 256, 112, 0]
    assert [width_at(1, n, 70_000) for n in (0, 1, 2)] == [256, 17, 0]
    assert [width_at(2, n, 70_000) for n in (0, 1)] == [1, 0]
    assert width_at(3, 0, 70_000) == 0
    assert list(tiles_at(0)) == []


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_gives_back_its_entries(entries):
    assert unpack_bundle(pack_bundle(entries)) == entries


def test_a_bundle_is_length_and_bytes():
    assert pack_bundle([b"ab", b""]) == b"\x00\x02ab\x00\x00"


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x03ab", b"\x00\x01a\x00"])
def test_a_bundle_that_is_cut_off_is_refused(data):
    with pytest.raises(ValueError, match="middle"):
        unpack_bundle(data)


def test_an_entry_too_long_for_its_length_field_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        pack_bundle([b"x" * 65_536])
