"""Puts an answer into words: the catalogue's sentences around the article's own text."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from infra.pages.pages import text
from services.chatbot.index import Index
from services.chatbot.knowledge import Article
from services.chatbot.municipality import Municipality
from services.chatbot.reply import Part, Reply

DAYS: Mapping[str, tuple[str, ...]] = {
    "da": ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"),
    "sv": ("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}


_MONTHS = """
da januar februar marts april maj juni juli august september oktober november december
sv januari februari mars april maj juni juli augusti september oktober november december
en January February March April May June July August September October November December
"""
MONTHS = {
    words[0]: tuple(words[1:]) for line in _MONTHS.strip().splitlines() if (words := line.split())
}

NO_DANGER = "no-danger"
"""What the button beneath an alarm sends in the place of a topic."""


@dataclass(frozen=True)
class Saying:
    """One message from our side: Markdown, and what the page shows around it."""

    kind: str
    text: str
    about: dict[str, Any]
    """No personal data: article, buttons, actions."""


def greeting(language: str, municipality: Municipality) -> Saying:
    lines = [_say("greeting", language, name=municipality.name, phone=municipality.phone)]
    if municipality.sample:
        lines.append(_say("sample", language))
    return Saying("greeting", "\n\n".join(lines), {})


def sayings(reply: Reply, index: Index | None, municipality: Municipality) -> list[Saying]:
    """The messages a reply is shown as; a notice first when something was masked.

    Without an index there is no article in the reply.
    """
    language = reply.language
    said = [Saying("notice", _say("masked", language), {})] if reply.masked else []
    said += [_saying(part, language, index, municipality) for part in reply.parts]
    return said


def _saying(part: Part, language: str, index: Index | None, municipality: Municipality) -> Saying:
    if part.article is not None and index is not None:
        return _article(part, part.article, language, index)
    if part.verdict == "clarified":
        return Saying("clarified", _say("clarified", language), {"offered": _buttons(part.offered)})
    if part.courtesy is not None:
        about = {"person": True} if part.courtesy == "no" else {}
        return Saying("greeting", _say(f"courtesy.{part.courtesy}", language), about)
    if part.danger is not None:
        return _crisis(part.danger, language, municipality)
    if part.verdict == "handed-over" and part.refusal is None:
        return Saying("person", _say("person_asked", language), {})
    key = part.refusal.replace("-", "_") if part.refusal else "declined"
    about = {} if part.verdict == "handed-over" else {"person": True}
    return Saying(part.verdict, _say(key, language), about)


def _article(part: Part, article: Article, language: str, index: Index) -> Saying:
    words = article.body
    if article.other_authority:
        lead = _say("other_authority", language, authority=article.other_authority)
        words = f"{lead}\n\n{words}"
    return Saying(
        "answer",
        words,
        {
            "title": article.title,
            "topic": article.id,
            "language": article.language,
            "version": article.version,
            "approved_by": article.approved_by,
            "review_by": article.review_by.isoformat(),
            "digest": article.digest,
            "sources": [source.model_dump() for source in article.sources],
            "links": [
                {"topic": topic, "title": found.title}
                for topic in _linked(article)
                if (found := index.article(topic, article.language))
            ],
            "confidence": round(part.confidence, 3),
        },
    )


def _crisis(danger: str, language: str, municipality: Municipality) -> Saying:
    words = [
        f"**{_say(f'crisis.{danger}', language)}**",
        _say(
            f"numbers.{municipality.country}.{danger}",
            language,
            emergency=municipality.emergency_line,
        ),
        _say("crisis_person", language),
    ]
    about: dict[str, Any] = {"danger": danger, "person": True}
    if danger == "alarm":
        # Only the model heard it: who was misread gets an answer after all. A phrase stays heard.
        about["offered"] = [{"topic": NO_DANGER, "title": _say("no_danger", language)}]
    return Saying("crisis", "\n\n".join(words), about)


def handed_over(
    language: str,
    reference: str,
    *,
    opens: datetime,
    now: datetime,
    answered_by: date,
    by_mail: bool,
) -> Saying:
    words = _say(
        "handed_over",
        language,
        reference=reference,
        when=when_open(language, opens, now),
        date=day_of(answered_by, language),
    )
    how = _say("handed_over_mail" if by_mail else "handed_over_chat", language)
    return Saying("notice", f"{words}\n\n{how}", {"reference": reference})


def when_open(language: str, opens: datetime, now: datetime) -> str:
    if opens <= now:
        return _say("open_now", language)
    day = f"{DAYS[language][opens.weekday()]} {day_of(opens.date(), language)}"
    return _say("opens", language, day=day, time=f"{opens:%H:%M}")


def day_of(day: date, language: str) -> str:
    return f"{day.day} {day:%B} {day.year}" if language == "en" else f"{day.day}/{day.month}"


def whole_day(day: date, language: str) -> str:
    """With its year, as people write it; the widget lets the browser write the same."""
    dot = "." if language == "da" else ""
    return f"{day.day}{dot} {MONTHS[language][day.month - 1]} {day.year}"


def notice(key: str, language: str, **values: Any) -> Saying:
    about = {"reference": values["reference"]} if "reference" in values else {}
    return Saying("notice", _say(key, language, **values), about)


def _buttons(articles: tuple[Article, ...]) -> list[dict[str, str]]:
    return [{"topic": article.id, "title": article.title} for article in articles]


def _linked(article: Article) -> list[str]:
    return [link.removeprefix("kb:") for link in article.links() if link.startswith("kb:")]


def _say(key: str, language: str, **values: Any) -> str:
    return text(f"chatbot.{key}", language, **values)
