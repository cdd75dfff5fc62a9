"""The published index: every known question of every approved article, and what was fitted to them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple
from uuid import UUID, uuid5

import numpy as np
from numpy.typing import NDArray

from contracts.event import EFFECTS
from services.chatbot.alarm import Alarm
from services.chatbot.categories import Categories
from services.chatbot.kinds import Kinds
from services.chatbot.knowledge import TONGUES, Article, Base
from services.chatbot.lexical import Lexical
from services.chatbot.ports import Floats, StoredPoint
from services.chatbot.render import to_text
from services.chatbot.terms import spoken_words
from services.chatbot.trees import NO_TREES, Trees

FEATURES = (
    "dense",
    "dense_other_language",
    "lexical",
    "lexical_other_language",
    "lexical_body",
    "head",
    "category",
    "several",
    "passage",
    "passage_other_language",
)
"""What speaks for a topic; the order of the columns of `Evidence.features`."""
SEARCHED = 64
"""How many of the nearest questions the vector store is asked for."""
COMPONENTS = 256
"""Of the product's 576 dimensions these hold 89 % of the texts' variance."""
SEVERAL = 4
"""So many of a topic's questions say together how near it is: one alone may be near by chance."""


class Entry(NamedTuple):
    """One known question of one article."""

    id: UUID
    topic: str
    language: str
    ordinal: int
    """Its place among the article's questions."""
    text: str


@dataclass(frozen=True)
class Head:
    """A linear classifier of topics on the embedding and the term vector, side by side."""

    dense: Floats
    """dimensions x topics"""
    sparse: Floats
    """terms x topics"""


@dataclass(frozen=True)
class Ranking:
    """How much each of FEATURES speaks for a topic (fitted)."""

    weights: tuple[float, ...]


@dataclass(frozen=True)
class Verdicts:
    """The calibrated decision, fitted on questions the index had not seen."""

    weights: tuple[float, ...]
    """One for each of decide.SIGNS, the last for the constant."""
    means: tuple[float, ...]
    scales: tuple[float, ...]
    answer_from: float
    """Answer when the probability that the best topic is right reaches this."""
    clarify_from: float
    """Offer buttons when the probability that one of them is right reaches this."""
    follow_from: float
    """A question on its own below this may lean on the conversation."""
    trees: Trees = NO_TREES
    """What the line misses; none without enough questions that came."""

    @cached_property
    def line(self) -> tuple[NDArray[np.float64], float]:
        """Slopes and constant for signs as they are read, not yet brought to their means and scales."""
        slopes = np.asarray(self.weights[:-1]) / np.asarray(self.scales)
        return slopes, float(self.weights[-1] - slopes @ np.asarray(self.means))


class Side(NamedTuple):
    """Numbers of some entries, topic by topic."""

    numbers: NDArray[np.int64]
    starts: NDArray[np.int64]
    """Where each of `topics` begins in `numbers`."""
    topics: NDArray[np.int64]
    """Those that have any."""


class Sides(NamedTuple):
    same: Side
    """What is in the citizen's language."""
    other: Side
    """What is not."""


