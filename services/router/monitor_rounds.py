"""Looks at the figures every five minutes: gauges for Prometheus, a log line when an alert comes or goes."""

import asyncio
from datetime import timedelta

import structlog

from contracts.taxonomy import Taxonomy
from infra.chassis.errors import TRANSIENT
from services.router.adapters import decisions
from services.router.monitor import Only, Quality
from services.router.monitor_report import Report, read_report
from services.router.promise_keeper import PromiseKeeper

DAYS = 30
LOOK_SECONDS = 300.0
SWEEP_EVERY = 12
"""Rounds between looking whether a promise broke without an act, by a stricter file or by time."""
UNKNOWN = float("nan")

log = structlog.get_logger()


class Rounds:
    def __init__(self, keeper: PromiseKeeper, taxonomy: Taxonomy) -> None:
        self._keeper = keeper
        self._chassis = keeper.chassis
        self._taxonomy = taxonomy
        self._open: set[tuple[str, str]] = set()
        self._count = 0

    async def run(self) -> None:
        while True:
            try:
                if self._count % SWEEP_EVERY == 0:
                    await self.sweep()
                await self.look()
                self._count += 1
            except TRANSIENT as error:
                log.info("monitor_waited", error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    async def sweep(self) -> None:
        """Stop what breaks its promise by now."""
        now = self._chassis.clock()
        since = now - timedelta(days=self._keeper.policy.evidence_days)
        async with self._chassis.database.read() as reader:
            names = await decisions.categories_judged(reader, since)
        for name in names:
            async with self._chassis.database.write() as tx:
                await self._keeper.hold(tx, name, now)

    async def look(self) -> Report:
        async with self._chassis.database.read() as reader:
            report = await read_report(
                reader,
                self._keeper.policy,
                self._taxonomy,
                days=DAYS,
                only=Only(),
                until=self._chassis.clock(),
            )
        self._measure(report)
        self._say(report)
        return report

    def _measure(self, report: Report) -> None:
        by_name = {one.name: one for one in report.now.departments}
        for name in self._taxonomy.departments:
            self._measure_department(name, by_name.get(name))
        for drift in report.drifts:
            enough = drift.level != "few"
            self._chassis.metrics.set(
                "henvend_live_drift", drift.index if enough else UNKNOWN, sign=drift.sign
            )
        for level in ("error", "warning"):
            count = sum(alert.level == level for alert in report.alerts)
            self._chassis.metrics.set("henvend_live_alerts", count, level=level)

    def _measure_department(self, name: str, found: Quality | None) -> None:
        policy, metrics = self._keeper.policy, self._chassis.metrics
        precise = found is not None and policy.says_enough(found.kept)
        covered = found is not None and policy.says_enough(found.automatic)
        kept = found.kept.value if found and precise else None
        coverage = found.automatic.value if found and covered else None
        # Too few to say is not a number, not the last number there was.
        metrics.set("henvend_live_precision", UNKNOWN if kept is None else kept, department=name)
        metrics.set(
            "henvend_live_coverage", UNKNOWN if coverage is None else coverage, department=name
        )

    def _say(self, report: Report) -> None:
        now = {(alert.kind, alert.about): alert for alert in report.alerts}
        for key in sorted(now.keys() - self._open):
            alert = now[key]
            share = alert.share.value if alert.share else None
            log.warning(
                "monitor_alert_raised",
                kind=alert.kind,
                about=alert.about,
                share=None if share is None else round(share, 3),
                counted=alert.share.whole if alert.share else None,
                index=None if alert.index is None else round(alert.index, 3),
            )
        for kind, about in sorted(self._open - now.keys()):
            log.info("monitor_alert_cleared", kind=kind, about=about)
        self._open = set(now)
