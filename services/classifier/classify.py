"""What is this about? Pure: the same model and the same words give the same reading.

The first look is in `look`, the parts of mixed inquiries in `parting`; here it becomes a reading, with the
phrases and examples that spoke for it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from contracts.inquiry import Evidence, Language, Neighbour, Phrase, Verdict
from infra.text.language import guess_language_of
from infra.text.mask import Span
from services.classifier.evidence import Weighted, phrase, runs, word_shares
from services.classifier.features import Floats
from services.classifier.look import DIGITS, Inquiry, Look, Opened, Prepared, look_at, score
from services.classifier.model import Model
from services.classifier.numbered import Numbered, Places, Spread
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
    look = look_at(inquiries, model)
    parts = parts_of(look)
    found = _deciding(look)
    flips = _flips(look, found)
    flags = [_flags(one, model) for one in look.opened]
    urgent = _urgent_phrases(look, [n for n, (is_urgent, _) in enumerate(flags) if is_urgent])
    return [
        _read(
            one, own_parts, own_flags, _evidence(one, found[n], flips[n], urgent.get(n, ()), model)
        )
        for n, (one, own_parts, own_flags) in enumerate(zip(look.opened, parts, flags, strict=True))
    ]


def _read(
    one: Opened, parts: tuple[Part, ...], flags: tuple[bool, bool], evidence: Evidence
) -> Reading:
    clean, opinion = one.clean, one.opinion
    spoken = [word.text for word in clean.words if word.start >= clean.offset]
    language = guess_language_of(spoken or [word.text for word in clean.words], one.inquiry.hint)
    return Reading(
        language=language.language,
        language_confidence=language.confidence,
        verdict=opinion.verdict,
        category=opinion.category,
        confidence=opinion.confidence,
        threshold=opinion.threshold,
        outside=one.outside,
        alternatives=opinion.candidates,
        urgent=flags[0],
        sensitive=flags[1],
        parts=parts,
        masked=tuple(_moved(s, clean.offset) for s in clean.spans if s.end > clean.offset),
        evidence=evidence,
        typicality=one.typicality,
    )


def _flags(one: Opened, model: Model) -> tuple[bool, bool]:
    urgent = bool(one.flags[0] >= model.calibration.urgent) or cries_for_help(one.clean.whole)
    sensitive = bool(one.flags[1] >= model.calibration.sensitive)
    if one.opinion.category:
        sensitive = sensitive or model.kinds[one.opinion.category].sensitive
    return urgent, sensitive


def _deciding(look: Look) -> list[tuple[Weighted, ...]]:
    """For each inquiry the phrases that spoke for the best guess and against the runner-up."""
    model, matrix = look.glossary.model, look.spread.matrix
    column = {name: number for number, name in enumerate(model.categories)}
    # Two of every inquiry: a model knows two categories at least.
    leading = np.zeros((len(look.opened), 2), dtype=np.int64)
    guessed = [n for n, one in enumerate(look.opened) if one.opinion.candidates]
    for n in guessed:
        leading[n] = [column[c.category] for c in look.opened[n].opinion.candidates[:2]]
    weights, sizes = model.head.sparse.weights, np.diff(matrix.indptr)
    best, second = np.repeat(leading, sizes, axis=0).T
    lean = weights[matrix.indices, best] - weights[matrix.indices, second]
    clean = (one.clean for one in look.opened)
    return _phrases(clean, look.numbered, look.spread, lean, guessed)


def _phrases(
    clean: Iterable[Prepared],
    numbered: Numbered,
    spread: Spread,
    lean: Floats,
    texts: Iterable[int],
) -> list[tuple[Weighted, ...]]:
    """None for those that are not among `texts`."""
    shares = word_shares(spread, lean, texts)
    return [
        tuple(phrase(one.words, run) for run in own)
        for one, own in zip(clean, runs(numbered, shares), strict=True)
    ]


def _flips(look: Look, found: Sequence[tuple[Weighted, ...]]) -> list[str | None]:
    """Per inquiry the first phrase without which another category wins: tried, not estimated."""
    opened, model = look.opened, look.glossary.model
    trials = [
        (number, said)
        for number, (one, own) in enumerate(zip(opened, found, strict=True))
        if _is_close(one.opinion)
        for said in own[:MOST_TRIALS]
    ]
    flips: list[str | None] = [None] * len(opened)
    if not trials:
        return flips

    def texts() -> list[str]:
        return [_without(opened[number].clean.whole, said) for number, said in trials]

    left = look.numbered.cut([_left_of(look, number, said) for number, said in trials])
    best = score(left, look.glossary, texts).probabilities.argmax(axis=1)
    for (number, said), other in reversed(list(zip(trials, best, strict=True))):
        one = opened[number]
        if model.categories[int(other)] != one.opinion.candidates[0].category:
            flips[number] = one.clean.whole[said.start : said.end]
    return flips


def _is_close(opinion: Opinion) -> bool:
    return len(opinion.candidates) > 1 and opinion.candidates[1].confidence >= CLOSE


def _without(text: str, said: Weighted) -> str:
    return text[: said.start] + " " * (said.end - said.start) + text[said.end :]


def _left_of(look: Look, number: int, said: Weighted) -> Places:
    """The numbers of an inquiry's words without those of a phrase."""
    first, behind = look.opened[number].clean.between(said.start, said.end)
    row = look.numbered.row(number)
    return np.concatenate([row[:first], row[behind:]])


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


def _urgent_phrases(look: Look, urgent: Sequence[int]) -> dict[int, tuple[Weighted, ...]]:
    if not urgent:
        return {}
    head, clean = look.glossary.model.head, [look.opened[n].clean for n in urgent]
    numbered = look.numbered.cut([look.numbered.row(n) for n in urgent])
    spread = head.space.spread(numbered, look.glossary.features)
    lean = head.flags_sparse.weights[spread.matrix.indices, 0]
    felt = _phrases(clean, numbered, spread, lean, range(len(urgent)))
    return {
        n: (*_cries(one), *own)[:MOST_TRIALS]
        for n, one, own in zip(urgent, clean, felt, strict=True)
    }


def _cries(clean: Prepared) -> list[Weighted]:
    return [Weighted(start, end, 1.0) for start, end in cries_for(clean.whole)]


def _nearest(one: Opened, model: Model) -> tuple[Neighbour, ...]:
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
