"""The arithmetic against figures worked out elsewhere."""

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2

from infra.statistics import wilson
from services.router.measures import (
    Share,
    calibration_gap,
    chance_index,
    stability_index,
)


@given(whole=st.integers(1, 5000), part=st.data(), level=st.sampled_from([0.9, 0.95, 0.995]))
def test_the_interval_is_wilsons(whole, part, level):
    hits = part.draw(st.integers(0, whole))

    theirs = binomtest(hits, whole).proportion_ci(level, method="wilson")

    assert wilson(hits, whole, level) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_nothing_counted_could_be_anything():
    assert Share(0, 0).interval() == (0.0, 1.0)
    assert Share(0, 0).value is None


def test_the_stability_index_of_two_known_distributions():
    # Large counts, so that the half observation per bin does not show.
    before, now = {"a": 5_000_000, "b": 5_000_000}, {"a": 7_000_000, "b": 3_000_000}

    by_hand = 0.2 * log(0.7 / 0.5) - 0.2 * log(0.3 / 0.5)

    assert stability_index(before, now) == pytest.approx(by_hand, abs=1e-6)
    assert stability_index(before, before) == pytest.approx(0)


def test_a_value_that_is_new_makes_the_index_large_but_not_infinite():
    assert 0.25 < stability_index({"a": 100}, {"a": 70, "b": 30}) < 10


@pytest.mark.parametrize(("bins", "level"), [(4, 0.95), (10, 0.999), (46, 0.999)])
def test_what_chance_reaches_is_chi_square(bins, level):
    exact = chi2.ppf(level, bins - 1) * (1 / 300 + 1 / 900)

    assert chance_index(bins, 300, 900, level) == pytest.approx(exact, rel=0.01)


def test_the_calibration_gap_weighs_each_step_by_its_cases():
    assert calibration_gap([(90, 0.9, 81), (10, 0.5, 10)]) == pytest.approx(0.05)
    assert calibration_gap([]) is None
