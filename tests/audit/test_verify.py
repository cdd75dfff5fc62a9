"""Attacks on the stored trail, done as an insider would: with sqlite3 and the guards dropped."""

import shutil
import sqlite3

import pytest
from typer.testing import CliRunner

from infra.keyring.wrapping import load_secret
from services.audit import note
from services.audit.checkpoint import Checkpoint, sign_checkpoint
from services.audit.commands import app
from services.audit.leaf import decode, encode, leaf_hash
from services.audit.tiles import TILE_HASHES
from services.audit.tree import Edge, grow
from tests.audit.conftest import (
    ORIGIN,
    SECRET,
    a_world,
    classified,
    moved,
    received,
    record_of,
    replied,
)

pytestmark = pytest.mark.slow

ENTRIES = 402
VICTIM = 300


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
    """A trail of 402 entries with four checkpoints, as the services left it."""
    import asyncio

    folder = tmp_path_factory.mktemp("trail")
    asyncio.run(_build(folder))
    return folder


async def _build(folder):
    (folder / "keys" / "audit").mkdir(parents=True)
    secret = folder / "keys" / "audit" / "trail.secret"
    secret.touch(mode=0o600)
    secret.write_bytes(SECRET.seed)
    assert load_secret(secret) == SECRET.seed
    async with a_world(folder) as world:
        trail = await world.trail()
        await trail.join("c1")
        keys = [await world.key() for _ in range(100)]
        offset = 0
        for make in (received, classified, moved, replied):
            batch = [record_of(make(key), n) for n, key in enumerate(keys)]
            if make is received:
                batch = [record_of(received(key, n), n) for n, key in enumerate(keys)]
            offset += len(batch)
            await trail.take("c1", batch)
            await trail.sign()


