"""The chat as an HTTP API: for the widget, and for other channels such as voice or a kiosk."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from uuid import UUID, uuid4

from litestar import MediaType, Request, Response, delete, get, post
from litestar.exceptions import HTTPException
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Components, SecurityScheme
from litestar.params import Parameter
from litestar.response import ServerSentEvent, ServerSentEventMessage
from litestar.types import ControllerRouterHandler

from infra.pages.pages import text, texts
from services.chatbot import wire
from services.chatbot.adapters.conversations import Talk
from services.chatbot.chat import Chat
from services.chatbot.gate import Gate, TaskRequiredError
from services.chatbot.knowledge import Tongue
from services.chatbot.live import Arrivals
from services.chatbot.municipality import Municipality
from services.chatbot.room import Caller, ErasedError, NoConversationError, Shown
from services.chatbot.settings import ChatbotSettings

API = "/api/v1"
ONE = f"{API}/conversations/{{conversation:uuid}}"
Visit = Request[Any, Any, Any]
# For the description of the API: every route below a conversation wants its token.
BEARER: list[dict[str, list[str]]] = [{"conversation": []}]
API_COMPONENTS = Components(
    security_schemes={
        "conversation": SecurityScheme(
            type="http",
            scheme="bearer",
            description="The token a conversation was begun with.",
        )
    }
)
TASK = {428: ResponseSpec(wire.Task, description="Solve the task and come again.")}


class Door:
    """What every route needs: the chat, its gate, and a way in for who has the token."""

    def __init__(self, chat: Chat, gate: Gate, settings: ChatbotSettings) -> None:
        self.chat = chat
        self.gate = gate
        self.home = settings.url_of("chatbot")

    async def enter(self, request: Visit, conversation: UUID) -> Talk:
        with saying_why():
            return await self.chat.enter(*caller_of(request, conversation))

    async def ask(self, request: Visit, conversation: UUID, data: wire.Ask) -> list[wire.Message]:
        def admit(talk: Talk) -> None:
            self.gate.message(request, talk)
            if not data.text.strip():
                raise HTTPException(text("chatbot.empty", talk.language), status_code=400)

        caller, message_id = caller_of(request, conversation), data.id or uuid4()
        with saying_why():
            return self.wired(
                await self.chat.ask(caller, data.text, message_id, data.topic, admit=admit)
            )

    async def messages(self, conversation: UUID, after: int = 0) -> list[wire.Message]:
        return self.wired(await self.chat.shown(conversation, after))

    def wired(self, shown: Iterable[Shown]) -> list[wire.Message]:
        return [wire.message(one, self.home) for one in shown]


def caller_of(request: Visit, conversation: UUID) -> Caller:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    return Caller(conversation, token)


@contextmanager
def saying_why() -> Iterator[None]:
    """Turns an unopened conversation into the answer that says so."""
    try:
        yield
    except ErasedError as error:
        raise HTTPException(text("chatbot.erased", error.language), status_code=410) from None
    except NoConversationError:
        raise HTTPException(text("chatbot.gone", "en"), status_code=404) from None


def chat_routes(
    door: Door, arrivals: Arrivals, municipality: Municipality, settings: ChatbotSettings
) -> list[ControllerRouterHandler]:
    return [
        *_beginning_routes(door, municipality, settings),
        *_talking_routes(door, arrivals),
        *_person_routes(door),
        *_keeping_routes(door),
    ]


def _beginning_routes(
    door: Door, municipality: Municipality, settings: ChatbotSettings
) -> list[ControllerRouterHandler]:
    @get(f"{API}/widget", exclude_from_auth=True)
    async def widget_texts(lang: Tongue = "da") -> wire.About:
        """What the widget needs before a conversation begins: names, numbers, texts."""
        return wire.About(
            name=municipality.name,
            phone=municipality.phone,
            on=await door.chat.answers_on(),
            longest=wire.LONGEST_MESSAGE,
            texts=widget_catalogue(lang, municipality, settings),
        )

    @post(
        f"{API}/conversations",
        exclude_from_auth=True,
        responses=TASK,
        exception_handlers={TaskRequiredError: _task},
    )
    async def begin(request: Visit, data: wire.Begin) -> wire.Begun:
        """Start a conversation. Its token opens it: send it as `Authorization: Bearer`.

        When many begin at once the answer is 428 with a task: solve it and come again.
        """
        door.gate.begin(request, data.language, data.challenge, data.proof)
        begun = await door.chat.begin(data.language)
        return wire.Begun(id=begun.id, token=begun.token, messages=await door.messages(begun.id))

    return [widget_texts, begin]


def _talking_routes(door: Door, arrivals: Arrivals) -> list[ControllerRouterHandler]:
    @post(f"{ONE}/messages", exclude_from_auth=True, security=BEARER)
    async def ask(request: Visit, conversation: UUID, data: wire.Ask) -> wire.Messages:
        """Ask; the answer comes back here and on the event stream. Repeat with the same id freely."""
        return wire.Messages(messages=await door.ask(request, conversation, data))

    @get(f"{ONE}/messages", exclude_from_auth=True, security=BEARER)
    async def messages(request: Visit, conversation: UUID, after: int = 0) -> wire.Messages:
        """All messages after number `after`."""
        await door.enter(request, conversation)
        return wire.Messages(messages=await door.messages(conversation, after))

    @get(f"{ONE}/events", exclude_from_auth=True, media_type="text/event-stream", security=BEARER)
    async def events(
        request: Visit,
        conversation: UUID,
        after: int = 0,
        last_event_id: Annotated[str | None, Parameter(header="Last-Event-ID")] = None,
    ) -> ServerSentEvent:
        """Every message once, in order, from after `Last-Event-ID` on; a comment when it is quiet."""
        await door.enter(request, conversation)
        seen = int(last_event_id) if last_event_id and last_event_id.isdecimal() else after
        return ServerSentEvent(
            _stream(door, arrivals, conversation, seen),
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    return [ask, messages, events]


def _person_routes(door: Door) -> list[ControllerRouterHandler]:
    @post(f"{ONE}/person", exclude_from_auth=True, security=BEARER)
    async def person(request: Visit, conversation: UUID, data: wire.CallPerson) -> wire.Reference:
        """Hand the conversation to a person; answers with the reference."""
        talk = await door.enter(request, conversation)
        door.gate.message(request, talk)
        reference = await door.chat.call_person(talk, data.note, data.email, data.id or uuid4())
        return wire.Reference(reference=reference)

    @post(f"{ONE}/feedback", exclude_from_auth=True, security=BEARER)
    async def feedback(request: Visit, conversation: UUID, data: wire.Rate) -> wire.Thanks:
        """Whether an answer helped."""
        talk = await door.enter(request, conversation)
        if not await door.chat.rate(talk, data.seq, helpful=data.helpful):
            raise HTTPException("No such answer.", status_code=404)
        return wire.Thanks(thanks=text("chatbot.thanks", talk.language))

    @post(f"{ONE}/wrong", exclude_from_auth=True, security=BEARER)
    async def wrong(request: Visit, conversation: UUID, data: wire.Contest) -> wire.Reference:
        """Say that an answer is wrong: a person reads it. Answers with the reference."""
        talk = await door.enter(request, conversation)
        door.gate.message(request, talk)
        reference = await door.chat.contest(talk, data.seq)
        if reference is None:
            raise HTTPException("No such answer.", status_code=404)
        return wire.Reference(reference=reference)

    return [person, feedback, wrong]


def _keeping_routes(door: Door) -> list[ControllerRouterHandler]:
    @post(f"{ONE}/end", exclude_from_auth=True, security=BEARER)
    async def end(request: Visit, conversation: UUID) -> wire.Ended:
        """End it; it stays readable until it is deleted."""
        await door.chat.end(await door.enter(request, conversation))
        return wire.Ended()

    @get(f"{ONE}/download", exclude_from_auth=True, media_type=MediaType.TEXT, security=BEARER)
    async def download(request: Visit, conversation: UUID) -> Response[str]:
        """The whole conversation as text."""
        talk = await door.enter(request, conversation)
        return download_answer(talk, await door.chat.download(talk))

    @delete(ONE, exclude_from_auth=True, security=BEARER)
    async def remove(request: Visit, conversation: UUID) -> None:
        """Destroy the conversation's key and rows. A case that was opened from it goes on."""
        await door.enter(request, conversation)
        await door.chat.delete(conversation)

    return [end, download, remove]


