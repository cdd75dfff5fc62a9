"""Wires the chatbot: engine, chat, consumer, watch, API, pages and widget."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import holidays
import structlog
from litestar import Litestar
from litestar.config.cors import CORSConfig

from contracts.taxonomy import load_taxonomy
from infra.chassis.chassis import Chassis
from infra.chassis.settings import SettingsError
from infra.keyring.wrapping import load_secret
from services.chatbot.adapters.edge_store import EdgeStore
from services.chatbot.api import Gate, chat_routes
from services.chatbot.chat import Chat
from services.chatbot.consumer import Consumer
from services.chatbot.engine import Engine
from services.chatbot.knowledge import KnowledgeError
from services.chatbot.live import Arrivals
from services.chatbot.municipality import Municipality, load_municipality
from services.chatbot.ports import Embedder, VectorStore
from services.chatbot.public import public_routes
from services.chatbot.screen import load_phrases
from services.chatbot.settings import ChatbotSettings
from services.chatbot.watch import Watch

HERE = Path(__file__).parent
# Citizens' pages carry no cookie at all, so there is nothing a forged request could ride on.
WITHOUT_COOKIES = ("^/$", "^/chat", "^/api/", "^/widget/")

log = structlog.get_logger()


async def create_app(
    settings: ChatbotSettings, chassis: Chassis, embedder: Embedder | None = None
) -> Litestar:
    """Raises SettingsError when the municipality's files are wrong."""
    try:
        municipality = load_municipality(settings.municipality)
        phrases = load_phrases()
        engine = Engine(chassis, settings, municipality, phrases, partial(open_store, settings))
        await engine.open(embedder or await asyncio.to_thread(load_embedder, settings))
    except KnowledgeError as error:
        raise SettingsError(str(error)) from None
    folder = settings.municipality
    own = folder / "taxonomy.yaml" if folder else None
    taxonomy = load_taxonomy(own if own and own.exists() else None)
    arrivals = Arrivals()
    closed_days = _holidays(municipality)
    chat = Chat(chassis, engine, municipality, arrivals, closed_days)
    Consumer(chassis, chat, taxonomy, municipality).register()
    chassis.background(engine.watch)
    chassis.background(Watch(chassis, chat, settings).run)
    chassis.background(_closing(engine))
    chassis.ready_when("articles", lambda: engine.world is not None)
    gate = Gate(settings, municipality, load_secret(settings.keys / "session.key"))
    return chassis.web(
        [
            *chat_routes(chat, gate, arrivals, municipality, settings),
            *public_routes(chassis, chat, gate, municipality, settings, closed_days),
        ],
        template_folders=[HERE / "pages"],
        csrf_exclude=WITHOUT_COOKIES,
        cors_config=_cors(settings),
    )


def load_embedder(settings: ChatbotSettings) -> Embedder | None:
    """None when no model was trained yet: every question then goes to a person."""
    folder = settings.model_folder
    if not (folder / "modules.json").exists():
        log.warning("model_missing")
        return None
    from services.chatbot.adapters.sentence_transformer import (  # noqa: PLC0415 - slow import
        SentenceTransformerEmbedder,
    )

    return SentenceTransformerEmbedder(folder)


def open_store(settings: ChatbotSettings, dimensions: int) -> VectorStore:
    if settings.chatbot_qdrant is None:
        return EdgeStore(settings.store_folder / str(dimensions), dimensions)
    from qdrant_client import QdrantClient  # noqa: PLC0415 - only with a server

    from services.chatbot.adapters.server_store import ServerStore  # noqa: PLC0415

    client = QdrantClient(url=settings.chatbot_qdrant)
    return ServerStore(client, f"henvend-articles-{dimensions}", dimensions)


def _holidays(municipality: Municipality) -> holidays.HolidayBase:
    return holidays.country_holidays(municipality.country.upper())


def _cors(settings: ChatbotSettings) -> CORSConfig | None:
    origins = settings.chatbot_origins.split()
    if not origins:
        return None
    return CORSConfig(
        allow_origins=origins,
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["authorization", "content-type", "last-event-id"],
    )


def _closing(engine: Engine) -> Callable[[], Awaitable[None]]:
    async def close_engine() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            engine.close()

    return close_engine