@pytest.fixture
def folder(intact, tmp_path):
    shutil.copytree(intact, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def insider(folder):
    connection = sqlite3.connect(folder / "audit.db", isolation_level=None)
    triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for (name,) in triggers.fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    yield connection
    connection.close()


def verify(folder, *options):
    return CliRunner().invoke(app, ["verify", "--data", str(folder), *options])


def body_of(insider, idx):
    return insider.execute("SELECT body FROM leaf WHERE idx = ?", (idx,)).fetchone()[0]


def forged(insider, idx):
    """The same entry with another outcome, canonical and all."""
    fields = decode(body_of(insider, idx))
    fields["act"]["out"] = "forged"
    return encode(fields)


def write_body(insider, idx, body):
    insider.execute("UPDATE leaf SET body = ? WHERE idx = ?", (body, idx))
    insider.execute("UPDATE event SET outcome = 'forged' WHERE idx = ?", (idx,))
    insider.execute("UPDATE inq_leaf SET hash = ? WHERE idx = ?", (leaf_hash(body), idx))


def rebuild_tiles(insider):
    """Everything derived from the leaves, made anew as if nothing had happened."""
    bodies = [row[0] for row in insider.execute("SELECT body FROM leaf ORDER BY idx")]
    edge, tiles = grow(Edge(), [leaf_hash(body) for body in bodies])
    insider.execute("DELETE FROM tile")
    insider.executemany(
        "INSERT INTO tile (level, n, w, data) VALUES (?, ?, ?, ?)",
        [(tile.level, tile.number, tile.width, data) for tile, data in tiles.items()],
    )
    insider.execute("UPDATE log_state SET size = ?, root = ?", (edge.size, edge.root()))
    return edge


def test_an_intact_trail_is_verified(folder):
    result = verify(folder)

    assert result.stdout == f"verified, {ENTRIES} entries\n"
    assert result.exit_code == 0


def test_entries_committed_but_not_signed_yet_are_counted_apart(folder, insider):
    insider.execute("DELETE FROM checkpoint WHERE size = ?", (ENTRIES,))
    (folder / "keys/audit/head.json").unlink()

    result = verify(folder)

    assert result.stdout == f"verified, {ENTRIES} entries (100 not signed yet)\n"


def assert_names(result, idx, words=""):
    assert result.exit_code == 1, result.output
    assert f"NOT verified: entry {idx} " in result.stderr
    assert words in result.stderr.splitlines()[0]


def test_a_changed_row_is_named(folder, insider):
    write_body(insider, VICTIM, forged(insider, VICTIM))

    assert_names(verify(folder), VICTIM, "other bytes")


def test_one_flipped_bit_is_named(folder, insider):
    body = bytearray(body_of(insider, VICTIM))
    body[50] ^= 1
    insider.execute("UPDATE leaf SET body = ? WHERE idx = ?", (bytes(body), VICTIM))

    assert_names(verify(folder), VICTIM)


def test_a_changed_row_with_its_tile_is_named_by_its_successor(folder, insider):
    body = forged(insider, VICTIM)
    assert insider.execute("SELECT n FROM inq_leaf WHERE idx = ?", (VICTIM,)).fetchone()[0] < 3
    write_body(insider, VICTIM, body)
    number, place = divmod(VICTIM, TILE_HASHES)
    (tile,) = insider.execute("SELECT data FROM tile WHERE level = 0 AND n = ?", (number,))
    data = tile[0][: place * 32] + leaf_hash(body) + tile[0][place * 32 + 32 :]
    insider.execute("UPDATE tile SET data = ? WHERE level = 0 AND n = ?", (data, number))

    assert_names(verify(folder), VICTIM, "points to")


def test_a_changed_last_row_of_an_inquiry_with_all_tiles_is_named_by_the_signed_root(
    folder, insider
):
    write_body(insider, ENTRIES - 1, forged(insider, ENTRIES - 1))
    rebuild_tiles(insider)

    assert_names(verify(folder), VICTIM + 2, f"to {ENTRIES - 1} are not what was signed")


def test_a_changed_level_zero_tile_is_named(folder, insider):
    (tile,) = insider.execute("SELECT data FROM tile WHERE level = 0 AND n = 0")
    data = tile[0][:320] + b"\x00" * 32 + tile[0][352:]
    insider.execute("UPDATE tile SET data = ? WHERE level = 0 AND n = 0", (data,))

    assert_names(verify(folder), 10)


def test_a_changed_upper_tile_is_noticed(folder, insider):
    insider.execute("UPDATE tile SET data = zeroblob(32) WHERE level = 1")

    assert_names(verify(folder), 0, "to 255 do not lead to their hash in tile level 1")


def test_a_removed_tile_is_noticed(folder, insider):
    insider.execute("DELETE FROM tile WHERE level = 1")

    assert_names(verify(folder), 0, "tile that is missing")


def test_a_removed_row_is_named(folder, insider):
    for table in ("leaf", "event", "inq_leaf"):
        insider.execute(f"DELETE FROM {table} WHERE idx = ?", (VICTIM,))

    assert_names(verify(folder), VICTIM, "is missing")


def test_several_removed_rows_are_named_as_a_range(folder, insider):
    for table in ("leaf", "event", "inq_leaf"):
        insider.execute(f"DELETE FROM {table} WHERE idx BETWEEN 40 AND 60")

    assert_names(verify(folder), 40, "to 60 are missing")


def shift(insider, first, by):
    for table in ("leaf", "event", "inq_leaf"):
        insider.execute(f"UPDATE {table} SET idx = -idx WHERE idx >= ?", (first,))
        insider.execute(f"UPDATE {table} SET idx = -idx + ? WHERE idx < 0", (by,))


def test_a_removed_row_whose_gap_was_closed_is_named(folder, insider):
    for table in ("leaf", "event", "inq_leaf"):
        insider.execute(f"DELETE FROM {table} WHERE idx = ?", (VICTIM,))
    shift(insider, VICTIM + 1, -1)

    assert_names(verify(folder), VICTIM)


def insert_forgery(insider, idx):
    body = forged(insider, 5)
    fields = decode(body) | {"eid": "00000000-0000-0000-0000-00000000beef"}
    body = encode({name: fields[name] for name in fields if name not in {"inq", "n", "prev"}})
    insider.execute(
        "INSERT INTO leaf (idx, eid, body) VALUES (?, ?, ?)", (idx, f"{0xBEEF:032x}", body)
    )
    insider.execute(
        "INSERT INTO event SELECT ?, event, typ, kind, mode, 'forged', rx, digest, content "
        "FROM event WHERE idx = 5",
        (idx,),
    )


def test_an_inserted_row_is_named(folder, insider):
    shift(insider, VICTIM, 1)
    insert_forgery(insider, VICTIM)

    assert_names(verify(folder), VICTIM)


def test_a_row_added_behind_the_end_is_named(folder, insider):
    insert_forgery(insider, ENTRIES)

    assert_names(verify(folder), ENTRIES, "behind the end")


def test_two_swapped_bodies_are_named(folder, insider):
    one, two = body_of(insider, 120), body_of(insider, VICTIM)
    insider.execute("UPDATE leaf SET body = ? WHERE idx = 120", (two,))
    insider.execute("UPDATE leaf SET body = ? WHERE idx = ?", (one, VICTIM))

    assert_names(verify(folder), 120)


def test_a_truncated_trail_is_named_even_with_its_checkpoints_and_tiles(folder, insider):
    for table in ("leaf", "event", "inq_leaf"):
        insider.execute(f"DELETE FROM {table} WHERE idx >= 302")
    insider.execute("DELETE FROM checkpoint WHERE size > 302")
    rebuild_tiles(insider)

    assert_names(
        verify(folder), 302, f"to {ENTRIES - 1} are missing: {ENTRIES} entries were signed"
    )


def test_an_emptied_trail_is_noticed(folder, insider):
    tables = ("leaf", "event", "inq_leaf", "tile", "checkpoint", "log_state", "reference")
    for table in tables:
        insider.execute(f"DELETE FROM {table}")

    assert_names(verify(folder), 0, f"{ENTRIES} entries were signed")


def test_a_rewrite_signed_by_a_foreign_key_is_noticed(folder, insider):
    write_body(insider, ENTRIES - 1, forged(insider, ENTRIES - 1))
    edge = rebuild_tiles(insider)
    foreign = note.Signer.generate(ORIGIN)
    forged_note = sign_checkpoint(Checkpoint(ORIGIN, edge.size, edge.root()), foreign)
    insider.execute("UPDATE checkpoint SET note = ? WHERE size = ?", (forged_note, edge.size))

    result = verify(folder)

    assert_names(result, ENTRIES - 1, "not the log's")


def test_a_full_rewrite_with_the_real_key_does_not_fit_the_signers_memory(folder, insider):
    key = note.parse_secret((folder / "keys/audit/log.key").read_text().strip())
    write_body(insider, ENTRIES - 1, forged(insider, ENTRIES - 1))
    edge = rebuild_tiles(insider)
    signed = sign_checkpoint(Checkpoint(ORIGIN, edge.size, edge.root()), key)
    insider.execute("UPDATE checkpoint SET note = ? WHERE size = ?", (signed, edge.size))

    assert_names(verify(folder), 302, "not what was signed")


def test_a_key_pinned_by_the_ombudsman_wins_over_the_folders(folder):
    other = note.Signer.generate(ORIGIN).verifier.vkey

    result = verify(folder, "--key", other)

    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("statement", "idx", "words"),
    [
        ("UPDATE event SET mode = 'auto' WHERE idx = 210", 210, "described otherwise"),
        ("UPDATE event SET content = x'7b7d' WHERE idx = 77", 77, "another event stored"),
        ("UPDATE event SET digest = zeroblob(32) WHERE idx = 77", 77, "another digest"),
        ("DELETE FROM event WHERE idx = 33", 33, "lost its row in the search index"),
        ("DELETE FROM inq_leaf WHERE idx = 33", 33, "lost its row in the inquiry's list"),
        ("UPDATE inq_leaf SET n = 9 WHERE idx = 33", 33, "listed otherwise"),
        ("DELETE FROM reference", 2, "cannot be found by its reference"),
        ("UPDATE leaf SET eid = '" + "9" * 32 + "' WHERE idx = 12", 12, "another event id"),
        (
            "UPDATE inq_leaf SET inquiry = '" + "8" * 32 + "' WHERE idx = 203",
            203,
            "another inquiry",
        ),
    ],
)
def test_a_changed_index_is_named(folder, insider, statement, idx, words):
    insider.execute(statement)

    result = verify(folder)

    assert result.exit_code == 1
    assert f"entry {idx} " in result.stderr
    assert words in result.stderr


def test_without_a_trail_it_says_so(tmp_path):
    result = verify(tmp_path)

    assert result.exit_code == 2
    assert "There is no trail" in result.stderr


def test_a_file_that_is_no_database_is_not_verified(folder):
    (folder / "audit.db").write_bytes(b"no database at all" * 1000)

    result = verify(folder)

    assert result.exit_code == 2
    assert "cannot be read" in result.stderr


def test_verifying_changes_nothing(folder):
    before = (folder / "audit.db").read_bytes()

    verify(folder)

    assert (folder / "audit.db").read_bytes() == before
