"""The intake ledger on SQL."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update

from contracts.case import CorrectionConfirmed
from contracts.event import Envelope
from contracts.inquiry import InquiryReceived
from infra.chassis.clock import Clock
from infra.chassis.outbox import Outbox
from infra.database import Database
from services.classifier.adapters.erasures import is_erased
from services.classifier.adapters.tables import confirmed_correction, intake

BATCH = 200
LONGEST_WAIT = timedelta(minutes=10)


class SqlIntakeLedger:
    def __init__(
        self, database: Database, outbox: Outbox, clock: Clock, patience: timedelta
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._clock = clock
        self._patience = patience

    async def keep(self, envelope: Envelope[InquiryReceived], raw: str, message: str) -> bool:
        received = envelope.data
        async with self._database.write() as tx:
            done = await tx.execute(
                tx
                .insert(intake)
                .values(
                    inquiry=received.inquiry,
                    event_id=envelope.id,
                    reference=received.reference,
                    channel=received.channel,
                    received_at=received.received_at,
                    message=message,
                    raw=raw,
                    repeats=0,
                    next_at=self._clock() + self._patience,
                )
                .on_conflict_do_nothing()
            )
            if not done.rowcount:
                return False
            await self._outbox.put(tx, envelope, cause=received.inquiry)
        return True

    async def inquiry_of(self, reference: str) -> UUID | None:
        async with self._database.read() as reader:
            found: UUID | None = await reader.scalar(
                select(intake.c.inquiry).where(intake.c.reference == reference)
            )
        return found

    async def arrived(self, inquiry: UUID, at: datetime) -> None:
        async with self._database.write() as tx:
            await tx.execute(
                update(intake)
                .where(intake.c.inquiry == inquiry, intake.c.arrived_at.is_(None))
                .values(arrived_at=at)
            )

    async def waiting(self) -> int:
        async with self._database.read() as reader:
            count = await reader.scalar(
                select(func.count()).select_from(intake).where(intake.c.arrived_at.is_(None))
            )
        return int(count or 0)

    async def hurry(self) -> None:
        """Another cluster answers: what has not arrived may be lost on the way, look at once."""
        async with self._database.write() as tx:
            await tx.execute(
                update(intake)
                .where(intake.c.arrived_at.is_(None))
                .values(next_at=self._clock() + self._patience, repeats=0)
            )

    async def repeat_overdue(self, now: datetime) -> int:
        async with self._database.write() as tx:
            rows = (
                await tx.execute(
                    select(intake.c.inquiry, intake.c.event_id, intake.c.repeats)
                    .where(intake.c.arrived_at.is_(None), intake.c.next_at <= now)
                    .order_by(intake.c.received_at)
                    .limit(BATCH)
                )
            ).all()
            for row in rows:
                await self._outbox.repeat_event(tx, row.event_id)
                wait = min(self._patience * 2 ** min(row.repeats + 1, 10), LONGEST_WAIT)
                await tx.execute(
                    update(intake)
                    .where(intake.c.inquiry == row.inquiry)
                    .values(repeats=row.repeats + 1, next_at=now + wait)
                )
        return len(rows)

    async def keep_correction(self, envelope: Envelope[CorrectionConfirmed]) -> None:
        """Two persons agreed: a training row for the next candidate, unless it was erased meanwhile."""
        correction = envelope.data
        async with self._database.write() as tx:
            if await is_erased(tx, correction.inquiry):
                return
            await tx.execute(
                tx
                .insert(confirmed_correction)
                .values(
                    case=correction.case,
                    inquiry=correction.inquiry,
                    was=correction.was,
                    now=correction.now,
                    confirmed=correction.model_dump(mode="json"),
                    at=envelope.time,
                )
                .on_conflict_do_nothing()
            )
