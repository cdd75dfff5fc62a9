"""Does an inquiry ask for two things of different categories, and where does the second begin?

Every place between two clauses is weighed: how much likelier two categories make the text than one, whether
the whole is about both, and how people announce a second matter (`desuden`, `2)`, `P.S.`). The weights are
of two logistic regressions over the development set's mixed and single inquiries: one reads clauses and
finds the place, the other reads the two halves and decides. `make_mixed` fits them again.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from services.classifier.features import Floats
from services.classifier.split import Clause

ENOUGH = -0.6
"""Log-odds from which on an inquiry is called mixed."""
WORTH_A_LOOK = -1.5
"""Below these log-odds the halves are not even read."""
_LEAST = 1e-3
_SHARED = 1e-4
_ANNOUNCED = re.compile(
    r"\b(?:desuden|derudover|dernæst|endvidere|ligeledes|i øvrigt|forresten|samtidigt?|apropos"
    r"|en anden (?:ting|sag|snak)|(?:to|tre|et par) (?:ting|spørgsmål|forhold)|for det (?:første|andet)"
    r"|det andet|begge (?:dele|ting|forhold)|ps|nå ja|dessutom|förresten|en annan sak|för det andra|båda"
    r"|(?:två|tre) (?:saker|frågor|korta frågor)|also|besides|in addition|another thing|secondly|both"
    r"|on (?:a different|another) note|(?:two|three) (?:things|questions)|while i'm at it|by the way)\b"
    r"|(?:^|\s)2[.)]\s",
    re.IGNORECASE,
)
_JOINED = re.compile(
    r"(?:og så|og|och så|och|and|samt|men|but|plus|desuden|dessutom|also|også|också|samtidigt?|derudover"
    r"|dernæst|p\.?\s?s\.?|i øvrigt|forresten|en anden|en annan|another|on (?:a different|another) note"
    r"|besides|sen|2[.)])(?=\W)",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"\?|\b(?:vil|skal|kan|må|hvordan|hvorledes|hvornår|hvor|hvad|hvem|hvilke[nt]?|hvorfor|mangler|ønsker"
    r"|søger|beder|behøver|needs?|want|how|when|could|can|what|where|why|would|vill|ska|hur|när|var|vad"
    r"|undrar|behöver|får)\b",
    re.IGNORECASE,
)


class Weights(NamedTuple):
    """One number for each sign of a second matter."""

    bias: float
    unsure: float
    """Of the less probable half's log-probability."""
    gain: float
    """Of how much likelier (log) two categories are than the best one."""
    shared: float
    """Of the log-probability, in the whole, of the category it is less about."""
    neighbours: float
    """Both belong to one department: one sentence seldom strays there by chance."""
    joined: float
    announced: float
    length: float
    """Of the log of the shorter half's words."""
    places: float
    """Of the log of the number of clauses: many places, many chances to be wrong."""
    asked: float
    """Both halves ask for something."""


BY_CLAUSES = Weights(-2.36, 0.82, 0.57, 0.43, 1.15, 2.06, 2.41, 0.14, -1.1, 1.09)
BY_HALVES = Weights(-3.54, 0.23, 0.62, 0.41, 1.1, 1.66, 2.79, 0.37, -1.72, 1.26)


class Whole(NamedTuple):
    """A text that may be two."""

    text: str
    pieces: Sequence[Clause]
    probabilities: Floats
    """Over the categories, of the whole text."""
    alone: Floats
    """Clauses x categories, each clause read by itself."""


class Heard(NamedTuple):
    """What the words of a text say of a second matter."""

    announced: bool
    asked: Sequence[tuple[int, int]]
    """Where something is asked for."""


class Stretch(NamedTuple):
    start: int
    end: int
    category: int
    confidence: float


Span = tuple[int, int, int]
"""Number of an inquiry, start and end of a stretch of it."""


class Cut(NamedTuple):
    """The second half begins with clause `place`."""

    place: int
    categories: tuple[int, int]
    confidences: tuple[float, float]
    odds: float
    signs: Weights


def is_announced(text: str) -> bool:
    """Whether the words themselves promise a second matter."""
    return bool(_ANNOUNCED.search(text))


def hear(text: str) -> Heard:
    return Heard(is_announced(text), [match.span() for match in _ASKED.finditer(text)])


