"""The chat as one form: it does the same without JavaScript."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.exceptions import HTTPException
from litestar.params import Body
from litestar.response import Template
from litestar.types import ControllerRouterHandler
from pydantic import BaseModel, ConfigDict, Field

from infra.pages.pages import language_of, text
from services.chatbot import wire
from services.chatbot.adapters.conversations import Talk
from services.chatbot.api import Door, download_answer
from services.chatbot.gate import TaskRequiredError
from services.chatbot.knowledge import Tongue, tongue_of
from services.chatbot.public import Surroundings
from services.chatbot.room import Caller, ErasedError, NoConversationError

Visit = Request[Any, Any, Any]


class ChatForm(BaseModel):
    """Everything the form can send; nothing of it is in an address."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    lang: Tongue = "da"
    conversation: UUID | None = None
    token: str = Field(default="", max_length=80)
    message: UUID | None = None
    text: str = Field(default="", max_length=100_000)
    topic: str | None = Field(default=None, max_length=64)
    action: Literal["ask", "person", "end", "download", "delete"] = "ask"
    email: str = Field(default="", max_length=280)
    helpful: str | None = Field(default=None, pattern=r"^[0-9]{1,6}:(yes|no|wrong)$")


class FormPage:
    def __init__(self, door: Door, surroundings: Surroundings) -> None:
        self._door = door
        self._surroundings = surroundings

    async def send(self, request: Visit, data: ChatForm) -> Response[Any]:
        try:
            return await self._act(request, data)
        except ErasedError as error:
            return await self.show(
                data.lang, problem=text("chatbot.erased", error.language), status=410
            )
        except NoConversationError:
            return await self.show(data.lang, problem=text("chatbot.gone", data.lang), status=404)
        except TaskRequiredError as task:
            # Without JavaScript nothing can be computed: wait, or call.
            return await self.show(data.lang, words=data.text, problem=task.words, status=428)
        except HTTPException as error:
            inside = await self._inside(data)
            return await self.show(
                data.lang, inside, words=data.text, problem=error.detail, status=error.status_code
            )

    async def _act(self, request: Visit, data: ChatForm) -> Response[Any]:
        door, chat = self._door, self._door.chat
        inside = await self._inside(data)
        if inside is None:
            door.gate.begin(request, data.lang)
            begun = await chat.begin(data.lang)
            inside = await chat.enter(begun.id, begun.token), begun.token
        talk = inside[0]
        problem = ""
        match data.action:
            case "delete":
                await chat.delete(talk.id)
                return await self.show(data.lang, problem=text("chatbot.ui.deleted", data.lang))
            case "download":
                return download_answer(talk, await chat.download(talk))
            case "end":
                await chat.end(talk)
            case "person" if data.email and not re.fullmatch(wire.MAIL, data.email):
                problem = text("chatbot.no_address", talk.language)
            case "person":
                door.gate.message(request, talk)
                note = data.text[: wire.LONGEST_MESSAGE]
                await chat.call_person(talk, note, data.email or None, data.message or uuid4())
            case "ask":
                problem = await self._ask(request, *inside, data)
        words = data.text if problem else ""
        rated = data.action == "ask" and (data.helpful or "").endswith((":yes", ":no"))
        return await self.show(
            data.lang,
            inside,
            words=words,
            problem=problem,
            rated=rated,
            status=400 if problem else 200,
        )

    async def _inside(self, data: ChatForm) -> tuple[Talk, str] | None:
        if data.conversation is None:
            return None
        return await self._door.chat.enter(data.conversation, data.token), data.token

    async def _ask(self, request: Visit, talk: Talk, token: str, data: ChatForm) -> str:
        """What is wrong with the message; empty when it was asked."""
        if data.helpful:
            await self._rate(request, talk, data.helpful)
            return ""
        words = data.topic or data.text.strip()
        if not words:
            return text("chatbot.empty", talk.language)
        if len(words) > wire.LONGEST_MESSAGE:
            return text("chatbot.too_long", talk.language, most=wire.LONGEST_MESSAGE)
        await self._door.chat.ask(
            Caller(talk.id, token),
            words,
            data.message or uuid4(),
            data.topic,
            admit=partial(self._door.gate.message, request),
        )
        return ""

    async def _rate(self, request: Visit, talk: Talk, helpful: str) -> None:
        seq, _, word = helpful.partition(":")
        if word == "wrong":
            self._door.gate.message(request, talk)
            await self._door.chat.contest(talk, int(seq))
        else:
            await self._door.chat.rate(talk, int(seq), helpful=word == "yes")

    async def show(
        self,
        language: Tongue,
        inside: tuple[Talk, str] | None = None,
        *,
        words: str = "",
        problem: str = "",
        rated: bool = False,
        status: int = 200,
    ) -> Template:
        context = await self._surroundings.context(language, "/chat")
        messages = await self._door.messages(inside[0].id) if inside else []
        return Template(
            "form.html",
            context=context
            | {
                "conversation": str(inside[0].id) if inside else None,
                "token": inside[1] if inside else "",
                "message": str(uuid4()),
                "messages": messages,
                "newest": None if problem or rated else _newest(messages),
                "words": words,
                "problem": problem,
                "thanks": text("chatbot.thanks", language) if rated else "",
            },
            status_code=status,
            headers={"cache-control": "no-store"},
        )


def _newest(messages: Sequence[wire.Message]) -> int | None:
    """Number of the first message said after the citizen's last one."""
    asked = max((one.seq for one in messages if one.role == "citizen"), default=0)
    return next((one.seq for one in messages if asked and one.seq > asked), None)


def form_routes(page: FormPage) -> list[ControllerRouterHandler]:
    @get("/chat", exclude_from_auth=True, include_in_schema=False)
    async def form_page(request: Visit) -> Template:
        return await page.show(tongue_of(language_of(request)))

    @post("/chat", exclude_from_auth=True, include_in_schema=False, status_code=200)
    async def form_sent(
        request: Visit,
        data: Annotated[ChatForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    ) -> Response[Any]:
        return await page.send(request, data)

    return [form_page, form_sent]
