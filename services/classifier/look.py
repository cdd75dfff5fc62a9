"""The first look at inquiries: personal data blanked, words read once, what each is likely about.

Everything later (their parts, what decided) goes on from what is found here; parts of a text and texts
with a phrase left out are scored by the same function.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from contracts.inquiry import Language
from infra.text.mask import Span, blank, find_personal
from infra.text.normalise import Word, words
from services.classifier.calibrate import outside_signs, softmax, trusted, typicality
from services.classifier.cross_fit import likeness
from services.classifier.features import Floats
from services.classifier.model import Model, dense_rows
from services.classifier.nearest import nearest
from services.classifier.numbered import Spread, TextSpread, number_words
from services.classifier.verdict import Opinion, judge

NEAREST = 3
DIGITS = 4


class Inquiry(NamedTuple):
    text: str
    title: str | None = None
    hint: Language | None = None
    """What the channel or thread knows of the language."""


@dataclass(frozen=True)
class Prepared:
    """Title and text as one, personal data blanked; `offset` is where the text begins."""

    whole: str
    offset: int
    spans: tuple[Span, ...]
    words: list[Word]

    @property
    def spoken(self) -> str:
        """Without the title."""
        return self.whole[self.offset :]


@dataclass(frozen=True)
class Scored:
    dense: Floats
    spread: Spread
    known: Floats
    """Share of known words."""
    scores: Floats
    """Over categories, and outside last if the head knows it."""
    probabilities: Floats
    flags: Floats


@dataclass(frozen=True)
class Opened:
    """One inquiry on its way: what is known after the first look."""

    inquiry: Inquiry
    clean: Prepared
    opinion: Opinion
    outside: float
    probabilities: Floats
    """Over the categories."""
    spread: TextSpread
    dense: Floats
    flags: Floats
    near: Sequence[tuple[int, float]]
    """Examples and their cosines, nearest first."""
    typicality: float | None


def look_at(inquiries: Sequence[Inquiry], model: Model) -> list[Opened]:
    """One per inquiry, in order."""
    prepared = [_prepare(inquiry) for inquiry in inquiries]
    scored = score(prepared, model)
    near = nearest(model.examples, scored.dense, model.examples_across)
    outside = model.calibration.outside(_signs(scored, near.cosines, model))
    typical = typicality(near.cosines[:, 0], model.calibration.typicality)
    return [
        Opened(
            inquiry,
            clean,
            _opinion(clean, scored.probabilities[n], float(outside[n]), model),
            round(float(outside[n]), DIGITS),
            scored.probabilities[n],
            scored.spread.text(n),
            scored.dense[n],
            scored.flags[n],
            [
                (int(place), float(cosine))
                for place, cosine in zip(near.places[n, :NEAREST], near.cosines[n], strict=False)
            ],
            typical[n],
        )
        for n, (inquiry, clean) in enumerate(zip(inquiries, prepared, strict=True))
    ]


def _prepare(inquiry: Inquiry) -> Prepared:
    head = f"{inquiry.title}\n" if inquiry.title else ""
    whole = head + inquiry.text
    spans = find_personal(whole)
    clean = blank(whole, spans)
    return Prepared(clean, len(head), spans, words(clean))


def score(prepared: Sequence[Prepared], model: Model) -> Scored:
    numbered = number_words([word.text for word in one.words] for one in prepared)
    dense = dense_rows(model.embedder, [one.whole for one in prepared], numbered)
    spread = model.head.space.spread(numbered)
    known = model.head.space.known_shares(numbered)
    scores = model.head.scores(dense, spread.matrix)
    inside = scores[:, : len(model.categories)]
    probabilities = softmax(inside / model.calibration.temperature)
    flags = model.head.flags(dense, spread.matrix)
    sure = trusted(probabilities, model.calibration.trust)
    return Scored(dense, spread, known, scores, sure, flags)


def _signs(scored: Scored, cosines: Floats, model: Model) -> Floats:
    count = len(model.categories)
    scores = scored.scores
    foreign = (
        scores[:, count] if scores.shape[1] > count else np.zeros(len(scores), dtype=np.float32)
    )
    return outside_signs(
        scores[:, :count],
        model.calibration.temperature,
        foreign,
        likeness(cosines),
        scored.known,
    )


def _opinion(clean: Prepared, probabilities: Floats, outside: float, model: Model) -> Opinion:
    opinion = judge(probabilities, outside, model.categories, dict(model.kinds), model.calibration)
    if any(word.text.isalnum() for word in clean.words):
        return opinion
    return opinion._replace(verdict="unsure", category=None, confidence=0.0, candidates=())
