"""Do examples repeat each other's sentence frames? Text made from templates teaches the templates.

A frame is a sentence of which only the commonest words of its language are left and every other stretch is
a gap: `jeg har … på …`. Two examples share a frame when such a sentence, with at least
LEAST_COMMON common words and one gap, is the same in both. Shorter ones (`kan jeg få …`) are how people talk.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from contracts.inquiry import Language
from infra.text.listed import listed
from infra.text.normalise import words
from services.classifier.examples import Example
from services.classifier.split import sentences

LEAST_COMMON = 5
OPENING = 4
GAP = "…"


class Frames(NamedTuple):
    """How alike the examples are built."""

    rows: int
    sharing: int
    """Examples that share a frame with another."""
    most: int
    """Examples of the commonest frame."""
    openings: float
    """Share of examples that begin with the commonest first OPENING words."""


def frames_of(examples: Sequence[Example]) -> Frames:
    shared = [ids for ids in _by_frame(examples).values() if len(ids) > 1]
    openings = Counter(opening for opening in map(_opening, examples) if opening)
    return Frames(
        rows=len(examples),
        sharing=len(set().union(*shared)),
        most=max(map(len, shared), default=1),
        openings=max(openings.values(), default=0) / max(1, len(examples)),
    )


def frame(sentence: str, language: Language) -> str | None:
    """None when too little is left of it to be a frame."""
    common = listed(f"common_words.{language}.txt")
    found: list[str] = []
    for word in _spoken(sentence):
        if word in common:
            found.append(word)
        elif found[-1:] != [GAP]:
            found.append(GAP)
    left = sum(word != GAP for word in found)
    return " ".join(found) if GAP in found and left >= LEAST_COMMON else None


def _by_frame(examples: Sequence[Example]) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for example in examples:
        if example.language == "other":
            continue
        for piece in sentences(example.text):
            own = frame(example.text[piece.start : piece.end], example.language)
            if own:
                found[example.language, own].add(example.id)
    return found


def _opening(example: Example) -> tuple[str, ...] | None:
    first = _spoken(example.text)[:OPENING]
    return tuple(first) if len(first) == OPENING else None


def _spoken(text: str) -> list[str]:
    return [word.text for word in words(text) if word.text[0].isalnum()]
