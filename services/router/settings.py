"""What the router can be told."""

from datetime import timedelta

from pydantic import Field

from infra.chassis.outgoing import MailSettings


class RouterSettings(MailSettings):
    router_phone: str = "70 00 00 00"
    """Phone number shown to citizens (sample)."""
    router_unclassified_seconds: float = Field(default=30.0, ge=1, le=86_400)
    """An inquiry without a classification after this long goes to manual triage; a classifier that is at
    work but behind is waited for ten times as long."""
    router_classifier_on: bool = True
    """False: do not wait for the classifier at all; everything goes to manual triage."""

    @property
    def patience(self) -> timedelta:
        seconds = self.router_unclassified_seconds if self.router_classifier_on else 0
        return timedelta(seconds=seconds)
