"""May this candidate replace the model that decides? Pure: two evaluations and the tolerances."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from contracts.inquiry import Language

Better = Literal["more", "less"]
Judgement = Literal["kept", "worse", "too-few"]
FAIRNESS = frozenset({"paired_flips", "language_gap"})
LANGUAGES: tuple[str, ...] = get_args(Language)
ROUNDING = 1e-9


class GateError(ValueError):
    """The tolerances or a verdict cannot be read; the message is one sentence."""


class Tolerance(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    better: Better
    allowed: float = Field(ge=0, le=1)


class Tolerances(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    least_rows: int = Field(ge=1)
    figures: dict[str, Tolerance]
    slices: Tolerance


class SliceFigure(NamedTuple):
    name: str
    rows: int
    department: float


class Measured(NamedTuple):
    """What the gate takes from an evaluation."""

    figures: dict[str, float]
    slices: tuple[SliceFigure, ...]


class Line(BaseModel):
    """One figure of both models."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    champion: float
    candidate: float
    better: Better
    allowed: float
    rows: int | None = None
    judgement: Judgement

    @property
    def loss(self) -> float:
        gained = self.candidate - self.champion
        return -gained if self.better == "more" else gained

    @property
    def fairness(self) -> bool:
        return self.name in FAIRNESS or self.name in LANGUAGES


class Verdict(BaseModel):
    """What gate.json holds, signed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    champion: str
    candidate: str
    """Digests."""
    inquiries: int
    evaluation: str
    """SHA-256 of the evaluation files."""
    corrections: tuple[str, ...]
    """References of the cases whose corrections it was trained on."""
    at: AwareDatetime
    lines: tuple[Line, ...]

    @property
    def worse(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.judgement == "worse")

    @property
    def passed(self) -> bool:
        return not self.worse

    @property
    def metrics(self) -> dict[str, float]:
        return {line.name: line.candidate for line in self.lines}


def load_tolerances(municipality: Path | None) -> Tolerances:
    """The municipality's gate.yaml, else ours. Raises GateError."""
    own = municipality / "gate.yaml" if municipality else None
    path = own if own and own.exists() else None
    text = (
        path.read_text("utf-8")
        if path
        else files("services.classifier").joinpath("gate.yaml").read_text("utf-8")
    )
    where = str(path or "the gate's tolerances")
    try:
        raw: Any = yaml.safe_load(text)
        return TypeAdapter(Tolerances).validate_python(raw)
    except yaml.YAMLError:
        raise GateError(f"{where} is not valid YAML.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "it"
        raise GateError(f"{where}: {place}: {first['msg']}.") from None


def compare(champion: Measured, candidate: Measured, tolerances: Tolerances) -> tuple[Line, ...]:
    """Raises GateError when a figure the tolerances name was not measured."""
    return (
        *_figure_lines(champion, candidate, tolerances),
        *_slices(champion, candidate, tolerances),
    )


def sentence(line: Line) -> str:
    """Why the candidate is refused, for the person at the terminal."""
    unfair = " and so less fair" if line.fairness else ""
    return (
        f"{line.name.replace('_', ' ')} is {line.candidate:.1%}, {line.loss:.1%} worse than the "
        f"deciding model's {line.champion:.1%}{unfair}; allowed is {line.allowed:.1%}."
    )


def _figure_lines(
    champion: Measured, candidate: Measured, tolerances: Tolerances
) -> Iterator[Line]:
    least = tolerances.least_rows
    was = champion.figures | {"language_gap": language_gap(champion, least)}
    now = candidate.figures | {"language_gap": language_gap(candidate, least)}
    for name, tolerance in tolerances.figures.items():
        if name not in was or name not in now:
            raise GateError(f"The gate asks for {name}, which the evaluation does not measure.")
        yield _line(name, was[name], now[name], tolerance)


def _slices(champion: Measured, candidate: Measured, tolerances: Tolerances) -> Iterator[Line]:
    now = {one.name: one for one in candidate.slices}
    for one in champion.slices:
        line = _line(one.name, one.department, now[one.name].department, tolerances.slices)
        few = one.rows < tolerances.least_rows
        changed = {"rows": one.rows} | ({"judgement": "too-few"} if few else {})
        yield line.model_copy(update=changed)


def language_gap(measured: Measured, least_rows: int) -> float:
    """Right departments in the best served language minus those in the worst served."""
    shares = [
        one.department
        for one in measured.slices
        if one.name in LANGUAGES and one.rows >= least_rows
    ]
    return max(shares) - min(shares) if shares else 0.0


def _line(name: str, was: float, now: float, tolerance: Tolerance) -> Line:
    line = Line(
        name=name,
        champion=round(was, 4),
        candidate=round(now, 4),
        better=tolerance.better,
        allowed=tolerance.allowed,
        judgement="kept",
    )
    if line.loss > tolerance.allowed + ROUNDING:
        return line.model_copy(update={"judgement": "worse"})
    return line
