"""How fast the trail takes events in: real SQLite with synchronous=FULL, real keys, no broker."""

import asyncio
import resource
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from uuid import UUID, uuid4

from contracts.event import Envelope, InquiryEvent
from contracts.inquiry import InquiryClassified, InquiryReceived, ModelRef
from contracts.reference import reference_of
from infra.chassis.clock import utc_now
from infra.database import Database
from infra.keyring import DataKey, open_keyring
from services.audit.adapters.sql_store import SqlTrailStore
from services.audit.check import check_folder
from services.audit.commitments import TrailSecret
from services.audit.listen import Record
from services.audit.signer import load_signer
from services.audit.trail import Trail

ORIGIN = "audit.bench.example/henvend/2026"
TEXT = "Mit skrald er ikke blevet hentet i to uger, og nu lugter det. Hvornår kommer I? " * 4
BATCH = 1_000


class Figures(NamedTuple):
    events: int
    events_per_second: float
    events_per_cpu_second: float
    checkpoint_ms: float
    """Signing one head over everything, with its consistency proof and the durable memory."""
    verified_per_second: float


class NoReceipts:
    async def publish(self, note: str, size: int, entries: Sequence[tuple[UUID, int]]) -> None:
        """The bench has no broker."""


async def measure(inquiries: int = 5_000) -> Figures:
    """Two events per inquiry, in batches of 1,000."""
    with TemporaryDirectory() as folder:
        return await _measure(Path(folder), inquiries)


async def _measure(folder: Path, inquiries: int) -> Figures:
    keyring = await open_keyring(
        f"sqlite:///{folder / 'keyring.db'}", folder / "keys" / "wrapping.key"
    )
    keys = [await keyring.create(uuid4()) for _ in range(inquiries)]
    database = Database(f"sqlite:///{folder / 'audit.db'}")
    await database.migrate("services.audit.migrations")
    trail = Trail(
        origin=ORIGIN,
        store=SqlTrailStore(database),
        keys=keyring,
        signer=load_signer(folder / "keys" / "audit", ORIGIN),
        secret=TrailSecret(bytes(32)),
        receipts=NoReceipts(),
        clock=utc_now,
    )
    await trail.open()
    await trail.join("bench")
    records = _records(keys)
    wall, cpu = time.perf_counter(), _cpu()
    for start in range(0, len(records), BATCH):
        await trail.take("bench", records[start : start + BATCH])
    wall, cpu = time.perf_counter() - wall, _cpu() - cpu
    signing = time.perf_counter()
    await trail.sign()
    signing = time.perf_counter() - signing
    await database.close()
    await keyring.close()
    checking = time.perf_counter()
    report = await check_folder(folder)
    checking = time.perf_counter() - checking
    if report.faults:
        raise RuntimeError(f"the bench's own trail does not verify: {report.faults[0]}")
    return Figures(
        len(records),
        len(records) / wall,
        len(records) / cpu,
        signing * 1000,
        report.entries / checking,
    )


def _records(keys: Sequence[DataKey]) -> list[Record]:
    received = [_record(_received(key), n, "classifier") for n, key in enumerate(keys)]
    classified = [_record(_classified(key), n, "classifier") for n, key in enumerate(keys)]
    return [record for pair in zip(received, classified, strict=True) for record in pair]


def _received(key: DataKey) -> InquiryReceived:
    return InquiryReceived(
        inquiry=key.id,
        reference=reference_of(key.id),
        channel="mail",
        received_at=datetime.now(UTC),
        text=key.seal("text", TEXT),
        title=key.seal("title", "Skrald"),
        sender=key.seal("sender", "Bo Bech <bo@borger.example>"),
    )


def _classified(key: DataKey) -> InquiryClassified:
    return InquiryClassified(
        inquiry=key.id,
        reference=reference_of(key.id),
        channel="mail",
        received_at=datetime.now(UTC),
        verdict="confident",
        category="affald",
        confidence=0.9,
        threshold=0.7,
        language="da",
        language_confidence=0.99,
        evidence=key.seal("evidence", TEXT),
        model=ModelRef(name="bench", digest="0" * 64),
    )


def _record(event: InquiryEvent, offset: int, source: str) -> Record:
    now = datetime.now(UTC)
    wire = Envelope[InquiryEvent].of(event, event_id=uuid4(), source=source, time=now).record()
    headers = tuple((name, value.encode()) for name, value in wire.headers.items())
    return Record(wire.topic, 0, offset, int(now.timestamp() * 1000), wire.value, headers)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    figures = asyncio.run(measure())
    for name, value in figures._asdict().items():
        print(f"{name}: {value:,.0f}")  # noqa: T201
