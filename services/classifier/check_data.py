"""`henvend data check`: are the examples fit to learn from, and is the evaluation set really unseen?"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from contracts.taxonomy import Taxonomy
from infra.text.language import guess_language
from infra.text.normalise import fold
from services.classifier.evaluate import Case
from services.classifier.examples import Example, training_words
from services.classifier.features import fit_features

ALIKE = 0.8
"""Cosine of word and n-gram features from which on two texts are near-duplicates."""
SURE_LANGUAGE = 0.98
LONG_ENOUGH = 6
CHUNK = 500


class Finding(NamedTuple):
    kind: str
    """duplicate, near-duplicate, leak, language, few."""
    where: str


def check_examples(
    examples: Sequence[Example], cases: Sequence[Case], taxonomy: Taxonomy, least: int
) -> list[Finding]:
    """Everything a person should look at; ids only, never texts."""
    return [
        *_exact_duplicates(examples),
        *_near_duplicates(examples, cases),
        *_odd_languages(examples),
        *_few(examples, taxonomy, least),
    ]


def counts(examples: Sequence[Example]) -> dict[str, dict[str, int]]:
    """Category to language to number of examples."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for example in examples:
        found[example.category or "outside"][example.language] += 1
    return {name: dict(languages) for name, languages in sorted(found.items())}


def _exact_duplicates(examples: Sequence[Example]) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for example in examples:
        key = " ".join(fold(example.text).split())
        if key in seen:
            yield Finding("duplicate", f"{seen[key]} = {example.id}")
        seen.setdefault(key, example.id)


def _near_duplicates(examples: Sequence[Example], cases: Sequence[Case]) -> Iterator[Finding]:
    ids = [*(e.id for e in examples), *(c.id for c in cases)]
    texts = [
        *(training_words(e.title, e.text) for e in examples),
        *(training_words(c.title, c.text) for c in cases),
    ]
    space = fit_features(texts, sizes=range(3, 5), pairs=True, min_texts=2, most=60_000)
    rows = space.matrix(texts)
    long = np.array([len(text) >= LONG_ENOUGH for text in texts])
    for start in range(0, len(texts), CHUNK):
        alike = (rows[start : start + CHUNK] @ rows.T).tocoo()
        for first, second, value in zip(alike.row + start, alike.col, alike.data, strict=True):
            if first < second and value >= ALIKE and long[first] and long[second]:
                leak = first < len(examples) <= second
                both_cases = first >= len(examples)
                if not both_cases:
                    kind = "leak" if leak else "near-duplicate"
                    yield Finding(kind, f"{ids[first]} ~ {ids[second]} ({value:.2f})")


def _odd_languages(examples: Sequence[Example]) -> Iterator[Finding]:
    for example in examples:
        guess = guess_language(example.text)
        sure = guess.confidence >= SURE_LANGUAGE and len(example.text.split()) >= LONG_ENOUGH
        if sure and guess.language != example.language:
            yield Finding("language", f"{example.id} reads like {guess.language}")


def _few(examples: Sequence[Example], taxonomy: Taxonomy, least: int) -> Iterator[Finding]:
    found = Counter(example.category for example in examples)
    for category in taxonomy.categories:
        if found[category] < least:
            yield Finding("few", f"{category} has {found[category]} examples, fewer than {least}")
