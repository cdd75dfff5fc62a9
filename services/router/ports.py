"""What the router needs of the outside."""

from infra.chassis.outgoing import MailRefusedError, OutgoingMail

__all__ = ["MailRefusedError", "OutgoingMail"]
