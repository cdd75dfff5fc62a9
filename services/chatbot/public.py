"""The sample municipality's page with the chat on it, and the form that does the same without JavaScript."""

from collections.abc import Container
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from litestar import MediaType, Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.exceptions import HTTPException
from litestar.params import Body
from litestar.response import File, Template
from litestar.types import ControllerRouterHandler
from pydantic import BaseModel, ConfigDict, Field

from infra.chassis.chassis import Chassis
from infra.pages.pages import language_of, text
from services.chatbot.adapters.conversations import Talk
from services.chatbot.api import Begin, Gate, message_json, widget_catalogue
from services.chatbot.chat import LONGEST_MESSAGE, Chat, NoConversationError, download_text
from services.chatbot.knowledge import Tongue
from services.chatbot.municipality import Municipality
from services.chatbot.say import when_open
from services.chatbot.settings import ChatbotSettings

WIDGET = Path(__file__).parent / "widget"
FILES = {
    "henvend-chat.js": "text/javascript; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
}


class ChatForm(BaseModel):
    """Everything the form without JavaScript can send; nothing of it is in an address."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    lang: Tongue = "da"
    conversation: UUID | None = None
    token: str = Field(default="", max_length=80)
    message: UUID | None = None
    text: str = Field(default="", max_length=100_000)
    topic: str | None = Field(default=None, max_length=64)
    action: Literal["ask", "person", "end", "download", "delete"] = "ask"
    email: str = Field(default="", max_length=280)
    helpful: str | None = Field(default=None, pattern=r"^\d{1,6}:(yes|no)$")


def public_routes(  # noqa: C901 - routes share their wiring by closure
    chassis: Chassis,
    chat: Chat,
    gate: Gate,
    municipality: Municipality,
    settings: ChatbotSettings,
    holidays: Container[date],
) -> list[ControllerRouterHandler]:
    def surroundings(language: Tongue) -> dict[str, Any]:
        now = chassis.clock()
        return {
            "language": language,
            "municipality": municipality,
            "ui": widget_catalogue(language, municipality, settings),
            "people": when_open(language, municipality.opens(now, holidays), now),
            "on": settings.chatbot_on,
            "longest": LONGEST_MESSAGE,
        }

    @get("/", exclude_from_auth=True, include_in_schema=False, sync_to_thread=False)
    def front_page(request: Request[Any, Any, Any]) -> Template:
        return Template("front.html", context=surroundings(_tongue(language_of(request))))

    @get("/chat", exclude_from_auth=True, include_in_schema=False, sync_to_thread=False)
    def form_page(request: Request[Any, Any, Any]) -> Template:
        return form(_tongue(language_of(request)), None, [], "", "")

    @post("/chat", exclude_from_auth=True, include_in_schema=False, status_code=200)
    async def form_sent(
        request: Request[Any, Any, Any],
        data: Annotated[ChatForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    ) -> Response[Any]:
        try:
            return await _act(request, data)
        except NoConversationError:
            return form(data.lang, None, [], "", text("chatbot.gone", data.lang), 404)
        except HTTPException as error:
            return form(data.lang, None, [], data.text, error.detail, error.status_code)

    async def _act(request: Request[Any, Any, Any], data: ChatForm) -> Response[Any]:
        if data.conversation is None:
            gate.begin(request, Begin(language=data.lang))
            begun = await chat.begin(data.lang)
            talk, token = await chat.enter(begun.id, begun.token), begun.token
        else:
            talk, token = await chat.enter(data.conversation, data.token), data.token
        problem = ""
        match data.action:
            case "delete":
                await chat.delete(talk.id)
                return form(data.lang, None, [], "", text("chatbot.ui.deleted", data.lang))
            case "download":
                return await _download(talk)
            case "end":
                await chat.end(talk)
            case "person":
                gate.message(request, talk)
                await chat.call_person(
                    talk, data.text[:LONGEST_MESSAGE], data.email or None, data.message or uuid4()
                )
            case "ask":
                problem = await _ask(request, talk, data)
        shown = [message_json(one) for one in await chat.shown(talk.id)]
        kept = data.text if problem else ""
        return form(data.lang, (talk, token), shown, kept, problem, 400 if problem else 200)

    async def _ask(request: Request[Any, Any, Any], talk: Talk, data: ChatForm) -> str:
        """What is wrong with the message; empty when it was asked."""
        if data.helpful:
            seq, _, word = data.helpful.partition(":")
            await chat.rate(talk, int(seq), helpful=word == "yes")
            return ""
        words = data.topic or data.text.strip()
        if not words:
            return text("chatbot.empty", talk.language)
        if len(words) > LONGEST_MESSAGE:
            return text("chatbot.too_long", talk.language, most=LONGEST_MESSAGE)
        gate.message(request, talk)
        await chat.ask(talk, words, data.message or uuid4(), data.topic)
        return ""

    async def _download(talk: Talk) -> Response[str]:
        title = text("chatbot.download", talk.language, name=municipality.name)
        return Response(
            download_text(title, await chat.shown(talk.id)),
            media_type=MediaType.TEXT,
            headers={"content-disposition": 'attachment; filename="samtale.txt"'},
        )

    def form(
        language: Tongue,
        inside: tuple[Talk, str] | None,
        shown: list[dict[str, Any]],
        words: str,
        problem: str,
        status: int = 200,
    ) -> Template:
        context = surroundings(language) | {
            "conversation": str(inside[0].id) if inside else None,
            "token": inside[1] if inside else "",
            "message": str(uuid4()),
            "messages": shown,
            "words": words,
            "problem": problem,
        }
        return Template("form.html", context=context, status_code=status)

    @get(
        "/widget/{name:str}", exclude_from_auth=True, include_in_schema=False, sync_to_thread=False
    )
    def widget_file(name: str) -> File:
        if name not in FILES:
            raise HTTPException("No such file.", status_code=404)
        return File(
            WIDGET / name,
            media_type=FILES[name],
            content_disposition_type="inline",
            headers={
                "cache-control": "public, max-age=300",
                # Municipalities load the widget from their own pages.
                "cross-origin-resource-policy": "cross-origin",
                "access-control-allow-origin": "*",
            },
        )

    return [front_page, form_page, form_sent, widget_file]


def _tongue(language: str) -> Tongue:
    return "sv" if language == "sv" else "en" if language == "en" else "da"
