"""Events in, cases out: each handler is one transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from contracts.answer import QuestionAnswered
from contracts.case import CaseOpened
from contracts.event import Envelope, effect_id
from contracts.governance import DeadLettered, SwitchTurned
from contracts.inquiry import (
    DecisionContested,
    InquiryClassified,
    InquiryErased,
    InquiryReceived,
)
from infra.chassis.chassis import Chassis
from infra.chassis.errors import UnknownCategoryError
from infra.database import Transaction
from services.router.adapters import (
    answers,
    cases,
    contests,
    dead_letters,
    decisions,
    erasures,
    mails,
    switches,
)
from services.router.contest import apply_contest
from services.router.erasing import Erasures
from services.router.live import Changes
from services.router.route import RoutingTable, route
from services.router.switch import is_routing, stopped_by

log = structlog.get_logger()


class Consumer:
    def __init__(
        self, chassis: Chassis, table: RoutingTable, changes: Changes, erasing: Erasures
    ) -> None:
        self._chassis = chassis
        self._erasing = erasing
        self._table = table
        self._changes = changes
        self.classified_at: datetime | None = None
        """When the classifier was last heard."""

    def register(self) -> None:
        self._chassis.on(InquiryReceived, self.on_inquiry_received)
        self._chassis.on(InquiryClassified, self.on_inquiry_classified)
        self._chassis.on(DecisionContested, self.on_decision_contested)
        self._chassis.on(DeadLettered, self.on_dead_lettered)
        self._chassis.on(SwitchTurned, self.on_switch_turned)
        self._chassis.on(QuestionAnswered, self.on_question_answered)
        self._chassis.on(InquiryErased, self._erasing.hear)

    async def on_inquiry_received(self, envelope: Envelope[InquiryReceived]) -> None:
        async with self._chassis.database.write() as tx:
            if not await self._is_new(tx, envelope):
                return
            await cases.keep_inquiry(tx, envelope.data, envelope.id)
            await self._open_when_complete(tx, envelope.data.inquiry)

    async def on_inquiry_classified(self, envelope: Envelope[InquiryClassified]) -> None:
        self.classified_at = self._chassis.clock()
        self._require_known(envelope.data)
        async with self._chassis.database.write() as tx:
            if not await self._is_new(tx, envelope):
                return
            await cases.keep_classification(tx, envelope.data, envelope.id)
            await self._open_when_complete(tx, envelope.data.inquiry)

    async def on_decision_contested(self, envelope: Envelope[DecisionContested]) -> None:
        async with self._chassis.database.write() as tx:
            first = await self._chassis.inbox.first(tx, envelope.id)
            if first and not await erasures.is_decided(tx, envelope.data.inquiry):
                await apply_contest(tx, envelope, self._chassis.clock())
                tx.after_commit(self._changes.announce)

    async def on_switch_turned(self, envelope: Envelope[SwitchTurned]) -> None:
        if not is_routing(envelope.data.switch):
            return
        async with self._chassis.database.write() as tx:
            await switches.keep_switch(tx, envelope.data, envelope.time)

    async def on_question_answered(self, envelope: Envelope[QuestionAnswered]) -> None:
        answered = envelope.data
        if answered.verdict == "answered" and answered.handed_over is None:
            async with self._chassis.database.write() as tx:
                await answers.keep_answer(tx, envelope.id, answered.language, envelope.time)

    async def on_dead_lettered(self, envelope: Envelope[DeadLettered]) -> None:
        letter = await self._erasing.without_words(envelope.data)
        async with self._chassis.database.write() as tx:
            await dead_letters.keep_dead_letter(
                tx, letter.letter, letter.model_dump(mode="json"), self._chassis.clock()
            )

    async def open_unclassified(self, inquiry_id: UUID) -> None:
        """The classifier did not answer in time: a person triages it."""
        async with self._chassis.database.write() as tx:
            await self._open_when_complete(tx, inquiry_id, patient=False)

    def _require_known(self, classified: InquiryClassified) -> None:
        known = self._table.taxonomy.categories
        named = [
            *([classified.category] if classified.category else []),
            *(part.category for part in classified.parts),
            *(alternative.category for alternative in classified.alternatives),
        ]
        if any(name not in known for name in named):
            raise UnknownCategoryError

    async def _is_new(self, tx: Transaction, envelope: Envelope[Any]) -> bool:
        """Whether it says something new about an inquiry that may still be kept.

        Whoever sent it again has not seen the case opened, or the inquiry erased: what we said of it is
        said again, same ids, same bytes.
        """
        inquiry: UUID = envelope.data.inquiry
        first = await self._chassis.inbox.first(tx, envelope.id)
        erased = await erasures.is_decided(tx, inquiry)
        if not first or erased:
            await self._chassis.outbox.repeat(tx, inquiry)
        return first and not erased

    async def _open_when_complete(
        self, tx: Transaction, inquiry_id: UUID, *, patient: bool = True
    ) -> None:
        waiting = await cases.unrouted(tx, inquiry_id)
        if waiting is None:
            return
        received, _, classified, _ = waiting
        if classified is None and patient:
            return
        now = self._chassis.clock()
        off = await switches.stopped(tx.connection)
        opened = route(
            received,
            classified,
            self._table,
            now,
            stopped=stopped_by(off, self._table.taxonomy.departments),
            contested=await contests.is_contested(tx, inquiry_id),
        )
        await cases.open_cases(tx, opened, classified, now)
        await decisions.keep_decisions(tx, opened, classified)
        for case in opened:
            await self._announce(tx, case, received)
        tx.after_commit(self._changes.announce)

    async def _announce(self, tx: Transaction, case: CaseOpened, received: InquiryReceived) -> None:
        now = self._chassis.clock()
        envelope = Envelope[CaseOpened].of(
            case, event_id=effect_id(case.case, "opened"), source="router", time=now
        )
        await self._chassis.outbox.put(tx, envelope, cause=case.inquiry)
        if received.channel in {"mail", "form"} and received.sender and not received.automatic:
            await mails.queue_mail(
                tx,
                mail_id=effect_id(case.case, "acknowledgement"),
                case_id=case.case,
                kind="ack",
                event_id=envelope.id,
                now=now,
            )
        self._chassis.metrics.count(
            "henvend_cases_opened_total", department=case.department or "triage", reason=case.reason
        )
        log.info("case_opened", case=str(case.case), queue=case.queue, rule=case.rule)