@dataclass(frozen=True)
class Index:
    """Everything that answers, as one immutable value."""

    municipality: str
    model_name: str
    model_digest: str
    articles: Mapping[str, Article]
    entries: tuple[Entry, ...]
    vectors: Floats
    passages: tuple[Entry, ...]
    """The articles' own titles and sentences, which teach the head their words."""
    passage_vectors: Floats
    outside: tuple[Entry, ...]
    """Questions known to be nobody's here; their topic is OUTSIDE."""
    outside_vectors: Floats
    questions: Lexical
    bodies: Lexical
    outside_questions: Lexical
    head: Head
    ranking: Ranking
    verdicts: Verdicts
    alarm: Alarm
    categories: Categories
    kinds: Kinds
    figures: Mapping[str, float]
    """What the fit measured on held-out questions."""
    components: Floats
    """dimensions x COMPONENTS; empty when the vectors have no more dimensions than that"""

    def reduced(self, vectors: Floats) -> Floats:
        """Vectors by their principal components, which nearly keep their products.

        Every answer reads all passages and all questions outside; less than half of the numbers are less
        than half of the time.
        """
        return vectors @ self.components if self.components.size else vectors

    @cached_property
    def passages_reduced(self) -> Floats:
        return self.reduced(self.passage_vectors)

    @cached_property
    def outside_reduced(self) -> Floats:
        return self.reduced(self.outside_vectors)

    @cached_property
    def topics(self) -> tuple[str, ...]:
        return tuple(sorted({entry.topic for entry in self.entries}))

    @cached_property
    def topic_numbers(self) -> Mapping[str, int]:
        return {topic: number for number, topic in enumerate(self.topics)}

    @cached_property
    def topic_of(self) -> NDArray[np.int64]:
        """Topic number of each entry."""
        return np.array([self.topic_numbers[entry.topic] for entry in self.entries])

    @cached_property
    def category_of(self) -> NDArray[np.int64]:
        """Number of each topic's category among `categories.names`; -1 when inquiries know none."""
        numbers = {name: number for number, name in enumerate(self.categories.names)}
        found = {article.id: article.category for article in self.articles.values()}
        return np.array([numbers.get(found[topic], -1) for topic in self.topics])

    @cached_property
    def language_of(self) -> NDArray[np.str_]:
        return np.array([entry.language for entry in self.entries])

    @cached_property
    def question_sides(self) -> Mapping[str, "Sides"]:
        """By language which entries speak it and which do not."""
        return {tongue: _sides(self.language_of == tongue, self.topic_of) for tongue in TONGUES}

    @cached_property
    def passage_sides(self) -> Mapping[str, "Sides"]:
        """The same for passages."""
        spoken, topics = self.passage_language_of, self.passage_topic_of
        return {tongue: _sides(spoken == tongue, topics) for tongue in TONGUES}

    @cached_property
    def body_sides(self) -> Mapping[str, "Sides"]:
        """The same for the documents of `bodies`."""
        articles = [self.articles[key] for key in self.body_keys]
        spoken = np.array([article.language for article in articles], dtype=str)
        # An article without a known question is no topic.
        topics = np.array(
            [self.topic_numbers.get(article.id, -1) for article in articles], dtype=int
        )
        return {tongue: _sides(spoken == tongue, topics) for tongue in TONGUES}

    @cached_property
    def members(self) -> NDArray[np.int64]:
        """topics x most: numbers of each topic's entries, the rows filled up with `len(entries)`."""
        of = [np.flatnonzero(self.topic_of == number) for number in range(len(self.topics))]
        members = np.full((len(of), max([SEVERAL, *map(len, of)])), len(self.entries))
        for row, numbers in zip(members, of, strict=True):
            row[: len(numbers)] = numbers
        return members

    @cached_property
    def passage_topic_of(self) -> NDArray[np.int64]:
        """Topic number of each passage."""
        return np.array([self.topic_numbers[entry.topic] for entry in self.passages], dtype=int)

    @cached_property
    def passage_language_of(self) -> NDArray[np.str_]:
        return np.array([entry.language for entry in self.passages], dtype=str)

    @cached_property
    def position(self) -> Mapping[int, int]:
        """Of each entry, by the number that its id is: it is looked up 64 times for a question."""
        return {entry.id.int: number for number, entry in enumerate(self.entries)}

    @cached_property
    def word_for_word(self) -> Mapping[tuple[str, str], int]:
        """Topic number of each known question by language and words; not of those asked of two."""
        found: dict[tuple[str, str], set[int]] = {}
        for entry in self.entries:
            key = (entry.language, " ".join(spoken_words(entry.text)))
            found.setdefault(key, set()).add(self.topic_numbers[entry.topic])
        return {key: topics.pop() for key, topics in found.items() if len(topics) == 1}

    @cached_property
    def body_keys(self) -> tuple[str, ...]:
        """Article of each document of `bodies`."""
        return tuple(sorted(self.articles))

    def article(self, topic: str, language: str) -> Article | None:
        return self.articles.get(f"{topic}.{language}")

    @cached_property
    def written_in(self) -> Mapping[str, NDArray[np.bool_]]:
        """By language which topics have a text in it, of whatever day."""
        return {
            tongue: np.array([self.article(topic, tongue) is not None for topic in self.topics])
            for tongue in TONGUES
        }

    def open_topics(self, language: str, day: date) -> NDArray[np.bool_]:
        """Which topics have a text in this language that may be shown that day."""
        known = self._open.get(language)
        if known is None or known[0] != day:
            shown = [self.article(topic, language) for topic in self.topics]
            known = day, np.array([a is not None and a.answers_on(day) for a in shown])
            known[1].flags.writeable = False
            self._open[language] = known
        return known[1]

    @cached_property
    def _open(self) -> dict[str, tuple[date, NDArray[np.bool_]]]:
        """By language the last day that was asked for, and what was open."""
        return {}


