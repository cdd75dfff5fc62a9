"""Questions as an index saw them that did not hold them: what ranking and verdicts are fitted to."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.chatbot.head import Solved
from services.chatbot.index import SEARCHED, Entry, Index
from services.chatbot.ports import Floats
from services.chatbot.retrieve import (
    Nearness,
    category_scores,
    head_scores,
    nearness_outside,
    topic_features,
)


class Case(NamedTuple):
    """A question that came, and what is right for it."""

    text: str
    language: str
    topic: str | None
    """What answers it; None when no article may."""
    caught: bool = False
    """Whether a phrase catches it before any article is looked for."""


class Trial(NamedTuple):
    """One question as an index saw it that did not hold it."""

    features: Floats
    open: NDArray[np.bool_]
    right: int
    """Topic number; -1 when no topic is right."""
    coverage: float
    outside: Nearness
    kinds: Floats
    caught: bool = False
    """Whether it never comes to an article."""


class Asked(NamedTuple):
    """Every known question asked of the whole index, before anything is hidden from it."""

    dense: Floats
    lexical: Floats
    bodies: Floats
    coverage: tuple[float, ...]
    outside: tuple[Nearness, ...]
    categories: Floats
    passages: Floats
    kinds: Floats
    """What a model that had not seen the question says of its kind."""


def ask_all(index: Index, kinds: Floats) -> Asked:
    known = index.entries
    return Asked(
        index.vectors @ index.vectors.T,
        np.stack([index.questions.scores(e.text, e.language) for e in known]),
        np.stack([index.bodies.scores(e.text, e.language) for e in known]),
        tuple(_coverage_without(index, e) for e in known),
        tuple(
            nearness_outside(e.text, e.language, vector, index)
            for e, vector in zip(known, index.vectors, strict=True)
        ),
        np.stack([
            category_scores(e.text, e.language, vector, index)
            for e, vector in zip(known, index.vectors, strict=True)
        ]),
        index.vectors @ index.passage_vectors.T,
        kinds,
    )


def leave_one_out(index: Index, solved: Solved, asked: Asked) -> list[Trial]:
    """Every known question, asked of everything but itself.

    The same place in the article's other languages is left out as well: it may be a translation.
    """
    ordinals = np.array([entry.ordinal for entry in index.entries])
    trials = []
    for number in range(len(index.entries)):
        topic = int(index.topic_of[number])
        hidden = (index.topic_of == topic) & (ordinals == ordinals[number])
        rows = np.flatnonzero(hidden)
        head = solved.without(rows, np.array([number]))[0]
        trials.append(_trial(index, asked, number, hidden, head, topic))
    return trials


def leave_topics_out(index: Index, solved: Solved, asked: Asked) -> list[Trial]:
    """Every known question, asked of an index that lacks its topic."""
    passages = np.array([index.topic_numbers[e.topic] for e in index.passages], dtype=np.int64)
    nobody = np.full(len(index.outside), -1)
    topic_of_rows = np.concatenate([index.topic_of, passages, nobody])
    trials: list[Trial] = []
    for topic in range(len(index.topics)):
        hidden = index.topic_of == topic
        rows = np.flatnonzero(topic_of_rows == topic)
        numbers = np.flatnonzero(hidden)
        heads = solved.without(rows, numbers)
        trials += [
            _trial(index, asked, int(number), hidden, head, -1)
            for number, head in zip(numbers, heads, strict=True)
        ]
    return trials


def outside_trials(index: Index, solved: Solved, kinds: Floats) -> list[Trial]:
    """The questions known to be nobody's here, each unknown to the list of them."""
    trials: list[Trial] = []
    first = len(index.entries) + len(index.passages)
    # All at once: one by one each of them would read both matrices anew.
    dense = index.outside_vectors @ index.vectors.T
    passages = index.outside_vectors @ index.passage_vectors.T
    for number, entry in enumerate(index.outside):
        vector = index.outside_vectors[number]
        row = np.array([first + number])
        features = topic_features(
            dense=_searched(dense[number]),
            lexical=index.questions.scores(entry.text, entry.language),
            bodies=index.bodies.scores(entry.text, entry.language),
            head=solved.without(row, row)[0],
            categories=category_scores(entry.text, entry.language, vector, index),
            passages=passages[number],
            language=entry.language,
            index=index,
        )
        trials.append(
            Trial(
                features,
                index.written_in[entry.language],
                -1,
                index.questions.coverage(entry.text, entry.language),
                nearness_outside(entry.text, entry.language, vector, index, hidden=number),
                kinds[number],
            )
        )
    return trials


def case_trials(index: Index, cases: Sequence[Case], vectors: Floats) -> list[Trial]:
    """Questions that came, asked of the whole index."""
    trials: list[Trial] = []
    for case, vector in zip(cases, vectors, strict=True):
        features = topic_features(
            dense=_searched(index.vectors @ vector),
            lexical=index.questions.scores(case.text, case.language),
            bodies=index.bodies.scores(case.text, case.language),
            head=head_scores(case.text, case.language, vector, index),
            categories=category_scores(case.text, case.language, vector, index),
            passages=index.passage_vectors @ vector,
            language=case.language,
            index=index,
        )
        trials.append(
            Trial(
                features,
                index.written_in[case.language],
                index.topic_numbers.get((case.topic or "").split("|")[0], -1),
                index.questions.coverage(case.text, case.language),
                nearness_outside(case.text, case.language, vector, index),
                index.kinds.read(case.text, vector),
                case.caught or index.kinds.refused(case.text, vector) is not None,
            )
        )
    return trials


def _trial(
    index: Index,
    asked: Asked,
    number: int,
    hidden: NDArray[np.bool_],
    head: Floats,
    right: int,
) -> Trial:
    language = index.entries[number].language
    dense = np.where(hidden, np.float32(0), asked.dense[number])
    is_open = index.written_in[language]
    if right < 0:
        is_open = is_open & ~np.isin(np.arange(len(index.topics)), index.topic_of[hidden])
    features = topic_features(
        dense=_searched(dense),
        lexical=np.where(hidden, np.float32(0), asked.lexical[number]),
        bodies=asked.bodies[number],
        head=head,
        categories=asked.categories[number],
        passages=asked.passages[number],
        language=language,
        index=index,
    )
    return Trial(
        features, is_open, right, asked.coverage[number], asked.outside[number], asked.kinds[number]
    )


def _searched(dense: Floats) -> Floats:
    """As the vector store would tell it: the lowest similarity it returns stands for all below."""
    if len(dense) <= SEARCHED:
        return dense
    floor = np.partition(dense, -SEARCHED)[-SEARCHED]
    return np.asarray(np.maximum(dense, floor), dtype=np.float32)


def _coverage_without(index: Index, entry: Entry) -> float:
    """Share of the question's weight on terms that another question holds as well."""
    lexical = index.questions
    columns, _ = lexical.vector(entry.text, entry.language)
    if not len(columns):
        return 0.0
    shared = lexical.starts[columns + 1] - lexical.starts[columns] > 1
    weights = np.where(shared, lexical.idf[columns], lexical.unknown_idf)
    return float(weights[shared].sum() / weights.sum())
