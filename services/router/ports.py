"""What the router needs of the outside."""

from email.message import EmailMessage
from typing import Protocol


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
