"""Mail that leaves: the one outgoing server every service sends by."""

from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol

import aiosmtplib
from pydantic import field_validator

from infra.chassis.errors import DependencyUnavailableError
from infra.chassis.settings import ServiceSettings

SECONDS = 20


class OutgoingMail(Protocol):
    async def send(self, message: EmailMessage) -> None:
        """Returns when the mail server took it. Raises DependencyUnavailableError (try later) or
        MailRefusedError (never will)."""
        ...


class MailRefusedError(ValueError):
    """The mail server refuses this recipient or message for good; the code is its SMTP status."""

    def __init__(self, code: int) -> None:
        super().__init__(f"smtp {code}")
        self.code = code


class MailSettings(ServiceSettings):
    """Set once for all services that send mail."""

    router_smtp: str = "127.0.0.1:8026"
    """Outgoing mail server, HOST:PORT."""
    router_smtp_user: str | None = None
    router_smtp_password_file: str | None = None
    router_from: str = "Sundby Kommune <svar@sundby.example>"
    """Sender of all mail to citizens and editors."""

    @field_validator("router_smtp")
    @classmethod
    def _smtp_host_and_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit():
            raise ValueError("must be HOST:PORT")
        return value

    @property
    def smtp_host(self) -> str:
        return self.router_smtp.rpartition(":")[0]

    @property
    def smtp_port(self) -> int:
        return int(self.router_smtp.rpartition(":")[2])

    @property
    def smtp_is_loopback(self) -> bool:
        try:
            return ip_address(self.smtp_host).is_loopback
        except ValueError:
            return self.smtp_host == "localhost"


class SmtpMail:
    def __init__(self, settings: MailSettings) -> None:
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
