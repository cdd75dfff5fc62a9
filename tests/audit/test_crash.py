"""kill -9 between every two steps of taking in, signing and answering: nothing lost, nothing twice.

After Tessera's method: each run dies at the next step; the following run begins with what it left.
"""

import asyncio
import json
import os
import shutil
import signal

import pytest

from services.audit import signer as signer_module
from services.audit.adapters import sql_store
from services.audit.check import check_folder
from services.audit.leaf import decode
from tests.audit.conftest import a_world, classified, received, record_of, replied

pytestmark = pytest.mark.slow

STEPS = {
    sql_store.SqlTrailStore: (
        "open_log",
        "known",
        "append",
        "_move_state",
        "_move_offsets",
        "_add_entries",
        "_add_tiles",
        "add_checkpoint",
        "mark_receipted",
    ),
    signer_module.HeadFile: ("write",),
    signer_module.TrailSigner: ("sign",),
}


class Fuse:
    """Dies by SIGKILL when it was passed `steps` times."""

    def __init__(self, steps):
        self.left = steps

    def step(self):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, function):
        if asyncio.iscoroutinefunction(function):

            async def stepped(*args, **kwargs):
                self.step()
                result = await function(*args, **kwargs)
                self.step()
                return result

        else:

            def stepped(*args, **kwargs):
                self.step()
                result = function(*args, **kwargs)
                self.step()
                return result

        return stepped


class FileReceipts:
    """Receipts that outlive the process, as those at the broker do."""

    def __init__(self, path, fuse):
        self.path = path
        self.fuse = fuse

    async def publish(self, note, size, entries):
        self.fuse.step()
        with self.path.open("a") as file:
            for event, index in entries:
                file.write(json.dumps([str(event), index]) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.fuse.step()


async def run(folder, records, fuse):
    """One life of the service: from the beginning of the broker's records to the last receipt."""
    for owner, names in STEPS.items():
        for name in names:
            setattr(owner, name, fuse.around(getattr(owner, name)))
    async with a_world(folder) as world:
        world.receipts = FileReceipts(folder / "receipts", fuse)
        trail = await world.trail()
        offsets = await trail.join("c1")
        waiting = [r for r in records if r.offset >= offsets.get((r.topic, r.partition), 0)]
        for start in range(0, len(waiting), 60):
            await trail.take("c1", waiting[start : start + 60])
            await trail.send_receipts(await trail.sign())
        await trail.send_receipts(await trail.sign())


def in_child(folder, records, steps):
    """True when it lived to the end."""
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(run(folder, records, Fuse(steps)))
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, "it failed instead of dying"
    return os.WIFEXITED(status)


async def make_records(folder):
    async with a_world(folder) as world:
        keys = [await world.key() for _ in range(70)]
    return [
        record_of(make(key, n) if make is received else make(key), n)
        for make in (received, classified, replied)
        for n, key in enumerate(keys)
    ]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A data folder with keys and an empty trail, and what the broker holds; one event twice."""
    folder = tmp_path_factory.mktemp("prepared")
    records = asyncio.run(make_records(folder))
    repeated = records[5]._replace(offset=70)
    return folder, [*records[:70], repeated, *records[70:]]


async def leaves(folder):
    async with a_world(folder) as world:
        return [decode(body) for body in await world.store.bodies(0, 10_000)]


def assert_whole(folder, records):
    report = asyncio.run(check_folder(folder))
    assert report.faults == ()
    assert report.signed == report.entries == 2 + 210
    stored = [leaf["eid"] for leaf in asyncio.run(leaves(folder)) if "src" in leaf]
    sent = {dict(record.headers)["ce_id"].decode() for record in records}
    assert sorted(stored) == sorted(sent)
    receipts = [json.loads(line) for line in (folder / "receipts").read_text().splitlines()]
    assert {event for event, _ in receipts} == sent
    assert len({(event, index) for event, index in receipts}) == len(sent)


def test_it_dies_at_one_step_after_the_other_until_it_is_done(prepared, tmp_path):
    """Each life gets a little further than the one before it."""
    origin, records = prepared
    shutil.copytree(origin, tmp_path, dirs_exist_ok=True)

    lives = 1
    while not in_child(tmp_path, records, steps=7 + lives % 5 if lives < 60 else 10_000):
        lives += 1
        assert lives < 100
        if lives % 10 == 0:
            assert asyncio.run(check_folder(tmp_path)).faults == ()

    assert lives > 10
    assert_whole(tmp_path, records)


@pytest.mark.parametrize("step", range(1, 61, 2))
def test_whichever_step_it_dies_at_the_next_life_completes_it(prepared, tmp_path, step):
    origin, records = prepared
    shutil.copytree(origin, tmp_path, dirs_exist_ok=True)

    in_child(tmp_path, records, steps=step)
    assert in_child(tmp_path, records, steps=10_000)

    assert_whole(tmp_path, records)
