"""The first look at inquiries: personal data blanked, words read once, what each is likely about.

Everything later (their parts, what decided) goes on from what is found here; parts of a text and texts
with a phrase left out are scored by the same function.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from contracts.inquiry import Language
from infra.text.mask import Span, blank, find_personal
from infra.text.normalise import Word, words
from services.classifier.calibrate import outside_signs, softmax, trusted, typicality
from services.classifier.cross_fit import likeness
from services.classifier.features import Floats, WordFeatures
from services.classifier.model import Model, Vectors, WordEmbedder
from services.classifier.nearest import nearest
from services.classifier.numbered import Numbered, Spread, number_words
from services.classifier.verdict import Opinion, judge

NEAREST = 3
DIGITS = 4
_START = attrgetter("start")


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

    def between(self, start: int, end: int) -> tuple[int, int]:
        """Which words begin in a stretch of the whole: the first, and the first behind it."""
        return bisect_left(self.words, start, key=_START), bisect_left(self.words, end, key=_START)


@dataclass(frozen=True)
class Glossary:
    """What a model knows of each word of a batch: looked up once, however many texts are made of them."""

    model: Model
    features: WordFeatures
    vectors: Vectors | None
    """None for an embedder that wants whole texts."""

    def dense(self, numbered: Numbered, texts: Callable[[], Sequence[str]]) -> Floats:
        embedder = self.model.embedder
        if self.vectors is not None and isinstance(embedder, WordEmbedder):
            return embedder.add_up(numbered, self.vectors)
        return embedder.embed(texts())


@dataclass(frozen=True)
class Scored:
    dense: Floats
    spread: Spread
    scores: Floats
    """Over categories, and outside last if the head knows it."""
    probabilities: Floats


class Opened(NamedTuple):
    """One inquiry on its way: what is known after the first look."""

    inquiry: Inquiry
    clean: Prepared
    opinion: Opinion
    outside: float
    probabilities: Floats
    """Over the categories."""
    flags: Floats
    near: Sequence[tuple[int, float]]
    """Examples and their cosines, nearest first; none for a text without a known word."""
    typicality: float | None


@dataclass(frozen=True)
class Look:
    """A batch of inquiries after the first look."""

    opened: Sequence[Opened]
    numbered: Numbered
    glossary: Glossary
    spread: Spread


def look_at(inquiries: Sequence[Inquiry], model: Model) -> Look:
    """`opened` has one per inquiry, in order."""
    prepared = [_prepare(inquiry) for inquiry in inquiries]
    numbered = number_words([word.text for word in one.words] for one in prepared)
    glossary = _glossary(numbered, model)
    scored = score(numbered, glossary, lambda: [one.whole for one in prepared])
    near = nearest(model.examples, scored.dense, model.products)
    outside = model.calibration.outside(_signs(scored, near.cosines, glossary, numbered))
    typical = typicality(near.cosines[:, 0], model.calibration.typicality)
    flags = model.head.flags(scored.dense, scored.spread.matrix)
    places, cosines = near.places[:, :NEAREST].tolist(), near.cosines[:, :NEAREST].tolist()
    any_known = np.count_nonzero(scored.dense, axis=1)
    opened = [
        Opened(
            inquiry,
            clean,
            _opinion(clean, scored.probabilities[n], float(outside[n]), model),
            round(float(outside[n]), DIGITS),
            scored.probabilities[n],
            flags[n],
            list(zip(places[n], cosines[n], strict=True)) if any_known[n] else [],
            typical[n],
        )
        for n, (inquiry, clean) in enumerate(zip(inquiries, prepared, strict=True))
    ]
    return Look(opened, numbered, glossary, scored.spread)


def _prepare(inquiry: Inquiry) -> Prepared:
    head = f"{inquiry.title}\n" if inquiry.title else ""
    whole = head + inquiry.text
    spans = find_personal(whole)
    clean = blank(whole, spans)
    return Prepared(clean, len(head), spans, words(clean))


def _glossary(numbered: Numbered, model: Model) -> Glossary:
    embedder = model.embedder
    vectors = embedder.vectors_of(numbered.words) if isinstance(embedder, WordEmbedder) else None
    return Glossary(model, model.head.space.of_words(numbered.words), vectors)


def score(numbered: Numbered, glossary: Glossary, texts: Callable[[], Sequence[str]]) -> Scored:
    """`numbered` has words of the glossary; `texts` says the same, for embedders that read texts."""
    model = glossary.model
    dense = glossary.dense(numbered, texts)
    spread = model.head.space.spread(numbered, glossary.features)
    scores = model.head.scores(dense, spread.matrix)
    inside = scores[:, : len(model.categories)]
    probabilities = softmax(inside / model.calibration.temperature)
    return Scored(dense, spread, scores, trusted(probabilities, model.calibration.trust))


def _signs(scored: Scored, cosines: Floats, glossary: Glossary, numbered: Numbered) -> Floats:
    model, scores = glossary.model, scored.scores
    count = len(model.categories)
    foreign = (
        scores[:, count] if scores.shape[1] > count else np.zeros(len(scores), dtype=np.float32)
    )
    return outside_signs(
        scores[:, :count],
        model.calibration.temperature,
        foreign,
        likeness(cosines),
        model.head.space.known_shares(numbered, glossary.features),
    )


def _opinion(clean: Prepared, probabilities: Floats, outside: float, model: Model) -> Opinion:
    opinion = judge(probabilities, outside, model.categories, dict(model.kinds), model.calibration)
    if any(word.text.isalnum() for word in clean.words):
        return opinion
    return opinion._replace(verdict="unsure", category=None, confidence=0.0, candidates=())
