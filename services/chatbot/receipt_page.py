"""Public pages behind every automatic answer: its receipt, and the approved text it showed."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import Parameter
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler
from sqlalchemy import Row

from contracts.event import Sealed
from contracts.reference import tidy_reference
from infra.chassis.chassis import Chassis
from infra.keyring import DataKey
from infra.pages.pages import language_of
from services.chatbot.adapters import conversations as store
from services.chatbot.api import Door
from services.chatbot.engine import Engine
from services.chatbot.knowledge import TONGUES, Tongue, tongue_of
from services.chatbot.public import Surroundings
from services.chatbot.receipt import opens
from services.chatbot.record import NO_MODEL, event_of
from services.chatbot.render import to_html
from services.chatbot.room import NoConversationError, Room

Visit = Request[Any, Any, Any]
PRIVATE = {"cache-control": "no-store", "x-robots-tag": "noindex, nofollow"}
GUESSED = frozenset({"answered", "other-authority", "clarified", "declined"})


class Receipts:
    def __init__(
        self, chassis: Chassis, room: Room, door: Door, engine: Engine, surroundings: Surroundings
    ) -> None:
        self._chassis = chassis
        self._room = room
        self._door = door
        self._engine = engine
        self._surroundings = surroundings

    async def show(
        self, message_id: UUID, token: str, language: Tongue, reference: str | None
    ) -> Template:
        turn, key = await self._open(message_id, token)
        place = f"/answers/{message_id}/{token}"
        context = await self._surroundings.context(language, place)
        async with self._chassis.database.read() as reader:
            shown = await store.message_at(reader, turn.conversation, turn.seq)
            asked = await store.message_at(reader, turn.conversation, turn.asked_seq)
            waiting = await store.waits_for_trail(reader, event_of(message_id))
        question = (
            key.open(f"message/{asked.id}", Sealed.model_validate(asked.text)) if asked else None
        )
        return Template(
            "receipt.html",
            context=context
            | {
                "turn": turn,
                "question": question,
                "did": _did(turn),
                "about": shown.about if shown else {},
                "event": event_of(message_id),
                "waiting": waiting,
                "guessed": _is_guess(turn),
                "pressed": turn.topic is not None and turn.threshold == 0,
                "reference": tidy_reference(reference)[:20] if reference else None,
            },
            headers=PRIVATE,
        )

    async def contest(self, message_id: UUID, token: str) -> str | None:
        """A person reads it; its reference. None when no text was shown that could be wrong."""
        turn, _ = await self._open(message_id, token)
        async with self._chassis.database.read() as reader:
            talk = await store.talk(reader, turn.conversation)
        assert talk is not None
        return await self._door.chat.contest(talk, turn.seq)

    async def gone(self, language: Tongue) -> Template:
        context = await self._surroundings.context(language, "/")
        return Template("receipt_gone.html", context=context, status_code=410, headers=PRIVATE)

    async def article(self, topic: str, language: Tongue) -> Template:
        articles = world.index.articles if (world := self._engine.world) else {}
        found = {t: articles[f"{topic}.{t}"] for t in TONGUES if f"{topic}.{t}" in articles}
        if not found:
            raise NotFoundException
        article = found.get(language)
        context = await self._surroundings.context(language, f"/articles/{topic}")
        now = self._chassis.clock()
        day = self._surroundings.municipality.local(now).date()
        return Template(
            "article.html",
            context=context
            | {
                "article": article,
                "html": to_html(article.body) if article else "",
                "others": [one for tongue, one in found.items() if tongue != language],
                "answers": article is not None and article.answers_on(day),
            },
        )

    async def _open(self, message_id: UUID, token: str) -> tuple[Row[Any], DataKey]:
        """Raises NoConversationError when it was deleted, NotFoundException when it never was ours."""
        async with self._chassis.database.read() as reader:
            turn = await store.turn_with(reader, message_id)
        if turn is None:
            raise NoConversationError
        key = await self._room.key(turn.conversation)
        if not opens(key, message_id, token):
            raise NotFoundException
        return turn, key


def _did(turn: Row[Any]) -> str:
    """What the machine did, as a code: its verdict, said more exactly where it did not answer."""
    if turn.verdict != "declined" or _is_guess(turn):
        return str(turn.verdict)
    return "paused" if turn.model == NO_MODEL.name else "refused"


def _is_guess(turn: Row[Any]) -> bool:
    # Fixed rules have nothing to compare: their threshold is 1, and that of a pressed button 0.
    return turn.verdict in GUESSED and 0 < (turn.threshold or 0) < 1


def receipt_routes(receipts: Receipts) -> list[ControllerRouterHandler]:
    @get("/answers/{answer:uuid}/{token:str}", exclude_from_auth=True, include_in_schema=False)
    async def receipt(
        request: Visit,
        answer: UUID,
        token: str,
        reference: Annotated[str | None, Parameter(query="sent")] = None,
    ) -> Template:
        language = tongue_of(language_of(request))
        try:
            return await receipts.show(answer, token, language, reference)
        except NoConversationError:
            return await receipts.gone(language)

    @post("/answers/{answer:uuid}/{token:str}", exclude_from_auth=True, include_in_schema=False)
    async def contest(request: Visit, answer: UUID, token: str) -> Response[Any]:
        language = tongue_of(language_of(request))
        try:
            reference = await receipts.contest(answer, token)
        except NoConversationError:
            return await receipts.gone(language)
        where = f"/answers/{answer}/{token}?lang={language}"
        return Redirect(f"{where}&sent={reference}" if reference else where, status_code=303)

    @get("/articles/{topic:str}", exclude_from_auth=True, include_in_schema=False)
    async def article(request: Visit, topic: str) -> Template:
        return await receipts.article(topic, tongue_of(language_of(request)))

    return [receipt, contest, article]
