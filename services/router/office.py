"""What staff do besides cases: turn automatic routing off and on, report errors."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from contracts.event import Envelope, Event, effect_id
from contracts.governance import ErrorReported, SwitchTurned
from contracts.taxonomy import Taxonomy
from infra.chassis.chassis import Chassis
from infra.chassis.staff import StaffMember
from infra.database import Transaction
from services.router.adapters import reports, switches
from services.router.live import Changes
from services.router.refusal import ActRefusedError
from services.router.switch import REASONS, category_switch, switch_of

LONGEST_REPORT = 5_000
LONGEST_PAGE = 200


@dataclass(frozen=True)
class Office:
    chassis: Chassis
    taxonomy: Taxonomy
    changes: Changes

    async def turn(self, place: str | None, member: StaffMember, *, on: bool, reason: str) -> None:
        """Stop or start the machine for a department, for a category, or for all (None).

        Raises ActRefusedError (unknown_target, reason).
        """
        if reason not in REASONS:
            raise ActRefusedError("reason")
        if place in self.taxonomy.categories:
            name = category_switch(place)
        elif place is None or place in self.taxonomy.departments:
            name = switch_of(place)
        else:
            raise ActRefusedError("unknown_target")
        turned = SwitchTurned(switch=name, on=on, by=member.account, reason=reason)
        now = self.chassis.clock()
        async with self.chassis.database.write() as tx:
            await switches.keep_switch(tx, turned, now)
            await self._say(tx, turned, uuid4())

    async def report(self, member: StaffMember, page: str, text: str) -> UUID:
        """Keep what somebody noticed, sealed under a key of its own. Raises ActRefusedError."""
        if not text.strip():
            raise ActRefusedError("empty_report")
        if len(text) > LONGEST_REPORT:
            raise ActRefusedError("too_long")
        report_id = uuid4()
        key = await self.chassis.keyring.create(report_id)
        sealed = key.seal("text", text.strip())
        page = page[:LONGEST_PAGE]
        event = ErrorReported(report=report_id, page=page, by=member.account, text=sealed)
        async with self.chassis.database.write() as tx:
            await reports.keep_report(
                tx,
                report_id,
                page=page,
                by=member.account,
                text=sealed.model_dump(mode="json"),
                at=self.chassis.clock(),
            )
            await self._say(tx, event, report_id)
        return report_id

    async def settle(self, report_id: UUID, member: StaffMember) -> None:
        async with self.chassis.database.write() as tx:
            await reports.settle_report(tx, report_id, member.account, self.chassis.clock())

    async def _say(self, tx: Transaction, event: Event, cause: UUID) -> None:
        envelope = Envelope[Event].of(
            event,
            event_id=effect_id(cause, event.type),
            source="router",
            time=self.chassis.clock(),
        )
        await self.chassis.outbox.put(tx, envelope, cause=cause)
        tx.after_commit(self.changes.announce)
