"""One turn for editors, receipts and recall, and its event for the trail, in one transaction."""

from typing import NamedTuple
from uuid import UUID

from contracts.answer import QuestionAnswered
from contracts.event import Envelope, Sealed, effect_id
from contracts.inquiry import ModelRef
from infra.chassis.chassis import Chassis
from infra.database import Transaction
from services.chatbot.adapters import conversations as store
from services.chatbot.adapters.conversations import Kept
from services.chatbot.knowledge import Tongue
from services.chatbot.publish import reference
from services.chatbot.reply import Part

NO_MODEL = ModelRef(name="none", digest="")


class Asked(NamedTuple):
    """What a turn is the answer to; nothing when a button was pressed instead."""

    seq: int | None = None
    question: Sealed | None = None
    """Masked."""


class Source(NamedTuple):
    """What answers: model and publication."""

    model: ModelRef = NO_MODEL
    publication: str | None = None


async def record(
    chassis: Chassis,
    tx: Transaction,
    said: Kept,
    part: Part,
    language: Tongue,
    *,
    asked: Asked,
    source: Source,
    handed_over: UUID | None,
) -> None:
    """`said` is the message the citizen sees; `handed_over` the inquiry it became."""
    article = part.article
    confidence = min(1.0, max(0.0, part.confidence))
    threshold = min(1.0, max(0.0, part.threshold))
    await store.add_turn(
        tx,
        conversation=said.conversation,
        seq=said.seq,
        at=said.at,
        asked_seq=asked.seq,
        verdict=part.verdict,
        language=language,
        topic=article.id if article else None,
        version=article.version if article else None,
        confidence=confidence,
        id=said.id,
        threshold=threshold,
        article_digest=article.digest if article else None,
        publication=source.publication,
        model=source.model.name,
        model_digest=source.model.digest,
    )
    event = QuestionAnswered(
        inquiry=said.conversation,
        turn=said.seq,
        verdict=part.verdict,
        language=language,
        confidence=confidence,
        threshold=threshold,
        articles=(reference(article),) if article else (),
        offered=tuple(a.id for a in part.offered) if part.verdict == "clarified" else (),
        question=asked.question,
        model=source.model,
        handed_over=handed_over,
    )
    envelope = Envelope[QuestionAnswered].of(
        event, event_id=event_of(said.id), source="chatbot", time=said.at
    )
    await chassis.outbox.put(tx, envelope, cause=None)


def event_of(message_id: UUID) -> UUID:
    """The id of the event that tells the trail of this answer."""
    return effect_id(message_id, "answered")
