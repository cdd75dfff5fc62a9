"""What was measured of a model, kept beside the models: a model's own folder never changes."""

from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

FOLDER = "measured"


class Measured(BaseModel):
    """The last `henvend evaluate` of one model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    """Digest."""
    at: datetime
    inquiries: int
    evaluation: str
    """SHA-256 of the evaluation files."""
    figures: dict[str, float]


def keep(data: Path, measured: Measured) -> None:
    path = _path(data, measured.model)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(measured.model_dump_json(indent=1), "utf-8")
    fresh.replace(path)


def find(data: Path, digest: str) -> Measured | None:
    """None when this model was never evaluated here, or by another version."""
    try:
        return Measured.model_validate_json(_path(data, digest).read_text("utf-8"))
    except (OSError, ValidationError):
        return None


def _path(data: Path, digest: str) -> Path:
    return data / FOLDER / f"{digest}.json"
