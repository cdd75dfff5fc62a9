"""Sends the chat's own mails, once the trail holds the event they tell of."""

import asyncio
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import structlog
from sqlalchemy import Row

from contracts.event import Sealed
from infra.chassis.chassis import Chassis
from infra.chassis.errors import DependencyUnavailableError
from infra.chassis.outgoing import OutgoingMail, post_letter
from infra.pages.pages import text
from services.chatbot.adapters import conversations as store
from services.chatbot.adapters import posts
from services.chatbot.corrections import Corrections
from services.chatbot.municipality import Municipality
from services.chatbot.render import to_text
from services.chatbot.say import day_of
from services.chatbot.settings import ChatbotSettings

LOOK_SECONDS = 1.0

log = structlog.get_logger()


class NobodyError(LookupError):
    """There is nobody to write to: the conversation or the address is gone, or it is none."""


class Mailroom:
    def __init__(
        self,
        chassis: Chassis,
        settings: ChatbotSettings,
        municipality: Municipality,
        corrections: Corrections,
        mail: OutgoingMail,
    ) -> None:
        self._chassis = chassis
        self._settings = settings
        self._municipality = municipality
        self._corrections = corrections
        self._mail = mail

    async def run(self) -> None:
        while True:
            await self.send_due()
            await asyncio.sleep(LOOK_SECONDS)

    async def send_due(self) -> int:
        """How many were tried."""
        async with self._chassis.database.read() as reader:
            due = await posts.due_mails(reader, self._chassis.clock())
        for row in due:
            await self._send(row)
        return len(due)

    async def _send(self, row: Row[Any]) -> None:
        write = self._recall if row.kind == "recall" else self._review
        posted = await post_letter(
            self._mail, lambda: write(row), attempts=row.attempts, nobody=NobodyError
        )
        now = self._chassis.clock()
        if posted.sent:
            self._chassis.metrics.count("henvend_mails_sent_total", kind=row.kind)
        settled: dict[str, Any] = (
            {"next_at": now + posted.wait}
            if posted.wait
            else {"settled_at": now, "failure": posted.failure}
        )
        async with self._chassis.database.write() as tx:
            await posts.settle_mail(tx, row.id, **settled)
        log.info("mail_tried", mail=str(row.id), kind=row.kind, sent=posted.sent)

    async def _recall(self, row: Row[Any]) -> EmailMessage:
        async with self._chassis.database.read() as reader:
            recall = await posts.recall_of(reader, row.recall)
            handed = await store.handover_of(reader, row.inquiry)
        if recall is None or handed is None or handed.sender is None:
            raise NobodyError
        key = await self._chassis.keyring.data_key(row.inquiry)
        language = recall.reads
        local = self._municipality.local
        article = self._corrections.corrected(
            recall.topic, recall.language, recall.version, local(self._chassis.clock()).date()
        )
        instead = (
            text(
                "chatbot.mail.recall_new",
                language,
                text=f"{article.title}\n\n{to_text(article.body)}",
            )
            if article
            else text("chatbot.mail.recall_none", language)
        )
        body = text(
            "chatbot.mail.recall",
            language,
            date=day_of(local(recall.shown_at).date(), language),
            title=recall.about.get("title", recall.topic),
            instead=instead,
            phone=self._municipality.phone,
            reference=handed.reference,
            name=self._municipality.name,
        )
        subject = text("chatbot.mail.recall_subject", language, reference=handed.reference)
        return self._letter(
            row, key.open("sender", Sealed.model_validate(handed.sender)), subject, body
        )

    async def _review(self, row: Row[Any]) -> EmailMessage:
        to = self._settings.chatbot_editor_mail
        async with self._chassis.database.read() as reader:
            articles = await posts.overdue_of(reader, row.id)
        if to is None or not articles:
            raise NobodyError
        if any(one.confirmed_at is None for one in articles):
            # Log before act.
            raise DependencyUnavailableError("trail")
        language = "sv" if self._municipality.country == "se" else "da"
        lines = [
            f"- {one.topic}.{one.language} v{one.version} ({one.review_by})" for one in articles
        ]
        body = text(
            "chatbot.mail.review",
            language,
            articles="\n".join(lines),
            link=f"{self._settings.url_of('chatbot')}/editor#review",
        )
        subject = text("chatbot.mail.review_subject", language, count=len(articles))
        return self._letter(row, to, subject, body)

    def _letter(self, row: Row[Any], to: str, subject: str, body: str) -> EmailMessage:
        domain = parseaddr(self._settings.router_from)[1].rpartition("@")[2]
        message = EmailMessage()
        message["From"] = self._settings.router_from
        try:
            message["To"] = Address(addr_spec=to)
        except ValueError:
            raise NobodyError from None
        message["Subject"] = subject
        # From the mail's own id, so that a second copy is recognised.
        message["Message-ID"] = f"<{row.id}@{domain}>"
        # RFC 3834: no machine should answer this.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body)
        return message
