"""What is promised of automatic routing, from the municipality's own file."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.router.measures import Share
from services.router.own_file import parse

Part = Annotated[float, Field(gt=0, lt=1)]
FILE = "monitor.yaml"


class PolicyError(ValueError):
    """The monitoring file is wrong; the message names the line's key and what is allowed."""


class Policy(BaseModel):
    """Reasons for each value stand in the sample file beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    promise: Part
    minimum: int = Field(ge=5, le=10_000)
    auto_stop: bool
    stop_level: Part
    evidence_cases: int = Field(ge=5, le=10_000)
    evidence_days: int = Field(ge=1, le=3650)
    drift_watch: float = Field(gt=0)
    drift_alert: float = Field(gt=0)
    drift_minimum: int = Field(ge=10)
    strange_alert: Part
    coverage_fall: Part
    minutes_to_sort: float = Field(ge=0, le=120)
    minutes_lost_when_wrong: float = Field(ge=0, le=600)

    def broken_by(self, kept: Share) -> bool:
        """Beyond reasonable doubt: not even the interval's upper end keeps the promise."""
        return kept.whole >= self.minimum and kept.interval(self.stop_level)[1] < self.promise

    def says_enough(self, share: Share) -> bool:
        return share.whole >= self.minimum


def load_policy(folder: Path | None) -> Policy:
    """The municipality's monitor.yaml, or the sample one. Raises PolicyError."""
    own = folder / FILE if folder else None
    path = own if own and own.exists() else None
    where = str(path) if path else "the sample monitoring file"
    try:
        text = (
            path.read_text("utf-8")
            if path
            else files("services.router").joinpath(FILE).read_text("utf-8")
        )
    except OSError as error:
        raise PolicyError(f"{where} cannot be read: {error.strerror}.") from None
    return parse(text, where, Policy, PolicyError)