def download_answer(talk: Talk, words: str) -> Response[str]:
    name = text("chatbot.download_file", talk.language)
    return Response(
        words,
        media_type=MediaType.TEXT,
        headers={
            "content-disposition": f'attachment; filename="{name}.txt"',
            "cache-control": "no-store",
        },
    )


def _task(_request: Visit, task: TaskRequiredError) -> Response[wire.Task]:
    body = wire.Task(error=task.words, challenge=task.challenge, bits=task.bits)
    return Response(body, status_code=428)


async def _stream(
    door: Door, arrivals: Arrivals, conversation: UUID, seen: int
) -> AsyncIterator[ServerSentEventMessage]:
    async for is_news in arrivals.listen(conversation):
        if not is_news:
            yield ServerSentEventMessage(comment="quiet")
            continue
        try:
            news = await door.messages(conversation, seen)
        except NoConversationError:
            yield ServerSentEventMessage(event="gone", data="-")
            return
        for one in news:
            seen = one.seq
            yield ServerSentEventMessage(
                event="message", id=str(one.seq), data=one.model_dump_json()
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
    return found | {
        "paused": text("chatbot.paused", language, phone=municipality.phone),
        "thanks": text("chatbot.thanks", language),
        "gone": text("chatbot.gone", language),
        "download_file": text("chatbot.download_file", language),
    }
