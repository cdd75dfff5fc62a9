"""Deadlines in working days: weekends and public holidays do not count."""

from collections.abc import Container
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

OFFICE = ZoneInfo("Europe/Copenhagen")
END_OF_DAY = time(16, 0)
SATURDAY = 5


def deadline_after(received: datetime, working_days: int, holidays: Container[date]) -> datetime:
    """16:00 Copenhagen time on the `working_days`-th working day after `received` (aware).

    0 days means the end of the day it came in, or of the next working day when that is free or over.
    """
    local = received.astimezone(OFFICE)
    day = local.date()
    if working_days == 0 and (_is_free(day, holidays) or local.time() >= END_OF_DAY):
        day = _next_working_day(day, holidays)
    for _ in range(working_days):
        day = _next_working_day(day, holidays)
    return datetime.combine(day, END_OF_DAY, OFFICE)


def _next_working_day(day: date, holidays: Container[date]) -> date:
    day += timedelta(days=1)
    while _is_free(day, holidays):
        day += timedelta(days=1)
    return day


def _is_free(day: date, holidays: Container[date]) -> bool:
    return day.weekday() >= SATURDAY or day in holidays
