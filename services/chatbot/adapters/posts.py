"""Recalled answers, overdue articles and the mails that tell of them, in SQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update

from infra.chassis.tables import outbox
from infra.database import Transaction
from services.chatbot.adapters.conversations import Reader
from services.chatbot.adapters.tables import (
    chat_mail,
    conversation,
    handover,
    message,
    overdue,
    recall,
    turn,
)

BATCH = 100


async def shown_to(reader: Reader, topic: str, language: str, version: int) -> list[Any]:
    """First time each conversation was shown it, oldest first: conversation, seq, digest."""
    rows = await reader.execute(
        select(
            turn.c.conversation,
            func.min(turn.c.seq).label("seq"),
            func.max(turn.c.article_digest).label("digest"),
        )
        .where(turn.c.topic == topic, turn.c.language == language, turn.c.version == version)
        .group_by(turn.c.conversation)
        .order_by(func.min(turn.c.at))
    )
    return list(rows)


async def add_recall(tx: Transaction, **values: Any) -> bool:
    """Whether it is new."""
    done = await tx.execute(tx.insert(recall).values(**values).on_conflict_do_nothing())
    return bool(done.rowcount)


async def unannounced_recalls(reader: Reader) -> list[Row[Any]]:
    rows = await reader.execute(
        select(recall)
        .where(recall.c.event_id.is_(None), recall.c.told_at.is_(None))
        .order_by(recall.c.put_at)
        .limit(BATCH)
    )
    return list(rows)


async def recalls_to_tell(reader: Reader) -> list[Row[Any]]:
    """Those the trail has."""
    rows = await reader.execute(
        select(recall)
        .join(outbox, outbox.c.event_id == recall.c.event_id)
        .where(recall.c.told_at.is_(None), outbox.c.confirmed_at.is_not(None))
        .limit(BATCH)
    )
    return list(rows)


async def settle_recall(tx: Transaction, recall_id: UUID, **values: Any) -> None:
    await tx.execute(update(recall).where(recall.c.id == recall_id).values(**values))


async def recall_of(reader: Reader, recall_id: UUID) -> Row[Any] | None:
    """With what was shown and in which language the citizen reads."""
    found = await reader.execute(
        select(
            recall,
            message.c.about,
            message.c.at.label("shown_at"),
            conversation.c.language.label("reads"),
        )
        .join(conversation, conversation.c.id == recall.c.conversation)
        .join(
            message,
            (message.c.conversation == recall.c.conversation) & (message.c.seq == recall.c.seq),
        )
        .where(recall.c.id == recall_id)
    )
    return found.first()


async def addresses(reader: Reader, conversation_id: UUID) -> list[Row[Any]]:
    """Handovers whose citizen left an address, oldest first."""
    rows = await reader.execute(
        select(handover)
        .where(handover.c.conversation == conversation_id, handover.c.sender.is_not(None))
        .order_by(handover.c.put_at)
    )
    return list(rows)


async def queue_mail(tx: Transaction, **values: Any) -> None:
    await tx.execute(insert(chat_mail).values(attempts=0, **values))


async def due_mails(reader: Reader, now: datetime) -> list[Row[Any]]:
    """Those the trail has the event of."""
    rows = await reader.execute(
        select(chat_mail)
        .join(outbox, outbox.c.event_id == chat_mail.c.event_id)
        .where(
            chat_mail.c.settled_at.is_(None),
            chat_mail.c.next_at <= now,
            outbox.c.confirmed_at.is_not(None),
        )
        .order_by(chat_mail.c.put_at)
        .limit(BATCH)
    )
    return list(rows)


async def settle_mail(tx: Transaction, mail_id: UUID, **values: Any) -> None:
    await tx.execute(
        update(chat_mail)
        .where(chat_mail.c.id == mail_id)
        .values(attempts=chat_mail.c.attempts + 1, **values)
    )


async def overdue_known(reader: Reader) -> set[tuple[str, str, int, str]]:
    rows = await reader.execute(
        select(overdue.c.topic, overdue.c.language, overdue.c.version, overdue.c.review_by)
    )
    return {tuple(row) for row in rows}


async def add_overdue(tx: Transaction, **values: Any) -> None:
    await tx.execute(insert(overdue).values(**values))


async def overdue_of(reader: Reader, mail_id: UUID) -> list[Row[Any]]:
    """What one mail tells of, and whether the trail has it."""
    rows = await reader.execute(
        select(overdue, outbox.c.confirmed_at)
        .outerjoin(outbox, outbox.c.event_id == overdue.c.event_id)
        .where(overdue.c.mail == mail_id)
        .order_by(overdue.c.topic, overdue.c.language)
    )
    return list(rows)
