"""`henvend data check`: are the examples fit to learn from, and are the other sets really unseen?"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from contracts.inquiry import Language
from contracts.taxonomy import Taxonomy
from infra.text.language import guess_language
from services.classifier.evaluate import LENGTHS, Case
from services.classifier.examples import Example, spoken, training_words
from services.classifier.features import Words
from services.classifier.near_duplicates import blocks, find_twins

ALIKE = 0.8
"""Cosine of word and n-gram features from which on two texts are near-duplicates."""
SURE_LANGUAGE = 0.98
LONG_ENOUGH = 6
"""Words below which a language cannot be told for sure."""
MINIMA: Mapping[Language, int] = {"da": 80, "en": 35, "sv": 25}
"""Written examples each category of the sample should have at least; a third of them of each length."""

Kind = Literal["duplicate", "near-duplicate", "leak", "conflict", "label", "language", "few"]
BROKEN: frozenset[Kind] = frozenset({"duplicate", "leak", "conflict", "label"})
"""What makes figures untrue; the rest is for a person to look at."""
Set = Literal["training", "development", "evaluation"]
Step = Callable[[], None]


class Finding(NamedTuple):
    kind: Kind
    where: str


class Sets(NamedTuple):
    """What teaches, what is tuned on, and what only measures."""

    training: Sequence[Example]
    development: Sequence[Case] = ()
    evaluation: Sequence[Case] = ()


class _Text(NamedTuple):
    id: str
    set: Set
    category: str | None
    words: Words

    @property
    def spoken(self) -> str:
        return spoken(self.words)


def check(
    sets: Sets,
    written: Sequence[Example],
    taxonomy: Taxonomy,
    minima: Mapping[Language, int],
    step: Step = lambda: None,
) -> list[Finding]:
    """Everything a person should look at; ids only, never texts.

    `written` are the examples the minima count: not terms, not questions of articles. `step` is called
    `steps(sets)` times.
    """
    texts = list(_texts(sets))
    exact = list(_exact_duplicates(texts))
    step()
    return [
        *_unknown_labels(sets, taxonomy),
        *exact,
        *_near_duplicates(texts, step),
        *_odd_languages(sets.training),
        *_few(written, taxonomy, minima),
    ]


def steps(sets: Sets) -> int:
    return 1 + blocks(sum(1 for _ in _texts(sets)))


def counts(examples: Sequence[Example]) -> dict[str, dict[str, int]]:
    """Category to language to number of examples."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for example in examples:
        found[example.category or "outside"][example.language] += 1
    return {name: dict(languages) for name, languages in sorted(found.items())}


def lengths(examples: Sequence[Example]) -> dict[str, float]:
    """Share of the examples in each of the lengths that the evaluation tells apart."""
    found = Counter(length_of(example.text) for example in examples)
    return {name: found[name] / max(1, len(examples)) for name, _, _ in LENGTHS}


def length_of(text: str) -> str:
    """Which of the LENGTHS a text has."""
    count = len(text.split())
    return next(name for name, least, most in LENGTHS if least <= count < most)


def _texts(sets: Sets) -> Iterator[_Text]:
    for example in sets.training:
        own = training_words(example.title, example.text)
        yield _Text(example.id, "training", example.category, own)
    named: tuple[tuple[Set, Sequence[Case]], ...] = (
        ("development", sets.development),
        ("evaluation", sets.evaluation),
    )
    for name, cases in named:
        for case in cases:
            yield _Text(case.id, name, case.category, training_words(case.title, case.text))
            # Each part of a mixed inquiry must be unseen by itself.
            for number, part in enumerate(case.parts):
                piece = training_words(None, case.text[part.start : part.end])
                yield _Text(f"{case.id}#{number}", name, part.category, piece)


def _exact_duplicates(texts: Sequence[_Text]) -> Iterator[Finding]:
    seen: dict[str, _Text] = {}
    for text in texts:
        first = seen.setdefault(text.spoken, text)
        if first is text or not _matters(first, text):
            continue
        if first.set != text.set:
            yield _leak(first, text, 1.0)
        elif first.category != text.category:
            yield Finding("conflict", f"{first.id} = {text.id} under another category")
        else:
            yield Finding("duplicate", f"{first.id} = {text.id}")


def _near_duplicates(texts: Sequence[_Text], step: Step) -> Iterator[Finding]:
    for first, second, cosine in find_twins([text.words for text in texts], ALIKE, step):
        a, b = texts[first], texts[second]
        if a.spoken == b.spoken or not _matters(a, b):
            continue
        if a.set != b.set:
            yield _leak(a, b, cosine)
        else:
            yield Finding("near-duplicate", f"{a.id} ~ {b.id} ({cosine:.2f})")


def _matters(first: _Text, second: _Text) -> bool:
    """Paired inquiries of the sets that only measure are meant to be alike."""
    return first.set != second.set or first.set == "training"


def _leak(first: _Text, second: _Text, cosine: float) -> Finding:
    return Finding("leak", f"{first.id} ({first.set}) ~ {second.id} ({second.set}) ({cosine:.2f})")


def _unknown_labels(sets: Sets, taxonomy: Taxonomy) -> Iterator[Finding]:
    for text in _labelled(sets):
        if text[1] is not None and text[1] not in taxonomy.categories:
            yield Finding("label", f"{text[0]} is labelled {text[1]}, which the taxonomy lacks")


def _labelled(sets: Sets) -> Iterator[tuple[str, str | None]]:
    yield from ((example.id, example.category) for example in sets.training)
    for case in (*sets.development, *sets.evaluation):
        yield case.id, case.category
        yield from ((case.id, part.category) for part in case.parts)


def _odd_languages(examples: Sequence[Example]) -> Iterator[Finding]:
    for example in examples:
        if len(example.text.split()) < LONG_ENOUGH:
            continue
        guess = guess_language(example.text)
        if guess.confidence >= SURE_LANGUAGE and guess.language != example.language:
            yield Finding("language", f"{example.id} reads like {guess.language}")


def _few(
    written: Sequence[Example], taxonomy: Taxonomy, minima: Mapping[Language, int]
) -> Iterator[Finding]:
    found = Counter((example.category, example.language) for example in written)
    of_length = Counter((e.category, e.language, length_of(e.text)) for e in written)
    for category in taxonomy.categories:
        for language, least in minima.items():
            count = found[category, language]
            if count < least:
                where = f"{category} has {count} examples in {language}, fewer than {least}"
                yield Finding("few", where)
            # Short rows are quickly written; long stories are what goes wrong without examples.
            third = math.ceil(least / len(LENGTHS))
            for name, _, _ in LENGTHS:
                count = of_length[category, language, name]
                if count < third:
                    where = f"{category} has {count} examples of {name} in {language}"
                    yield Finding("few", f"{where}, fewer than {third}")
