"""Late correction: who was shown a text later found wrong."""

import re
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from contracts.event import effect_id
from infra.chassis.clock import utc_now
from infra.database import Database
from services.chatbot.adapters import posts
from services.chatbot.adapters.tables import handover, turn

_ARTICLE = re.compile(r"([a-z0-9-]+)\.(da|sv|en)@(\d+)")


class RecallError(ValueError):
    """The article was not named as TOPIC.LANGUAGE@VERSION."""


class Wanted(NamedTuple):
    topic: str
    language: str
    version: int


class Recalled(NamedTuple):
    at: datetime
    conversation: UUID
    seq: int
    reference: str | None
    """Reference of a case, if it was handed over: whoever has it can tell the citizen."""


def parse_article(words: str) -> Wanted:
    match = _ARTICLE.fullmatch(words)
    if match is None:
        raise RecallError(f"{words!r} is not TOPIC.LANGUAGE@VERSION, e.g. pas-pris.da@1")
    return Wanted(match[1], match[2], int(match[3]))


class Noted(NamedTuple):
    """What `--notify` set going."""

    new: int
    before: int
    """Told, or being told, from an earlier time."""
    with_mail: int
    """Of the new ones, how many left an address."""


async def notify(url: str, wanted: Wanted, by: str) -> Noted:
    """Write down who is to be told; the running chat tells them. Again, nobody is told twice."""
    database = Database(url)
    try:
        async with database.write() as tx:
            rows = await posts.shown_to(tx, *wanted)
            new = [row for row in rows if await posts.add_recall(tx, **_recall(row, wanted, by))]
            mails = [row for row in new if await posts.addresses(tx, row.conversation)]
        return Noted(len(new), len(rows) - len(new), len(mails))
    finally:
        await database.close()


def _recall(row: Any, wanted: Wanted, by: str) -> dict[str, Any]:
    name = f"recall/{wanted.topic}.{wanted.language}@{wanted.version}"
    return {
        **wanted._asdict(),
        "id": effect_id(row.conversation, name),
        "conversation": row.conversation,
        "seq": row.seq,
        "digest": row.digest or "",
        "by": by,
        "put_at": utc_now(),
    }


async def recalled(url: str, wanted: Wanted) -> list[Recalled]:
    database = Database(url)
    try:
        return await shown_to(database, wanted)
    finally:
        await database.close()


async def shown_to(database: Database, wanted: Wanted) -> list[Recalled]:
    """Oldest first; deleted conversations are gone and not among them."""
    async with database.read() as reader:
        rows = await reader.execute(
            select(turn.c.at, turn.c.conversation, turn.c.seq, func.min(handover.c.reference))
            .outerjoin(handover, handover.c.conversation == turn.c.conversation)
            .group_by(turn.c.at, turn.c.conversation, turn.c.seq)
            .where(
                turn.c.topic == wanted.topic,
                turn.c.language == wanted.language,
                turn.c.version == wanted.version,
            )
            .order_by(turn.c.at)
        )
        return [Recalled(*row) for row in rows]
