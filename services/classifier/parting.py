"""The parts of inquiries that ask for two things: clauses and halves are read as if each were all there is.

Whether and where a text falls in two is weighed in `mixed`, which knows no model.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from services.classifier.features import Floats
from services.classifier.look import Opened, Prepared, score
from services.classifier.mixed import Span, Stretch, Whole, is_announced, stretches
from services.classifier.model import Model
from services.classifier.split import Clause, clauses

MIXED_WORDS = 6
SURE_OF_ONE = 0.96


class Part(NamedTuple):
    start: int
    end: int
    category: str
    confidence: float


def parts_of(opened: Sequence[Opened], model: Model) -> list[tuple[Part, ...]]:
    """The parts of each inquiry, none for most."""

    def read(places: Sequence[Span]) -> Floats:
        return read_alone(opened, places, model)

    found = stretches(wholes_of(opened, model), read, departments_of(model))
    return [
        tuple(_named(part, model) for part in found.get(number, ()))
        for number in range(len(opened))
    ]


def wholes_of(opened: Sequence[Opened], model: Model) -> dict[int, Whole]:
    """Those that may be two, by their number; all clauses of all inquiries are read at once."""
    pieces = {number: own for number, one in enumerate(opened) if (own := _pieces(one))}
    if not pieces:
        return {}
    places = [(number, piece.start, piece.end) for number, own in pieces.items() for piece in own]
    ends = np.cumsum([len(own) for own in pieces.values()])[:-1]
    rows = np.split(read_alone(opened, places, model), ends)
    return {
        number: Whole(opened[number].clean.spoken, own, opened[number].probabilities, alone)
        for (number, own), alone in zip(pieces.items(), rows, strict=True)
    }


def read_alone(opened: Sequence[Opened], places: Sequence[Span], model: Model) -> Floats:
    """Stretches x categories. A stretch is read with nothing around it: what it says alone decides."""
    alone = [_stretch_of(opened[number].clean, start, end) for number, start, end in places]
    return score(alone, model).probabilities


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


def _stretch_of(clean: Prepared, start: int, end: int) -> Prepared:
    """A part of the text (offsets without the title) as if it were all there is."""
    start, end = start + clean.offset, end + clean.offset
    inside = [word for word in clean.words if start <= word.start < end]
    return Prepared(clean.whole[start:end], 0, (), inside)


def _named(stretch: Stretch, model: Model) -> Part:
    category = model.categories[stretch.category]
    return Part(stretch.start, stretch.end, category, stretch.confidence)
