"""Sentences and clauses of a text, with their offsets."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from infra.text.alternatives import by_first_letter
from infra.text.normalise import lowered

_SENTENCE = re.compile(r"[^\s](?:[^.!?\n]+|[.!?](?=\w))*[.!?]*")
# People ask two things in one breath: after a comma, before an `and`.
_AND = by_first_letter((
    *[
        "og",
        "och",
        "and",
        "samt",
        "men",
        "but",
        "plus",
        "desuden",
        "dessutom",
        "also",
        "också",
        "også",
    ],
    "samtidigt?",
))
_CLAUSE = re.compile(rf"[,;:–-]\s+|\s+(?=(?:{_AND})\b)")
SHORTEST_SENTENCE = 3
SHORTEST_CLAUSE = 2
"""Words below which it says nothing of its own."""


class Sentence(NamedTuple):
    start: int
    end: int


class Clause(NamedTuple):
    start: int
    end: int
    opens: bool = True
    """Whether a sentence begins with it."""


def clauses(text: str) -> list[Clause]:
    """Clauses with offsets; very short ones belong to their neighbour."""
    return [clause for start, end in sentences(text) for clause in _clauses(text, start, end)]


def sentences(text: str) -> list[Sentence]:
    """Sentences with offsets; very short ones join the one before."""
    found: list[Sentence] = []
    for match in _SENTENCE.finditer(text):
        if found and _words(match.group()) < SHORTEST_SENTENCE:
            found[-1] = Sentence(found[-1].start, match.end())
        else:
            found.append(Sentence(*match.span()))
    return found


def _clauses(text: str, start: int, end: int) -> Iterator[Clause]:
    cuts = [*(start + match.end() for match in _CLAUSE.finditer(lowered(text[start:end]))), end]
    begin = start
    for cut, following in pairwise(cuts):
        if min(_words(text[begin:cut]), _words(text[cut:following])) >= SHORTEST_CLAUSE:
            yield Clause(begin, cut, begin == start)
            begin = cut
    yield Clause(begin, end, begin == start)


def _words(text: str) -> int:
    return len(text.split())
