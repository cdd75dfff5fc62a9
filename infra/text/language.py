"""Which language an inquiry is in, and how sure that is.

Everyday words alone tell of nine inquiries in ten (everyday_words.*.txt): none wrong among the 859 inquiries
of the classifier's development set, which did not make the lists, and half as many errors in all. For the
others lingua in its trigram mode (36 MB instead of 200) gives a distribution over ten languages; a prior for
a Nordic municipality, what the channel knows, and the commonest words of the three languages correct it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import repeat
from types import MappingProxyType
from typing import NamedTuple

from lingua import Language as Tongue
from lingua import LanguageDetector, LanguageDetectorBuilder

from contracts.inquiry import Language
from infra.text.listed import listed
from infra.text.normalise import words

_OURS: Mapping[Tongue, Language] = MappingProxyType({
    Tongue.DANISH: "da",
    Tongue.SWEDISH: "sv",
    Tongue.ENGLISH: "en",
})
_OTHERS = (
    Tongue.GERMAN,
    Tongue.POLISH,
    Tongue.TURKISH,
    Tongue.FRENCH,
    Tongue.SPANISH,
    Tongue.SOMALI,
    Tongue.ROMANIAN,
)
# Bokmål is read by the same people and answered in Danish, so it has no class of its own.
PRIOR: Mapping[Language, float] = MappingProxyType({
    "da": 0.55,
    "sv": 0.15,
    "en": 0.25,
    "other": 0.05,
})
HINT_WEIGHTS = (40.0, 40.0, 15.0, 6.0)
"""How many times likelier the channel's language is, by number of words; more words outweigh it."""
LONG_HINT_WEIGHT = 4.0
_NOT_LATIN = re.compile(r"[\u0250-\U0010ffff]")
_FEW_WORDS = 3
_PLAIN_WORDS = 4
_PLAIN_SHARE = 0.6
_PLAIN_LEAD = 0.3
"""Everyday words decide with this share of all words, so far ahead of the next language."""
_PLAIN_CONFIDENCE = 0.999
_WIDTH = 20
"""Bits for a count of words: no text holds a million."""
_ENOUGH = 160
"""Letters after which the detector learns nothing more."""


class Guess(NamedTuple):
    language: Language
    confidence: float


def guess_language(text: str, hint: Language | None = None) -> Guess:
    """The likeliest of da, sv, en and other; a text without letters takes the hint, else Danish."""
    return guess_language_of([word.text for word in words(text)], hint)


def guess_language_of(folded: Iterable[str], hint: Language | None = None) -> Guess:
    """As `guess_language`, of the text's words."""
    found = [word for word in folded if word[0].isalpha()]
    if not found:
        return Guess(hint or "da", PRIOR[hint or "da"])
    if 2 * len(_NOT_LATIN.findall(" ".join(found))) > sum(map(len, found)):
        return Guess("other", 0.99)
    plain = _plain(found)
    if plain:
        return Guess(plain, _PLAIN_CONFIDENCE)
    scores = _tongues(" ".join(found))
    for language in scores:
        # Below three words the detector knows little, so what is common and what is likely decide.
        sureness = min(1.0, len(found) / _FEW_WORDS)
        if language == "other" and sureness < 1:
            scores[language] *= sureness / 4
        scores[language] = (
            scores[language] ** sureness * PRIOR[language] * _commonness(found, language)
        )
        if language == hint:
            scores[language] *= (*HINT_WEIGHTS, LONG_HINT_WEIGHT)[
                min(len(found), len(HINT_WEIGHTS))
            ]
    total = sum(scores.values())
    best = max(scores, key=lambda language: scores[language])
    return Guess(best, round(scores[best] / total, 4))


def _plain(found: list[str]) -> Language | None:
    """The language most of the words are everyday words of, if no other comes near."""
    if len(found) < _PLAIN_WORDS:
        return None
    # One look at each word: the counts of all languages stand side by side in one number.
    total = sum(map(_everyday().get, found, repeat(0)))
    counts = {
        language: total >> _WIDTH * place & (1 << _WIDTH) - 1
        for place, language in enumerate(_OURS.values())
    }
    second, first = sorted(counts.values())[-2:]
    if first < _PLAIN_SHARE * len(found) or first - second < _PLAIN_LEAD * len(found):
        return None
    return max(counts, key=lambda language: counts[language])


@cache
def _everyday() -> dict[str, int]:
    """Each everyday word with a one for each language it is everyday in."""
    words: Counter[str] = Counter()
    for place, language in enumerate(_OURS.values()):
        words.update(dict.fromkeys(listed(f"everyday_words.{language}.txt"), 1 << _WIDTH * place))
    return dict(words)


def _tongues(text: str) -> dict[Language, float]:
    scores: dict[Language, float] = {"da": 1e-4, "sv": 1e-4, "en": 1e-4, "other": 1e-4}
    for value in _detector().compute_language_confidence_values(text[:_ENOUGH]):
        scores[_OURS.get(value.language, "other")] += value.value
    return scores


def _commonness(found: list[str], language: Language) -> float:
    """Grows with the share of words that are among the commonest of that language."""
    if language == "other":
        return 1.0
    common = listed(f"common_words.{language}.txt")
    share = sum(map(common.__contains__, found)) / len(found)
    return float((0.02 + share) / 0.1) ** 2


@cache
def _detector() -> LanguageDetector:
    languages = (*_OURS, *_OTHERS)
    return LanguageDetectorBuilder.from_languages(*languages).with_low_accuracy_mode().build()
