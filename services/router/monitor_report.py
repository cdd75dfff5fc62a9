"""Everything the monitor says about one period, read and reckoned together."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.taxonomy import Taxonomy
from services.router.adapters import answers, decisions, switches
from services.router.alerts import Alert, alerts
from services.router.drift import Drift, drifts, strange, typicality
from services.router.measures import Share
from services.router.monitor import Effect, Figures, Only, effect, figures
from services.router.policy import Policy
from services.router.switch import category_of

PERIODS = (7, 30, 90)
LONGER = 3
"""The period before, with which this one is compared, is so many times as long."""


@dataclass(frozen=True)
class Stop:
    """A category whose cases a person routes."""

    at: datetime
    by: str
    reason: str
    since: Share
    """Of its cases sorted by a person since then: how often they chose what the machine suggested."""


@dataclass(frozen=True)
class Report:
    days: int
    since: datetime
    until: datetime
    compared_since: datetime
    only: Only
    now: Figures
    before: Figures
    drifts: tuple[Drift, ...]
    strange: Share
    typicality: tuple[tuple[str, Share], ...]
    wait: float | None
    """Seconds, median."""
    wait_before: float | None
    effect: Effect
    stops: Mapping[str, Stop]
    alerts: tuple[Alert, ...]


async def read_report(
    connection: AsyncConnection,
    policy: Policy,
    taxonomy: Taxonomy,
    *,
    days: int,
    only: Only,
    until: datetime,
) -> Report:
    since = until - timedelta(days=days)
    compared = since - timedelta(days=days * LONGER)
    tallies = await decisions.tallies(connection, since, until, only)
    earlier = await decisions.tallies(connection, compared, since, only)
    now, before = figures(tallies), figures(earlier)
    tenths = await decisions.typicality_tenths(connection, since, until, only)
    changed, strangers = drifts(earlier, tallies, policy), strange(tenths)
    stops = await _stops(connection, taxonomy, only)
    answered = 0 if only.department else await answers.count(connection, since, until, only)
    return Report(
        days=days,
        since=since,
        until=until,
        compared_since=compared,
        only=only,
        now=now,
        before=before,
        drifts=changed,
        strange=strangers,
        typicality=typicality(tenths),
        wait=await decisions.median_wait(connection, since, until, only),
        wait_before=await decisions.median_wait(connection, compared, since, only),
        effect=effect(
            tallies,
            minutes_to_sort=policy.minutes_to_sort,
            minutes_lost=policy.minutes_lost_when_wrong,
            answered=answered,
        ),
        stops=stops,
        alerts=alerts(now, before, changed, strangers, sorted(stops), policy),
    )


async def _stops(connection: AsyncConnection, taxonomy: Taxonomy, only: Only) -> Mapping[str, Stop]:
    found: dict[str, Stop] = {}
    for row in await switches.switches(connection):
        category = category_of(row.name)
        if row.on or category not in taxonomy.categories or not _meant(category, taxonomy, only):
            continue
        since = await decisions.confirmed_by_hand(connection, category, row.at)
        found[category] = Stop(row.at, row.by, row.reason, since)
    return found


def _meant(category: str, taxonomy: Taxonomy, only: Only) -> bool:
    return only.department in {None, taxonomy.department_of(category)}


def as_json(report: Report) -> dict[str, Any]:
    """For other tools: shares as counts with their value and 95 % interval, times in ISO 8601."""
    plain = _plain(report)
    assert isinstance(plain, dict)
    return plain


def _plain(value: Any) -> Any:
    match value:
        case Share():
            found: Any = {
                "part": value.part,
                "whole": value.whole,
                "value": None if value.value is None else round(value.value, 4),
                "interval": [round(end, 4) for end in value.interval()],
            }
        case datetime():
            found = value.isoformat()
        case float():
            found = round(value, 4)
        case Mapping():
            found = {key: _plain(one) for key, one in value.items()}
        case _ if hasattr(value, "_asdict"):
            found = _plain(value._asdict())
        case _ if hasattr(value, "__dataclass_fields__"):
            found = {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
        case tuple() | list():
            found = [_plain(one) for one in value]
        case _:
            found = value
    return found
