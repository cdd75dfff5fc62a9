"""Measures a model on inquiries it has never seen: right, calibrated, fair, able to say no."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.inquiry import Language
from services.classifier.calibrate import expected_calibration_error
from services.classifier.classify import Inquiry, Reading, classify
from services.classifier.examples import ExamplesError
from services.classifier.measures import auroc, coverage_at, macro_f1
from services.classifier.model import Model

BATCH = 256
PRECISION = 0.95
BINS = 10
SURE = frozenset({"confident", "other-authority"})
PERSON_VARIANTS = frozenset({
    "name-majority",
    "name-minority",
    "female",
    "male",
    "young",
    "old",
    "same-sex-female",
    "same-sex-male",
})
LENGTHS = (("under 15 words", 0, 15), ("15-60 words", 15, 61), ("over 60 words", 61, 10**6))


class RightPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    start: int
    end: int
    category: str


class Case(BaseModel):
    """One inquiry of the evaluation set."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    language: Language
    category: str | None = None
    title: str | None = None
    text: Annotated[str, Field(min_length=1)]
    urgent: bool = False
    sensitive: bool = False
    kind: Literal["single", "outside", "mixed", "paired"] = "single"
    group: str | int | None = None
    variant: str | None = None
    """How a paired inquiry differs from its group: in who writes, or in how."""
    parts: tuple[RightPart, ...] = ()


class Bin(NamedTuple):
    confidence: float
    accuracy: float
    rows: int


class Slice(NamedTuple):
    name: str
    rows: int
    category: float
    department: float


class Evaluation(NamedTuple):
    """All shares are between 0 and 1."""

    rows: int
    figures: dict[str, float]
    slices: tuple[Slice, ...]
    reliability: tuple[Bin, ...]
    confusions: tuple[tuple[str, str, int], ...]
    departments: tuple[Slice, ...]


def read_cases(folder: Path) -> list[Case]:
    """All .jsonl files of a folder. Raises ExamplesError naming file and line."""
    cases = [case for path in sorted(folder.glob("*.jsonl")) for case in _read_file(path)]
    if not cases:
        raise ExamplesError(f"{folder} holds no evaluation inquiries.")
    return cases


def evaluate(cases: Sequence[Case], model: Model) -> Evaluation:
    readings = list(_readings(cases, model))
    pairs = list(zip(cases, readings, strict=True))
    ours = [(c, r) for c, r in pairs if c.category and c.kind in {"single", "paired"}]
    correct = np.array([_best(r) == c.category for c, r in ours])
    confidence = np.array([r.alternatives[0].confidence if r.alternatives else 0 for _, r in ours])
    departments = np.array([_department(_best(r), model) for _, r in ours])
    wanted = np.array([_department(c.category, model) for c, _ in ours])
    rightly = departments == wanted
    sure = np.array([r.verdict in SURE for _, r in ours])
    figures = {
        "category_accuracy": _share(correct),
        "category_macro_f1": macro_f1(
            [c.category or "" for c, _ in ours], [_best(r) for _, r in ours]
        ),
        "department_accuracy": _share(rightly),
        "ece": expected_calibration_error(confidence, correct),
        "confident_share": _share(sure),
        "confident_precision": _share(correct[sure]),
        "coverage_at_95": coverage_at(confidence, correct, PRECISION),
        "department_coverage_at_95": coverage_at(confidence, rightly, PRECISION),
        "right_in_top_3": _share(np.array([c.category in _offered(r) for c, r in ours])),
        **_outside_figures(pairs),
        **_flag_figures(pairs),
        **_pair_figures(pairs, model),
        **_mixed_figures(pairs),
    }
    return Evaluation(
        rows=len(cases),
        figures={name: round(value, 4) for name, value in figures.items()},
        slices=tuple(_slices([c for c, _ in ours], correct, rightly)),
        reliability=tuple(_reliability(confidence, correct)),
        confusions=tuple(_confusions(ours)),
        departments=tuple(_by_department(wanted, correct, rightly)),
    )


def _readings(cases: Sequence[Case], model: Model) -> Iterator[Reading]:
    for start in range(0, len(cases), BATCH):
        batch = cases[start : start + BATCH]
        yield from classify([Inquiry(text=c.text, title=c.title) for c in batch], model)


Pairs = Sequence[tuple[Case, Reading]]


def _outside_figures(pairs: Pairs) -> dict[str, float]:
    judged = [(c, r) for c, r in pairs if c.kind in {"single", "outside"}]
    foreign = np.array([c.kind == "outside" for c, _ in judged])
    scores = np.array([r.outside for _, r in judged])
    called = np.array([r.verdict == "outside" for _, r in judged])
    return {
        "outside_auroc": auroc(scores, foreign),
        "outside_called_outside": _share(called[foreign]),
        "ours_called_outside": _share(called[~foreign]),
        "outside_called_confident": _share(
            np.array([r.verdict == "confident" for c, r in judged if c.kind == "outside"])
        ),
    }


