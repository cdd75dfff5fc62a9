"""The monitor: how the sorting has done, for people at /monitor and for tools at /monitor.json."""

from functools import partial
from typing import Any

from litestar import get
from litestar.exceptions import HTTPException
from litestar.response import Template
from litestar.types import ControllerRouterHandler

from contracts.taxonomy import Taxonomy
from infra.chassis.web import requires
from infra.pages.pages import LANGUAGES, language_of, text
from services.router import charts
from services.router.api import StaffRequest
from services.router.measures import Share
from services.router.monitor import UNKNOWN, Only
from services.router.monitor_report import PERIODS, Report, as_json, read_report
from services.router.promise_keeper import PromiseKeeper
from services.router.switch import BROKEN, REASONS

WATCHERS = requires("coordinator", "operator", "ombudsman", "dpo")
INQUIRY_LANGUAGES = (*LANGUAGES, "other")


def monitor_routes(keeper: PromiseKeeper, taxonomy: Taxonomy) -> list[ControllerRouterHandler]:
    async def report(days: int, department: str, language: str) -> Report:
        known = days in PERIODS and department in {"", *taxonomy.departments}
        if not known or language not in {"", *INQUIRY_LANGUAGES}:
            raise HTTPException("No such period, department or language.", status_code=400)
        async with keeper.chassis.database.read() as connection:
            return await read_report(
                connection,
                keeper.policy,
                taxonomy,
                days=days,
                only=Only(department or None, language or None),
                until=keeper.chassis.clock(),
            )

    @get("/monitor", guards=[WATCHERS], include_in_schema=False)
    async def page(
        request: StaffRequest, days: int = 30, department: str = "", language: str = ""
    ) -> Template:
        found = await report(days, department, language)
        words = Words(language_of(request), taxonomy)
        return Template(
            "monitor.html",
            context={
                "report": found,
                "policy": keeper.policy,
                "periods": PERIODS,
                "departments": taxonomy.departments,
                "languages": INQUIRY_LANGUAGES,
                "words": words,
                "language_name": partial(words.value, "language"),
                "reasons": (*REASONS, BROKEN),
                "drawn": _drawn(found, words),
                "interval_bar": charts.interval_bar,
                "share_bar": charts.share_bar,
                "scale_from": charts.scale_from,
                "query": f"days={days}&department={department}&language={language}",
            },
        )

    @get("/monitor.json", guards=[WATCHERS])
    async def figures(days: int = 30, department: str = "", language: str = "") -> dict[str, Any]:
        """The figures of the page. Shares are counts with value and 95 % interval."""
        return as_json(await report(days, department, language))

    return [page, figures]


def _drawn(report: Report, words: "Words") -> dict[str, Any]:
    whole = partial(words.percent, digits=0)
    now = report.now
    return {
        "reliability": charts.reliability_chart(
            now.reliability,
            key="reliability",
            title=words.say("honest.chart"),
            about=words.say("honest.about"),
            across=words.say("honest.confidence"),
            up=words.say("honest.right"),
            written=whole,
        ),
        "histogram": charts.histogram_chart(
            now.histogram,
            key="histogram",
            title=words.say("histogram.chart"),
            about=words.say("histogram.about"),
            across=words.say("honest.confidence"),
            up=words.say("cases"),
            written=whole,
        ),
    }


class Words:
    """Names and numbers as the reader's language writes them."""

    def __init__(self, language: str, taxonomy: Taxonomy) -> None:
        self.language = language
        self._taxonomy = taxonomy

    def say(self, key: str, **values: Any) -> str:
        return text(f"router.monitor.{key}", self.language, **values)

    def number(self, value: float, digits: int = 1) -> str:
        written = f"{value:,.{digits}f}"
        if self.language == "en":
            return written
        swapped = written.translate(str.maketrans(",.", ".,"))
        return swapped.replace(".", "\N{NO-BREAK SPACE}") if self.language == "sv" else swapped

    def percent(self, value: float | None, digits: int = 1) -> str:
        return "–" if value is None else f"{self.number(100 * value, digits)}\N{NO-BREAK SPACE}%"

    def interval(self, share: Share) -> str:
        low, high = share.interval()
        return f"{self.number(100 * low)}–{self.percent(high)}"

    def place(self, name: str) -> str:
        """A category, a department or, for nothing, what that means."""
        taxonomy = self._taxonomy
        if name in taxonomy.categories:
            return taxonomy.categories[name].name.in_language(self.language)
        if name in taxonomy.departments:
            return taxonomy.departments[name].name.in_language(self.language)
        return self.say("no_category") if name in {"", UNKNOWN} else name

    def value(self, sign: str, value: str) -> str:
        """One value of a sign of drift."""
        match sign:
            case "category":
                return self.place(value)
            case "verdict":
                return self.verdict(value)
            case "language":
                return text(f"router.language.{value}", self.language)
            case _:
                return f"{value}\N{NO-BREAK SPACE}%"

    def verdict(self, name: str) -> str:
        return (
            self.say("not_classified")
            if name == UNKNOWN
            else text(f"verdict.{name}", self.language)
        )

    def wait(self, seconds: float | None) -> str:
        if seconds is None:
            return "–"
        minutes = round(seconds / 60)
        if minutes < 60:
            return self.say("minutes", count=minutes)
        if minutes < 48 * 60:
            return self.say("hours", hours=minutes // 60, minutes=minutes % 60)
        return self.say("days_hours", days=minutes // 1440, hours=minutes % 1440 // 60)
