"""What is this about? Pure: the same model and the same words give the same reading."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from contracts.inquiry import Evidence, Language, Neighbour, Phrase, Verdict
from infra.text.language import guess_language_of
from infra.text.mask import Span, blank, find_personal
from infra.text.normalise import Word, words
from services.classifier.calibrate import outside_signs, softmax, trusted, typicality
from services.classifier.cross_fit import likeness
from services.classifier.evidence import Weighted, phrases, word_shares
from services.classifier.features import Floats
from services.classifier.mixed import Span as Place
from services.classifier.mixed import Stretch, Whole, is_announced, stretches
from services.classifier.model import Model, dense_rows
from services.classifier.nearest import nearest
from services.classifier.numbered import Spread, TextSpread, number_words
from services.classifier.split import Clause, clauses
from services.classifier.urgent import cries_for, cries_for_help
from services.classifier.verdict import Candidate, Opinion, judge

NEAREST = 3
MOST_TRIALS = 3
CLOSE = 0.05
"""A runner-up below this is not worth trying what would flip to it."""
MIXED_WORDS = 6
SURE_OF_ONE = 0.96
DIGITS = 4


class Inquiry(NamedTuple):
    text: str
    title: str | None = None
    hint: Language | None = None
    """What the channel or thread knows of the language."""


class Part(NamedTuple):
    start: int
    end: int
    category: str
    confidence: float


@dataclass(frozen=True)
class Reading:
    """All offsets count in the inquiry's text (without the title)."""

    language: Language
    language_confidence: float
    verdict: Verdict
    category: str | None
    confidence: float
    threshold: float
    outside: float
    """Probability that it fits nobody here."""
    alternatives: tuple[Candidate, ...]
    urgent: bool
    sensitive: bool
    parts: tuple[Part, ...]
    masked: tuple[Span, ...]
    evidence: Evidence
    typicality: float | None = None
    """How near its nearest example is, as a share of the examples themselves; see calibrate."""


@dataclass(frozen=True)
class _Prepared:
    """Title and text as one, personal data blanked; `offset` is where the text begins."""

    whole: str
    offset: int
    spans: tuple[Span, ...]
    words: list[Word]


@dataclass(frozen=True)
class _Scored:
    dense: Floats
    spread: Spread
    known: Floats
    """Share of known words."""
    scores: Floats
    """Over categories, and outside last if the head knows it."""
    probabilities: Floats
    flags: Floats


@dataclass(frozen=True)
class _Opened:
    """One inquiry on its way: what is known after the first look."""

    inquiry: Inquiry
    clean: _Prepared
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


def classify(inquiries: Sequence[Inquiry], model: Model) -> list[Reading]:
    """One reading per inquiry, in order."""
    if not inquiries:
        return []
    opened = _open(inquiries, model)
    parts = _split(opened, model)
    table = np.zeros(len(model.head.space.idf), dtype=np.float32)
    found = [_deciding(one, model, table) for one in opened]
    flips = _flips(opened, found, model)
    return [
        _read(one, model, own_parts, own_phrases, flip)
        for one, own_parts, own_phrases, flip in zip(opened, parts, found, flips, strict=True)
    ]


