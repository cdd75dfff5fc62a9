"""Conversations in the database; every function is part of the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, exists, func, insert, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.event import Sealed
from infra.chassis.tables import outbox
from infra.database import Transaction
from services.chatbot.adapters.tables import chat_switch, conversation, handover, message, turn

Reader = AsyncConnection | Transaction

# What every message asks, built once: SQLAlchemy spends longer on building a statement than SQLite
# on answering it.
_TALK = select(conversation).where(conversation.c.id == bindparam("of"))
_CHANGE_TALK = update(conversation).where(conversation.c.id == bindparam("of"))
_ADD_MESSAGE = insert(message)
_ADD_TURN = insert(turn)
_MESSAGES = (
    select(message)
    .where(message.c.conversation == bindparam("of"), message.c.seq > bindparam("after"))
    .order_by(message.c.seq)
)
_SEQ = select(message.c.seq).where(
    message.c.conversation == bindparam("of"), message.c.id == bindparam("message")
)
_STANDING = select(
    conversation,
    _SEQ.scalar_subquery().label("there"),
    exists().where(handover.c.conversation == bindparam("of")).label("handed"),
    select(chat_switch.c.on)
    .where(chat_switch.c.name == bindparam("switch"))
    .scalar_subquery()
    .label("turned"),
).where(conversation.c.id == bindparam("of"))
_HANDOVERS = (
    select(handover).where(handover.c.conversation == bindparam("of")).order_by(handover.c.put_at)
)


@dataclass(frozen=True)
class Kept:
    """A message as it rests: sealed words and what is shown around them."""

    conversation: UUID
    seq: int
    id: UUID
    role: str
    kind: str
    at: datetime
    text: Sealed
    about: Mapping[str, Any]


@dataclass(frozen=True)
class Talk:
    """A conversation without its messages."""

    id: UUID
    token_hash: str
    language: str
    started_at: datetime
    last_at: datetime
    ended_at: datetime | None
    messages: int
    topic: str | None
    offered: tuple[str, ...]
    erased_at: datetime | None = None


@dataclass(frozen=True)
class Standing:
    """How things stand when a message comes."""

    talk: Talk
    there: int | None
    """Where the message stands already; None when it never came."""
    handed: bool
    """Whether a person was called before."""
    turned: bool | None
    """How the switch of the answers was turned; None when it never was."""


async def start(tx: Transaction, talk: Talk) -> None:
    values = {**vars(talk), "offered": list(talk.offered)}
    await tx.execute(insert(conversation).values(**values))


async def talk(reader: Reader, conversation_id: UUID) -> Talk | None:
    row = (await reader.execute(_TALK, {"of": conversation_id})).first()
    return _talk(row) if row else None


async def standing(
    reader: Reader, conversation_id: UUID, message_id: UUID, switch: str
) -> Standing | None:
    """All that a message asks of the database before it is answered, in one question."""
    values = {"of": conversation_id, "message": message_id, "switch": switch}
    row = (await reader.execute(_STANDING, values)).first()
    return Standing(_talk(row), row.there, row.handed, row.turned) if row else None


async def add(tx: Transaction, kept: Sequence[Kept], **values: Any) -> None:
    """Messages, and with them what they change in their conversation."""
    if not kept:
        return
    await tx.execute(
        _ADD_MESSAGE,
        [
            {**vars(one), "text": one.text.model_dump(mode="json"), "about": dict(one.about)}
            for one in kept
        ],
    )
    last = kept[-1]
    await touch(tx, last.conversation, messages=last.seq, last_at=last.at, **values)


async def touch(tx: Transaction, conversation_id: UUID, **values: Any) -> None:
    await tx.execute(_CHANGE_TALK, {"of": conversation_id, **values})


async def messages(reader: Reader, conversation_id: UUID, after: int = 0) -> list[Kept]:
    rows = await reader.execute(_MESSAGES, {"of": conversation_id, "after": after})
    return [_kept(row) for row in rows]


async def seq_of(reader: Reader, conversation_id: UUID, message_id: UUID) -> int | None:
    """Where a message with this id stands; None when it never came."""
    row = (await reader.execute(_SEQ, {"of": conversation_id, "message": message_id})).first()
    return int(row.seq) if row else None


async def add_turn(tx: Transaction, **values: Any) -> None:
    await tx.execute(_ADD_TURN, values)


async def rate(tx: Transaction, conversation_id: UUID, seq: int, *, helpful: bool) -> bool:
    """Whether there was such an answer."""
    done = await tx.execute(
        update(turn)
        .where(turn.c.conversation == conversation_id, turn.c.seq == seq)
        .values(helpful=helpful)
    )
    return bool(done.rowcount)


async def turn_of(reader: Reader, conversation_id: UUID, seq: int) -> Row[Any] | None:
    found = await reader.execute(
        select(turn).where(turn.c.conversation == conversation_id, turn.c.seq == seq)
    )
    return found.first()


async def turn_with(reader: Reader, message_id: UUID) -> Row[Any] | None:
    return (await reader.execute(select(turn).where(turn.c.id == message_id))).first()


async def message_at(reader: Reader, conversation_id: UUID, seq: int | None) -> Row[Any] | None:
    """None for no number, as for no message."""
    found = await reader.execute(
        select(message).where(message.c.conversation == conversation_id, message.c.seq == seq)
    )
    return found.first()


async def waits_for_trail(reader: Reader, event_id: UUID) -> bool:
    """Whether the trail has not confirmed it yet; only confirmed events leave the outbox."""
    found = await reader.execute(select(outbox.c.confirmed_at).where(outbox.c.event_id == event_id))
    row = found.first()
    return row is not None and row.confirmed_at is None


async def add_handover(tx: Transaction, **values: Any) -> None:
    await tx.execute(insert(handover).values(**values))


async def handovers(reader: Reader, conversation_id: UUID) -> list[Row[Any]]:
    """Oldest first."""
    return list(await reader.execute(_HANDOVERS, {"of": conversation_id}))


async def handover_of(reader: Reader, inquiry: UUID) -> Row[Any] | None:
    return (await reader.execute(select(handover).where(handover.c.inquiry == inquiry))).first()


async def mark_opened(tx: Transaction, inquiry: UUID, department: str, at: datetime) -> None:
    await tx.execute(
        update(handover)
        .where(handover.c.inquiry == inquiry)
        .values(opened_at=func.coalesce(handover.c.opened_at, at), department=department)
    )


async def unopened(reader: Reader, said_before: datetime) -> list[Row[Any]]:
    rows = await reader.execute(
        select(handover)
        .where(handover.c.opened_at.is_(None), handover.c.said_at < said_before)
        .order_by(handover.c.said_at)
        .limit(200)
    )
    return list(rows)


async def said_again(tx: Transaction, inquiry: UUID, at: datetime) -> None:
    await tx.execute(update(handover).where(handover.c.inquiry == inquiry).values(said_at=at))


async def erase(tx: Transaction, conversation_id: UUID) -> None:
    """Messages and turns; the handover's ids stay, for its case goes on."""
    for table in (message, turn):
        await tx.execute(delete(table).where(table.c.conversation == conversation_id))
    await tx.execute(delete(conversation).where(conversation.c.id == conversation_id))
    await forget_sender(tx, conversation_id)


async def erase_words(tx: Transaction, conversation_id: UUID, at: datetime) -> None:
    """As `erase`, but the conversation's row stays to say so; again is harmless."""
    for table in (message, turn):
        await tx.execute(delete(table).where(table.c.conversation == conversation_id))
    await tx.execute(
        update(conversation)
        .where(conversation.c.id == conversation_id, conversation.c.erased_at.is_(None))
        .values(erased_at=at, topic=None, offered=[])
    )
    await forget_sender(tx, conversation_id)


async def forget_sender(tx: Transaction, conversation_id: UUID) -> None:
    await tx.execute(
        update(handover).where(handover.c.conversation == conversation_id).values(sender=null())
    )


async def older_than(reader: Reader, before: datetime) -> list[UUID]:
    rows = await reader.execute(
        select(conversation.c.id).where(conversation.c.last_at < before).limit(500)
    )
    return list(rows.scalars())


def _talk(row: Row[Any]) -> Talk:
    values = {name: getattr(row, name) for name in Talk.__dataclass_fields__}
    return Talk(**{**values, "offered": tuple(row.offered)})


def _kept(row: Row[Any]) -> Kept:
    return Kept(**{**row._mapping, "text": Sealed.model_validate(row.text)})  # noqa: SLF001
