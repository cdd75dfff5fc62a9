"""Outgoing mail by SMTP."""

from email.message import EmailMessage
from pathlib import Path

import aiosmtplib

from infra.chassis.errors import DependencyUnavailableError
from services.router.ports import MailRefusedError
from services.router.settings import RouterSettings

SECONDS = 20


class SmtpMail:
    def __init__(self, settings: RouterSettings) -> None:
        self._settings = settings
        password_file = settings.router_smtp_password_file
        self._password = Path(password_file).read_text("utf-8").strip() if password_file else None

    async def send(self, message: EmailMessage) -> None:
        settings = self._settings
        try:
            await aiosmtplib.send(
                message,
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.router_smtp_user,
                password=self._password,
                # Outside loopback a server without TLS is refused rather than used.
                start_tls=not settings.smtp_is_loopback,
                timeout=SECONDS,
            )
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPSenderRefused) as error:
            raise MailRefusedError(_code(error)) from None
        except aiosmtplib.SMTPResponseException as error:
            if error.code >= 500:
                raise MailRefusedError(error.code) from None
            raise DependencyUnavailableError("outgoing mail server") from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise DependencyUnavailableError("outgoing mail server") from error


def _code(error: Exception) -> int:
    code = getattr(error, "code", None)
    if isinstance(code, int):
        return code
    recipients = getattr(error, "recipients", [])
    return int(recipients[0].code) if recipients else 550
