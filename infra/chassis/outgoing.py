"""Mail that leaves: the one outgoing server every service sends by."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple, Protocol

import aiosmtplib
import structlog
from pydantic import field_validator

from infra.chassis.errors import DependencyUnavailableError
from infra.chassis.residency import Endpoint, is_this_machine
from infra.chassis.settings import ServiceSettings
from infra.keyring import KeyDestroyedError, SealBrokenError, UnknownKeyError

SECONDS = 20
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)

log = structlog.get_logger()


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


class Posted(NamedTuple):
    """What became of a letter: sent, or to be tried again after `wait`, or never because of `failure`."""

    failure: str | None = None
    wait: timedelta | None = None

    @property
    def sent(self) -> bool:
        return self.failure is None and self.wait is None


async def post_letter(
    mail: OutgoingMail,
    write: Callable[[], Awaitable[EmailMessage]],
    *,
    attempts: int,
    nobody: type[Exception],
) -> Posted:
    """One try. `write` composes the letter and raises `nobody` when there is no address to write to."""
    try:
        await mail.send(await write())
    except DependencyUnavailableError:
        return Posted(wait=min(FIRST_WAIT * 2 ** min(attempts, 12), LONGEST_WAIT))
    except MailRefusedError as error:
        return Posted(failure=f"smtp-{error.code}")
    except nobody:
        return Posted(failure="unanswerable")
    except KeyDestroyedError:
        return Posted(failure="erased")
    except (UnknownKeyError, SealBrokenError):
        # One letter that cannot be read must not keep all others from leaving.
        log.exception("mail_unreadable")
        return Posted(failure="unreadable")
    return Posted()


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
        return is_this_machine(self.smtp_host)

    def endpoints(self) -> list[Endpoint]:
        return [*super().endpoints(), Endpoint("router_smtp", self.smtp_host, "outgoing mail")]


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
