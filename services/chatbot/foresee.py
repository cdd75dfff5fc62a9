"""`henvend knowledge publish --preview`: what a shell is told of a publication before it is made."""

from typing import Any, NamedTuple

from infra.chassis.clock import utc_now
from infra.database import Database
from infra.keyring import open_keyring
from services.chatbot.adapters.index_files import IndexFileError, load_index
from services.chatbot.adapters.memory_store import MemoryStore
from services.chatbot.compare import KINDS, Kind, Outcome, difference, outcome
from services.chatbot.elsewhere import home_words
from services.chatbot.knowledge import KnowledgeError, tongue_of
from services.chatbot.loading import load_embedder
from services.chatbot.municipality import load_municipality
from services.chatbot.prepare import NO_MODEL, index_of
from services.chatbot.publish import sync, whole_base
from services.chatbot.recent import opened, recent_rows
from services.chatbot.reply import World
from services.chatbot.screen import load_phrases
from services.chatbot.settings import ChatbotSettings


class Differs(NamedTuple):
    kind: Kind
    question: str
    """Masked."""
    before: str
    """Article and version, or the verdict when there was none."""
    after: str


async def foresee(settings: ChatbotSettings) -> list[Differs]:
    """Recent questions that the folder's articles would answer otherwise than the published ones, in
    the order of KINDS. Raises KnowledgeError."""
    now, after = _worlds(settings)
    day = load_municipality(settings.municipality).local(utc_now()).date()
    found: list[Differs] = []
    for row, words in await _recent_questions(settings):
        old, new = (outcome(words, tongue_of(row.language), day, world) for world in (now, after))
        kind = difference(old, new)
        if kind is not None:
            found.append(Differs(kind, words, _brief(old), _brief(new)))
    return sorted(found, key=lambda one: KINDS.index(one.kind))


def _brief(said: Outcome) -> str:
    named = [f"{one.topic}.{one.language} v{one.version}" for one in said.articles]
    return ", ".join(named) or said.verdict


def _worlds(settings: ChatbotSettings) -> tuple[World, World]:
    embedder = load_embedder(settings)
    if embedder is None:
        raise KnowledgeError([NO_MODEL])
    try:
        published = load_index(settings.index_folder)
    except IndexFileError as error:
        raise KnowledgeError([str(error)]) from error
    made, _ = index_of(settings, whole_base(settings), embedder)
    town = load_municipality(settings.municipality)
    home = home_words(town.name, town.country, town.own_places)
    worlds = []
    for index in (published, made):
        store = MemoryStore()
        sync(store, index)
        worlds.append(World(index, embedder, store, load_phrases(), home))
    return worlds[0], worlds[1]


async def _recent_questions(settings: ChatbotSettings) -> list[tuple[Any, str]]:
    database = Database(settings.database_for("chatbot"))
    keyring = await open_keyring(settings.database_for("keyring"), settings.keys / "wrapping.key")
    try:
        rows = await recent_rows(database, settings.chatbot_retention_days, utc_now())
        return await opened(keyring, rows)
    finally:
        await database.close()
        await keyring.close()
