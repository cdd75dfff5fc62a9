"""From tallies to figures, drift and alerts."""

from random import Random

import pytest

from services.router.alerts import alerts
from services.router.drift import drifts, strange
from services.router.measures import Share
from services.router.monitor import Tally, effect, figures
from services.router.policy import PolicyError, load_policy

POLICY = load_policy(None)


def tally(n=1, **changes):
    fields = {
        "queue": "department",
        "department": "tmf",
        "category": "tmf.veje",
        "language": "da",
        "verdict": "confident",
        "outcome": "kept",
        "to_department": None,
        "to_category": None,
        "confidence_bin": 18,
        "contested": False,
        "n": n,
        "confidence": 0.92 * n,
    }
    return Tally(**(fields | changes))


MOVED = {"outcome": "changed", "to_department": "tmf", "to_category": "tmf.parker"}
AWAY = {"outcome": "changed", "to_department": "kff", "to_category": None}
TRIAGED = {"queue": "triage", "verdict": "unsure", "confidence_bin": 8, "confidence": 0.42}


def raised(now, before=(), stopped=(), tenths=None):
    found, earlier = figures(now), figures(before)
    return [
        (one.kind, one.level, one.about)
        for one in alerts(
            found, earlier, drifts(before, now, POLICY), strange(tenths or {}), stopped, POLICY
        )
    ]


def test_precision_counts_what_was_routed_and_handled_and_nothing_else():
    found = figures([
        tally(90),
        tally(6, **MOVED),
        tally(4, **AWAY),
        tally(20, outcome=None),
        tally(30, **TRIAGED),
        tally(5, **TRIAGED | {"category": None, "outcome": None}),
    ])

    total = found.total
    assert total.kept == Share(90, 100)
    assert total.right_department == Share(96, 100)
    assert total.automatic == Share(120, 155)
    assert dict(found.verdicts) == {"confident": Share(120, 155), "unsure": Share(35, 155)}


def test_figures_are_given_per_department_language_and_category():
    found = figures([
        tally(3),
        tally(2, department="kff", category="kff.pas", language="sv", **MOVED),
    ])

    assert [(one.name, one.kept) for one in found.departments] == [
        ("kff", Share(0, 2)),
        ("tmf", Share(3, 3)),
    ]
    assert [one.name for one in found.languages] == ["da", "sv"]
    assert [one.name for one in found.categories] == ["kff.pas", "tmf.veje"]


def test_the_reliability_curve_has_judged_suggestions_of_the_machine_and_of_triage():
    found = figures([
        tally(80, confidence=72.0),
        tally(20, confidence=18.0, **MOVED),
        tally(10, **TRIAGED | {"confidence": 4.5}),
        tally(99, outcome=None),
    ])

    low, high = found.reliability
    assert (low.low, low.high, low.confidence, low.kept) == (0.4, 0.5, 0.45, Share(10, 10))
    assert (high.low, high.confidence, high.kept) == (0.9, 0.9, Share(80, 100))
    assert found.calibration_gap == pytest.approx((10 * 0.55 + 100 * 0.1) / 110)


def test_confusions_say_where_routed_cases_went_most_often_first():
    found = figures([tally(2, **AWAY), tally(5, **MOVED), tally(9, **TRIAGED | MOVED)])

    assert found.confusions == (("tmf.veje", "tmf.parker", 5), ("tmf.veje", "kff", 2))


def test_time_saved_is_less_what_mistakes_cost():
    found = effect(
        [tally(100), tally(6, **MOVED), tally(50, **TRIAGED)], minutes_to_sort=4, minutes_lost=10
    )

    assert (found.routed, found.overridden) == (106, 6)
    assert found.hours == pytest.approx((106 * 4 - 60) / 60)


def test_nothing_happened_is_no_division_by_zero():
    found = figures([])

    assert found.total.kept.value is None
    assert found.calibration_gap is None
    assert raised([]) == []


def test_the_same_mix_is_steady_and_chance_never_counts_as_change():
    random = Random(4)
    mix = [f"tmf.c{number}" for number in range(40)]
    before = [tally(category=random.choice(mix)) for _ in range(600)]
    now = [tally(category=random.choice(mix)) for _ in range(150)]

    [category] = [one for one in drifts(before, now, POLICY) if one.sign == "category"]

    assert category.index > POLICY.drift_alert
    assert category.level == "steady"


def test_another_mix_is_a_change_and_says_what_changed():
    before = [tally(900), tally(100, language="sv")]
    now = [tally(150), tally(150, language="sv")]

    [language] = [one for one in drifts(before, now, POLICY) if one.sign == "language"]

    assert language.level == "changed"
    assert {mover.value: round(mover.points) for mover in language.movers} == {"da": -40, "sv": 40}
    assert ("drift", "warning", "language") in raised(now, before)


def test_too_few_to_compare_is_said():
    [*levels] = {one.level for one in drifts([tally(9)], [tally(900)], POLICY)}

    assert levels == ["few"]


def test_a_precision_surely_under_the_promise_is_an_error_and_maybe_under_it_a_warning():
    assert raised([tally(106), tally(14, **MOVED)]) == [
        ("broken", "error", "tmf.veje"),
        ("broken", "error", "tmf"),
    ]
    assert raised([tally(94), tally(6, **MOVED)]) == [
        ("below", "warning", "tmf.veje"),
        ("below", "warning", "tmf"),
    ]
    assert raised([tally(29 - 9), tally(9, **MOVED)]) == []


def test_a_stopped_category_is_said_once():
    kinds = raised([tally(106), tally(14, **MOVED)], stopped=["tmf.veje"])

    assert kinds == [("stopped", "error", "tmf.veje"), ("broken", "error", "tmf")]


def test_falling_coverage_and_strange_inquiries_are_warned_of():
    before = [tally(300), tally(100, **TRIAGED)]
    now = [tally(60), tally(60, **TRIAGED)]

    kinds = [kind for kind, _, _ in raised(now, before, tenths={0: 60, 5: 60})]

    assert "coverage" in kinds
    assert "strange" in kinds


@pytest.mark.parametrize(
    ("text", "says"),
    [("promise: 2", "promise"), ("promise: [", "not valid YAML"), ("[]", "the file")],
)
def test_a_wrong_monitoring_file_is_refused_in_one_sentence(tmp_path, text, says):
    (tmp_path / "monitor.yaml").write_text(text, "utf-8")

    with pytest.raises(PolicyError, match=says):
        load_policy(tmp_path)
