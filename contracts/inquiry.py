"""What is said about an inquiry: received, classified, contested, erased."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.event import Confidence, InquiryEvent, Part, Sealed

Channel = Literal["mail", "chat", "form", "api"]
Language = Literal["da", "sv", "en", "other"]
Verdict = Literal["confident", "ask", "unsure", "outside", "other-authority"]
MaskKind = Literal["cpr", "personnummer", "phone", "email", "address", "person", "card", "iban"]


class InquiryReceived(InquiryEvent):
    """A citizen's inquiry, kept durably by whoever publishes this."""

    type: ClassVar[str] = "inquiry.received"

    reference: str
    channel: Channel
    received_at: AwareDatetime
    text: Sealed
    """The new part of the message (no quoted text); field name `text` when opened."""
    title: Sealed | None = None
    """Mail subject line; field name `title` when opened."""
    sender: Sealed | None = None
    """Address to answer to, as `Name <address>`; field name `sender` when opened."""
    language: Language | None = None
    """What the channel knows of the language (thread, widget setting); None when it knows nothing."""
    attachments: int = Field(default=0, ge=0)
    conversation: UUID | None = None
    """The chat conversation this was handed over from."""
    follows: UUID | None = None
    """The inquiry this answers, when the mail thread says so."""
    wants_person: bool = False
    automatic: bool = False
    """Sent by a machine (bounce, out-of-office, list): a person may read it, no mail answers it."""


class Alternative(Part):
    category: str
    confidence: Confidence


class InquiryPart(Part):
    """A span of the text with its own subject; `start` and `end` are character offsets."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    category: str
    confidence: Confidence = 1.0


class MaskedSpan(Part):
    """Where personal data stood in the text; offsets in the text as received."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    kind: MaskKind


class ModelRef(Part):
    name: str
    digest: str
    """SHA-256 of the model's files, hex."""


class InquiryClassified(InquiryEvent):
    """What the classifier made of it: a suggestion with calibrated confidence, never a decision."""

    type: ClassVar[str] = "inquiry.classified"

    reference: str
    channel: Channel
    received_at: AwareDatetime
    verdict: Verdict
    category: str | None
    """Best guess; None when no category fits."""
    confidence: Confidence
    threshold: Confidence
    """What the confidence had to reach for `confident`."""
    alternatives: tuple[Alternative, ...] = ()
    """Best first, at most three, the best guess included."""
    language: Language
    language_confidence: Confidence
    urgent: bool = False
    sensitive: bool = False
    parts: tuple[InquiryPart, ...] = ()
    """Two or more when the inquiry is mixed, else empty."""
    masked: tuple[MaskedSpan, ...] = ()
    evidence: Sealed | None = None
    """JSON of the Evidence model; sealed, for it points into the citizen's words."""
    model: ModelRef
    wants_person: bool = False
    conversation: UUID | None = None
    typicality: Confidence | None = None
    """Share of the training examples that were less like the others than this inquiry is like them;
    level over 0..1 while what comes in is what was trained on. None from models that cannot tell."""


class Phrase(Part):
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    weight: float
    """How much the phrase spoke for the chosen category; larger is more."""


class Neighbour(Part):
    """A confirmed example near the inquiry; its text is masked."""

    category: str
    similarity: float
    text: str


class Evidence(Part):
    """Why: reproducible, no generated prose. Not an event; travels sealed inside one."""

    phrases: tuple[Phrase, ...] = ()
    nearest: tuple[Neighbour, ...] = ()
    runner_up: str | None = None
    flip: str | None = None
    """The phrase without which the runner-up would have won, if there is one."""
    urgent_phrases: tuple[Phrase, ...] = ()


RETENTION = "retention"
"""Who erased when no person did: the deadline in the municipality's file."""


class DecisionContested(InquiryEvent):
    """A citizen says: this is not right, or: I want a person."""

    type: ClassVar[str] = "decision.contested"

    wish: Literal["wrong", "person"]
    case: UUID | None = None
    """The case it is about; None means all of the inquiry's."""
    note: Sealed | None = None


class InquiryErased(InquiryEvent):
    """Two persons decided, or its time is over: whoever keeps anything of it destroys that now."""

    type: ClassVar[str] = "inquiry.erased"

    reason: str
    """Code of the legal ground."""
    requested_by: str
    """An account, or `retention` when the municipality's own deadline did it."""
    approved_by: str
    records: str | None = None
    """Why the duty to keep public records does not stand against it, as a code; None when nothing in it
    falls under that duty."""
