"""On which days Danish municipal offices are closed."""

from collections.abc import Container
from datetime import date

from holidays import country_holidays

# Constitution Day, Christmas Eve and New Year's Eve: no public holidays, but nobody is at work.
CLOSED_BESIDES = {(6, 5), (12, 24), (12, 31)}


class OfficeHolidays:
    def __init__(self) -> None:
        self._public: Container[date] = country_holidays("DK")

    def __contains__(self, day: object) -> bool:
        assert isinstance(day, date)
        return (day.month, day.day) in CLOSED_BESIDES or day in self._public
