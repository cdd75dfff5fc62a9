"""A small town's events, as the services would publish them, and a trail on real SQLite."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from contracts import case, inquiry
from contracts.event import Envelope
from contracts.reference import reference_of
from infra.database import Database
from infra.keyring import open_keyring
from services.audit.adapters.sql_store import SqlTrailStore
from services.audit.commitments import TrailSecret
from services.audit.listen import Record
from services.audit.signer import load_signer
from services.audit.trail import Trail

ORIGIN = "audit.sundby.example/henvend/2026"
SECRET = TrailSecret(b"\x2a" * 32)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CITIZEN_WORDS = "Min nabo hedder Åse Holm, cpr 010203-4567, og skraldet lugter"


def received(key, number=0, text=CITIZEN_WORDS, inquiry_id=None):
    event = inquiry.InquiryReceived(
        inquiry=inquiry_id or key.id,
        reference=reference_of(key.id),
        channel="mail",
        received_at=NOON,
        text=key.seal("text", text),
        title=key.seal("title", "Skrald"),
    )
    return Envelope.of(
        event,
        event_id=UUID(int=number + 1),
        source="classifier",
        time=NOON + timedelta(seconds=number),
    )


def classified(key, **changes):
    fields = {
        "inquiry": key.id,
        "reference": reference_of(key.id),
        "channel": "mail",
        "received_at": NOON,
        "verdict": "confident",
        "category": "tmf.affald",
        "confidence": 0.914_2,
        "threshold": 0.7,
        "alternatives": (
            inquiry.Alternative(category="tmf.affald", confidence=0.914_2),
            inquiry.Alternative(category="tmf.veje", confidence=0.05),
        ),
        "language": "da",
        "language_confidence": 0.99,
        "model": inquiry.ModelRef(name="henvend-small", digest="ab" * 32),
    }
    event = inquiry.InquiryClassified(**(fields | changes))
    return Envelope.of(event, event_id=uuid4(), source="classifier", time=NOON)


def moved(key):
    event = case.CaseMoved(
        inquiry=key.id,
        case=uuid4(),
        reference=reference_of(key.id),
        channel="mail",
        from_department="tmf",
        to_department="okf",
        by=case.StaffRef(account="mette.h", role="caseworker"),
    )
    return Envelope.of(event, event_id=uuid4(), source="router", time=NOON)


def replied(key, words="Vi henter skraldet i morgen."):
    event = case.CaseReplied(
        inquiry=key.id,
        case=uuid4(),
        reference=reference_of(key.id),
        channel="mail",
        reply=key.seal("reply", words),
        by=case.StaffRef(account="mette.h", role="caseworker"),
        language="da",
    )
    return Envelope.of(event, event_id=uuid4(), source="router", time=NOON)


def record_of(envelope, offset=0, partition=0, **changes):
    wire = envelope.record()
    record = Record(
        wire.topic,
        partition,
        offset,
        int((NOON.timestamp() + 60) * 1000),
        wire.value,
        tuple((name, value.encode()) for name, value in wire.headers.items()),
    )
    return record._replace(**changes)


class FakeReceipts:
    """Remembers what producers would have been told."""

    def __init__(self):
        self.sent = []

    async def publish(self, note, size, entries):
        self.sent += [(event, index, size) for event, index in entries]

    @property
    def events(self):
        return [event for event, _, _ in self.sent]


class World:
    """A data folder with everything the audit service keeps there."""

    def __init__(self, folder, database, keyring):
        self.folder = folder
        self.database = database
        self.keyring = keyring
        self.store = SqlTrailStore(database)
        self.receipts = FakeReceipts()

    async def trail(self, *, opened=True, origin=ORIGIN):
        trail = Trail(
            origin=origin,
            store=self.store,
            keys=self.keyring,
            signer=load_signer(self.folder / "keys" / "audit", origin),
            secret=SECRET,
            receipts=self.receipts,
            clock=lambda: NOON,
        )
        if opened:
            await trail.open()
        return trail

    async def key(self):
        return await self.keyring.create(uuid4())


@asynccontextmanager
async def a_world(folder: Path):
    database = Database(f"sqlite:///{folder / 'audit.db'}")
    await database.migrate("services.audit.migrations")
    keyring = await open_keyring(
        f"sqlite:///{folder / 'keyring.db'}", folder / "keys" / "wrapping.key"
    )
    try:
        yield World(folder, database, keyring)
    finally:
        await keyring.close()
        await database.close()


@pytest.fixture
async def world(tmp_path):
    async with a_world(tmp_path) as made:
        yield made
