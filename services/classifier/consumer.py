"""Events in: classify inquiries, and note when their cases are open."""

import asyncio
import time

import structlog

from contracts.case import CaseOpened, CorrectionConfirmed
from contracts.event import Envelope, InvalidEventError, effect_id
from contracts.inquiry import (
    Alternative,
    InquiryClassified,
    InquiryErased,
    InquiryPart,
    InquiryReceived,
    MaskedSpan,
    ModelRef,
)
from infra.chassis.chassis import Chassis
from infra.keyring import DataKey
from services.classifier.adapters.decisions import SqlDecisions
from services.classifier.adapters.erasures import SqlErasures
from services.classifier.adapters.ledger import SqlIntakeLedger
from services.classifier.classify import Inquiry, Reading, classify
from services.classifier.corrections import of_two_persons
from services.classifier.energy import Meter
from services.classifier.model import Model
from services.classifier.model_in_use import ModelInUse

log = structlog.get_logger()
DIGITS = 4


class Consumer:
    def __init__(
        self,
        chassis: Chassis,
        models: ModelInUse,
        ledger: SqlIntakeLedger,
        decisions: SqlDecisions,
        meter: Meter,
    ) -> None:
        self._chassis = chassis
        self._models = models
        self._ledger = ledger
        self._decisions = decisions
        self._erasures = SqlErasures(chassis.database)
        self._meter = meter

    def register(self) -> None:
        self._chassis.on(InquiryReceived, self.on_inquiry_received)
        self._chassis.on(CaseOpened, self.on_case_opened)
        self._chassis.on(CorrectionConfirmed, self.on_correction_confirmed)
        self._chassis.on(InquiryErased, self.on_inquiry_erased)

    async def on_inquiry_received(self, envelope: Envelope[InquiryReceived]) -> None:
        """The same inquiry and model give the same event, so doing it again is harmless."""
        received = envelope.data
        # One model for the whole inquiry, also when another takes over meanwhile.
        model = self._models.model
        key = await self._chassis.keyring.data_key(received.inquiry)
        began = time.perf_counter()
        inquiry = Inquiry(
            text=key.open("text", received.text),
            title=key.open("title", received.title) if received.title else None,
            hint=received.language,
        )
        reading, spent = await asyncio.to_thread(_read, inquiry, model)
        self._chassis.metrics.set("henvend_energy_watt_hours", self._meter.add(spent).watt_hours)
        self._chassis.metrics.observe("henvend_classify_seconds", time.perf_counter() - began)
        said = Envelope[InquiryClassified].of(
            to_event(received, reading, model, key),
            event_id=effect_id(envelope.id, f"classified/{model.digest}"),
            source="classifier",
            time=self._chassis.clock(),
        )
        await self._decisions.keep(received, said)
        await self._chassis.publish(said)
        self._chassis.metrics.count(
            "henvend_inquiries_classified_total",
            verdict=reading.verdict,
            language=reading.language,
        )

    async def on_case_opened(self, envelope: Envelope[CaseOpened]) -> None:
        await self._ledger.arrived(envelope.data.inquiry, self._chassis.clock())

    async def on_correction_confirmed(self, envelope: Envelope[CorrectionConfirmed]) -> None:
        """Raises InvalidEventError for one that a single person made: a dead letter that is looked at."""
        if not of_two_persons(envelope.data):
            raise InvalidEventError("invalid", "confirmed_by")
        await self._ledger.keep_correction(envelope)

    async def on_inquiry_erased(self, envelope: Envelope[InquiryErased]) -> None:
        """Models made before keep no words of one inquiry alone: see `without_rare_words`."""
        inquiry = envelope.data.inquiry
        if await self._erasures.erase(inquiry, self._chassis.clock()):
            log.info("inquiry_erased", inquiry=str(inquiry))


def _read(inquiry: Inquiry, model: Model) -> tuple[Reading, float]:
    """And the processor time it took: reading runs in one thread."""
    began = time.thread_time()
    (reading,) = classify([inquiry], model)
    return reading, time.thread_time() - began


def to_event(
    received: InquiryReceived, reading: Reading, model: Model, key: DataKey
) -> InquiryClassified:
    """Only what follows from inquiry and model: no time, no randomness."""
    return InquiryClassified(
        inquiry=received.inquiry,
        reference=received.reference,
        channel=received.channel,
        received_at=received.received_at,
        verdict=reading.verdict,
        category=reading.category,
        confidence=round(reading.confidence, DIGITS),
        threshold=round(reading.threshold, DIGITS),
        alternatives=tuple(
            Alternative(category=one.category, confidence=round(one.confidence, DIGITS))
            for one in reading.alternatives[:3]
        ),
        language=reading.language,
        language_confidence=round(reading.language_confidence, DIGITS),
        urgent=reading.urgent,
        sensitive=reading.sensitive,
        parts=tuple(
            InquiryPart(
                start=part.start,
                end=part.end,
                category=part.category,
                confidence=round(part.confidence, DIGITS),
            )
            for part in reading.parts
        ),
        masked=tuple(
            MaskedSpan(start=span.start, end=span.end, kind=span.kind) for span in reading.masked
        ),
        evidence=key.seal("evidence", reading.evidence.model_dump_json()),
        model=ModelRef(name=model.name, digest=model.digest),
        wants_person=received.wants_person,
        conversation=received.conversation,
        typicality=None if reading.typicality is None else round(reading.typicality, DIGITS),
    )
