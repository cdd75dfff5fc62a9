"""What an editor should know about the articles before they are published."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Literal, NamedTuple

from services.chatbot.knowledge import TONGUES, Article, Base
from services.chatbot.render import to_text
from services.chatbot.terms import terms

FEWEST = {"da": 20, "sv": 12, "en": 12}
"""Questions an article should have, by language."""
LONGEST_SENTENCE = 30
HARDEST = 45
"""LIX: above 45 is hard for many readers."""
SOON = timedelta(days=30)
ALIKE = 0.85
"""Share of terms two questions have in common (Jaccard) to be called the same."""
_SENTENCE = re.compile(r"[.!?:]+\s|\n+")


Kind = Literal["missing", "link", "alike", "overdue", "review", "questions", "sentence", "lix"]
# For the shell; the page has them in three languages under chatbot.preview.check.
WORDS: dict[Kind, str] = {
    "missing": "is missing: other languages have it",
    "link": "links to {topic}, which has no {tongue} text",
    "alike": "asks nearly as {other}: “{question}” / “{asked}”",
    "overdue": "is overdue since {day}: it no longer answers",
    "review": "must be reviewed by {day}",
    "questions": "has {count} questions, should have {fewest}",
    "sentence": "has a sentence of {count} words",
    "lix": "is hard to read (LIX {lix})",
}


class Finding(NamedTuple):
    level: Literal["error", "warning"]
    """An error stops a publication."""
    article: str
    kind: Kind
    values: Mapping[str, str] = MappingProxyType({})
    """What its words name; a `day` is an ISO date."""

    @property
    def words(self) -> str:
        return WORDS[self.kind].format(**self.values)

    @property
    def shown(self) -> dict[str, str]:
        """Its values as a page shows them."""
        day = self.values.get("day")
        dated = {"day": f"{date.fromisoformat(day):%d.%m.%Y}"} if day else {}
        return {**self.values, **dated}


def check(base: Base, day: date) -> list[Finding]:
    """Errors first; empty when there is nothing to say."""
    findings = [*_missing(base), *_dead_links(base), *_near_duplicates(base)]
    for key, article in sorted(base.articles.items()):
        findings += [Finding("warning", key, *found) for found in _about(article, day)]
    return sorted(findings, key=lambda finding: (finding.level != "error", finding.article))


def _missing(base: Base) -> Iterator[Finding]:
    for topic in base.topics():
        for language in TONGUES:
            if base.of_topic(topic, language) is None:
                yield Finding("warning", f"{topic}.{language}", "missing")


def _dead_links(base: Base) -> Iterator[Finding]:
    for key, article in base.articles.items():
        for link in article.links():
            topic = link.removeprefix("kb:")
            if link.startswith("kb:") and base.of_topic(topic, article.language) is None:
                yield Finding("error", key, "link", {"topic": topic, "tongue": article.language})


def _near_duplicates(base: Base) -> Iterator[Finding]:
    """The same question in two articles makes both unsure; twice in one article it is wasted."""
    seen: dict[str, list[tuple[str, str, frozenset[str]]]] = {}
    for key, article in sorted(base.articles.items()):
        for question in article.questions:
            words = frozenset(terms(question, article.language))
            for other, asked, known in seen.setdefault(article.language, []):
                if _alike(words, known):
                    level: Literal["error", "warning"] = "warning" if other == key else "error"
                    named = {"other": other, "question": question, "asked": asked}
                    yield Finding(level, key, "alike", named)
            seen[article.language].append((key, question, words))


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    if not one or not other or min(len(one), len(other)) < ALIKE * max(len(one), len(other)):
        return False
    return len(one & other) >= ALIKE * len(one | other)


def _about(article: Article, day: date) -> Iterator[tuple[Kind, Mapping[str, str]]]:
    review = {"day": article.review_by.isoformat()}
    if article.review_by < day:
        yield "overdue", review
    elif article.review_by - day < SOON:
        yield "review", review
    asked, fewest = len(article.questions), FEWEST[article.language]
    if asked < fewest:
        yield "questions", {"count": str(asked), "fewest": str(fewest)}
    ease = readability(article.body)
    if ease.longest > LONGEST_SENTENCE:
        yield "sentence", {"count": str(ease.longest)}
    if ease.lix > HARDEST:
        yield "lix", {"lix": f"{ease.lix:.0f}"}


class Readability(NamedTuple):
    lix: float
    longest: int
    """Words of the longest sentence."""


def readability(body: str) -> Readability:
    """LIX: words per sentence plus the percentage of words over six letters (Björnsson 1968)."""
    sentences = [s.split() for s in _SENTENCE.split(to_text(body)) if s.strip()]
    words = [word.strip(".,:;()-") for sentence in sentences for word in sentence]
    if not words:
        return Readability(0.0, 0)
    long_words = sum(len(word) > 6 and "/" not in word for word in words)
    lix = len(words) / len(sentences) + 100 * long_words / len(words)
    return Readability(lix, max(map(len, sentences)))


def by_level(findings: list[Finding]) -> Mapping[str, int]:
    return {level: sum(f.level == level for f in findings) for level in ("error", "warning")}
