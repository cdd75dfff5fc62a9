"""What is this about? Pure: the same model and the same words give the same reading.

The first look is in `look`, the parts of mixed inquiries in `parting`; here it becomes a reading, with the
phrases and examples that spoke for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contracts.inquiry import Evidence, Language, Neighbour, Phrase, Verdict
from infra.text.language import guess_language_of
from infra.text.mask import Span
from services.classifier.evidence import Weighted, phrases, word_shares
from services.classifier.features import Floats
from services.classifier.look import DIGITS, Inquiry, Opened, Prepared, look_at, score
from services.classifier.model import Model
from services.classifier.parting import Part, parts_of
from services.classifier.urgent import cries_for, cries_for_help
from services.classifier.verdict import Candidate, Opinion

__all__ = ["Inquiry", "Reading", "classify"]

MOST_TRIALS = 3
CLOSE = 0.05
"""A runner-up below this is not worth trying what would flip to it."""


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


def classify(inquiries: Sequence[Inquiry], model: Model) -> list[Reading]:
    """One reading per inquiry, in order."""
    if not inquiries:
        return []
    opened = look_at(inquiries, model)
    parts = parts_of(opened, model)
    table = np.zeros(len(model.head.space.idf), dtype=np.float32)
    found = [_deciding(one, model, table) for one in opened]
    flips = _flips(opened, found, model)
    return [
        _read(one, model, own_parts, own_phrases, flip)
        for one, own_parts, own_phrases, flip in zip(opened, parts, found, flips, strict=True)
    ]


def _read(
    one: Opened,
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


def _flags(one: Opened, model: Model) -> tuple[bool, bool]:
    urgent = bool(one.flags[0] >= model.calibration.urgent) or cries_for_help(one.clean.whole)
    sensitive = bool(one.flags[1] >= model.calibration.sensitive)
    if one.opinion.category:
        sensitive = sensitive or model.kinds[one.opinion.category].sensitive
    return urgent, sensitive


def _deciding(one: Opened, model: Model, table: Floats) -> tuple[Weighted, ...]:
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
    opened: Sequence[Opened], found: Sequence[tuple[Weighted, ...]], model: Model
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
    best = score(without, model).probabilities.argmax(axis=1)
    for (number, phrase), other in reversed(list(zip(trials, best, strict=True))):
        one = opened[number]
        if model.categories[int(other)] != one.opinion.candidates[0].category:
            flips[number] = one.clean.whole[phrase.start : phrase.end]
    return flips


def _is_close(opinion: Opinion) -> bool:
    return len(opinion.candidates) > 1 and opinion.candidates[1].confidence >= CLOSE


def _without(clean: Prepared, phrase: Weighted) -> Prepared:
    text = clean.whole
    rest = text[: phrase.start] + " " * (phrase.end - phrase.start) + text[phrase.end :]
    left = [word for word in clean.words if not phrase.start <= word.start < phrase.end]
    return Prepared(rest, 0, (), left)


def _evidence(
    one: Opened,
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


def _urgent_phrases(one: Opened, model: Model) -> tuple[Weighted, ...]:
    cries = [Weighted(start, end, 1.0) for start, end in cries_for(one.clean.whole)]
    lean = model.head.flags_sparse.weights[one.spread.features, 0]
    shares = word_shares(one.spread, lean, np.zeros_like(model.head.space.idf))
    return (*cries, *phrases(one.clean.words, shares))[:MOST_TRIALS]


def _nearest(one: Opened, model: Model) -> tuple[Neighbour, ...]:
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


def _in_text(found: Sequence[Weighted], one: Prepared) -> tuple[Phrase, ...]:
    return tuple(
        Phrase(start=p.start - one.offset, end=p.end - one.offset, weight=p.weight)
        for p in found
        if p.start >= one.offset
    )


def _moved(span: Span, offset: int) -> Span:
    return Span(max(0, span.start - offset), span.end - offset, span.kind)
