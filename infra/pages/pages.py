"""The shared layout, its texts in three languages, and the vendored design system."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar.connection import ASGIConnection
from litestar.contrib.jinja import JinjaTemplateEngine

OFFICE = ZoneInfo("Europe/Copenhagen")
HERE = Path(__file__).parent
STATIC = HERE / "static"
LANGUAGES = ("da", "sv", "en")
LANGUAGE_COOKIE = "henvend_language"
PageEngine = JinjaTemplateEngine.from_environment


class MissingTextError(KeyError):
    """A page asks for a text that a catalogue lacks."""


@cache
def texts(language: str) -> Mapping[str, str]:
    """All texts of one language by dotted key."""
    raw = yaml.safe_load((HERE / "texts" / f"{language}.yaml").read_text("utf-8"))
    return dict(_flat(raw))


def text(key: str, language: str, **values: Any) -> str:
    """Raises MissingTextError naming key and language."""
    try:
        found = texts(language)[key]
    except KeyError:
        raise MissingTextError(f"{key} in {language}") from None
    return found.format(**values) if values else found


def language_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The chosen language, else the browser's first of ours, else Danish."""
    chosen = connection.query_params.get("lang") or connection.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return str(chosen)
    for wish in connection.headers.get("accept-language", "").split(","):
        code = wish.split(";")[0].strip().lower().split("-")[0]
        # Norwegian readers are best served by Danish.
        code = {"nb": "da", "nn": "da", "no": "da"}.get(code, code)
        if code in LANGUAGES:
            return code
    return "da"


def moment(when: datetime) -> str:
    """Date and time as a Danish office's clock shows them."""
    return f"{when.astimezone(OFFICE):%d.%m.%Y %H:%M}"


def day(when: datetime) -> str:
    return f"{when.astimezone(OFFICE):%d.%m.%Y}"


def sureness(probability: float) -> str:
    """A guess's probability in percent without its sign; what is guessed is never 0 or 100."""
    percent = f"{100 * probability:.0f}"
    return {"100": "> 99", "0": "< 1"}.get(percent, percent)


def templates(
    service: str, folders: Iterable[Path], links: Mapping[str, str], members: Mapping[str, Any]
) -> Environment:
    """`t(key, **values)` translates into the page's `language`; the filters `moment` and `day` show
    office time, `sureness` a guess's probability; undefined names are errors."""
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader([*folders, HERE])]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(moment=moment, day=day, sureness=sureness)
    environment.globals.update(
        t=_translate, page_language=_page_language, service=service, links=links, members=members
    )
    return environment


def _language_in(context: Context) -> str:
    chosen = context.get("language")
    if isinstance(chosen, str):
        return chosen
    request = context.get("request")
    return language_of(request) if request is not None else "da"


@pass_context
def _page_language(context: Context) -> str:
    return _language_in(context)


@pass_context
def _translate(context: Context, key: str, **values: Any) -> str:
    return text(key, _language_in(context), **values)


def _flat(raw: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for key, value in raw.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)
