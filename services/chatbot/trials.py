"""Questions as an index saw them that did not hold them: what ranking and verdicts are fitted to."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.chatbot.counting import Counted, count_terms
from services.chatbot.head import Solved
from services.chatbot.index import SEARCHED, Entry, Index
from services.chatbot.ports import Floats
from services.chatbot.retrieve import Nearness, topic_features


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
    many = _at_once(index, index.entries, index.vectors)
    return Asked(
        index.vectors @ index.vectors.T,
        many.lexical,
        many.bodies,
        tuple(map(float, _coverage_without(index, many.counted))),
        many.outside(),
        many.categories,
        index.reduced(index.vectors) @ index.passages_reduced.T,
        kinds,
    )


class AtOnce(NamedTuple):
    """What `retrieve` asks of an index for one question, for many: a row each."""

    counted: Counted
    lexical: Floats
    bodies: Floats
    categories: Floats
    outside_dense: Floats
    outside_lexical: Floats

    def outside(self, *, hidden: bool = False) -> tuple[Nearness, ...]:
        """`hidden`: the texts are the questions outside themselves, each not to be looked at."""
        if not self.outside_dense.shape[1]:
            return (Nearness(0.0, 0.0),) * len(self.outside_dense)
        dense, lexical = self.outside_dense, self.outside_lexical
        if hidden:
            dense, lexical = dense.copy(), lexical.copy()
            np.fill_diagonal(dense, 0.0)
            np.fill_diagonal(lexical, 0.0)
        both, words = (dense + lexical).max(axis=1) / 2, lexical.max(axis=1)
        return tuple(Nearness(float(a), float(b)) for a, b in zip(both, words, strict=True))


def _at_once(index: Index, asked: Sequence[Entry | Case], vectors: Floats) -> AtOnce:
    counted = count_terms([one.text for one in asked], [one.language for one in asked])
    return AtOnce(
        counted,
        index.questions.scores_all(counted),
        index.bodies.scores_all(counted),
        _categories_of(index, counted, vectors),
        index.reduced(vectors) @ index.outside_reduced.T,
        index.outside_questions.scores_all(counted),
    )


def _categories_of(index: Index, counted: Counted, vectors: Floats) -> Floats:
    if not index.categories.names:
        return np.zeros((len(vectors), len(index.topics)), dtype=np.float32)
    read = index.categories.read_all(counted, vectors)
    unknown = np.float32(-np.log(read.shape[1]))
    known = index.category_of >= 0
    return np.where(known, read[:, index.category_of], unknown).astype(np.float32)


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
    passages = index.outside_reduced @ index.passages_reduced.T
    many = _at_once(index, index.outside, index.outside_vectors)
    near = many.outside(hidden=True)
    coverage = index.questions.coverage_all(many.counted)
    for number, entry in enumerate(index.outside):
        row = np.array([first + number])
        features = topic_features(
            dense=_searched(dense[number]),
            lexical=many.lexical[number],
            bodies=many.bodies[number],
            head=solved.without(row, row)[0],
            categories=many.categories[number],
            passages=passages[number],
            language=entry.language,
            index=index,
        )
        is_open = index.written_in[entry.language]
        trials.append(
            Trial(features, is_open, -1, float(coverage[number]), near[number], kinds[number])
        )
    return trials


def case_trials(index: Index, cases: Sequence[Case], vectors: Floats) -> list[Trial]:
    """Questions that came, asked of the whole index."""
    trials: list[Trial] = []
    if not cases:
        return trials
    many = _at_once(index, cases, vectors)
    near, coverage = many.outside(), index.questions.coverage_all(many.counted)
    dense, passages = vectors @ index.vectors.T, index.reduced(vectors) @ index.passages_reduced.T
    terms = index.questions.weighed(many.counted)
    heads = vectors @ index.head.dense + terms @ index.head.sparse
    for number, (case, vector) in enumerate(zip(cases, vectors, strict=True)):
        features = topic_features(
            dense=_searched(dense[number]),
            lexical=many.lexical[number],
            bodies=many.bodies[number],
            head=np.asarray(heads[number], dtype=np.float32),
            categories=many.categories[number],
            passages=passages[number],
            language=case.language,
            index=index,
        )
        trials.append(
            Trial(
                features,
                index.written_in[case.language],
                index.topic_numbers.get((case.topic or "").split("|")[0], -1),
                float(coverage[number]),
                near[number],
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


def _coverage_without(index: Index, counted: Counted) -> NDArray[np.float64]:
    """Share of each known question's weight on terms that another question holds as well."""
    lexical = index.questions
    shared = np.diff(lexical.starts) > 1
    columns = counted.places(lexical.vocabulary)
    held = shared[columns]
    weights = np.where(held, lexical.idf[columns], lexical.unknown_idf)
    rows, size = counted.text_of, counted.counts.shape[0]
    found = np.bincount(rows[held], weights[held], minlength=size)
    return found / np.maximum(np.bincount(rows, weights, minlength=size), 1e-9)
