"""Inquiries and classifications as the other services would publish them."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from contracts.event import Envelope, Event, Sealed, effect_id
from contracts.governance import DeadLettered
from contracts.inquiry import Alternative, InquiryClassified, InquiryPart, InquiryReceived, ModelRef
from contracts.reference import reference_of

# A Monday, 09:00 in Copenhagen.
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
WORDS = "Der er et stort hul i asfalten på Birkevej 14, hilsen Åse Quistgaard"
SENDER = "Åse Quistgaard <aase@quistgaard.example>"
TITLE = "Hul i Birkevej"
SEALED = Sealed(key=UUID(int=0), nonce="", text="")


def received(inquiry: UUID | None = None, **changes) -> InquiryReceived:
    inquiry = inquiry or uuid4()
    fields = {
        "inquiry": inquiry,
        "reference": reference_of(inquiry),
        "channel": "mail",
        "received_at": MONDAY,
        "text": SEALED,
        "sender": SEALED,
    }
    return InquiryReceived(**fields | changes)


def sealed_inquiry(key, **changes) -> InquiryReceived:
    """Sealed under its own key, as the intake does it."""
    return received(
        key.id,
        **{
            "text": key.seal("text", WORDS),
            "title": key.seal("title", TITLE),
            "sender": key.seal("sender", SENDER),
        }
        | changes,
    )


def classified(about: InquiryReceived, category: str | None = "tmf.veje", **changes):
    fields = {
        "inquiry": about.inquiry,
        "reference": about.reference,
        "channel": about.channel,
        "received_at": about.received_at,
        "verdict": "confident" if category else "outside",
        "category": category,
        "confidence": 0.93 if category else 0.12,
        "threshold": 0.7,
        "alternatives": (Alternative(category=category, confidence=0.93),) if category else (),
        "language": "da",
        "language_confidence": 0.99,
        "model": ModelRef(name="henvend-small", digest="ab" * 32),
    }
    return InquiryClassified(**fields | changes)


def parts_of(*categories: str) -> tuple[InquiryPart, ...]:
    return tuple(
        InquiryPart(start=10 * n, end=10 * n + 9, category=category, confidence=0.9)
        for n, category in enumerate(categories)
    )


def enveloped(event: Event, event_id: UUID | None = None) -> Envelope:
    """With the id its producer derives, so that the same event twice is a duplicate."""
    return Envelope.of(
        event,
        event_id=event_id or effect_id(event.subject, event.type),
        source="test",
        time=MONDAY,
    )


def dead_letter(letter: UUID, **known) -> DeadLettered:
    """What the classifier could not handle; `known` says what matters to the test."""
    usual = {
        "consumer": "classifier",
        "reason": "invalid",
        "error": "ValueError",
        "attempts": 1,
        "topic": "inquiry.received",
        "partition": 0,
        "offset": 1,
        "size": 9,
        "digest": "ab" * 32,
    }
    return DeadLettered.model_validate({"letter": letter, **usual, **known})
