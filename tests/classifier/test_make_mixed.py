"""Weights of mixed inquiries are fitted from texts alone: nobody marks where the second matter begins."""

import numpy as np

from services.classifier.evaluate import Case
from services.classifier.make_mixed import Numbers, Trial, cross_validated, fit
from services.classifier.mixed import Weights

JOINED = Weights._fields.index("joined")


def table(noise: np.random.Generator, *, mixed: bool) -> Numbers:
    """Three places; a mixed text is joined at the place where its halves are surest."""
    signs = noise.normal(0, 0.1, (3, len(Weights._fields)))
    signs[:, Weights._fields.index("bias")] = 1
    signs[1, Weights._fields.index("unsure")] += 1
    signs[1, JOINED] += mixed
    return signs


def trials() -> list[Trial]:
    noise = np.random.default_rng(1)
    return [
        Trial(
            Case(id=f"case-{n}", language="da", text="x", kind="mixed" if n % 2 else "single"),
            *(table(noise, mixed=bool(n % 2)) for _ in range(2)),
            categories=[frozenset({f"place-{place}"}) for place in range(3)],
        )
        for n in range(60)
    ]


def test_the_sign_that_tells_weighs_most() -> None:
    all_trials = trials()

    weights = fit(
        [trial.by_clauses for trial in all_trials],
        np.array([trial.case.kind == "mixed" for trial in all_trials]),
    )

    assert max(weights[1:]) == weights[JOINED]


def test_each_inquiry_is_guessed_once_by_weights_that_never_saw_it() -> None:
    guesses = cross_validated(trials())

    assert sorted(guess.case.id for guess in guesses) == sorted(t.case.id for t in trials())
    assert all(guess.odds > 0 for guess in guesses if guess.case.kind == "mixed")
    assert all(guess.odds < 0 for guess in guesses if guess.case.kind == "single")
    assert {g.categories for g in guesses if g.odds > 0} == {frozenset({"place-1"})}
