"""What the router can be told."""

from datetime import timedelta
from ipaddress import ip_address

from pydantic import Field, field_validator

from infra.chassis.settings import ServiceSettings


class RouterSettings(ServiceSettings):
    router_smtp: str = "127.0.0.1:8026"
    """Outgoing mail server, HOST:PORT."""
    router_smtp_user: str | None = None
    router_smtp_password_file: str | None = None
    router_from: str = "Sundby Kommune <svar@sundby.example>"
    """Sender of acknowledgements and replies."""
    router_phone: str = "70 00 00 00"
    """Phone number shown to citizens (sample)."""
    router_unclassified_seconds: float = Field(default=30.0, ge=1, le=86_400)
    """An inquiry without a classification after this long goes to manual triage; a classifier that is at
    work but behind is waited for ten times as long."""
    router_classifier_on: bool = True
    """False: do not wait for the classifier at all; everything goes to manual triage."""

    @field_validator("router_smtp")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
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

    @property
    def patience(self) -> timedelta:
        seconds = self.router_unclassified_seconds if self.router_classifier_on else 0
        return timedelta(seconds=seconds)
