"""What is said about the machinery itself: models, rules, switches, reported errors, dead letters."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from contracts.event import Event, Sealed
from contracts.inquiry import ModelRef

DeadReason = Literal[
    "empty",
    "too-large",
    "unknown-type",
    "not-json",
    "no-attribute",
    "invalid",
    "unknown-category",
    "key-destroyed",
    "bug",
]


class ModelPromoted(Event):
    type: ClassVar[str] = "model.promoted"

    model: ModelRef
    previous: str | None
    """Digest of the model it replaces."""
    approved_by: tuple[str, ...]
    metrics: dict[str, float] = Field(default_factory=dict)

    @property
    def subject(self) -> str:
        return self.model.digest


class RulesChanged(Event):
    type: ClassVar[str] = "rules.changed"

    digest: str
    previous: str | None
    by: str

    @property
    def subject(self) -> str:
        return self.digest


MONITOR = "monitor"
"""Who turned a switch when no person did: it may only turn them off."""


class SwitchTurned(Event):
    """A kill switch was turned by a person, or turned off by the monitor."""

    type: ClassVar[str] = "switch.turned"

    switch: str
    on: bool
    by: str
    reason: str

    @property
    def subject(self) -> str:
        return self.switch


class ErrorReported(Event):
    """Staff reported an error on a page; the words are sealed under the report's own key."""

    type: ClassVar[str] = "error.reported"

    report: UUID
    page: str
    by: str
    text: Sealed

    @property
    def subject(self) -> str:
        return str(self.report)


class DeadLettered(Event):
    """A record that could not be handled: what, where, why; never its content in clear."""

    type: ClassVar[str] = "event.dead-lettered"

    letter: UUID
    consumer: str
    reason: DeadReason
    error: str
    """Type name of the error, or field names."""
    attempts: int
    topic: str
    partition: int
    offset: int
    size: int
    digest: str
    """SHA-256 of the raw value, hex."""
    event: UUID | None = None
    about: str | None = None
    """Subject of the dead event if it could be read."""
    headers: dict[str, str] = Field(default_factory=dict)
    raw: Sealed | None = None
    """The raw value in base64, sealed under the letter's own key; None when too large."""

    @property
    def subject(self) -> str:
        return str(self.letter)
