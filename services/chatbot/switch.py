"""Whether the machine answers. A person can stop it, and start it again, at once (P19)."""

from typing import Any, Literal, get_args
from uuid import uuid4

from sqlalchemy import Row

from contracts.event import Envelope
from contracts.governance import SwitchTurned
from infra.chassis.chassis import Chassis
from infra.chassis.staff import StaffMember
from services.chatbot.adapters import switches

ANSWERS = "chat.answers"
Reason = Literal["wrong-answers", "maintenance", "staff-request", "as-usual"]
REASONS: tuple[Reason, ...] = get_args(Reason)
"""Codes, for the reason stands in the trail for ever."""


class TurnRefusedError(ValueError):
    """The reason is none of REASONS."""


class AnswerSwitch:
    """Read anew for every message, so that all processes stop at the same moment."""

    def __init__(self, chassis: Chassis, *, allowed: bool) -> None:
        self._chassis = chassis
        self.allowed = allowed
        """False: switched off by the operator's settings, whatever is turned here."""

    async def is_on(self) -> bool:
        async with self._chassis.database.read(brief=True) as reader:
            turned = await switches.switch(reader, ANSWERS)
        return self.would_be_on(None if turned is None else bool(turned.on))

    def would_be_on(self, turned: bool | None) -> bool:
        """`turned`: how it was turned last; None when it never was."""
        return self.allowed and turned is not False

    async def turned(self) -> Row[Any] | None:
        """Who turned it last, when and why; None when nobody ever did."""
        async with self._chassis.database.read(brief=True) as reader:
            return await switches.switch(reader, ANSWERS)

    async def turn(self, member: StaffMember, reason: str, *, on: bool) -> None:
        """Raises TurnRefusedError."""
        if reason not in REASONS:
            raise TurnRefusedError
        now = self._chassis.clock()
        turned = SwitchTurned(switch=ANSWERS, on=on, by=member.account, reason=reason)
        async with self._chassis.database.write() as tx:
            before = await switches.switch(tx, ANSWERS)
            if on == (before is None or bool(before.on)):
                return
            await switches.keep_switch(tx, turned, now)
            envelope = Envelope[SwitchTurned].of(
                turned, event_id=uuid4(), source="chatbot", time=now
            )
            await self._chassis.outbox.put(tx, envelope, cause=None)