def _open(inquiries: Sequence[Inquiry], model: Model) -> list[_Opened]:
    prepared = [_prepare(inquiry) for inquiry in inquiries]
    scored = _score(prepared, model)
    near = nearest(model.examples, scored.dense, model.examples_across)
    outside = model.calibration.outside(_signs(scored, near.cosines, model))
    typical = typicality(near.cosines[:, 0], model.calibration.typicality)
    return [
        _Opened(
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


def _prepare(inquiry: Inquiry) -> _Prepared:
    head = f"{inquiry.title}\n" if inquiry.title else ""
    whole = head + inquiry.text
    spans = find_personal(whole)
    clean = blank(whole, spans)
    return _Prepared(clean, len(head), spans, words(clean))


def _score(prepared: Sequence[_Prepared], model: Model) -> _Scored:
    numbered = number_words([word.text for word in one.words] for one in prepared)
    dense = dense_rows(model.embedder, [one.whole for one in prepared], numbered)
    spread = model.head.space.spread(numbered)
    known = model.head.space.known_shares(numbered)
    scores = model.head.scores(dense, spread.matrix)
    inside = scores[:, : len(model.categories)]
    probabilities = softmax(inside / model.calibration.temperature)
    flags = model.head.flags(dense, spread.matrix)
    sure = trusted(probabilities, model.calibration.trust)
    return _Scored(dense, spread, known, scores, sure, flags)


def _signs(scored: _Scored, cosines: Floats, model: Model) -> Floats:
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


def _opinion(clean: _Prepared, probabilities: Floats, outside: float, model: Model) -> Opinion:
    opinion = judge(probabilities, outside, model.categories, dict(model.kinds), model.calibration)
    if any(word.text.isalnum() for word in clean.words):
        return opinion
    return opinion._replace(verdict="unsure", category=None, confidence=0.0, candidates=())


def _read(
    one: _Opened,
    model: Model,
    parts: tuple[Part, ...],
    found: tuple[Weighted, ...],
    flip: str | None,
) -> Reading:
    clean, opinion = one.clean, one.opinion
    spoken = [word.text for word in clean.words if word.start >= clean.offset]
    language = guess_language_of(spoken or [word.text for word in clean.words], one.inquiry.hint)
    urgent, sensitive = _flags(one, model)
    return Reading(
        language=language.language,
        language_confidence=language.confidence,
        verdict=opinion.verdict,
        category=opinion.category,
        confidence=opinion.confidence,
        threshold=opinion.threshold,
        outside=one.outside,
        alternatives=opinion.candidates,
        urgent=urgent,
        sensitive=sensitive,
        parts=parts,
        masked=tuple(_moved(s, clean.offset) for s in clean.spans if s.end > clean.offset),
        evidence=_evidence(one, found, flip, _urgent_phrases(one, model) if urgent else (), model),
        typicality=one.typicality,
    )


def _flags(one: _Opened, model: Model) -> tuple[bool, bool]:
    urgent = bool(one.flags[0] >= model.calibration.urgent) or cries_for_help(one.clean.whole)
    sensitive = bool(one.flags[1] >= model.calibration.sensitive)
    if one.opinion.category:
        sensitive = sensitive or model.kinds[one.opinion.category].sensitive
    return urgent, sensitive


def _split(opened: Sequence[_Opened], model: Model) -> list[tuple[Part, ...]]:
    """The parts of each inquiry; all clauses of all inquiries are read at once."""
    pieces = [_pieces(one) for one in opened]
    # A clause is read with nothing around it: what it says alone decides.
    alone = [
        _stretch_of(one.clean, piece.start, piece.end)
        for one, own in zip(opened, pieces, strict=True)
        for piece in own
    ]
    if not alone:
        return [()] * len(opened)
    ends = np.cumsum([len(own) for own in pieces])[:-1]
    rows = np.split(_score(alone, model).probabilities, ends)
    wholes = {
        number: Whole(_spoken(one.clean), own, one.probabilities, by_clause)
        for number, (one, own, by_clause) in enumerate(zip(opened, pieces, rows, strict=True))
        if own
    }

    def read(places: Sequence[Place]) -> Floats:
        halves = [_stretch_of(opened[number].clean, start, end) for number, start, end in places]
        return _score(halves, model).probabilities

    departments = [model.kinds[category].department for category in model.categories]
    found = stretches(wholes, read, departments)
    return [
        tuple(_named(part, model) for part in found.get(number, ()))
        for number in range(len(opened))
    ]


def _pieces(one: _Opened) -> list[Clause]:
    candidates = one.opinion.candidates
    if len(one.clean.words) < MIXED_WORDS or len(candidates) < 2:
        return []
    text = _spoken(one.clean)
    if candidates[0].confidence >= SURE_OF_ONE and not is_announced(text):
        return []
    found = clauses(text)
    return found if len(found) > 1 else []


def _spoken(clean: _Prepared) -> str:
    return clean.whole[clean.offset :]


def _stretch_of(clean: _Prepared, start: int, end: int) -> _Prepared:
    """A part of the text (offsets without the title) as if it were all there is."""
    start, end = start + clean.offset, end + clean.offset
    inside = [word for word in clean.words if start <= word.start < end]
    return _Prepared(clean.whole[start:end], 0, (), inside)


def _named(stretch: Stretch, model: Model) -> Part:
    category = model.categories[stretch.category]
    return Part(stretch.start, stretch.end, category, stretch.confidence)


def _deciding(one: _Opened, model: Model, table: Floats) -> tuple[Weighted, ...]:
    """The phrases that spoke for the best guess and against the runner-up."""
    if not one.opinion.candidates:
        return ()
    places = [model.categories.index(c.category) for c in one.opinion.candidates[:2]]
    weights, features = model.head.sparse.weights, one.spread.features
    lean = weights[features, places[0]]
    if len(places) > 1:
        lean = lean - weights[features, places[1]]
    return phrases(one.clean.words, word_shares(one.spread, lean, table))


def _flips(
    opened: Sequence[_Opened], found: Sequence[tuple[Weighted, ...]], model: Model
) -> list[str | None]:
    """Per inquiry the first phrase without which another category wins: tried, not estimated."""
    trials = [
        (number, phrase)
        for number, (one, own) in enumerate(zip(opened, found, strict=True))
        if _is_close(one.opinion)
        for phrase in own[:MOST_TRIALS]
    ]
    flips: list[str | None] = [None] * len(opened)
    if not trials:
        return flips
    without = [_without(opened[number].clean, phrase) for number, phrase in trials]
    best = _score(without, model).probabilities.argmax(axis=1)
    for (number, phrase), other in reversed(list(zip(trials, best, strict=True))):
        one = opened[number]
        if model.categories[int(other)] != one.opinion.candidates[0].category:
            flips[number] = one.clean.whole[phrase.start : phrase.end]
    return flips


def _is_close(opinion: Opinion) -> bool:
    return len(opinion.candidates) > 1 and opinion.candidates[1].confidence >= CLOSE


def _without(clean: _Prepared, phrase: Weighted) -> _Prepared:
    text = clean.whole
    rest = text[: phrase.start] + " " * (phrase.end - phrase.start) + text[phrase.end :]
    left = [word for word in clean.words if not phrase.start <= word.start < phrase.end]
    return _Prepared(rest, 0, (), left)


def _evidence(
    one: _Opened,
    found: tuple[Weighted, ...],
    flip: str | None,
    urgent: tuple[Weighted, ...],
    model: Model,
) -> Evidence:
    candidates = one.opinion.candidates
    return Evidence(
        phrases=_in_text(found, one.clean),
        nearest=_nearest(one, model),
        runner_up=candidates[1].category if len(candidates) > 1 else None,
        flip=flip,
        urgent_phrases=_in_text(urgent, one.clean),
    )


def _urgent_phrases(one: _Opened, model: Model) -> tuple[Weighted, ...]:
    cries = [Weighted(start, end, 1.0) for start, end in cries_for(one.clean.whole)]
    lean = model.head.flags_sparse.weights[one.spread.features, 0]
    shares = word_shares(one.spread, lean, np.zeros_like(model.head.space.idf))
    return (*cries, *phrases(one.clean.words, shares))[:MOST_TRIALS]


def _nearest(one: _Opened, model: Model) -> tuple[Neighbour, ...]:
    if not one.dense.any():
        return ()
    return tuple(
        Neighbour(
            category=model.known[place].category,
            similarity=round(cosine, DIGITS),
            text=model.known[place].text,
        )
        for place, cosine in one.near
    )


def _in_text(found: Sequence[Weighted], one: _Prepared) -> tuple[Phrase, ...]:
    return tuple(
        Phrase(start=p.start - one.offset, end=p.end - one.offset, weight=p.weight)
        for p in found
        if p.start >= one.offset
    )


def _moved(span: Span, offset: int) -> Span:
    return Span(max(0, span.start - offset), span.end - offset, span.kind)
