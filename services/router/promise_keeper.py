"""Stops automatic routing of a category that breaks its promise; only a person starts it again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from contracts.event import Envelope, effect_id
from contracts.governance import MONITOR, SwitchTurned
from infra.chassis.chassis import Chassis
from infra.database import Transaction
from services.router.adapters import decisions, switches
from services.router.live import Changes
from services.router.outcome import Decision, judge
from services.router.policy import Policy
from services.router.switch import BROKEN, category_switch

log = structlog.get_logger()


@dataclass(frozen=True)
class PromiseKeeper:
    chassis: Chassis
    policy: Policy
    changes: Changes

    async def note(
        self, tx: Transaction, case_id: UUID, kind: str, detail: dict[str, Any], now: datetime
    ) -> None:
        """An act of staff, in its own transaction: what it says about the decision counts at once."""
        row = await decisions.decision_of(tx, case_id)
        if row is None:
            return
        await decisions.note_first_act(tx, case_id, (now - row.at).total_seconds())
        automatic = row.queue == "department"
        decision = Decision(row.department, row.category, automatic, row.outcome)
        judged = judge(decision, kind, detail)
        if judged is None:
            return
        await decisions.settle(tx, case_id, judged, now)
        if judged.outcome == "changed" and automatic:
            await self.hold(tx, row.category, now)

    async def hold(self, tx: Transaction, category: str, now: datetime) -> None:
        """Turn the category's switch off if its promise is broken.

        Evidence counts from the last time a person turned it; what was decided before that moment
        does not. The event's id names that moment, so one span of evidence stops it once at most.
        """
        name = category_switch(category)
        turned = await switches.find(tx.connection, name)
        if not self.policy.auto_stop or (turned is not None and not turned.on):
            return
        oldest = now - timedelta(days=self.policy.evidence_days)
        since = max(oldest, turned.at) if turned else oldest
        kept = await decisions.evidence(tx.connection, category, since, self.policy.evidence_cases)
        if not self.policy.broken_by(kept):
            return
        event = SwitchTurned(switch=name, on=False, by=MONITOR, reason=BROKEN)
        began = turned.at.isoformat() if turned else "start"
        envelope = Envelope[SwitchTurned].of(
            event, event_id=effect_id(f"{name}/{began}", BROKEN), source="router", time=now
        )
        await switches.keep_switch(tx, event, now)
        await self.chassis.outbox.put(tx, envelope, cause=None)
        tx.after_commit(self.changes.announce)
        tx.after_commit(lambda: self._say(category, kept.part, kept.whole))

    def _say(self, category: str, kept: int, handled: int) -> None:
        self.chassis.metrics.count("henvend_categories_stopped_total", category=category)
        log.warning("category_stopped", category=category, kept=kept, handled=handled)
