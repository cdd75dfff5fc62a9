"""Sends what is due by mail, once the trail holds the event it tells of."""

import asyncio
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import structlog
from sqlalchemy import Row

from contracts.event import Sealed
from contracts.inquiry import InquiryReceived
from contracts.taxonomy import Taxonomy
from infra.chassis.chassis import Chassis
from infra.chassis.outgoing import OutgoingMail, post_letter
from infra.chassis.tables import outbox
from infra.keyring import KeyDestroyedError
from infra.pages.pages import LANGUAGES, day, text
from services.router.adapters import cases, erasures, mails
from services.router.letters import Correspondence, Letterhead, UnanswerableError, compose
from services.router.receipt import token_of
from services.router.settings import RouterSettings

LOOK_SECONDS = 0.5

log = structlog.get_logger()


class Mailroom:
    def __init__(
        self, chassis: Chassis, settings: RouterSettings, taxonomy: Taxonomy, mail: OutgoingMail
    ) -> None:
        self._chassis = chassis
        self._settings = settings
        self._taxonomy = taxonomy
        self._mail = mail
        domain = parseaddr(settings.router_from)[1].rpartition("@")[2]
        self._head = Letterhead(settings.router_from, domain, settings.router_phone)

    async def run(self) -> None:
        while True:
            sent = await self.send_due()
            if not sent:
                await asyncio.sleep(LOOK_SECONDS)

    async def send_due(self) -> int:
        """How many were tried."""
        async with self._chassis.database.read() as reader:
            due = await mails.due_mails(reader, outbox, self._chassis.clock())
        for row in due:
            await self._send(row)
        return len(due)

    async def _send(self, row: Row[Any]) -> None:
        posted = await post_letter(
            self._mail, lambda: self._compose(row), attempts=row.attempts, nobody=UnanswerableError
        )
        now = self._chassis.clock()
        if posted.sent:
            self._chassis.metrics.count("henvend_mails_sent_total", kind=row.kind)
        async with self._chassis.database.write() as tx:
            await mails.settle_mail(
                tx,
                row.id,
                sent_at=now if posted.sent else None,
                failure=posted.failure,
                next_at=now + posted.wait if posted.wait else None,
            )
        log.info("mail_tried", mail=str(row.id), kind=row.kind, sent=posted.sent)

    async def _compose(self, row: Row[Any]) -> EmailMessage:
        return compose(await self._write(row), self._head)

    async def _write(self, row: Row[Any]) -> Correspondence:
        async with self._chassis.database.read() as reader:
            case = await cases.case_by_id(reader, row.case)
            # It may have been erased since the mail was found due.
            if case is None or await erasures.is_decided(reader, case.inquiry):
                raise KeyDestroyedError
        received = InquiryReceived.model_validate(case.received)
        if received.sender is None:
            raise UnanswerableError
        key = await self._chassis.keyring.data_key(case.inquiry)
        # Who writes in none of our languages is more likely to read English than Danish.
        language = case.language if case.language in LANGUAGES else "en"
        title = key.open("title", received.title) if received.title else ""
        receipt = self._settings.url_of("router") + f"/receipt/{case.reference}/{token_of(key)}"
        body = (
            self._acknowledgement(case, language, receipt)
            if row.kind == "ack"
            else self._reply(row, case, language, key.open("reply", Sealed(**row.reply)), receipt)
        )
        return Correspondence(
            id=row.id,
            to=key.open("sender", received.sender),
            subject=_subject(title, case.reference),
            body=body,
        )

    def _acknowledgement(self, case: Row[Any], language: str, receipt: str) -> str:
        department = self._taxonomy.departments.get(case.department)
        in_queue = case.queue == "department" and department is not None
        return text(
            "router.mail.ack_department" if in_queue else "router.mail.ack_triage",
            language,
            department=department.name.in_language(language) if department else "",
            reference=case.reference,
            deadline=day(case.deadline),
            phone=self._head.phone,
            receipt=receipt,
        )

    def _reply(self, row: Row[Any], case: Row[Any], language: str, reply: str, receipt: str) -> str:
        department = self._taxonomy.departments.get(case.department)
        return text(
            "router.mail.reply",
            language,
            reply=reply,
            name=row.by or "",
            department=department.name.in_language(language) if department else "",
            reference=case.reference,
            phone=self._head.phone,
            receipt=receipt,
        )


def _subject(title: str, reference: str) -> str:
    return f"SV: {title} [{reference}]" if title else f"[{reference}]"
