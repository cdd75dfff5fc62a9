"""Finds which topic a question is about: what each known question says for it, and how sure that is."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.chatbot.index import (
    FEATURES,
    SEARCHED,
    Index,
    Ranking,
    best_by_topic,
    several_by_topic,
)
from services.chatbot.ports import Embedder, Floats, Hit, Only, VectorStore

NOTHING = -1e9
"""Log-weight of a topic that may not be shown."""


class Nearness(NamedTuple):
    """To the questions that are nobody's here."""

    meaning: float
    """Of the nearest one, by embedding and words together."""
    words: float
    """Of the one with the most words in common."""


@dataclass(frozen=True)
class Evidence:
    """What was found for one question."""

    features: Floats
    """topics x FEATURES"""
    open: NDArray[np.bool_]
    """Topics that have a text in the citizen's language today."""
    logits: Floats
    """topics; NOTHING where not open"""
    coverage: float
    """Share of the question's words (by weight) that any known question holds."""
    outside: Nearness
    kinds: Floats
    """Log-probability of each of KINDS."""

    @property
    def probabilities(self) -> Floats:
        shifted = np.exp(self.logits - self.logits.max())
        return np.asarray(shifted / shifted.sum(), dtype=np.float32)

    def best(self, count: int) -> list[int]:
        """Topic numbers, best first, only open ones."""
        order = np.argsort(-self.logits, kind="stable")
        return [int(number) for number in order[:count] if self.open[number]]


def find(
    question: str,
    language: str,
    day: date,
    *,
    index: Index,
    embedder: Embedder,
    store: VectorStore,
) -> Evidence:
    """`language` is the citizen's: only topics with a valid text in it are open."""
    vector = embedder.embed([question])[0]
    hits = store.nearest(vector.tolist(), Only(day, index.municipality), SEARCHED)
    dense = spread(hits, index)
    reduced = index.reduced(vector)
    lexical = index.questions.scores(question, language)
    features = topic_features(
        dense=dense,
        lexical=lexical,
        bodies=index.bodies.scores(question, language),
        head=head_scores(question, language, vector, index),
        categories=category_scores(question, language, vector, index),
        passages=index.passages_reduced @ reduced,
        language=language,
        index=index,
    )
    is_open = index.open_topics(language, day)
    return Evidence(
        features=features,
        open=is_open,
        logits=rank(features, is_open, index.ranking),
        coverage=index.questions.coverage(question, language),
        outside=nearness_outside(question, language, reduced, index),
        kinds=index.kinds.read(question, vector),
    )


def spread(hits: list[Hit], index: Index) -> Floats:
    """Similarity of each entry; those the store did not return get the lowest it returned."""
    floor = hits[-1].similarity if len(hits) == SEARCHED else 0.0
    dense = np.full(len(index.entries), floor, dtype=np.float32)
    found = [(index.position.get(hit.id.int), hit.similarity) for hit in hits]
    known = [(number, similarity) for number, similarity in found if number is not None]
    if known:
        numbers, similarities = zip(*known, strict=True)
        dense[list(numbers)] = similarities
    return dense


def topic_features(
    *,
    dense: Floats,
    lexical: Floats,
    bodies: Floats,
    head: Floats,
    categories: Floats,
    passages: Floats,
    language: str,
    index: Index,
) -> Floats:
    """One row a topic, one column for each of FEATURES."""
    topics = len(index.topics)
    asked = index.question_sides[language]
    told = index.passage_sides[language]
    written = index.body_sides[language]
    columns = [
        best_by_topic(dense, asked.same, topics),
        best_by_topic(dense, asked.other, topics),
        best_by_topic(lexical, asked.same, topics),
        best_by_topic(lexical, asked.other, topics),
        best_by_topic(bodies, written.same, topics),
        head,
        categories,
        several_by_topic(dense, index.members),
        best_by_topic(passages, told.same, topics),
        best_by_topic(passages, told.other, topics),
    ]
    assert len(columns) == len(FEATURES)
    return np.stack(columns, axis=1)


def head_scores(question: str, language: str, vector: Floats, index: Index) -> Floats:
    columns, values = index.questions.vector(question, language)
    return np.asarray(
        vector @ index.head.dense + values @ index.head.sparse[columns], dtype=np.float32
    )


def category_scores(question: str, language: str, vector: Floats, index: Index) -> Floats:
    """What past inquiries say for each topic by its category; the same for all without any."""
    topics = len(index.topics)
    if not index.categories.names:
        return np.zeros(topics, dtype=np.float32)
    read = index.categories.read(question, language, vector)
    unknown = np.float32(-np.log(len(read)))
    known = index.category_of >= 0
    return np.where(known, read[index.category_of], unknown).astype(np.float32)


def nearness_outside(question: str, language: str, reduced: Floats, index: Index) -> Nearness:
    """`reduced`: the question's vector by principal components."""
    if not index.outside:
        return Nearness(0.0, 0.0)
    dense = index.outside_reduced @ reduced
    lexical = index.outside_questions.scores(question, language)
    return Nearness(float((dense + lexical).max() / 2), float(lexical.max()))


def rank(features: Floats, is_open: NDArray[np.bool_], ranking: Ranking) -> Floats:
    logits = features @ np.asarray(ranking.weights, dtype=np.float32)
    return np.where(is_open, logits, np.float32(NOTHING)).astype(np.float32)
