"""What is this about? Pure: the same model and the same words give the same reading."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from contracts.inquiry import Evidence, Language, Neighbour, Phrase, Verdict
from infra.text.language import guess_language
from infra.text.mask import Span, blank, find_personal
from infra.text.normalise import Word, words
from services.classifier.calibrate import outside_signs, softmax
from services.classifier.cross_fit import known_share, similarity
from services.classifier.evidence import Weighted, phrases, word_shares
from services.classifier.features import Floats, Matrix
from services.classifier.head import OUTSIDE
from services.classifier.model import Model
from services.classifier.split import Stretch, sentences, stretches
from services.classifier.verdict import Candidate, Opinion, judge

NEAREST = 3
SHORT_WORDS = 3
MIXED_WORDS = 12
SURE_OF_ONE = 0.97
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
    alternatives: tuple[Candidate, ...]
    urgent: bool
    sensitive: bool
    parts: tuple[Part, ...]
    masked: tuple[Span, ...]
    evidence: Evidence


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
    rows: Matrix
    scores: Floats
    probabilities: Floats
    outside: Floats
    flags: Floats


def classify(inquiries: Sequence[Inquiry], model: Model) -> list[Reading]:
    """One reading per inquiry, in order."""
    if not inquiries:
        return []
    prepared = [_prepare(inquiry) for inquiry in inquiries]
    scored = _score(prepared, model)
    return [
        _read(inquiry, one, scored, number, model)
        for number, (inquiry, one) in enumerate(zip(inquiries, prepared, strict=True))
    ]


def _prepare(inquiry: Inquiry) -> _Prepared:
    head = f"{inquiry.title}\n" if inquiry.title else ""
    whole = head + inquiry.text
    spans = find_personal(whole)
    clean = blank(whole, spans)
    return _Prepared(clean, len(head), spans, words(clean))


def _score(prepared: Sequence[_Prepared], model: Model) -> _Scored:
    texts = [[word.text for word in one.words] for one in prepared]
    dense = model.embedder.embed([one.whole for one in prepared])
    rows = model.head.space.matrix(texts)
    combined = model.head.scores(dense, rows)
    count = len(model.categories)
    scores = combined[:, :count]
    outside_class = (
        combined[:, count] if combined.shape[1] > count else np.zeros(len(texts), np.float32)
    )
    known = np.array([known_share(model.head, text) for text in texts], dtype=np.float32)
    temperature = model.calibration.temperature
    signs = outside_signs(
        scores, temperature, outside_class, similarity(model.examples, dense), known
    )
    return _Scored(
        dense,
        rows,
        scores,
        softmax(scores / temperature),
        model.calibration.outside(signs),
        model.head.flags(dense, rows),
    )


def _read(inquiry: Inquiry, one: _Prepared, scored: _Scored, number: int, model: Model) -> Reading:
    language = guess_language(one.whole[one.offset :] or one.whole, inquiry.hint)
    opinion = judge(
        scored.probabilities[number],
        float(scored.outside[number]),
        model.categories,
        dict(model.kinds),
        model.calibration,
    )
    if not any(word.text.isalnum() for word in one.words):
        opinion = opinion._replace(verdict="unsure", category=None, confidence=0.0, candidates=())
    urgent, sensitive = _flags(scored.flags[number], opinion, model)
    return Reading(
        language=language.language,
        language_confidence=language.confidence,
        verdict=opinion.verdict,
        category=opinion.category,
        confidence=opinion.confidence,
        threshold=opinion.threshold,
        alternatives=opinion.candidates,
        urgent=urgent,
        sensitive=sensitive,
        parts=_parts(one, opinion, model),
        masked=tuple(_moved(span, one.offset) for span in one.spans if span.end > one.offset),
        evidence=_evidence(one, scored, number, opinion, urgent, model),
    )


def _flags(flags: Floats, opinion: Opinion, model: Model) -> tuple[bool, bool]:
    urgent = bool(flags[0] >= model.calibration.urgent)
    sensitive = bool(flags[1] >= model.calibration.sensitive)
    if opinion.category:
        sensitive = sensitive or model.kinds[opinion.category].sensitive
    return urgent, sensitive


def _parts(one: _Prepared, opinion: Opinion, model: Model) -> tuple[Part, ...]:
    body = one.whole[one.offset :]
    long_enough = len(one.words) >= MIXED_WORDS
    if not long_enough or opinion.confidence >= SURE_OF_ONE or not opinion.candidates:
        return ()
    pieces = sentences(body)
    if len(pieces) < 2:
        return ()
    # A sentence is read with nothing around it: what it says alone decides.
    alone = [body[piece.start : piece.end] for piece in pieces]
    scored = _score([_Prepared(text, 0, (), words(text)) for text in alone], model)
    found = stretches(pieces, scored.probabilities)
    return tuple(_named(stretch, model) for stretch in found)


def _named(stretch: Stretch, model: Model) -> Part:
    category = model.categories[stretch.category]
    return Part(stretch.start, stretch.end, category, stretch.confidence)


def _evidence(
    one: _Prepared, scored: _Scored, number: int, opinion: Opinion, urgent: bool, model: Model
) -> Evidence:
    if not opinion.candidates:
        return Evidence()
    row = scored.rows[number]
    found = _deciding(one, row, opinion, model)
    runner_up = opinion.candidates[1].category if len(opinion.candidates) > 1 else None
    urgent_found: tuple[Weighted, ...] = ()
    if urgent:
        lean = model.head.flags_sparse.weights[:, 0]
        urgent_found = phrases(one.words, word_shares(model.head.space, one.words, row, lean))
    return Evidence(
        phrases=_in_text(found, one),
        nearest=_nearest(scored.dense[number], model),
        runner_up=runner_up,
        flip=_flip(one, found, opinion, model),
        urgent_phrases=_in_text(urgent_found, one),
    )


def _deciding(one: _Prepared, row: Matrix, opinion: Opinion, model: Model) -> tuple[Weighted, ...]:
    weights = model.head.sparse.weights
    places = [model.categories.index(c.category) for c in opinion.candidates[:2]]
    lean = weights[:, places[0]]
    if len(places) > 1:
        lean = lean - weights[:, places[1]]
    return phrases(one.words, word_shares(model.head.space, one.words, row, lean))


def _flip(one: _Prepared, found: Sequence[Weighted], opinion: Opinion, model: Model) -> str | None:
    """The first phrase without which another category would have won: tried, not estimated."""
    lead = opinion.candidates[0].confidence
    runner_up = opinion.candidates[1].confidence if len(opinion.candidates) > 1 else 0.0
    if not found or lead > 20 * (runner_up + 0.01):
        return None
    without = [blank(one.whole, [Span(p.start, p.end, "person")]) for p in found]
    scored = _score([_Prepared(text, 0, (), words(text)) for text in without], model)
    best = scored.probabilities.argmax(axis=1)
    for phrase, other in zip(found, best, strict=True):
        if model.categories[int(other)] != opinion.candidates[0].category:
            return one.whole[phrase.start : phrase.end]
    return None


def _nearest(dense: Floats, model: Model) -> tuple[Neighbour, ...]:
    if not dense.any():
        return ()
    cosines = model.examples @ dense
    order = np.argsort(-cosines, kind="stable")[:NEAREST]
    return tuple(
        Neighbour(
            category=model.known[i].category,
            similarity=round(float(cosines[i]), DIGITS),
            text=model.known[i].text,
        )
        for i in order
    )


def _in_text(found: Sequence[Weighted], one: _Prepared) -> tuple[Phrase, ...]:
    return tuple(
        Phrase(start=p.start - one.offset, end=p.end - one.offset, weight=p.weight)
        for p in found
        if p.start >= one.offset
    )


def _moved(span: Span, offset: int) -> Span:
    return Span(max(0, span.start - offset), span.end - offset, span.kind)


__all__ = ["OUTSIDE", "Inquiry", "Part", "Reading", "classify"]
