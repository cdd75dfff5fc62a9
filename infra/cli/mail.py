"""Sends mail files by SMTP, the way any mail client does."""

import smtplib
from collections.abc import Iterator, Sequence
from email import message_from_bytes, policy
from email.utils import getaddresses, make_msgid
from pathlib import Path

SECONDS = 30
FALLBACK_TO = "kontakt@sundby.example"
FALLBACK_FROM = "borger@eksempel.example"


class MailNotSentError(RuntimeError):
    """The message says which mail and why."""


def send_files(
    files: Sequence[Path], address: str | None, times: int = 1
) -> Iterator[tuple[str, str]]:
    """Yields each file's name with the server's answer. Raises MailNotSentError."""
    host, port = _server(address)
    try:
        client = smtplib.SMTP(host, port, timeout=SECONDS)
    except OSError as error:
        raise MailNotSentError(
            f"Nobody takes mail at {host}:{port} ({error.strerror or error}). Is `make run` running?"
        ) from None
    with client:
        for file in files:
            raw = _read(file)
            for _ in range(times):
                yield file.name, _deliver(client, raw if times == 1 else _as_new(raw), file)


def _server(address: str | None) -> tuple[str, int]:
    if address is None:
        from services.classifier.settings import ClassifierSettings

        settings = ClassifierSettings.load()
        return settings.host, settings.classifier_smtp_port
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise MailNotSentError(f"{address} is not HOST:PORT.")
    return host, int(port)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise MailNotSentError(f"{file} cannot be read: {error.strerror}.") from None


def _as_new(raw: bytes) -> bytes:
    """Another mail with the same words: its own Message-ID."""
    message = message_from_bytes(raw, policy=policy.SMTP)
    del message["Message-ID"]
    message["Message-ID"] = make_msgid(domain="eksempel.example")
    return message.as_bytes()


def _deliver(client: smtplib.SMTP, raw: bytes, file: Path) -> str:
    message = message_from_bytes(raw)
    recipients = [a for _, a in getaddresses(message.get_all("To", [])) if "@" in a]
    senders = [a for _, a in getaddresses(message.get_all("From", [])) if "@" in a]
    try:
        client.ehlo_or_helo_if_needed()
        client.mail(senders[0] if senders else FALLBACK_FROM)
        for recipient in recipients or [FALLBACK_TO]:
            client.rcpt(recipient)
        code, answer = client.data(raw)
    except (smtplib.SMTPException, OSError) as error:
        raise MailNotSentError(f"{file.name} was not taken: {error}") from None
    if code != 250:
        raise MailNotSentError(
            f"{file.name} was not taken: {code} {answer.decode(errors='replace')}"
        )
    return answer.decode("utf-8", "replace")
