"""Takes mail in by SMTP and LMTP: kept, sealed and durable before the sender is told so."""

import asyncio
import zlib
from base64 import b64encode
from collections.abc import Callable
from contextlib import AsyncExitStack
from email.utils import parseaddr
from uuid import UUID

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as MailEnvelope

from contracts.event import Envelope, effect_id
from contracts.inquiry import InquiryReceived
from contracts.reference import reference_of
from infra.chassis.clock import Clock
from infra.chassis.errors import TRANSIENT
from infra.chassis.metrics import Metrics
from infra.keyring import KeyDestroyedError, Keyring
from services.classifier.mail import ReadMail, read_mail
from services.classifier.ports import IntakeLedger
from services.classifier.settings import ClassifierSettings

log = structlog.get_logger()
MAX_TEXT = 100_000
"""Characters of a mail's text that travel in the event; the ledger keeps the whole mail."""


class Intake:
    """aiosmtpd's handler; its method names are the library's."""

    def __init__(
        self,
        ledger: IntakeLedger,
        keyring: Keyring,
        settings: ClassifierSettings,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._keyring = keyring
        self._settings = settings
        self._metrics = metrics
        self._clock = clock

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        _session: Session,
        envelope: MailEnvelope,
        address: str,
        _options: list[str],
    ) -> str:
        if isinstance(server, LMTP) and envelope.rcpt_tos:
            # LMTP answers once per recipient; one at a time keeps that simple and exact.
            return "452 4.5.3 One recipient at a time, please"
        domain = parseaddr(address)[1].rpartition("@")[2].lower()
        domains = self._settings.mail_domains
        if domains and domain not in domains:
            self._metrics.count("henvend_mails_refused_total", reason="domain")
            return "550 5.7.1 This server takes no mail for that domain"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: MailEnvelope
    ) -> str:
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        try:
            reference = await self.take(raw, return_path=envelope.mail_from)
        except TRANSIENT as error:
            log.warning("mail_not_kept", error=type(error).__name__)
            self._metrics.count("henvend_mails_refused_total", reason="away")
            return "451 4.3.0 Cannot keep it right now, please try again later"
        except Exception:
            # The sender's server keeps the mail and tries again; a bug here loses nothing.
            log.exception("mail_not_kept")
            self._metrics.count("henvend_mails_refused_total", reason="bug")
            return "451 4.3.0 Cannot keep it right now, please try again later"
        return f"250 2.0.0 Kept as {reference}"

    async def take(self, raw: bytes, *, return_path: str | None) -> str:
        """Keep one mail; the same mail again is the same inquiry. Returns its reference."""
        # Some mails take seconds to parse (thousands of nested parts); the others must not wait.
        mail = await asyncio.to_thread(read_mail, raw, return_path=return_path)
        inquiry = effect_id(f"mail/{mail.message_id}", mail.digest)
        try:
            key = await self._keyring.create(inquiry)
        except KeyDestroyedError:
            # It was erased since: nothing is kept, and the sender's server need not try for days.
            log.info("erased_mail_came_again", inquiry=str(inquiry))
            return reference_of(inquiry)
        received = InquiryReceived(
            inquiry=inquiry,
            reference=reference_of(inquiry),
            channel="mail",
            received_at=self._clock(),
            text=key.seal("text", mail.text[:MAX_TEXT]),
            title=key.seal("title", mail.title) if mail.title else None,
            sender=key.seal("sender", mail.sender) if mail.sender else None,
            attachments=mail.attachments,
            follows=await self._followed(mail),
            automatic=mail.automatic,
        )
        envelope = Envelope[InquiryReceived].of(
            received,
            event_id=effect_id(inquiry, "received"),
            source="classifier",
            time=received.received_at,
        )
        sealed = key.seal("raw", b64encode(zlib.compress(raw)).decode())
        new = await self._ledger.keep(envelope, sealed.model_dump_json(), mail.digest)
        self._metrics.count("henvend_mails_accepted_total", repeated=str(not new).lower())
        log.info("mail_kept", inquiry=str(inquiry), repeated=not new, automatic=mail.automatic)
        return received.reference

    async def _followed(self, mail: ReadMail) -> UUID | None:
        return await self._ledger.inquiry_of(mail.reference) if mail.reference else None


LONGEST_LINE = 1_000_000
"""RFC 5321 allows 1,000 bytes; programs that send longer lines exist, and their mail must not be lost."""


class _Smtp(SMTP):  # type: ignore[misc]
    line_length_limit = LONGEST_LINE


class _Lmtp(LMTP):  # type: ignore[misc]
    line_length_limit = LONGEST_LINE


async def listen(intake: Intake, settings: ClassifierSettings) -> None:
    """Take mail by SMTP and LMTP until cancelled, also while the broker is away."""
    async with AsyncExitStack() as stack:
        for protocol, port in (
            (_Smtp, settings.classifier_smtp_port),
            (_Lmtp, settings.classifier_lmtp_port),
        ):
            server = await asyncio.get_running_loop().create_server(
                _factory(protocol, intake, settings), host=settings.host, port=port
            )
            await stack.enter_async_context(server)
        await asyncio.Event().wait()


def _factory(
    protocol: type[SMTP], intake: Intake, settings: ClassifierSettings
) -> Callable[[], SMTP]:
    return lambda: protocol(
        intake,
        data_size_limit=settings.classifier_mail_bytes,
        enable_SMTPUTF8=True,
        ident="Henvend",
        loop=asyncio.get_running_loop(),
    )