OUTSIDE = "-"
_SENTENCES = re.compile(r"(?<=[.!?])\s+|\n+")


def entries_of(base: Base) -> tuple[Entry, ...]:
    """In the order of the files; ids depend on what is said where, so an unchanged text keeps its."""
    return tuple(
        Entry(
            uuid5(EFFECTS, f"article/{key}/{article.version}/{article.digest}/{question}"),
            article.id,
            article.language,
            ordinal,
            question,
        )
        for key, article in sorted(base.articles.items())
        for ordinal, question in enumerate(article.questions)
    )


def passages_of(articles: Mapping[str, Article]) -> tuple[Entry, ...]:
    """Title, whole text and every sentence of each article."""
    found: list[Entry] = []
    for key, article in sorted(articles.items()):
        plain = to_text(article.body)
        pieces = (piece.strip(" -*") for piece in _SENTENCES.split(plain))
        texts = [article.title, f"{article.title}\n{plain}", *(p for p in pieces if len(p) > 12)]
        found += [
            Entry(
                uuid5(EFFECTS, f"passage/{key}/{article.digest}/{number}"),
                article.id,
                article.language,
                number,
                text,
            )
            for number, text in enumerate(texts)
        ]
    return tuple(found)


def stored_points(index: Index) -> list[StoredPoint]:
    points: list[StoredPoint] = []
    for entry, vector in zip(index.entries, index.vectors, strict=True):
        article = index.articles[f"{entry.topic}.{entry.language}"]
        points.append(
            StoredPoint(
                id=entry.id,
                vector=vector.tolist(),
                topic=entry.topic,
                language=entry.language,
                municipality=index.municipality,
                valid_from=article.valid_from.toordinal(),
                review_by=article.review_by.toordinal(),
            )
        )
    return points


def _sides(same: NDArray[np.bool_], topic_of: NDArray[np.int64]) -> Sides:
    return Sides(_side(np.flatnonzero(same), topic_of), _side(np.flatnonzero(~same), topic_of))


def _side(numbers: NDArray[np.int64], topic_of: NDArray[np.int64]) -> Side:
    # Below 0: of no topic.
    numbers = numbers[topic_of[numbers] >= 0]
    ordered = numbers[np.argsort(topic_of[numbers], kind="stable")]
    topics, starts = np.unique(topic_of[ordered], return_index=True)
    return Side(ordered, starts, topics)


def best_by_topic(values: Floats, side: Side, topics: int) -> Floats:
    """For each topic the largest of its entries' values; 0 where none is above, or it has none."""
    best = np.zeros(topics, dtype=np.float32)
    if len(side.starts):
        best[side.topics] = np.maximum.reduceat(values[side.numbers], side.starts)
    return np.maximum(best, 0, out=best)


def several_by_topic(values: Floats, members: NDArray[np.int64]) -> Floats:
    """For each topic the mean of its SEVERAL largest entries' values, or of all it has."""
    filled = np.append(values, np.float32(-np.inf))[members]
    largest = np.partition(filled, -SEVERAL, axis=1)[:, -SEVERAL:]
    found = np.isfinite(largest)
    summed = np.where(found, largest, 0).sum(axis=1)
    return np.asarray(summed / np.maximum(found.sum(axis=1), 1), dtype=np.float32)


def principal_components(vectors: Floats) -> Floats:
    """dimensions x COMPONENTS, the greatest first; empty when there is nothing to be saved."""
    dimensions = vectors.shape[1]
    if dimensions <= COMPONENTS:
        return np.zeros((dimensions, 0), dtype=np.float32)
    # Not centred: what must be kept are products of the vectors, not of their differences.
    exact = vectors.astype(np.float64)
    _, directions = np.linalg.eigh(exact.T @ exact)
    return np.ascontiguousarray(directions[:, ::-1][:, :COMPONENTS], dtype=np.float32)


def body_texts(articles: Mapping[str, Article], keys: Sequence[str]) -> list[str]:
    return [f"{articles[key].title}\n{articles[key].body}" for key in keys]
