"""Wires the chatbot: engine, chat, consumer, watch, API, pages and widget."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import holidays
from litestar import Litestar
from litestar.config.cors import CORSConfig

from contracts.taxonomy import load_taxonomy
from infra.chassis.chassis import Chassis
from infra.chassis.outgoing import OutgoingMail, SmtpMail
from infra.chassis.settings import SettingsError
from infra.keyring.wrapping import load_secret
from services.chatbot.api import API_COMPONENTS, Door, chat_routes
from services.chatbot.chat import Chat
from services.chatbot.consumer import Consumer
from services.chatbot.corrections import Corrections
from services.chatbot.drafts import Drafts
from services.chatbot.editor_pages import editor_routes
from services.chatbot.editors import Editors
from services.chatbot.engine import Engine
from services.chatbot.form_page import FormPage, form_routes
from services.chatbot.gate import Gate
from services.chatbot.handover import Handovers
from services.chatbot.knowledge import KnowledgeError
from services.chatbot.live import Arrivals
from services.chatbot.loading import load_embedder, open_store
from services.chatbot.mailroom import Mailroom
from services.chatbot.municipality import Municipality, load_municipality
from services.chatbot.ports import Embedder
from services.chatbot.preview_page import preview_routes
from services.chatbot.previews import Previews
from services.chatbot.public import Surroundings, public_routes
from services.chatbot.receipt_page import Receipts, receipt_routes
from services.chatbot.releases import Releases
from services.chatbot.renewal import Renewal
from services.chatbot.reviews import Reviews
from services.chatbot.room import Room
from services.chatbot.screen import load_phrases
from services.chatbot.settings import ChatbotSettings
from services.chatbot.switch import AnswerSwitch
from services.chatbot.watch import Watch

HERE = Path(__file__).parent
# Citizens' pages carry no cookie at all, so there is nothing a forged request could ride on.
WITHOUT_COOKIES = ("^/$", "^/chat", "^/api/", "^/widget/", "^/answers/", "^/articles/")


async def create_app(
    settings: ChatbotSettings,
    chassis: Chassis,
    embedder: Embedder | None = None,
    mail: OutgoingMail | None = None,
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
    room = Room(chassis, arrivals)
    switch = AnswerSwitch(chassis, allowed=settings.chatbot_on)
    handovers = Handovers(chassis, room, municipality, closed_days)
    chat = Chat(chassis, room, engine, municipality, handovers, switch, phrases)
    Consumer(chassis, room, taxonomy, municipality).register()
    corrections = Corrections(chassis, room, engine, municipality)
    background = Background(
        watch=Watch(chassis, room, settings),
        corrections=corrections,
        reviews=Reviews(chassis, settings, engine, municipality),
        mailroom=Mailroom(chassis, settings, municipality, corrections, mail or SmtpMail(settings)),
        previews=Previews(chassis, settings, engine, municipality),
    )
    renewal = Renewal(settings, engine)
    chassis.background(engine.watch)
    chassis.background(renewal.run)
    for work in background:
        chassis.background(work.run)
    chassis.background(_closing(engine))
    chassis.ready_when("articles", lambda: engine.world is not None)
    chassis.says("articles", lambda: renewal.state)
    gate = Gate(settings, municipality, load_secret(settings.keys / "session.key"))
    door = Door(chat, gate, settings)
    drafts = Drafts(settings, lambda: engine.world.index if engine.world else None)
    surroundings = Surroundings(chassis, settings, municipality, switch, closed_days)
    app: Litestar = chassis.web(
        [
            *chat_routes(door, arrivals, municipality, settings),
            *public_routes(surroundings),
            *form_routes(FormPage(door, surroundings)),
            *receipt_routes(Receipts(chassis, room, door, engine, surroundings)),
            *editor_routes(
                Editors(chassis, engine, municipality, renewal), drafts, switch, settings
            ),
            *preview_routes(
                drafts,
                background.previews,
                Releases(chassis, settings, engine, background.previews),
            ),
        ],
        template_folders=[HERE / "pages"],
        csrf_exclude=WITHOUT_COOKIES,
        api_components=API_COMPONENTS,
        cors_config=_cors(settings),
    )
    app.state.engine, app.state.background = engine, background
    app.state.renewal = renewal
    return app


class Background(NamedTuple):
    """What runs by itself beside the pages."""

    watch: Watch
    corrections: Corrections
    reviews: Reviews
    mailroom: Mailroom
    previews: Previews


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
