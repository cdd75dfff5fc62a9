"""Does an inquiry ask for two things of different categories, and where does the second begin?

Every place between two clauses is weighed: how much likelier two categories make the text than one, whether
the whole is about both, and how people announce a second matter (`desuden`, `2)`, `P.S.`). The weights are
of two logistic regressions over the development set's mixed and single inquiries: one reads clauses and
finds the place, the other reads the two halves and decides. `make_mixed` fits them again.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from infra.text.alternatives import by_first_letter
from infra.text.normalise import lowered
from services.classifier.features import Floats
from services.classifier.split import Clause

ENOUGH = -0.6
"""Log-odds from which on an inquiry is called mixed."""
WORTH_A_LOOK = -1.5
"""Below these log-odds the halves are not even read."""
_LEAST = 1e-3
_SHARED = 1e-4
_PROMISES = (
    "desuden|derudover|dernæst|endvidere|ligeledes|i øvrigt|forresten|samtidigt?|apropos|en anden ting|en anden sag"
    "|en anden snak|to ting|to spørgsmål|to forhold|tre ting|tre spørgsmål|tre forhold|et par ting|et par spørgsmål"
    "|et par forhold|for det første|for det andet|det andet|begge dele|begge ting|begge forhold|ps|nå ja|dessutom"
    "|förresten|en annan sak|för det andra|båda|två saker|två frågor|två korta frågor|tre saker|tre frågor"
    "|tre korta frågor|also|besides|in addition|another thing|secondly|both|on a different note|on another note"
    "|two things|two questions|three things|three questions|while i'm at it|by the way"
)
_QUESTIONS = (
    "vil|skal|kan|må|hvordan|hvorledes|hvornår|hvor|hvad|hvem|hvilke[nt]?|hvorfor|mangler|ønsker|søger|beder"
    "|behøver|needs?|want|how|when|could|can|what|where|why|would|vill|ska|hur|när|var|vad|undrar|behöver|får"
)
# Of lower-case text.
_ANNOUNCED = re.compile(rf"\b(?:{by_first_letter(_PROMISES.split('|'))})\b|(?:^|\s)2[.)]\s")
_JOINED = re.compile(
    r"(?:og så|og|och så|och|and|samt|men|but|plus|desuden|dessutom|also|også|också|samtidigt?|derudover"
    r"|dernæst|p\.?\s?s\.?|i øvrigt|forresten|en anden|en annan|another|on (?:a different|another) note"
    r"|besides|sen|2[.)])(?=\W)",
    re.IGNORECASE,
)
_ASKED = re.compile(rf"\?|\b(?:{by_first_letter(_QUESTIONS.split('|'))})\b")


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


class Place(NamedTuple):
    """Where a text may fall in two: its second half begins with clause `clause`."""

    whole: Whole
    heard: Heard
    clause: int
    before: Floats
    """Of what was read before it, for each category the surest reading."""
    after: Floats


class Cuts(NamedTuple):
    """One row a place."""

    categories: NDArray[np.int64]
    """Of the two halves."""
    confidences: NDArray[np.float64]
    odds: NDArray[np.float64]
    signs: NDArray[np.float64]
    """Columns as in Weights."""


def is_announced(text: str) -> bool:
    """Whether the words themselves promise a second matter."""
    return bool(_ANNOUNCED.search(lowered(text)))


def hear(text: str) -> Heard:
    return Heard(is_announced(text), [match.span() for match in _ASKED.finditer(lowered(text))])


def stretches(
    wholes: Mapping[int, Whole],
    read: Callable[[Sequence[Span]], Floats],
    departments: Sequence[str],
) -> dict[int, tuple[Stretch, Stretch]]:
    """The two parts of those that are mixed.

    `read` gives the probabilities (stretches x categories) of stretches read by themselves, `departments`
    is the department of each category.
    """
    tried = likeliest_places(wholes, departments)
    if not tried:
        return {}
    spans = {number: halves(one.whole, one.clause) for number, one in tried.items()}
    rows = read([(number, *half) for number, own in spans.items() for half in own])
    again = [
        one._replace(before=before, after=after)
        for one, before, after in zip(tried.values(), rows[::2], rows[1::2], strict=True)
    ]
    cuts = weighed(again, departments, BY_HALVES)
    return {
        number: _two_stretches(spans[number], cuts, row)
        for row, number in enumerate(tried)
        if cuts.odds[row] > ENOUGH
    }


def _two_stretches(
    spans: tuple[tuple[int, int], tuple[int, int]], cuts: Cuts, row: int
) -> tuple[Stretch, Stretch]:
    first, second = (
        Stretch(*half, category, round(confidence, 4))
        for half, category, confidence in zip(
            spans, cuts.categories[row].tolist(), cuts.confidences[row].tolist(), strict=True
        )
    )
    return first, second


def likeliest_places(wholes: Mapping[int, Whole], departments: Sequence[str]) -> dict[int, Place]:
    """Where the halves are worth reading; at most one place in each text."""
    places = [place for whole in wholes.values() for place in places_of(whole)]
    cuts = weighed(places, departments, BY_CLAUSES)
    found, end = {}, 0
    for number, whole in wholes.items():
        start, end = end, end + len(whole.pieces) - 1
        best = start + int(cuts.odds[start:end].argmax()) if end > start else None
        if best is not None and cuts.odds[best] > WORTH_A_LOOK:
            found[number] = places[best]
    return found


def places_of(whole: Whole) -> list[Place]:
    heard = hear(whole.text)
    before = np.maximum.accumulate(whole.alone, axis=0)
    after = np.maximum.accumulate(whole.alone[::-1], axis=0)[::-1]
    return [
        Place(whole, heard, clause, before[clause - 1], after[clause])
        for clause in range(1, len(whole.pieces))
    ]


def weighed(places: Sequence[Place], departments: Sequence[str], weights: Weights) -> Cuts:
    count = len(departments)
    before, after, together = (
        np.array(rows, dtype=np.float32).reshape(-1, count)
        for rows in (
            [place.before for place in places],
            [place.after for place in places],
            [place.whole.probabilities for place in places],
        )
    )
    likely = np.log(before + _LEAST), np.log(after + _LEAST)
    first, second = _two_categories(likely, 0.5 * np.log(together + _LEAST))
    rows = np.arange(len(places))
    confidences = np.column_stack([before[rows, first], after[rows, second]]).astype(np.float64)
    gain = likely[0][rows, first] + likely[1][rows, second] - (likely[0] + likely[1]).max(axis=1)
    shared = np.minimum(together[rows, first], together[rows, second])
    departed = np.array(departments)
    signs = np.column_stack([
        np.ones(len(places)),
        np.log(confidences.min(axis=1) + _LEAST),
        gain,
        np.log(shared + _SHARED),
        departed[first] == departed[second],
        np.array([_said(place) for place in places], dtype=np.float64).reshape(-1, 5),
    ])
    odds = np.zeros(len(places))
    for weight, sign in zip(weights, signs.T, strict=True):
        odds += weight * sign
    return Cuts(np.column_stack([first, second]), confidences, odds, signs)


def _said(place: Place) -> tuple[float, float, float, float, float]:
    """The last five signs: what the words say, and how many they are."""
    whole, heard = place.whole, place.heard
    (start, middle), (begin, end) = halves(whole, place.clause)
    before, after = whole.text[start:middle], whole.text[begin:end].lstrip()
    asked = any(start <= a and b <= middle for a, b in heard.asked)
    return (
        float(bool(_JOINED.match(after))),
        float(heard.announced),
        log(max(1, min(len(before.split()), len(after.split())))),
        log(len(whole.pieces)),
        float(asked and any(begin <= a and b <= end for a, b in heard.asked)),
    )


def _two_categories(
    likely: tuple[Floats, Floats], beforehand: Floats
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each row the likeliest two that differ."""
    left, right = likely[0] + beforehand, likely[1] + beforehand
    first, second = left.argmax(axis=1), right.argmax(axis=1)
    same = np.flatnonzero(first == second)
    wanted = first[same]
    best = left[same, wanted], right[same, wanted]
    left[same, wanted] = right[same, wanted] = -np.inf
    others = left[same].argmax(axis=1), right[same].argmax(axis=1)
    gives_way = left[same, others[0]] + best[1] > best[0] + right[same, others[1]]
    first[same] = np.where(gives_way, others[0], wanted)
    second[same] = np.where(gives_way, wanted, others[1])
    return first, second


def halves(whole: Whole, clause: int) -> tuple[tuple[int, int], tuple[int, int]]:
    pieces = whole.pieces
    return (pieces[0].start, pieces[clause - 1].end), (pieces[clause].start, pieces[-1].end)
