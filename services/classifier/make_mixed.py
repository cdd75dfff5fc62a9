"""Fits the weights of `mixed` again: `python -m services.classifier.make_mixed MODEL_FOLDER`.

Not needed to train or run. Learns from the development set, where the paired inquiries and the voices all
ask for one thing. Prints first what ten-fold cross-validation promises: for each share of single inquiries
one may call mixed the log-odds that allow it (ENOUGH), the share of mixed inquiries noticed and noticed
with both categories right, and the share of paired ones called mixed; then the weights fitted on all.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from services.classifier.evaluate import Case, read_cases
from services.classifier.look import Inquiry, Look, look_at
from services.classifier.mixed import (
    BY_CLAUSES,
    BY_HALVES,
    WORTH_A_LOOK,
    Weights,
    Whole,
    halves,
    places_of,
    weighed,
)
from services.classifier.model import Model
from services.classifier.parting import departments_of, read_alone, wholes_of
from services.classifier.sources import SAMPLE_CALIBRATION
from services.classifier.storage import load

VOICES = SAMPLE_CALIBRATION / "voices"
FOLDS = 10
ROUNDS = 4
SHARES = (0.03, 0.035, 0.04, 0.045, 0.05)
START = Weights(
    0, unsure=1, gain=1, shared=0, neighbours=0, joined=0, announced=0, length=0, places=0, asked=0
)
Numbers = NDArray[np.float64]


class Trial(NamedTuple):
    """An inquiry that may be two, weighed at each place between its clauses."""

    case: Case
    by_clauses: Numbers
    """Places x signs."""
    by_halves: Numbers
    categories: Sequence[frozenset[str]]
    """Of the two halves, for each place."""


class Guess(NamedTuple):
    """What weights that never saw the inquiry say of it."""

    case: Case
    odds: float
    categories: frozenset[str]


def main(model_folder: Path) -> None:
    model = load(model_folder)
    cases = [
        c for c in (*read_cases(SAMPLE_CALIBRATION), *read_cases(VOICES)) if c.kind != "outside"
    ]
    trials = trials_of(cases, model)
    guesses = cross_validated(trials)
    print("singles  ENOUGH  noticed  exact  paired")  # noqa: T201 - the command's result
    for share in SHARES:
        print(_promise(share, guesses, cases))  # noqa: T201
    for name, tables in (
        ("BY_CLAUSES", [trial.by_clauses for trial in trials]),
        ("BY_HALVES", [trial.by_halves for trial in trials]),
    ):
        rounded = ", ".join(str(round(weight, 2)) for weight in fit(tables, _are_mixed(trials)))
        print(f"{name} = Weights({rounded})")  # noqa: T201


def trials_of(cases: Sequence[Case], model: Model) -> list[Trial]:
    look = look_at([Inquiry(case.text, case.title) for case in cases], model)
    return [_trial(cases[number], number, whole, look) for number, whole in wholes_of(look).items()]


def _trial(case: Case, number: int, whole: Whole, look: Look) -> Trial:
    model = look.glossary.model
    departments, places = departments_of(model), places_of(whole)
    spans = [(number, *half) for place in places for half in halves(whole, place.clause)]
    rows = read_alone(look, spans)
    again = [
        place._replace(before=before, after=after)
        for place, before, after in zip(places, rows[::2], rows[1::2], strict=True)
    ]
    by_clauses = weighed(places, departments, BY_CLAUSES)
    by_halves = weighed(again, departments, BY_HALVES)
    categories = [
        frozenset(model.categories[n] for n in pair) for pair in by_halves.categories.tolist()
    ]
    return Trial(case, by_clauses.signs, by_halves.signs, categories)


def cross_validated(trials: Sequence[Trial]) -> list[Guess]:
    mixed = _are_mixed(trials)
    groups = [str(trial.case.group or trial.case.id) for trial in trials]
    guesses = []
    for taught, asked in GroupKFold(FOLDS).split(mixed, mixed, groups):
        by_clauses = fit([trials[n].by_clauses for n in taught], mixed[taught])
        by_halves = fit([trials[n].by_halves for n in taught], mixed[taught])
        guesses += [_guess(trials[n], by_clauses, by_halves) for n in asked]
    return guesses


def fit(tables: Sequence[Numbers], mixed: NDArray[np.bool_]) -> Weights:
    """Nobody marked the place where a second matter begins: the likeliest is taken, again and again."""
    scale = np.concatenate(tables).std(axis=0)[1:]
    weights = np.array(START)
    for _ in range(ROUNDS):
        rows = np.array([table[(table @ weights).argmax()] for table in tables])[:, 1:]
        fitted = LogisticRegression(max_iter=1000).fit(rows / scale, mixed)
        weights = np.concatenate([fitted.intercept_, fitted.coef_[0] / scale])
    return Weights(*weights.tolist())


def _guess(trial: Trial, by_clauses: Weights, by_halves: Weights) -> Guess:
    odds = trial.by_clauses @ np.array(by_clauses)
    place = int(odds.argmax())
    if odds[place] <= WORTH_A_LOOK:
        return Guess(trial.case, -np.inf, frozenset())
    again = float(trial.by_halves[place] @ np.array(by_halves))
    return Guess(trial.case, again, trial.categories[place])


def _promise(share: float, guesses: Sequence[Guess], cases: Sequence[Case]) -> str:
    singles = sorted((g.odds for g in guesses if g.case.kind == "single"), reverse=True)
    enough = singles[int(share * _count(cases, "single"))]
    called = [guess for guess in guesses if guess.odds > enough]
    noticed = [guess for guess in called if guess.case.kind == "mixed"]
    exact = sum(g.categories == {part.category for part in g.case.parts} for g in noticed)
    paired = _count([guess.case for guess in called], "paired")
    every = _count(cases, "mixed")
    return (
        f"{share:7.1%} {enough:7.2f} {len(noticed) / every:8.1%} {exact / every:6.1%} "
        f"{paired / _count(cases, 'paired'):7.1%}"
    )


def _count(cases: Sequence[Case], kind: str) -> int:
    return sum(case.kind == kind for case in cases)


def _are_mixed(trials: Sequence[Trial]) -> NDArray[np.bool_]:
    return np.array([trial.case.kind == "mixed" for trial in trials])


if __name__ == "__main__":
    typer.run(main)
