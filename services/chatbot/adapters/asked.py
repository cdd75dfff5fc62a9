"""What was asked and how it was taken, for editors, in SQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, case, func, select

from services.chatbot.adapters.conversations import Reader
from services.chatbot.adapters.tables import chat_mail, message, overdue, recall, turn

UNANSWERED = ("declined", "clarified", "handed-over")


async def unanswered(reader: Reader, since: datetime, most: int) -> list[Any]:
    """Newest first: turns without an answer, with the sealed question if there was one."""
    asked = and_(message.c.conversation == turn.c.conversation, message.c.seq == turn.c.asked_seq)
    rows = await reader.execute(
        select(turn, message.c.id.label("question_id"), message.c.text.label("question"))
        .outerjoin(message, asked)
        .where(turn.c.at >= since, turn.c.verdict.in_(UNANSWERED))
        .order_by(turn.c.at.desc())
        .limit(most)
    )
    return list(rows)


async def recent(reader: Reader, since: datetime, most: int) -> list[Any]:
    """Newest first: every question that was typed, sealed, once, with the language it was answered in."""
    rows = await reader.execute(
        select(
            message.c.conversation,
            message.c.id.label("question_id"),
            message.c.text.label("question"),
            func.min(turn.c.language).label("language"),
        )
        .join(
            message,
            and_(message.c.conversation == turn.c.conversation, message.c.seq == turn.c.asked_seq),
        )
        .where(turn.c.at >= since)
        # A message of several questions is several turns.
        .group_by(message.c.conversation, message.c.seq)
        .order_by(func.max(turn.c.at).desc())
        .limit(most)
    )
    return list(rows)


async def choices(reader: Reader, since: datetime) -> list[Any]:
    """Where a button was pressed: conversation, number, topic."""
    rows = await reader.execute(
        select(turn.c.conversation, turn.c.seq, turn.c.topic).where(
            turn.c.at >= since, turn.c.topic.is_not(None), turn.c.threshold == 0.0
        )
    )
    return list(rows)


async def offers(reader: Reader, since: datetime) -> list[Any]:
    """Which topics were offered as buttons: conversation, number, about."""
    rows = await reader.execute(
        select(message.c.conversation, message.c.seq, message.c.about).where(
            message.c.at >= since, message.c.kind == "clarified"
        )
    )
    return list(rows)


async def ratings(reader: Reader, since: datetime) -> list[Any]:
    """Article versions somebody said did not help: shown, rated, no."""
    said_no = func.sum(case((turn.c.helpful.is_(False), 1), else_=0))
    rows = await reader.execute(
        select(
            turn.c.topic,
            turn.c.language,
            turn.c.version,
            func.count().label("shown"),
            func.count(turn.c.helpful).label("rated"),
            said_no.label("said_no"),
        )
        .where(turn.c.at >= since, turn.c.topic.is_not(None))
        .group_by(turn.c.topic, turn.c.language, turn.c.version)
        .having(said_no > 0)
    )
    return list(rows)


async def overdue_told(reader: Reader) -> dict[tuple[str, str, int], Row[Any]]:
    """Article versions whose editors were told, with when their mail left."""
    rows = await reader.execute(
        select(overdue, chat_mail.c.settled_at, chat_mail.c.failure).outerjoin(
            chat_mail, chat_mail.c.id == overdue.c.mail
        )
    )
    return {(row.topic, row.language, row.version): row for row in rows}


async def recalls(reader: Reader) -> list[Any]:
    """Article versions that were recalled: conversations, told in the chat, mails, mails sent."""
    mails = (
        select(
            chat_mail.c.recall,
            func.count().label("mails"),
            func.sum(
                case(
                    (chat_mail.c.settled_at.is_not(None) & chat_mail.c.failure.is_(None), 1),
                    else_=0,
                )
            ).label("sent"),
        )
        .where(chat_mail.c.recall.is_not(None))
        .group_by(chat_mail.c.recall)
        .subquery()
    )
    rows = await reader.execute(
        select(
            recall.c.topic,
            recall.c.language,
            recall.c.version,
            func.count().label("conversations"),
            func.count(recall.c.told_at).label("told"),
            func.coalesce(func.sum(mails.c.mails), 0).label("mails"),
            func.coalesce(func.sum(mails.c.sent), 0).label("sent"),
        )
        .outerjoin(mails, mails.c.recall == recall.c.id)
        .group_by(recall.c.topic, recall.c.language, recall.c.version)
        .order_by(func.max(recall.c.put_at).desc())
    )
    return list(rows)
