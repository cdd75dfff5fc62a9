"""Handing a conversation to a person: an inquiry like any other, with the conversation as its text."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from contracts.event import Envelope, effect_id
from contracts.inquiry import DecisionContested, InquiryReceived
from contracts.reference import reference_of
from infra.chassis.chassis import Chassis
from infra.database import Transaction
from infra.keyring import DataKey
from services.chatbot.adapters import conversations as store
from services.chatbot.adapters.conversations import Talk
from services.chatbot.knowledge import tongue_of
from services.chatbot.municipality import Municipality
from services.chatbot.room import Room
from services.chatbot.say import Saying, handed_over, notice


@dataclass(frozen=True)
class Handing:
    """Ready to be put into a transaction. `received` is None when there is nothing new to send."""

    inquiry: UUID
    """Where the conversation is, or will be."""
    said: Saying
    said_id: UUID
    received: InquiryReceived | None = None
    contested: bool = False

    @property
    def reference(self) -> str:
        return reference_of(self.inquiry)


class Handovers:
    def __init__(
        self,
        chassis: Chassis,
        room: Room,
        municipality: Municipality,
        holidays: Container[date],
    ) -> None:
        self._chassis = chassis
        self._room = room
        self._municipality = municipality
        self._holidays = holidays

    async def before(self, conversation: UUID) -> Sequence[Row[Any]]:
        """What was handed over already, oldest first."""
        async with self._chassis.database.read(brief=True) as reader:
            return await store.handovers(reader, conversation)

    async def person(
        self,
        talk: Talk,
        event: UUID,
        text: str,
        mail: str | None = None,
        *,
        contested: bool = False,
    ) -> Handing:
        """A new inquiry, with what the citizen is told about it. The same `event`: the same inquiry."""
        now = self._chassis.clock()
        inquiry = effect_id(event, "handover")
        follows = next((row.inquiry for row in await self.before(talk.id)), None)
        said = handed_over(
            talk.language,
            reference_of(inquiry),
            opens=self._municipality.opens(now, self._holidays),
            now=now,
            answered_by=self._municipality.answered_by(now, self._holidays),
            by_mail=mail is not None,
        )
        received = await self._received(talk, inquiry, text, mail, follows)
        return Handing(inquiry, said, effect_id(inquiry, "told"), received, contested)

    async def forward(self, talk: Talk, first: Row[Any], text: str, message_id: UUID) -> Handing:
        """After a handover, what no article answers is passed on to whoever has the inquiry."""
        inquiry = effect_id(message_id, "handover")
        received = await self._received(talk, inquiry, text, None, first.inquiry)
        said = notice("forwarded", talk.language)
        return Handing(inquiry, said, effect_id(inquiry, "told"), received)

    def again(self, talk: Talk, first: Row[Any], event: UUID) -> Handing:
        """Nothing new: a person has it already."""
        said = notice("handed_over_again", talk.language, reference=first.reference)
        return Handing(first.inquiry, said, effect_id(event, "again"))

    async def put(self, tx: Transaction, key: DataKey, handing: Handing) -> int | None:
        """In the same transaction as what led to it. The number of the notice, if it was said now."""
        received = handing.received
        if received is not None:
            now = received.received_at
            envelope = Envelope[InquiryReceived].of(
                received,
                event_id=effect_id(received.inquiry, "received"),
                source="chatbot",
                time=now,
            )
            await self._chassis.outbox.put(tx, envelope, cause=received.inquiry)
            await store.add_handover(
                tx,
                inquiry=received.inquiry,
                conversation=key.id,
                reference=received.reference,
                event_id=envelope.id,
                put_at=now,
                said_at=now,
                sender=received.sender.model_dump(mode="json") if received.sender else None,
            )
            if handing.contested:
                await self._contest(tx, received.inquiry, now)
        return await self._room.tell_in(tx, key, handing.said, handing.said_id)

    async def _contest(self, tx: Transaction, inquiry: UUID, now: datetime) -> None:
        """So that no machine sorts what a machine got wrong."""
        envelope = Envelope[DecisionContested].of(
            DecisionContested(inquiry=inquiry, wish="wrong"),
            event_id=effect_id(inquiry, "contested/wrong"),
            source="chatbot",
            time=now,
        )
        await self._chassis.outbox.put(tx, envelope, cause=inquiry)

    async def _received(
        self, talk: Talk, inquiry: UUID, text: str, mail: str | None, follows: UUID | None
    ) -> InquiryReceived:
        key = await self._chassis.keyring.create(inquiry)
        return InquiryReceived(
            inquiry=inquiry,
            reference=reference_of(inquiry),
            channel="chat",
            received_at=self._chassis.clock(),
            text=key.seal("text", text),
            sender=key.seal("sender", mail) if mail else None,
            language=tongue_of(talk.language),
            conversation=talk.id,
            follows=follows,
            wants_person=True,
        )
