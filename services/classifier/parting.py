"""The parts of inquiries that ask for two things: clauses and halves are read as if each were all there is.

Whether and where a text falls in two is weighed in `mixed`, which knows no model.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from services.classifier.features import Floats
from services.classifier.look import Look, Opened, score
from services.classifier.mixed import Span, Stretch, Whole, is_announced, stretches
from services.classifier.model import Model
from services.classifier.numbered import Places
from services.classifier.split import Clause, clauses

MIXED_WORDS = 6
SURE_OF_ONE = 0.96


class Part(NamedTuple):
    start: int
    end: int
    category: str
    confidence: float


def parts_of(look: Look) -> list[tuple[Part, ...]]:
    """The parts of each inquiry, none for most."""
    model = look.glossary.model

    def read(places: Sequence[Span]) -> Floats:
        return read_alone(look, places)

    found = stretches(wholes_of(look), read, departments_of(model))
    return [
        tuple(_named(part, model) for part in found.get(number, ()))
        for number in range(len(look.opened))
    ]


def wholes_of(look: Look) -> dict[int, Whole]:
    """Those that may be two, by their number; all clauses of all inquiries are read at once."""
    opened = look.opened
    pieces = {number: own for number, one in enumerate(opened) if (own := _pieces(one))}
    if not pieces:
        return {}
    places = [(number, piece.start, piece.end) for number, own in pieces.items() for piece in own]
    ends = np.cumsum([len(own) for own in pieces.values()])[:-1]
    rows = np.split(read_alone(look, places), ends)
    return {
        number: Whole(opened[number].clean.spoken, own, opened[number].probabilities, alone)
        for (number, own), alone in zip(pieces.items(), rows, strict=True)
    }


def read_alone(look: Look, places: Sequence[Span]) -> Floats:
    """Stretches x categories. A stretch is read with nothing around it: what it says alone decides."""

    def texts() -> list[str]:
        return [look.opened[number].clean.spoken[start:end] for number, start, end in places]

    rows = [_words_of(look, number, start, end) for number, start, end in places]
    return score(look.numbered.cut(rows), look.glossary, texts).probabilities


def departments_of(model: Model) -> list[str]:
    return [model.kinds[category].department for category in model.categories]


def _pieces(one: Opened) -> list[Clause]:
    candidates = one.opinion.candidates
    if len(one.clean.words) < MIXED_WORDS or len(candidates) < 2:
        return []
    text = one.clean.spoken
    if candidates[0].confidence >= SURE_OF_ONE and not is_announced(text):
        return []
    found = clauses(text)
    return found if len(found) > 1 else []


def _words_of(look: Look, number: int, start: int, end: int) -> Places:
    """The numbers of the words in a part of the text (offsets without the title)."""
    clean = look.opened[number].clean
    first, behind = clean.between(start + clean.offset, end + clean.offset)
    return look.numbered.row(number)[first:behind]


def _named(stretch: Stretch, model: Model) -> Part:
    category = model.categories[stretch.category]
    return Part(stretch.start, stretch.end, category, stretch.confidence)
