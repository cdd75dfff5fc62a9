"""Erases inquiries: one person asks, another approves, and it is done once the trail holds the decision."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import structlog
from sqlalchemy import Row

from contracts.event import Envelope, effect_id
from contracts.governance import DeadLettered
from contracts.inquiry import InquiryErased
from contracts.reference import reference_of
from infra.chassis.chassis import Chassis
from infra.chassis.errors import TRANSIENT
from infra.chassis.staff import StaffMember
from infra.database import Transaction
from infra.keyring import KeyDestroyedError, UnknownKeyError
from services.router.adapters import erasures, holdings
from services.router.erasure import Holding, objection_to_asking, objection_to_settling
from services.router.live import Changes
from services.router.receipt import token_of
from services.router.refusal import ActRefusedError
from services.router.retention import Retention

LOOK_SECONDS = 1.0

log = structlog.get_logger()


@dataclass(frozen=True)
class Erasures:
    chassis: Chassis
    retention: Retention
    changes: Changes

    async def ask(self, inquiry: UUID, member: StaffMember, ground: str, records: str) -> None:
        """Raises ActRefusedError (gone, asked_already, unsorted, ground, records)."""
        async with self.chassis.database.write() as tx:
            if await erasures.state_of(tx, inquiry):
                raise ActRefusedError("asked_already")
            holding = await holdings.holding_of(tx.connection, inquiry)
            if holding is None:
                raise ActRefusedError("gone")
            objection = objection_to_asking(holding, self.retention.keep, ground, records)
            if objection:
                raise ActRefusedError(objection)
            await erasures.ask(
                tx,
                id=uuid4(),
                inquiry=inquiry,
                reference=holding.reference,
                reason=ground,
                records=records or None,
                asked_by=member.account,
                asked_at=self.chassis.clock(),
            )

    async def settle(self, inquiry: UUID, member: StaffMember, *, agreed: bool) -> None:
        """A second person approves, or anybody takes it back.

        Raises ActRefusedError (settled, complaint_open, own_erasure, needs_dpo).
        """
        async with self.chassis.database.write() as tx:
            asked = await erasures.state_of(tx, inquiry)
            if asked is None or asked.approved_at is not None:
                raise ActRefusedError("settled")
            asker = self.chassis.staff.members.get(asked.asked_by)
            objection = objection_to_settling(
                asked.asked_by,
                asker.role if asker else "",
                member.account,
                member.role,
                agreed=agreed,
                complaint=await holdings.has_complaint(tx.connection, inquiry),
            )
            if objection:
                raise ActRefusedError(objection)
            now = self.chassis.clock()
            if not agreed:
                await erasures.decline(tx, asked.id, member.account, now)
                return
            await erasures.approve(tx, asked.id, member.account, now)
            event = InquiryErased(
                inquiry=inquiry,
                reason=asked.reason,
                requested_by=asked.asked_by,
                approved_by=member.account,
                records=asked.records,
            )
            await self.publish(tx, event, now)

    async def publish(self, tx: Transaction, event: InquiryErased, now: datetime) -> UUID:
        envelope = Envelope[InquiryErased].of(
            event, event_id=effect_id(event.inquiry, "erased"), source="router", time=now
        )
        # Its cause is the inquiry: whoever sends the inquiry again is told again.
        await self.chassis.outbox.put(tx, envelope, cause=event.inquiry)
        tx.after_commit(self.changes.announce)
        return envelope.id

    async def hear(self, envelope: Envelope[InquiryErased]) -> None:
        """Our own decision coming round, or one made elsewhere; again is harmless."""
        event = envelope.data
        async with self.chassis.database.write() as tx:
            await erasures.keep_decision(
                tx, envelope.id, event, reference_of(event.inquiry), envelope.time
            )

    async def without_words(self, letter: DeadLettered) -> DeadLettered:
        """A record about an erased inquiry that stranded late brings nothing of it back."""
        about = _uuid(letter.about)
        async with self.chassis.database.read() as reader:
            if about is None or not await erasures.is_decided(reader, about):
                return letter
        await self.chassis.keyring.shred(letter.letter)
        return letter.model_copy(update={"raw": None})

    async def run(self) -> None:
        while True:
            try:
                await self.finish()
            except TRANSIENT as error:
                log.info("erasure_waited", error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    async def finish(self) -> int:
        """Carry out what was decided and is in the trail; how many are done."""
        async with self.chassis.database.read() as reader:
            due = await erasures.unfinished(reader)
        return sum([await self._carry_out(row) for row in due])

    async def _carry_out(self, decided: Row[Any]) -> bool:
        """Stopped anywhere it is done again from the start; False when bytes may still be left."""
        gone = await self._empty_strays(decided.inquiry)
        receipt = await self._receipt(decided.inquiry)
        async with self.chassis.database.write() as tx:
            await erasures.bury(tx, decided.inquiry, receipt)
            tx.after_commit(self.changes.announce)
        gone &= await self.chassis.keyring.shred(decided.inquiry)
        gone &= await self.chassis.database.truncate_log()
        if not gone:
            log.warning("erasure_unfinished", inquiry=str(decided.inquiry))
            return False
        async with self.chassis.database.write() as tx:
            await erasures.finish(tx, decided.id, self.chassis.clock())
        log.info("inquiry_erased", inquiry=str(decided.inquiry))
        return True

    async def _empty_strays(self, inquiry: UUID) -> bool:
        async with self.chassis.database.read() as reader:
            references = await erasures.references_of(reader, inquiry)
            letters, reports = await erasures.strays(reader, inquiry, references)
        gone = True
        for key in (*(row.id for row in letters), *reports):
            gone &= await self.chassis.keyring.shred(key)
        async with self.chassis.database.write() as tx:
            await erasures.empty_strays(tx, letters, reports)
        return gone

    async def _receipt(self, inquiry: UUID) -> str | None:
        """What recognises the receipt's address when the key that made it is gone."""
        try:
            key = await self.chassis.keyring.data_key(inquiry)
        except (KeyDestroyedError, UnknownKeyError):
            return None
        return receipt_mark(token_of(key))

    async def holding(self, inquiry: UUID) -> Holding | None:
        async with self.chassis.database.read() as reader:
            return await holdings.holding_of(reader, inquiry)


def receipt_mark(token: str) -> str:
    return sha256(token.lower().encode()).hexdigest()


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
