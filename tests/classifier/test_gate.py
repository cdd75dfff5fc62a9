"""A candidate that is worse or less fair is refused, figure by figure."""

import pytest

from services.classifier.gate import (
    GateError,
    Measured,
    SliceFigure,
    compare,
    language_gap,
    load_tolerances,
    sentence,
)

FIGURES = {
    "category_accuracy": 0.80,
    "department_accuracy": 0.90,
    "category_macro_f1": 0.78,
    "ece": 0.03,
    "coverage_at_95": 0.60,
    "urgent_recall": 0.95,
    "paired_flips": 0.05,
}
SLICES = {"da": (200, 0.92), "sv": (150, 0.90), "en": (150, 0.91), "under 15 words": (80, 0.85)}


def measured(**changed) -> Measured:
    slices = {name: changed.pop(name, share) for name, (_, share) in SLICES.items()}
    rows = {name: rows for name, (rows, _) in SLICES.items()}
    return Measured(
        FIGURES | changed, tuple(SliceFigure(n, rows[n], share) for n, share in slices.items())
    )


def worse(**changed) -> set[str]:
    lines = compare(measured(), measured(**changed), load_tolerances(None))
    return {line.name for line in lines if line.judgement == "worse"}


def test_the_same_figures_pass():
    assert worse() == set()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("category_accuracy", 0.78),
        ("department_accuracy", 0.88),
        ("category_macro_f1", 0.76),
        ("ece", 0.05),
        ("coverage_at_95", 0.55),
        ("urgent_recall", 0.94),
        ("paired_flips", 0.06),
    ],
)
def test_a_figure_worse_beyond_its_tolerance_is_named(name, value):
    assert worse(**{name: value}) == {name}


def test_a_loss_within_its_tolerance_passes():
    assert worse(category_accuracy=0.79, ece=0.04, coverage_at_95=0.57) == set()


def test_better_is_never_refused():
    assert worse(category_accuracy=0.95, ece=0.0, paired_flips=0.0, urgent_recall=1.0) == set()


def test_one_language_may_not_pay_for_the_others():
    """Danish gains, English loses, the mean stays: refused for English and for the distance."""
    assert worse(da=0.95, en=0.88) == {"en", "language_gap"}


def test_more_pairs_that_go_different_ways_are_refused_however_much_better_it_is():
    assert worse(category_accuracy=0.99, department_accuracy=0.99, paired_flips=0.0501) == {
        "paired_flips"
    }


def test_a_slice_of_few_inquiries_is_shown_and_not_judged():
    few = Measured(FIGURES, (SliceFigure("other", 5, 1.0),))
    now = Measured(FIGURES, (SliceFigure("other", 5, 0.2),))

    line = compare(few, now, load_tolerances(None))[-1]

    assert (line.name, line.judgement, line.rows) == ("other", "too-few", 5)


def test_the_distance_between_languages_counts_languages_only():
    assert language_gap(measured(), 30) == pytest.approx(0.02)


def test_a_refusal_is_one_sentence_with_the_figures():
    lines = compare(measured(), measured(paired_flips=0.08), load_tolerances(None))
    (line,) = (line for line in lines if line.judgement == "worse")

    assert sentence(line) == (
        "paired flips is 8.0%, 3.0% worse than the deciding model's 5.0% and so less fair; "
        "allowed is 0.0%."
    )


def test_a_figure_nobody_measures_is_said_and_not_passed():
    without = Measured({k: v for k, v in FIGURES.items() if k != "paired_flips"}, ())

    with pytest.raises(GateError, match="paired_flips"):
        compare(without, without, load_tolerances(None))


def test_a_municipality_keeps_tolerances_of_its_own(tmp_path):
    (tmp_path / "gate.yaml").write_text(
        "least_rows: 1\nfigures:\n  ece: {better: less, allowed: 0.5}\n"
        "slices: {better: more, allowed: 1}\n",
        "utf-8",
    )

    assert set(load_tolerances(tmp_path).figures) == {"ece"}


def test_broken_tolerances_are_one_sentence(tmp_path):
    (tmp_path / "gate.yaml").write_text("least_rows: many\n", "utf-8")

    with pytest.raises(GateError, match=r"gate\.yaml: least_rows"):
        load_tolerances(tmp_path)
