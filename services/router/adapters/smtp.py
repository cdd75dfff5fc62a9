"""Outgoing mail by SMTP."""

from infra.chassis.outgoing import SmtpMail

__all__ = ["SmtpMail"]
