"""What happened to handed-over conversations comes back into the chat."""

from uuid import UUID

import structlog

from contracts.case import CaseClosed, CaseEvent, CaseMoved, CaseOpened, CaseReplied
from contracts.event import Envelope, effect_id
from contracts.inquiry import InquiryErased
from contracts.taxonomy import Taxonomy
from infra.chassis.chassis import Chassis
from infra.keyring import KeyDestroyedError, UnknownKeyError
from infra.pages.pages import text
from services.chatbot.adapters import conversations as store
from services.chatbot.municipality import Municipality
from services.chatbot.room import Room
from services.chatbot.say import Saying, notice

log = structlog.get_logger()


class Consumer:
    def __init__(
        self, chassis: Chassis, room: Room, taxonomy: Taxonomy, municipality: Municipality
    ) -> None:
        self._chassis = chassis
        self._room = room
        self._taxonomy = taxonomy
        self._municipality = municipality

    def register(self) -> None:
        self._chassis.on(CaseOpened, self.on_case_opened)
        self._chassis.on(CaseMoved, self.on_case_moved)
        self._chassis.on(CaseReplied, self.on_case_replied)
        self._chassis.on(CaseClosed, self.on_case_closed)
        self._chassis.on(InquiryErased, self.on_inquiry_erased)

    async def on_case_opened(self, envelope: Envelope[CaseOpened]) -> None:
        case = envelope.data
        language = await self._language_of(case)
        if language is None:
            return
        async with self._chassis.database.write() as tx:
            await store.mark_opened(tx, case.inquiry, case.department, self._chassis.clock())
        if case.queue == "triage":
            said = notice("department_triage", language, reference=case.reference)
        else:
            department = self._department(case.department, language)
            said = notice(
                "department_known", language, reference=case.reference, department=department
            )
        await self._tell(case, said, envelope.id)

    async def on_case_moved(self, envelope: Envelope[CaseMoved]) -> None:
        language = await self._language_of(envelope.data)
        if language is not None:
            department = self._department(envelope.data.to_department, language)
            await self._tell(
                envelope.data, notice("moved", language, department=department), envelope.id
            )

    async def on_case_replied(self, envelope: Envelope[CaseReplied]) -> None:
        case = envelope.data
        language = await self._language_of(case)
        if language is None:
            return
        try:
            key = await self._chassis.keyring.data_key(case.inquiry)
        except (KeyDestroyedError, UnknownKeyError):
            log.info("reply_without_key", case=str(case.case))
            return
        lead = text(
            "chatbot.replied",
            language,
            role=text(f"role.{case.by.role}", language),
            name=self._municipality.name,
        )
        words = key.open("reply", case.reply)
        said = Saying("reply", words, {"lead": lead, "reference": case.reference})
        await self._tell(case, said, envelope.id, role="staff")

    async def on_case_closed(self, envelope: Envelope[CaseClosed]) -> None:
        language = await self._language_of(envelope.data)
        if language is not None:
            await self._tell(envelope.data, notice("closed", language), envelope.id)

    async def on_inquiry_erased(self, envelope: Envelope[InquiryErased]) -> None:
        """Its text is the conversation: both go. Again, and for what is not ours, nothing happens."""
        inquiry = envelope.data.inquiry
        async with self._chassis.database.read() as reader:
            handed = await store.handover_of(reader, inquiry)
            conversation = handed.conversation if handed is not None else inquiry
            talk = await store.talk(reader, conversation)
        if talk is not None and talk.erased_at is None:
            await self._room.erase(conversation)
            log.info("conversation_erased", conversation=str(conversation))

    async def _tell(self, case: CaseEvent, said: Saying, cause: UUID, role: str = "notice") -> None:
        # The message id is the event's: seen again, it is said once.
        assert case.conversation is not None
        await self._room.tell(case.conversation, said, effect_id(cause, "told"), role)

    async def _language_of(self, case: CaseEvent) -> str | None:
        """The conversation's language; None when the case is not from a conversation we still have."""
        if case.conversation is None:
            return None
        async with self._chassis.database.read() as reader:
            handed = await store.handover_of(reader, case.inquiry)
            talk = await store.talk(reader, case.conversation)
        return talk.language if handed is not None and talk is not None else None

    def _department(self, department: str, language: str) -> str:
        known = self._taxonomy.departments.get(department)
        return known.name.in_language(language) if known else department