def stretches(
    wholes: Mapping[int, Whole],
    read: Callable[[Sequence[Span]], Floats],
    departments: Sequence[str],
) -> dict[int, tuple[Stretch, Stretch]]:
    """The two parts of those that are mixed.

    `read` gives the probabilities (stretches x categories) of stretches read by themselves, `departments`
    is the department of each category.
    """
    tried = {
        number: cut.place
        for number, whole in wholes.items()
        if (cut := likeliest_cut(whole, departments))
    }
    if not tried:
        return {}
    spans = {number: halves(wholes[number], place) for number, place in tried.items()}
    rows = read([(number, *half) for number, own in spans.items() for half in own])
    found = {}
    for (number, place), pair in zip(
        tried.items(), rows.reshape(-1, 2, rows.shape[1]), strict=True
    ):
        cut = weighed(
            wholes[number],
            place,
            (pair[:1], pair[1:]),
            departments,
            BY_HALVES,
            hear(wholes[number].text),
        )
        if cut.odds > ENOUGH:
            first, second = (
                Stretch(*half, category, round(confidence, 4))
                for half, category, confidence in zip(
                    spans[number], cut.categories, cut.confidences, strict=True
                )
            )
            found[number] = (first, second)
    return found


def likeliest_cut(whole: Whole, departments: Sequence[str]) -> Cut | None:
    """Where the halves are worth reading."""
    heard = hear(whole.text)
    # The surest clause of each category before and from every place on.
    before = np.maximum.accumulate(whole.alone, axis=0)
    after = np.maximum.accumulate(whole.alone[::-1], axis=0)[::-1]
    cuts = (
        weighed(
            whole,
            place,
            (before[place - 1 : place], after[place : place + 1]),
            departments,
            BY_CLAUSES,
            heard,
        )
        for place in range(1, len(whole.pieces))
    )
    best = max(cuts, key=lambda cut: cut.odds, default=None)
    return best if best and best.odds > WORTH_A_LOOK else None


def weighed(
    whole: Whole,
    place: int,
    sides: tuple[Floats, Floats],
    departments: Sequence[str],
    weights: Weights,
    heard: Heard,
) -> Cut:
    """`sides`: what was read before and from `place` on, one row a reading."""
    surest = (sides[0].max(axis=0), sides[1].max(axis=0))
    likely = (np.log(surest[0] + _LEAST), np.log(surest[1] + _LEAST))
    first, second = _two_categories(likely, 0.5 * np.log(whole.probabilities + _LEAST))
    confidences = (float(surest[0][first]), float(surest[1][second]))
    gain = likely[0][first] + likely[1][second] - (likely[0] + likely[1]).max()
    (start, middle), (begin, end) = halves(whole, place)
    before, after = whole.text[start:middle], whole.text[begin:end].lstrip()
    asked = any(start <= a and b <= middle for a, b in heard.asked)
    signs = Weights(
        bias=1.0,
        unsure=float(np.log(min(confidences) + _LEAST)),
        gain=float(gain),
        shared=float(np.log(min(whole.probabilities[[first, second]]) + _SHARED)),
        neighbours=float(departments[first] == departments[second]),
        joined=float(bool(_JOINED.match(after))),
        announced=float(heard.announced),
        length=float(np.log(max(1, min(len(before.split()), len(after.split()))))),
        places=float(np.log(len(whole.pieces))),
        asked=float(asked and any(begin <= a and b <= end for a, b in heard.asked)),
    )
    odds = sum(weight * sign for weight, sign in zip(weights, signs, strict=True))
    return Cut(place, (first, second), confidences, odds, signs)


def _two_categories(likely: tuple[Floats, Floats], beforehand: Floats) -> tuple[int, int]:
    """The likeliest two that differ."""
    left, right = likely[0] + beforehand, likely[1] + beforehand
    first, second = int(left.argmax()), int(right.argmax())
    if first != second:
        return first, second
    others = int(np.argsort(-left, kind="stable")[1]), int(np.argsort(-right, kind="stable")[1])
    if left[others[0]] + right[second] > left[first] + right[others[1]]:
        return others[0], second
    return first, others[1]


def halves(whole: Whole, place: int) -> tuple[tuple[int, int], tuple[int, int]]:
    pieces = whole.pieces
    return (pieces[0].start, pieces[place - 1].end), (pieces[place].start, pieces[-1].end)
