"""The sample municipality's page with the chat on it, and the files other pages load the chat from."""

from collections.abc import Container
from datetime import date
from pathlib import Path
from typing import Any

from litestar import Request, get
from litestar.exceptions import HTTPException
from litestar.response import File, Template
from litestar.types import ControllerRouterHandler

from infra.chassis.chassis import Chassis
from infra.pages.pages import language_of
from services.chatbot import wire
from services.chatbot.api import widget_catalogue
from services.chatbot.knowledge import Tongue, tongue_of
from services.chatbot.municipality import Municipality
from services.chatbot.say import when_open, whole_day
from services.chatbot.settings import ChatbotSettings
from services.chatbot.switch import AnswerSwitch

WIDGET = Path(__file__).parent / "widget"
FILES = {
    "henvend-chat.js": "text/javascript; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
}


class Surroundings:
    """What stands around every page for citizens."""

    def __init__(
        self,
        chassis: Chassis,
        settings: ChatbotSettings,
        municipality: Municipality,
        switch: AnswerSwitch,
        holidays: Container[date],
    ) -> None:
        self._chassis = chassis
        self._settings = settings
        self.municipality = municipality
        self._switch = switch
        self._holidays = holidays

    async def context(self, language: Tongue, place: str) -> dict[str, Any]:
        """`place` is the page's own path: where the links to other languages lead."""
        now = self._chassis.clock()
        opens = self.municipality.opens(now, self._holidays)
        return {
            "language": language,
            "place": place,
            "municipality": self.municipality,
            "ui": widget_catalogue(language, self.municipality, self._settings),
            "people": when_open(language, opens, now),
            "answers_on": await self._switch.is_on(),
            "longest": wire.LONGEST_MESSAGE,
            "whole_day": lambda iso: whole_day(date.fromisoformat(iso), language),
        }


def public_routes(surroundings: Surroundings) -> list[ControllerRouterHandler]:
    @get("/", exclude_from_auth=True, include_in_schema=False)
    async def front_page(request: Request[Any, Any, Any]) -> Template:
        language = tongue_of(language_of(request))
        return Template("front.html", context=await surroundings.context(language, "/"))

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

    return [front_page, widget_file]
