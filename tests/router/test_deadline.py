"""Deadlines count working days as a Danish office does."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.adapters.office_days import OfficeHolidays
from services.router.deadline import OFFICE, deadline_after

HOLIDAYS = OfficeHolidays()


def copenhagen(text):
    return datetime.fromisoformat(text).replace(tzinfo=OFFICE)


@pytest.mark.parametrize(
    ("came_in", "days", "due"),
    [
        ("2026-11-23 09:00", 1, "2026-11-24"),
        ("2026-11-23 09:00", 5, "2026-11-30"),
        ("2026-11-27 15:00", 1, "2026-11-30"),
        ("2026-11-28 12:00", 1, "2026-11-30"),
        ("2026-11-29 23:59", 3, "2026-12-02"),
    ],
)
def test_weekends_do_not_count(came_in, days, due):
    assert deadline_after(copenhagen(came_in), days, HOLIDAYS) == copenhagen(f"{due} 16:00")


@pytest.mark.parametrize(
    ("came_in", "days", "due", "why"),
    [
        ("2026-04-01 10:00", 1, "2026-04-07", "Maundy Thursday to Easter Monday"),
        ("2026-05-13 10:00", 1, "2026-05-15", "Ascension Day"),
        ("2026-05-22 10:00", 1, "2026-05-26", "Whit Monday"),
        ("2026-06-04 10:00", 1, "2026-06-08", "Constitution Day: offices are closed"),
        ("2026-12-23 10:00", 1, "2026-12-28", "Christmas Eve, then Christmas and a weekend"),
        ("2026-12-30 10:00", 1, "2027-01-04", "New Year's Eve, New Year's Day and a weekend"),
        ("2026-05-01 10:00", 0, "2026-05-01", "the first of May is a working day"),
        ("2024-04-25 10:00", 1, "2024-04-26", "the Great Prayer Day was abolished in 2024"),
    ],
)
def test_danish_holidays_do_not_count(came_in, days, due, why):
    assert deadline_after(copenhagen(came_in), days, HOLIDAYS) == copenhagen(f"{due} 16:00"), why


@pytest.mark.parametrize(
    ("came_in", "due"),
    [
        ("2026-11-23 00:00", "2026-11-23"),
        ("2026-11-23 15:59", "2026-11-23"),
        ("2026-11-23 16:00", "2026-11-24"),
        ("2026-11-27 16:00", "2026-11-30"),
        ("2026-11-28 09:00", "2026-11-30"),
        ("2026-12-25 09:00", "2026-12-28"),
    ],
)
def test_zero_days_is_today_while_the_office_is_open(came_in, due):
    assert deadline_after(copenhagen(came_in), 0, HOLIDAYS) == copenhagen(f"{due} 16:00")


def test_the_day_is_the_one_in_copenhagen():
    late_on_sunday_in_utc = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)

    assert deadline_after(late_on_sunday_in_utc, 0, HOLIDAYS) == copenhagen("2026-11-23 16:00")


@pytest.mark.parametrize(
    ("came_in", "hour_in_utc"), [("2026-03-27 10:00", 14), ("2026-10-23 10:00", 15)]
)
def test_sixteen_is_sixteen_on_both_sides_of_a_clock_change(came_in, hour_in_utc):
    due = deadline_after(copenhagen(came_in), 1, HOLIDAYS)

    assert due.hour == 16
    assert due.astimezone(UTC).hour == hour_in_utc


@given(
    st.dates(date(2024, 1, 1), date(2030, 12, 31)),
    st.integers(0, 24 * 60 - 1),
    st.integers(0, 30),
)
def test_a_deadline_is_always_later_and_on_a_working_day(day, minute, days):
    came_in = datetime.combine(day, time(), UTC) + timedelta(minutes=minute)

    due = deadline_after(came_in, days, HOLIDAYS)

    assert due > came_in
    assert due.weekday() < 5
    assert due.date() not in HOLIDAYS


def test_a_municipality_elsewhere_can_bring_its_own_free_days():
    only_tuesday_is_free = {date(2026, 11, 24)}

    due = deadline_after(copenhagen("2026-11-23 09:00"), 1, only_tuesday_is_free)

    assert due.date() == date(2026, 11, 25)
