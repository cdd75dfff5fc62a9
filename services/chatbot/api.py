"""The chat as an HTTP API: for the widget, and for other channels such as voice or a kiosk."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from time import monotonic
from typing import Annotated, Any
from uuid import UUID, uuid4

from litestar import MediaType, Request, Response, delete, get, post
from litestar.exceptions import HTTPException
from litestar.params import Parameter
from litestar.response import ServerSentEvent, ServerSentEventMessage
from litestar.types import ControllerRouterHandler
from pydantic import BaseModel, ConfigDict, Field

from infra.pages.pages import text, texts
from services.chatbot.adapters.conversations import Talk
from services.chatbot.chat import (
    LONGEST_MESSAGE,
    Chat,
    NoConversationError,
    Shown,
    download_text,
    hashed,
)
from services.chatbot.knowledge import Tongue
from services.chatbot.limits import Allowance, Limiter
from services.chatbot.live import Arrivals
from services.chatbot.municipality import Municipality
from services.chatbot.proof import BITS, challenge, is_proved
from services.chatbot.render import to_html
from services.chatbot.settings import ChatbotSettings

API = "/api/v1"
MAIL = r"^[^@\s<>]{1,64}@[^@\s<>]{1,190}\.[^@\s<>]{2,24}$"


class Wish(BaseModel):
    """Base of everything that is sent to us."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Begin(Wish):
    language: Tongue = "da"
    challenge: str | None = Field(default=None, max_length=80)
    proof: str | None = Field(default=None, max_length=40)


class Ask(Wish):
    text: str = Field(min_length=1, max_length=LONGEST_MESSAGE)
    id: UUID | None = None
    """The sender's id for it: the same id again is the same message."""
    topic: str | None = Field(default=None, max_length=64)
    """A pressed button."""


class CallPerson(Wish):
    note: str = Field(default="", max_length=LONGEST_MESSAGE)
    email: str | None = Field(default=None, max_length=280, pattern=MAIL)
    id: UUID | None = None


class Rate(Wish):
    seq: int = Field(ge=1)
    helpful: bool


class Gate:
    """Who may come in how often; raises HTTPException with when to come back."""

    def __init__(
        self, settings: ChatbotSettings, municipality: Municipality, secret: bytes
    ) -> None:
        self._settings = settings
        self._municipality = municipality
        self._secret = secret
        per_minute = settings.chatbot_messages_per_minute
        self._conversation = Limiter(Allowance(per_minute, 60))
        self._beginnings = Limiter(Allowance(settings.chatbot_conversations_per_hour, 3600))
        self._address = Limiter(Allowance(settings.chatbot_messages_per_hour, 3600))
        self._everybody = Limiter(Allowance(settings.chatbot_proofs_above, 60))

    def begin(self, request: Request[Any, Any, Any], wish: Begin) -> None:
        self.open(wish.language)
        self._pass(self._beginnings.take(self._who(request), monotonic()), wish.language)
        if self._everybody.take("all", monotonic()) == 0:
            return
        now = datetime.now().timestamp()  # noqa: DTZ005 - seconds only
        if not is_proved(self._secret, wish.challenge or "", wish.proof or "", now):
            raise HTTPException(
                "Solve the challenge: sha256(challenge:proof) must begin with zero bits.",
                status_code=428,
                extra={"challenge": challenge(self._secret, now), "bits": BITS},
            )

    def message(self, request: Request[Any, Any, Any], talk: Talk) -> None:
        self.open(talk.language)
        wait = self._conversation.take(str(talk.id), monotonic())
        self._pass(wait or self._address.take(self._who(request), monotonic()), talk.language)

    def open(self, language: str) -> None:
        if not self._settings.chatbot_on:
            raise HTTPException(text("chatbot.switched_off", language), status_code=503)

    def _pass(self, wait: int, language: str) -> None:
        if wait:
            words = text("chatbot.limited", language, seconds=wait, phone=self._municipality.phone)
            raise HTTPException(words, status_code=429, headers={"retry-after": str(wait)})

    def _who(self, request: Request[Any, Any, Any]) -> str:
        """The address, hashed: it is compared, never kept or shown."""
        address = request.client.host if request.client else "?"
        forwarded = request.headers.get("x-forwarded-for", "")
        if self._settings.chatbot_trust_proxy and forwarded:
            address = forwarded.rpartition(",")[2].strip()
        return hashed(f"{self._secret.hex()}{address}")


