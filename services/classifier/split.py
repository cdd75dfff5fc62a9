"""Finds the parts of a mixed inquiry: stretches of sentences that belong to different categories."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from services.classifier.features import Floats

_SENTENCE = re.compile(r"[^\s](?:[^.!?\n]|[.!?](?=\w))*[.!?]*")
SHORTEST = 3
"""Words below which a sentence says nothing of its own."""
SWITCH_COST = 4.5
"""How much likelier (log) a change of subject must make the text."""
SUREST = 0.65
"""A part needs a sentence as probable as this."""


class Sentence(NamedTuple):
    start: int
    end: int


class Stretch(NamedTuple):
    start: int
    end: int
    category: int
    confidence: float


def sentences(text: str) -> list[Sentence]:
    """Sentences with offsets; very short ones join the one before."""
    found: list[Sentence] = []
    for match in _SENTENCE.finditer(text):
        short = len(match.group().split()) < SHORTEST
        if short and found:
            found[-1] = Sentence(found[-1].start, match.end())
        else:
            found.append(Sentence(match.start(), match.end()))
    return found


def stretches(pieces: Sequence[Sentence], probabilities: Floats) -> tuple[Stretch, ...]:
    """Two or more stretches with different categories, or nothing.

    `probabilities` is sentences x categories. Viterbi with a fixed cost for each change.
    """
    path = _best_path(np.log(probabilities + 1e-4))
    groups: list[list[int]] = []
    for place, category in enumerate(path):
        if groups and path[groups[-1][-1]] == category:
            groups[-1].append(place)
        else:
            groups.append([place])
    parts = [_stretch(pieces, probabilities, group, path[group[0]]) for group in groups]
    parts = [part for part in parts if part.confidence >= SUREST]
    return tuple(parts) if len({part.category for part in parts}) > 1 else ()


def _stretch(
    pieces: Sequence[Sentence], probabilities: Floats, group: Sequence[int], category: int
) -> Stretch:
    surest = float(probabilities[group, category].max())
    return Stretch(pieces[group[0]].start, pieces[group[-1]].end, category, round(surest, 4))


def _best_path(likely: Floats) -> list[int]:
    score, back = likely[0], []
    for row in likely[1:]:
        best = int(score.argmax())
        changed = score[best] - SWITCH_COST
        stay = score >= changed
        back.append(np.where(stay, np.arange(len(score)), best))
        score = np.where(stay, score, changed) + row
    path = [int(score.argmax())]
    for step in reversed(back):
        path.append(int(step[path[-1]]))
    return path[::-1]
