"""Late correction: who was shown a text later found wrong; and what a publication would change."""

import re
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from contracts.event import Sealed, effect_id
from infra.chassis.clock import utc_now
from infra.database import Database
from infra.keyring import Keyring, open_keyring
from services.chatbot.adapters import posts
from services.chatbot.adapters.index_files import IndexFileError, known_vectors, load_index
from services.chatbot.adapters.memory_store import MemoryStore
from services.chatbot.adapters.tables import handover, message, turn
from services.chatbot.answer import answer
from services.chatbot.app import load_embedder
from services.chatbot.engine import outside_file
from services.chatbot.knowledge import KnowledgeError, Tongue
from services.chatbot.municipality import load_municipality
from services.chatbot.publish import (
    publish,
    read_cases,
    read_inquiries,
    read_outside,
    sync,
    whole_base,
)
from services.chatbot.reply import Question, World
from services.chatbot.screen import load_phrases
from services.chatbot.settings import ChatbotSettings

_ARTICLE = re.compile(r"([a-z0-9-]+)\.(da|sv|en)@(\d+)")
RECENT = timedelta(days=30)
MOST = 500


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


class Differs(NamedTuple):
    question: str
    """Masked."""
    before: str
    """Article and version, or the verdict when there was none."""
    after: str


async def preview(settings: ChatbotSettings) -> list[Differs]:
    """Recent questions that the folder's articles would answer otherwise than the published ones."""
    now, after = _worlds(settings)
    asked = await _recent_questions(settings)
    day = utc_now().date()
    differences: list[Differs] = []
    for language, words in asked:
        old, new = (_outcome(words, language, day, world) for world in (now, after))
        if old != new:
            differences.append(Differs(words, old, new))
    return differences


def _outcome(words: str, language: Tongue, day: date, world: World) -> str:
    part = answer(Question(words, day, language), world).parts[0]
    return f"{part.article.key} v{part.article.version}" if part.article else part.verdict


def _worlds(settings: ChatbotSettings) -> tuple[World, World]:
    embedder = load_embedder(settings)
    if embedder is None:
        raise KnowledgeError(["There is no trained model. Run `henvend train` first."])
    try:
        published = load_index(settings.index_folder)
    except IndexFileError as error:
        raise KnowledgeError([str(error)]) from error
    made, _ = publish(
        whole_base(settings),
        read_outside(outside_file(settings).read_text("utf-8")),
        municipality=load_municipality(settings.municipality).id,
        embedder=embedder,
        known=known_vectors(settings.index_folder, embedder.digest),
        inquiries=read_inquiries(settings.inquiries_folder),
        cases=read_cases(settings.development_folder, load_phrases()),
    )
    worlds = []
    for index in (published, made):
        store = MemoryStore()
        sync(store, index)
        worlds.append(World(index, embedder, store, load_phrases()))
    return worlds[0], worlds[1]


async def _recent_questions(settings: ChatbotSettings) -> list[tuple[Tongue, str]]:
    database = Database(settings.database_for("chatbot"))
    keyring = await open_keyring(settings.database_for("keyring"), settings.keys / "wrapping.key")
    try:
        return await questions_since(database, keyring, utc_now() - RECENT)
    finally:
        await database.close()
        await keyring.close()


async def questions_since(
    database: Database, keyring: Keyring, since: datetime
) -> list[tuple[Tongue, str]]:
    async with database.read() as reader:
        rows = list(
            await reader.execute(
                select(turn.c.language, turn.c.conversation, message.c.id, message.c.text)
                .join(
                    message,
                    (message.c.conversation == turn.c.conversation)
                    & (message.c.seq == turn.c.asked_seq),
                )
                .where(turn.c.at >= since)
                .order_by(turn.c.at.desc())
                .limit(MOST)
            )
        )
    keys = await keyring.data_keys(row.conversation for row in rows)
    return [
        (
            row.language,
            keys[row.conversation].open(f"message/{row.id}", Sealed.model_validate(row.text)),
        )
        for row in rows
        if row.conversation in keys
    ]
