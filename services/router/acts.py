"""What a person does with a case. Every act is one transaction: state, history, event."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row

from contracts.case import (
    CaseAssigned,
    CaseClosed,
    CaseEvent,
    CaseMoved,
    CaseReplied,
    CorrectionConfirmed,
    Outcome,
    StaffRef,
)
from contracts.event import Envelope, effect_id
from contracts.taxonomy import Taxonomy
from infra.chassis.chassis import Chassis
from infra.chassis.staff import StaffMember
from infra.database import Transaction
from services.router.adapters import cases, corrections, erasures, mails
from services.router.live import Changes
from services.router.promise_keeper import PromiseKeeper
from services.router.refusal import ActRefusedError

TRIAGE = "triage"


@dataclass(frozen=True)
class Desk:
    """Where staff work."""

    chassis: Chassis
    taxonomy: Taxonomy
    changes: Changes
    promises: PromiseKeeper

    async def assign(self, case_id: UUID, member: StaffMember) -> None:
        """Take the case."""
        async with self._acting(case_id, member) as acting:
            case = await acting.case()
            await cases.assign_case(acting.tx, case_id, member.account)
            event = CaseAssigned(**_about(case), to=member.account, by=_by(member))
            await acting.record(event, "assigned", {})

    async def move(self, case_id: UUID, member: StaffMember, target: str) -> None:
        """`target` is a category, or a department when the category is not known.

        Raises ActRefusedError (closed, unknown-target, nowhere).
        """
        category = target if target in self.taxonomy.categories else None
        department = self.taxonomy.department_of(category) if category else target
        if department not in self.taxonomy.departments:
            raise ActRefusedError("unknown_target")
        async with self._acting(case_id, member) as acting:
            case = await acting.case()
            same = case.department == department and case.category == category
            if same and case.queue == "department":
                raise ActRefusedError("nowhere")
            # Out of triage is not back and forth: only a department can pass a case on.
            origin = case.department if case.queue == "department" else TRIAGE
            await cases.move_case(
                acting.tx,
                case_id,
                department=department,
                category=category,
                moves=case.moves + (origin != TRIAGE),
            )
            if category and category != case.category:
                await corrections.propose_correction(
                    acting.tx, case_id, case.category, category, member.account, acting.now
                )
            event = CaseMoved(
                **_about(case),
                from_department=origin,
                to_department=department,
                from_category=case.category,
                to_category=category,
                by=_by(member),
            )
            detail = {"from": origin, "to": department, "category": category}
            await acting.record(event, "moved", detail)
        self.chassis.metrics.count("henvend_cases_moved_total", department=origin)

    async def reply(self, case_id: UUID, member: StaffMember, text: str) -> None:
        """Answer the citizen. Raises ActRefusedError (closed, empty, too-long, unanswerable)."""
        if not text.strip():
            raise ActRefusedError("empty")
        if len(text) > 20_000:
            raise ActRefusedError("too_long")
        async with self._acting(case_id, member) as acting:
            case = await acting.case()
            by_mail = case.channel != "chat"
            if by_mail and not case.received.get("sender"):
                raise ActRefusedError("unanswerable")
            key = await self.chassis.keyring.data_key(case.inquiry)
            sealed = key.seal("reply", text)
            event = CaseReplied(
                **_about(case), reply=sealed, by=_by(member), language=case.language
            )
            event_id = await acting.record(
                event, "replied", {"reply": sealed.model_dump(mode="json")}
            )
            if by_mail or case.received.get("sender"):
                await mails.queue_mail(
                    acting.tx,
                    mail_id=effect_id(event_id, "mail"),
                    case_id=case_id,
                    kind="reply",
                    event_id=event_id,
                    now=acting.now,
                    reply=sealed.model_dump(mode="json"),
                    by=member.name,
                )

    async def close(self, case_id: UUID, member: StaffMember, outcome: Outcome) -> None:
        async with self._acting(case_id, member) as acting:
            case = await acting.case()
            await cases.close_case(acting.tx, case_id, acting.now)
            event = CaseClosed(**_about(case), outcome=outcome, by=_by(member))
            await acting.record(event, "closed", {"outcome": outcome})

    async def settle_correction(self, case_id: UUID, member: StaffMember, *, agreed: bool) -> None:
        """A second person agrees or not. Raises ActRefusedError (own_correction)."""
        async with self.chassis.database.write() as tx:
            acting = _Acting(self, tx, case_id, member)
            open_one = next(
                (c for c in await corrections.open_corrections(tx.connection) if c.case == case_id),
                None,
            )
            done = await corrections.settle_correction(
                tx, case_id, by=member.account, at=acting.now, agreed=agreed
            )
            if not done or open_one is None:
                raise ActRefusedError("own_correction")
            if agreed:
                case = await acting.any_case()
                proposer = self.chassis.staff.members.get(open_one.proposed_by)
                event = CorrectionConfirmed(
                    **_about(case),
                    was=open_one.was,
                    now=open_one.now,
                    proposed_by=StaffRef(
                        account=open_one.proposed_by,
                        role=proposer.role if proposer else "caseworker",
                    ),
                    confirmed_by=_by(member),
                )
                await acting.record(event, "correction", {"now": open_one.now})

    @asynccontextmanager
    async def _acting(self, case_id: UUID, member: StaffMember) -> AsyncIterator["_Acting"]:
        async with self.chassis.database.write() as tx:
            yield _Acting(self, tx, case_id, member)


class _Acting:
    """One act under way."""

    def __init__(self, desk: Desk, tx: Transaction, case_id: UUID, member: StaffMember) -> None:
        self._desk = desk
        self._case_id = case_id
        self._member = member
        self.tx = tx
        self.now: datetime = desk.chassis.clock()

    async def any_case(self) -> Row[Any]:
        case: Row[Any] | None = await cases.case_by_id(self.tx.connection, self._case_id)
        if case is None:
            raise ActRefusedError("gone")
        if await erasures.is_decided(self.tx, case.inquiry):
            raise ActRefusedError("erasing")
        return case

    async def case(self) -> Row[Any]:
        """Raises ActRefusedError when it is closed or not this member's."""
        case = await self.any_case()
        if case.status != "open":
            raise ActRefusedError("closed")
        if not may_handle(self._member, case):
            raise ActRefusedError("not_yours")
        return case

    async def record(self, event: CaseEvent, kind: str, detail: dict[str, Any]) -> UUID:
        """History and outbox; returns the event id."""
        act_id = uuid4()
        chassis = self._desk.chassis
        await cases.add_act(
            self.tx,
            act_id=act_id,
            case_id=self._case_id,
            at=self.now,
            kind=kind,
            by=self._member.account,
            detail=detail,
        )
        await self._desk.promises.note(self.tx, self._case_id, kind, detail, self.now)
        envelope = Envelope[CaseEvent].of(
            event, event_id=effect_id(act_id, kind), source="router", time=self.now
        )
        await chassis.outbox.put(self.tx, envelope, cause=act_id)
        self.tx.after_commit(self._desk.changes.announce)
        return envelope.id


def may_handle(member: StaffMember, case: Row[Any]) -> bool:
    """Caseworkers: what is in their departments, and what waits for triage with one suggested."""
    return not member.departments or case.department in member.departments


def _about(case: Row[Any]) -> dict[str, Any]:
    return {
        "inquiry": case.inquiry,
        "case": case.id,
        "reference": case.reference,
        "channel": case.channel,
        "conversation": case.conversation,
    }


def _by(member: StaffMember) -> StaffRef:
    return StaffRef(account=member.account, role=member.role)
