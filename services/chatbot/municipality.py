"""The municipality the chat speaks for: its names, numbers and the hours when people answer."""

from collections.abc import Container
from datetime import date, datetime, time, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from infra.text.safe_yaml import read_yaml
from services.chatbot.knowledge import KnowledgeError


class Municipality(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    name: str
    sample: bool = False
    country: str = Field(pattern=r"^(dk|se)$")
    own_places: tuple[Annotated[str, Field(pattern=r"\w")], ...] = ()
    """Villages, districts and regions it lies in: a question that names them is about us."""
    phone: str
    emergency_line: str
    """Social emergency line, day and night."""
    hours: tuple[str, ...] = Field(min_length=7, max_length=7)
    """Monday first, `HH:MM-HH:MM` or empty."""
    time_zone: str
    answer_days: int = Field(ge=1, le=60)

    @field_validator("hours")
    @classmethod
    def _readable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for line in value:
            if line:
                _span(line)
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("no such time zone") from error
        return value

    def local(self, now: datetime) -> datetime:
        return now.astimezone(ZoneInfo(self.time_zone))

    def is_open(self, now: datetime, holidays: Container[date]) -> bool:
        """Whether people answer at this moment."""
        here = self.local(now)
        line = self.hours[here.weekday()]
        if not line or here.date() in holidays:
            return False
        begins, ends = _span(line)
        return begins <= here.time() < ends

    def opens(self, now: datetime, holidays: Container[date]) -> datetime:
        """When people answer next; `now` when they do already."""
        if self.is_open(now, holidays):
            return now
        here = self.local(now)
        for ahead in range(31):
            day = here.date() + timedelta(days=ahead)
            line = self.hours[day.weekday()]
            if not line or day in holidays:
                continue
            begins = datetime.combine(day, _span(line)[0], here.tzinfo)
            if begins > here:
                return begins
        return here + timedelta(days=31)

    def answered_by(self, now: datetime, holidays: Container[date]) -> date:
        """The working day by which a person has answered, at the latest."""
        day = self.local(now).date()
        left = self.answer_days
        for _ in range(200):
            day += timedelta(days=1)
            if self.hours[day.weekday()] and day not in holidays:
                left -= 1
            if left == 0:
                break
        return day


def _span(line: str) -> tuple[time, time]:
    try:
        begins, ends = (time.fromisoformat(part.strip()) for part in line.split("-"))
    except ValueError as error:
        raise ValueError(f"{line!r} is not HH:MM-HH:MM") from error
    if begins >= ends:
        raise ValueError(f"{line!r} ends before it begins")
    return begins, ends


def load_municipality(folder: Path | None) -> Municipality:
    """`chat.yaml` of the municipality's folder, or the sample one. Raises KnowledgeError."""
    own = folder / "chat.yaml" if folder else None
    where = str(own) if own and own.exists() else "the sample municipality"
    text = (
        own.read_text("utf-8")
        if own and own.exists()
        else files("services.chatbot").joinpath("municipality.yaml").read_text("utf-8")
    )
    try:
        raw: Any = read_yaml(text)
        return Municipality.model_validate(raw)
    except yaml.YAMLError as error:
        raise KnowledgeError([f"{where}: is not valid YAML"]) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise KnowledgeError([
            f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        ]) from error