def _flag_figures(pairs: Pairs) -> dict[str, float]:
    figures = {}
    for name in ("urgent", "sensitive"):
        wanted = np.array([getattr(c, name) for c, _ in pairs])
        found = np.array([getattr(r, name) for _, r in pairs])
        figures[f"{name}_recall"] = _share(found[wanted])
        figures[f"{name}_precision"] = _share(wanted[found])
    return figures


def _pair_figures(pairs: Pairs, model: Model) -> dict[str, float]:
    """Shares of groups (same request, other name, tone or Danish) that go different ways.

    `paired_flips` compares best guesses, `paired_person_flips` only between variants that differ in
    who writes, `paired_sure_flips` only what would be routed without a person.
    """
    paired = [(c, r) for c, r in pairs if c.kind == "paired" and c.group is not None]
    persons = [(c, r) for c, r in paired if c.variant in PERSON_VARIANTS]
    sure = [(c, r) for c, r in paired if r.verdict in SURE]
    return {
        "paired_flips": _flips(paired, model),
        "paired_person_flips": _flips(persons, model),
        "paired_sure_flips": _flips(sure, model),
    }


def _flips(pairs: Pairs, model: Model) -> float:
    groups: dict[str | int, set[str]] = defaultdict(set)
    for case, reading in pairs:
        groups[case.group or ""].add(_department(_best(reading), model))
    return _share(np.array([len(found) > 1 for found in groups.values()]))


def _mixed_figures(pairs: Pairs) -> dict[str, float]:
    mixed = [(c, r) for c, r in pairs if c.kind == "mixed"]
    single = [r for c, r in pairs if c.kind == "single"]
    exact = [{p.category for p in c.parts} == {p.category for p in r.parts} for c, r in mixed]
    return {
        "mixed_noticed": _share(np.array([bool(r.parts) for _, r in mixed])),
        "mixed_exact": _share(np.array(exact)),
        "single_called_mixed": _share(np.array([bool(r.parts) for r in single])),
    }


def _slices(
    cases: Sequence[Case], correct: NDArray[np.bool_], rightly: NDArray[np.bool_]
) -> Iterator[Slice]:
    languages = np.array([case.language for case in cases])
    lengths = np.array([len(case.text.split()) for case in cases])
    for language in sorted(set(languages)):
        yield _slice(language, languages == language, correct, rightly)
    for name, least, most in LENGTHS:
        yield _slice(name, (lengths >= least) & (lengths < most), correct, rightly)


def _slice(
    name: str,
    chosen: NDArray[np.bool_],
    correct: NDArray[np.bool_],
    rightly: NDArray[np.bool_],
) -> Slice:
    return Slice(name, int(chosen.sum()), _share(correct[chosen]), _share(rightly[chosen]))


def _by_department(
    wanted: NDArray[np.str_], correct: NDArray[np.bool_], rightly: NDArray[np.bool_]
) -> Iterator[Slice]:
    for name in sorted(set(wanted)):
        yield _slice(name, wanted == name, correct, rightly)


def _reliability(confidence: NDArray[np.float64], correct: NDArray[np.bool_]) -> Iterator[Bin]:
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    for number in range(BINS):
        chosen = place == number
        if chosen.any():
            yield Bin(float(confidence[chosen].mean()), _share(correct[chosen]), int(chosen.sum()))


def _confusions(pairs: Pairs) -> list[tuple[str, str, int]]:
    wrong = Counter((c.category or "", _best(r)) for c, r in pairs if _best(r) != c.category)
    return [(was, said, count) for (was, said), count in wrong.most_common(20)]


def _best(reading: Reading) -> str:
    """The best guess, also where the verdict abstains."""
    return reading.alternatives[0].category if reading.alternatives else ""


def _offered(reading: Reading) -> set[str]:
    return {one.category for one in reading.alternatives}


def _department(category: str | None, model: Model) -> str:
    kind = model.kinds.get(category or "")
    return kind.department if kind else ""


def _share(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else 0.0


def _read_file(path: Path) -> Iterator[Case]:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.strip():
            try:
                yield Case.model_validate_json(line)
            except ValidationError as error:
                first = error.errors()[0]
                field = ".".join(map(str, first["loc"])) or "the line"
                raise ExamplesError(
                    f"{path.name}, line {number}: {field}: {first['msg']}."
                ) from None
