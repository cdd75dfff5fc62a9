"""Questions about somebody else's rules: another municipality, another country, a firm.

They use all the words of one of our articles, so similarity cannot tell them apart; one name does.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from infra.text.safe_yaml import read_yaml
from services.chatbot.screen import hearable

_WORD = re.compile(r"[\w'-]+")


@dataclass(frozen=True)
class Listed:
    """Words, and beginnings of words that were written `like*`."""

    words: frozenset[str]
    beginnings: tuple[str, ...]

    def __contains__(self, word: str) -> bool:
        return word in self.words or word.startswith(self.beginnings)


@dataclass(frozen=True)
class Names:
    """What the file lists, in the one spelling that is listened for."""

    listed: dict[str, Listed]
    about: dict[str, frozenset[str]]
    own_country: dict[str, frozenset[str]]


def is_elsewhere(text: str, topic: str, home: frozenset[str] = frozenset()) -> bool:
    """Whether an article on `topic` would answer for somebody else.

    `home`: words that are no other place, see `home_words`.
    """
    names = _names()
    heard = _WORD.findall(hearable(text))
    listed = names.listed
    return (
        (topic not in names.about["places"] and _place(heard, names, home))
        or (
            topic not in names.about["nationalities"]
            and _pair(heard, listed["nationalities"], listed["papers"])
        )
        or (
            topic not in names.about["business"]
            and any(word in listed["business"] for word in heard)
        )
    )


def home_words(name: str, country: str, own_places: Iterable[str] = ()) -> frozenset[str]:
    """The municipality's own name, places and country: nobody who writes them means another."""
    named = frozenset(_WORD.findall(hearable(" ".join([name, *own_places]))))
    return named | _names().own_country.get(country, frozenset())


def _place(heard: list[str], names: Names, home: frozenset[str]) -> bool:
    if any(word in names.listed["coming"] for word in heard):
        return False
    places, before = names.listed["places"], names.listed["place_after"]
    person = names.listed["person_before"]
    for whose, last, word in zip(["", "", *heard], ["", *heard], heard, strict=False):
        name = word.removesuffix("s") if word.removesuffix("s") in places else word
        if name not in places or name in home:
            continue
        if (last in before and whose not in person) or _is_council(word, heard):
            return True
    return False


def _is_council(word: str, heard: list[str]) -> bool:
    """ "Aarhus Kommune", "Malmö kommun", whatever stands before it."""
    return _pair(heard, Listed(frozenset({word}), ()), _COUNCIL)


_COUNCIL = Listed(frozenset({"council", "stad"}), ("kommun",))


def _pair(heard: list[str], first: Listed, second: Listed) -> bool:
    return any(a in first and b in second for a, b in pairwise(heard))


@lru_cache(maxsize=1)
def _names() -> Names:
    text = files("services.chatbot").joinpath("phrases", "elsewhere.yaml").read_text("utf-8")
    raw: dict[str, Any] = read_yaml(text)
    return Names(
        {name: _listed(words) for name, words in raw.items() if isinstance(words, str)},
        {name.removeprefix("about_"): frozenset(raw[name]) for name in raw if "about_" in name},
        {country: _listed(words).words for country, words in raw["own_country"].items()},
    )


def _listed(words: str) -> Listed:
    split = hearable(words).split()
    whole = frozenset(w for w in split if not w.endswith("*"))
    # "".startswith(()) is False, so a list without beginnings matches whole words only.
    return Listed(whole, tuple(w[:-1] for w in split if w.endswith("*")))