def message_json(shown: Shown) -> dict[str, Any]:
    """A message for the page: our own texts as safe HTML, people's words as plain text only."""
    ours = shown.role in {"bot", "notice"}
    return {
        "seq": shown.seq,
        "id": str(shown.id),
        "role": shown.role,
        "kind": shown.kind,
        "at": shown.at.isoformat(),
        "text": shown.text,
        "html": to_html(shown.text) if ours else None,
        "about": shown.about,
    }


def chat_routes(  # noqa: C901 - routes share their wiring by closure
    chat: Chat,
    gate: Gate,
    arrivals: Arrivals,
    municipality: Municipality,
    settings: ChatbotSettings,
) -> list[ControllerRouterHandler]:
    async def enter(request: Request[Any, Any, Any], conversation: UUID) -> Talk:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            return await chat.enter(conversation, token)
        except NoConversationError:
            raise HTTPException(text("chatbot.gone", "en"), status_code=404) from None

    @get(f"{API}/widget", exclude_from_auth=True, sync_to_thread=False)
    def widget_texts(lang: Tongue = "da") -> dict[str, Any]:
        """What the widget needs before a conversation begins: names, numbers, texts."""
        return {
            "name": municipality.name,
            "phone": municipality.phone,
            "on": settings.chatbot_on,
            "longest": LONGEST_MESSAGE,
            "texts": widget_catalogue(lang, municipality, settings),
        }

    @post(f"{API}/conversations", exclude_from_auth=True)
    async def begin(request: Request[Any, Any, Any], data: Begin) -> dict[str, Any]:
        """Start a conversation. The token opens it: send it as `Authorization: Bearer`."""
        gate.begin(request, data)
        begun = await chat.begin(data.language)
        shown = await chat.shown(begun.id)
        return {
            "id": str(begun.id),
            "token": begun.token,
            "messages": [message_json(one) for one in shown],
        }

    @post(f"{API}/conversations/{{conversation:uuid}}/messages", exclude_from_auth=True)
    async def ask(request: Request[Any, Any, Any], conversation: UUID, data: Ask) -> dict[str, Any]:
        """Ask; the answer comes back here and on the event stream. Repeat with the same id freely."""
        talk = await enter(request, conversation)
        gate.message(request, talk)
        if not data.text.strip():
            raise HTTPException(text("chatbot.empty", talk.language), status_code=400)
        shown = await chat.ask(talk, data.text, data.id or uuid4(), data.topic)
        return {"messages": [message_json(one) for one in shown]}

    @get(f"{API}/conversations/{{conversation:uuid}}/messages", exclude_from_auth=True)
    async def messages(
        request: Request[Any, Any, Any], conversation: UUID, after: int = 0
    ) -> dict[str, Any]:
        """All messages after number `after`."""
        await enter(request, conversation)
        shown = await chat.shown(conversation, after)
        return {"messages": [message_json(one) for one in shown]}

    @get(
        f"{API}/conversations/{{conversation:uuid}}/events",
        exclude_from_auth=True,
        media_type="text/event-stream",
    )
    async def events(
        request: Request[Any, Any, Any],
        conversation: UUID,
        after: int = 0,
        last_event_id: Annotated[str | None, Parameter(header="Last-Event-ID")] = None,
    ) -> ServerSentEvent:
        """Every message once, in order, from after `Last-Event-ID` on; a comment when it is quiet."""
        await enter(request, conversation)
        seen = int(last_event_id) if last_event_id and last_event_id.isdigit() else after
        return ServerSentEvent(
            _stream(chat, arrivals, conversation, seen),
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    @post(f"{API}/conversations/{{conversation:uuid}}/person", exclude_from_auth=True)
    async def person(
        request: Request[Any, Any, Any], conversation: UUID, data: CallPerson
    ) -> dict[str, str]:
        """Hand the conversation to a person; answers with the reference."""
        talk = await enter(request, conversation)
        gate.message(request, talk)
        return {
            "reference": await chat.call_person(talk, data.note, data.email, data.id or uuid4())
        }

    @post(f"{API}/conversations/{{conversation:uuid}}/feedback", exclude_from_auth=True)
    async def feedback(
        request: Request[Any, Any, Any], conversation: UUID, data: Rate
    ) -> dict[str, str]:
        """Whether an answer helped."""
        talk = await enter(request, conversation)
        if not await chat.rate(talk, data.seq, helpful=data.helpful):
            raise HTTPException("No such answer.", status_code=404)
        return {"thanks": text("chatbot.thanks", talk.language)}

    @post(f"{API}/conversations/{{conversation:uuid}}/end", exclude_from_auth=True)
    async def end(request: Request[Any, Any, Any], conversation: UUID) -> dict[str, str]:
        """End it; it stays readable until it is deleted."""
        await chat.end(await enter(request, conversation))
        return {"status": "ended"}

    @get(
        f"{API}/conversations/{{conversation:uuid}}/download",
        exclude_from_auth=True,
        media_type=MediaType.TEXT,
    )
    async def download(request: Request[Any, Any, Any], conversation: UUID) -> Response[str]:
        """The whole conversation as text."""
        talk = await enter(request, conversation)
        title = text("chatbot.download", talk.language, name=municipality.name)
        return Response(
            download_text(title, await chat.shown(conversation)),
            media_type=MediaType.TEXT,
            headers={"content-disposition": 'attachment; filename="samtale.txt"'},
        )

    @delete(f"{API}/conversations/{{conversation:uuid}}", exclude_from_auth=True)
    async def remove(request: Request[Any, Any, Any], conversation: UUID) -> None:
        """Destroy the conversation's key and rows. A case that was opened from it goes on."""
        await enter(request, conversation)
        await chat.delete(conversation)

    return [
        widget_texts,
        begin,
        ask,
        messages,
        events,
        person,
        feedback,
        end,
        download,
        remove,
    ]


async def _stream(
    chat: Chat, arrivals: Arrivals, conversation: UUID, seen: int
) -> AsyncIterator[ServerSentEventMessage]:
    async for is_news in arrivals.listen(conversation):
        if not is_news:
            yield ServerSentEventMessage(comment="quiet")
            continue
        try:
            news = await chat.shown(conversation, seen)
        except NoConversationError:
            yield ServerSentEventMessage(event="gone", data="")
            return
        for one in news:
            seen = one.seq
            yield ServerSentEventMessage(
                event="message", id=str(one.seq), data=json.dumps(message_json(one))
            )
        if not news:
            # Tells proxies and the widget that the stream is open.
            yield ServerSentEventMessage(comment="open")


def widget_catalogue(
    language: str, municipality: Municipality, settings: ChatbotSettings
) -> dict[str, str]:
    prefix = "chatbot.ui."
    values = {
        "name": municipality.name,
        "phone": municipality.phone,
        "days": settings.chatbot_retention_days,
    }
    found = {
        key.removeprefix(prefix): words
        for key, words in texts(language).items()
        if key.startswith(prefix)
    }
    for name, value in values.items():
        found = {key: words.replace(f"{{{name}}}", str(value)) for key, words in found.items()}
    return found | {"switched_off": text("chatbot.switched_off", language)}


__all__ = ["Gate", "chat_routes", "message_json"]
