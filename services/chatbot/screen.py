"""What must never be answered from an article: a crisis, one's own case, a decision, legal advice."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from infra.text.normalise import fold
from infra.text.safe_yaml import read_yaml
from services.chatbot.knowledge import TONGUES, KnowledgeError
from services.chatbot.terms import spoken_words

Danger = Literal["suicide", "violence", "child", "acute", "nowhere", "alarm"]
"""`alarm`: an emergency that no phrase names."""
DANGERS: tuple[Danger, ...] = ("acute", "suicide", "child", "violence", "nowhere")
"""Most pressing first: the first one found chooses the numbers that are shown."""
Refusal = Literal["own-case", "decision", "legal"]

# æ, ø and å as they are typed without their keys, in patterns and in texts alike.
_SPELLINGS = str.maketrans({"æ": "ae", "ä": "ae", "ø": "oe", "ö": "oe", "å": "aa", "’": "'"})


class Listed(tuple[re.Pattern[str], ...]):
    """Patterns tried one by one: each keeps its own shortcuts, so this takes a third of the time."""

    __slots__ = ()

    def stands_in(self, text: str) -> bool:
        return any(pattern.search(text) for pattern in self)


@dataclass(frozen=True)
class Phrases:
    """What is listened for, in all languages at once: people in need switch languages."""

    dangers: Mapping[Danger, "Listed"]
    lookalikes: re.Pattern[str]
    person: "Listed"
    refusals: Mapping[Refusal, "Listed"]
    continuation: Mapping[str, re.Pattern[str]]
    aspects: Mapping[str, frozenset[str]]
    """Words by language that ask something without saying about what."""
    subjects: Mapping[str, frozenset[str]]
    """Those of them that are a subject when nothing was said before ("when are you open?")."""


@dataclass(frozen=True)
class Screening:
    danger: Danger | None = None
    person: bool = False
    """They asked for a person."""
    refusal: Refusal | None = None


def screen(text: str, phrases: Phrases) -> Screening:
    heard = hearable(text)
    return Screening(
        danger=_danger(heard, phrases),
        person=phrases.person.stands_in(heard),
        refusal=next((k for k, p in phrases.refusals.items() if p.stands_in(heard)), None),
    )


def _danger(heard: str, phrases: Phrases) -> Danger | None:
    suspected = [kind for kind in DANGERS if phrases.dangers[kind].stands_in(heard)]
    if not suspected:
        return None
    # Dear, and seldom needed: look-alikes are only looked for where something was found.
    rest = phrases.lookalikes.sub(" ", heard)
    return next((kind for kind in suspected if phrases.dangers[kind].stands_in(rest)), None)


def hearable(text: str) -> str:
    """Lower case, one spelling, single spaces: what the patterns are written for."""
    return " ".join(fold(text).translate(_SPELLINGS).split())


@cache
def load_phrases() -> Phrases:
    """Read once: they are part of the code. Raises KnowledgeError when a phrase file is broken."""
    folder = files("services.chatbot").joinpath("phrases")
    read: dict[str, str] = {
        language: folder.joinpath(f"{language}.yaml").read_text("utf-8") for language in TONGUES
    }
    return parse_phrases(read)


def parse_phrases(by_language: Mapping[str, str]) -> Phrases:
    raw: dict[str, Any] = {language: read_yaml(text) for language, text in by_language.items()}
    heard = list(raw.values())
    try:
        return Phrases(
            dangers={
                kind: _each(p for tongue in heard for p in tongue["crisis"].get(kind, ()))
                for kind in DANGERS
            },
            lookalikes=_any(p for tongue in heard for p in tongue["lookalikes"]),
            person=_each(p for tongue in heard for p in tongue["person"]),
            refusals={
                "own-case": _each(p for tongue in heard for p in tongue["own_case"]),
                "decision": _each(p for tongue in heard for p in tongue["decision"]),
                "legal": _each(p for tongue in heard for p in tongue["legal"]),
            },
            continuation={name: _any(tongue["continuation"]) for name, tongue in raw.items()},
            aspects={name: _words(tongue["aspects"]) for name, tongue in raw.items()},
            subjects={name: _words(tongue["subjects"]) for name, tongue in raw.items()},
        )
    except (re.error, KeyError, TypeError) as error:
        raise KnowledgeError([f"phrases: {error}"]) from error


def _each(patterns: Any) -> Listed:
    return Listed(re.compile(p.translate(_SPELLINGS)) for p in patterns)


def _words(listed: Any) -> frozenset[str]:
    return frozenset(w for word in str(listed).split() for w in spoken_words(word))


def _any(patterns: Any) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{p.translate(_SPELLINGS)})" for p in patterns))
