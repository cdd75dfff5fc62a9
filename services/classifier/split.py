"""Finds the parts of a mixed inquiry: stretches of clauses that belong to different categories."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from services.classifier.features import Floats

_SENTENCE = re.compile(r"[^\s](?:[^.!?\n]|[.!?](?=\w))*[.!?]*")
# People ask two things in one breath: after a comma, before an `and`.
_CLAUSE = re.compile(
    r"[,;:–-]\s+|\s+(?=(?:og|och|and|samt|men|but|plus|desuden|dessutom|also|också|også|samtidigt?)\b)",
    re.IGNORECASE,
)
SHORTEST_SENTENCE = 3
SHORTEST_CLAUSE = 2
"""Words below which it says nothing of its own."""
SENTENCE_COST = 6.0
CLAUSE_COST = 7.0
"""How much likelier (log) a change of subject at such a place must make the text."""
SUREST = 0.65
"""A part needs a clause as probable as this."""


class Sentence(NamedTuple):
    start: int
    end: int


class Clause(NamedTuple):
    start: int
    end: int
    opens: bool = True
    """Whether a sentence begins with it."""


class Stretch(NamedTuple):
    start: int
    end: int
    category: int
    confidence: float


def clauses(text: str) -> list[Clause]:
    """Clauses with offsets; very short ones belong to their neighbour."""
    return [clause for start, end in sentences(text) for clause in _clauses(text, start, end)]


def stretches(
    pieces: Sequence[Clause], probabilities: Floats, among: Sequence[int]
) -> tuple[Stretch, ...]:
    """Two or more stretches with different categories, or nothing.

    `probabilities` is clauses x categories; only the categories `among` are looked for: what a clause
    alone seems to be about is a part only if the whole inquiry is about it too. Viterbi with a fixed
    cost for each change.
    """
    path = [among[step] for step in _best_path(np.log(probabilities[:, among] + 1e-4), pieces)]
    groups: list[list[int]] = []
    for place, category in enumerate(path):
        if groups and path[groups[-1][-1]] == category:
            groups[-1].append(place)
        else:
            groups.append([place])
    parts = [_stretch(pieces, probabilities, group, path[group[0]]) for group in groups]
    parts = [part for part in parts if part.confidence >= SUREST]
    return tuple(parts) if len({part.category for part in parts}) > 1 else ()


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
    cuts = [*(start + match.end() for match in _CLAUSE.finditer(text[start:end])), end]
    begin = start
    for cut, following in pairwise(cuts):
        if min(_words(text[begin:cut]), _words(text[cut:following])) >= SHORTEST_CLAUSE:
            yield Clause(begin, cut, begin == start)
            begin = cut
    yield Clause(begin, end, begin == start)


def _words(text: str) -> int:
    return len(text.split())


def _stretch(
    pieces: Sequence[Clause], probabilities: Floats, group: Sequence[int], category: int
) -> Stretch:
    surest = float(probabilities[group, category].max())
    return Stretch(pieces[group[0]].start, pieces[group[-1]].end, category, round(surest, 4))


def _best_path(likely: Floats, pieces: Sequence[Clause]) -> list[int]:
    score, back = likely[0], []
    for row, piece in zip(likely[1:], pieces[1:], strict=True):
        best = int(score.argmax())
        changed = score[best] - (SENTENCE_COST if piece.opens else CLAUSE_COST)
        stay = score >= changed
        back.append(np.where(stay, np.arange(len(score)), best))
        score = np.where(stay, score, changed) + row
    path = [int(score.argmax())]
    for step in reversed(back):
        path.append(int(step[path[-1]]))
    return path[::-1]
