"""Fits ranking and verdicts to the published questions, each judged by an index that had not seen it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from services.chatbot.alarm import Alarm
from services.chatbot.decide import BUTTONS, SIGNS, signs
from services.chatbot.index import (
    FEATURES,
    SEARCHED,
    Entry,
    Head,
    Index,
    Ranking,
    Verdicts,
    body_texts,
)
from services.chatbot.knowledge import Article
from services.chatbot.lexical import Lexical, build_lexical
from services.chatbot.ports import Floats
from services.chatbot.retrieve import NOTHING, Evidence, topic_features

START = (8.0, 2.0, 4.0, 1.0, 2.0, 4.0)
"""Where the search for the ranking weights begins, one for each of FEATURES; also the prior."""


@dataclass(frozen=True)
class Budget:
    """How many mistakes the municipality accepts; the thresholds follow from it."""

    wrong: float = 0.03
    """Share of answerable questions that may get a wrong answer."""
    missing: float = 0.15
    """Share of questions whose article was taken away that may get another article's answer."""
    foreign: float = 0.09
    """Share of questions nobody here can answer that may get one."""
    hopeless_buttons: float = 0.3
    """Share of questions nobody here can answer that may get buttons."""


class Material(NamedTuple):
    """What an index is made from."""

    municipality: str
    model_name: str
    model_digest: str
    articles: Mapping[str, Article]
    entries: tuple[Entry, ...]
    vectors: Floats
    passages: tuple[Entry, ...]
    passage_vectors: Floats
    outside: tuple[Entry, ...]
    outside_vectors: Floats
    alarm: Alarm


class Trial(NamedTuple):
    """One question as an index saw it that did not hold it."""

    features: Floats
    open: NDArray[np.bool_]
    right: int
    """Topic number; -1 when no topic is right."""
    coverage: float
    outside: float


def build_index(material: Material, budget: Budget | None = None) -> Index:
    """Everything that answers, fitted. Deterministic: the same material gives the same index."""
    bare = _bare(material)
    solved, asked = solve_head(bare), ask_all(bare)
    known = leave_one_out(bare, solved, asked)
    missing = leave_topics_out(bare, solved, asked)
    foreign = _outside_trials(bare, solved)
    ranked = replace(bare, head=solved.head, ranking=_fit_ranking(known))
    verdicts, figures = _fit_verdicts(known, missing, foreign, ranked, budget or Budget())
    return replace(ranked, verdicts=verdicts, figures=figures)


def _bare(material: Material) -> Index:
    """The index before anything is fitted."""
    keys = sorted(material.articles)
    return Index(
        municipality=material.municipality,
        model_name=material.model_name,
        model_digest=material.model_digest,
        articles=material.articles,
        entries=material.entries,
        vectors=material.vectors,
        passages=material.passages,
        passage_vectors=material.passage_vectors,
        outside=material.outside,
        outside_vectors=material.outside_vectors,
        questions=_lexical_of(material.entries),
        bodies=build_lexical(
            body_texts(material.articles, keys), [material.articles[k].language for k in keys]
        ),
        outside_questions=_lexical_of(material.outside),
        head=Head(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32)),
        ranking=Ranking(START),
        verdicts=Verdicts((), (), (), 1.0, 1.0, 1.0),
        alarm=material.alarm,
        figures={},
    )


def _lexical_of(entries: Sequence[Entry]) -> Lexical:
    return build_lexical([e.text for e in entries], [e.language for e in entries])


# --- the head: ridge regression, whose answers without some of its rows have a closed form


class HeadPlan(NamedTuple):
    dense_share: float = 0.4
    ridge: float = 0.4


PLAN = HeadPlan()


class Solved(NamedTuple):
    """The fitted head and what is needed to ask it without some of the rows it was fitted to."""

    head: Head
    inverse: NDArray[np.float64]
    dual: NDArray[np.float64]
    targets: NDArray[np.float64]

    def without(self, rows: NDArray[np.int64], asked: NDArray[np.int64]) -> NDArray[np.float64]:
        """What a head fitted without `rows` says about `asked`, which must be among them (exact)."""
        block = self.inverse[np.ix_(rows, rows)]
        shift = np.linalg.solve(block, self.dual[rows])
        place = np.searchsorted(rows, asked)
        return np.asarray(self.targets[asked] - shift[place])


def solve_head(index: Index, plan: HeadPlan = PLAN) -> Solved:
    """Weights such that `dense @ D + sparse @ S` is near 1 for the right topic and 0 for others.

    Rows are the known questions, the articles' own sentences and, for no topic at all, the questions
    that are nobody's here; in that order.
    """
    rows = (*index.entries, *index.passages, *index.outside)
    vectors = np.concatenate([index.vectors, index.passage_vectors, index.outside_vectors])
    terms = index.questions.vectors([e.text for e in rows], [e.language for e in rows])
    kernel = plan.dense_share * (vectors @ vectors.T).astype(np.float64)
    kernel += (1 - plan.dense_share) * (terms @ terms.T).toarray()
    kernel[np.diag_indices_from(kernel)] += plan.ridge
    inverse = np.linalg.inv(kernel)
    nothing = len(index.topics)
    numbers = [index.topic_numbers.get(entry.topic, nothing) for entry in rows]
    targets = np.eye(nothing + 1)[numbers][:, :nothing]
    dual = inverse @ targets
    head = Head(
        dense=(plan.dense_share * vectors.T @ dual).astype(np.float32),
        sparse=np.asarray((1 - plan.dense_share) * (terms.T @ dual), dtype=np.float32),
    )
    return Solved(head, inverse, dual, targets)


# --- trials


class Asked(NamedTuple):
    """Every known question asked of the whole index, before anything is hidden from it."""

    lexical: Floats
    bodies: Floats
    coverage: tuple[float, ...]
    outside: tuple[float, ...]


def ask_all(index: Index) -> Asked:
    known = index.entries
    return Asked(
        np.stack([index.questions.scores(e.text, e.language) for e in known]),
        np.stack([index.bodies.scores(e.text, e.language) for e in known]),
        tuple(_coverage_without(index, e) for e in known),
        tuple(
            _outside_of(index, e, vector, None)
            for e, vector in zip(known, index.vectors, strict=True)
        ),
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


def _outside_trials(index: Index, solved: Solved) -> list[Trial]:
    """The questions known to be nobody's here, each unknown to the list of them."""
    trials: list[Trial] = []
    first = len(index.entries) + len(index.passages)
    for number, entry in enumerate(index.outside):
        vector = index.outside_vectors[number]
        row = np.array([first + number])
        features = topic_features(
            dense=_searched(index.vectors @ vector),
            lexical=index.questions.scores(entry.text, entry.language),
            bodies=index.bodies.scores(entry.text, entry.language),
            head=solved.without(row, row)[0].astype(np.float32),
            language=entry.language,
            index=index,
        )
        trials.append(
            Trial(
                features,
                _has_text(index, entry.language),
                -1,
                index.questions.coverage(entry.text, entry.language),
                _outside_of(index, entry, vector, number),
            )
        )
    return trials


def _trial(
    index: Index,
    asked: Asked,
    number: int,
    hidden: NDArray[np.bool_],
    head: NDArray[np.float64],
    right: int,
) -> Trial:
    language = index.entries[number].language
    dense = np.where(hidden, 0.0, index.vectors @ index.vectors[number]).astype(np.float32)
    is_open = _has_text(index, language)
    if right < 0:
        is_open &= ~np.isin(np.arange(len(index.topics)), index.topic_of[hidden])
    features = topic_features(
        dense=_searched(dense),
        lexical=np.where(hidden, np.float32(0), asked.lexical[number]),
        bodies=asked.bodies[number],
        head=head.astype(np.float32),
        language=language,
        index=index,
    )
    return Trial(features, is_open, right, asked.coverage[number], asked.outside[number])


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


def _outside_of(index: Index, entry: Entry, vector: Floats, hidden: int | None) -> float:
    if not index.outside:
        return 0.0
    near = index.outside_vectors @ vector
    near = near + index.outside_questions.scores(entry.text, entry.language)
    if hidden is not None:
        near[hidden] = 0.0
    return float(near.max() / 2)


def _has_text(index: Index, language: str) -> NDArray[np.bool_]:
    return np.array([index.article(topic, language) is not None for topic in index.topics])


# --- fits


def _fit_ranking(trials: Sequence[Trial]) -> Ranking:
    """Softmax regression over topics: maximum likelihood, drawn a little towards START."""
    features = np.stack([trial.features for trial in trials]).astype(np.float64)
    closed = np.where(np.stack([trial.open for trial in trials]), 0.0, NOTHING)
    right = np.array([trial.right for trial in trials])
    rows = np.arange(len(trials))
    start = np.array(START)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = features @ weights + closed
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        shares /= shares.sum(axis=1, keepdims=True)
        gradient = (np.einsum("nt,ntf->nf", shares, features) - features[rows, right]).mean(axis=0)
        drawn = weights - start
        value = -np.log(np.maximum(shares[rows, right], 1e-12)).mean() + 1e-4 * drawn @ drawn
        return float(value), gradient + 2e-4 * drawn

    bounds = [(0.0, None)] * len(FEATURES)
    fitted = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return Ranking(tuple(float(weight) for weight in fitted.x))


def _evidence(trial: Trial, ranking: Ranking) -> Evidence:
    logits = trial.features @ np.asarray(ranking.weights, dtype=np.float32)
    return Evidence(
        trial.features,
        trial.open,
        np.where(trial.open, logits, np.float32(NOTHING)).astype(np.float32),
        trial.coverage,
        trial.outside,
    )


def _fit_verdicts(
    known: Sequence[Trial],
    missing: Sequence[Trial],
    foreign: Sequence[Trial],
    index: Index,
    budget: Budget,
) -> tuple[Verdicts, dict[str, float]]:
    """`missing`: known questions whose topic was taken away; the hardest there are to decline."""
    trials = [*known, *missing, *foreign]
    seen = [_evidence(trial, index.ranking) for trial in trials]
    rows = np.stack([signs(evidence) for evidence in seen]).astype(np.float64)
    right = np.array([e.best(1) == [t.right] for e, t in zip(seen, trials, strict=True)])
    reached = np.array([t.right in e.best(BUTTONS) for e, t in zip(seen, trials, strict=True)])
    group = np.repeat([0, 1, 2], [len(known), len(missing), len(foreign)])
    # What comes in is taken to be answerable four times in five, however many examples there are.
    importance = np.choose(
        group,
        [
            share / max(1, count)
            for share, count in zip((0.8, 0.1, 0.1), np.bincount(group, minlength=3), strict=True)
        ],
    )
    means, scales = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    scaled = np.hstack([(rows - means) / scales, np.ones((len(rows), 1))])
    weights = _logistic(scaled, right, importance)
    sure = 1 / (1 + np.exp(-np.clip(scaled @ weights, -30, 30)))
    among = _among(seen, sure)
    verdicts = Verdicts(
        weights=tuple(map(float, weights)),
        means=tuple(map(float, means)),
        scales=tuple(map(float, scales)),
        answer_from=(
            answer_from := max(
                _lowest(sure, (group == 0) & ~right, group == 0, budget.wrong),
                _lowest(sure, group == 1, group == 1, budget.missing),
                _lowest(sure, group == 2, group == 2, budget.foreign),
            )
        ),
        clarify_from=min(
            answer_from,
            _lowest(among, group == 2, group == 2, budget.hopeless_buttons),
        ),
        follow_from=answer_from,
    )
    return verdicts, _figures(group, right, reached, sure, among, verdicts)


def _figures(
    group: NDArray[np.int64],
    right: NDArray[np.bool_],
    reached: NDArray[np.bool_],
    sure: NDArray[np.float64],
    among: NDArray[np.float64],
    verdicts: Verdicts,
) -> dict[str, float]:
    answered = sure >= verdicts.answer_from
    offered = ~answered & (among >= verdicts.clarify_from)
    shares = {
        "right_first": right[group == 0],
        "right_in_three": reached[group == 0],
        "answered_right": (answered & right)[group == 0],
        "answered_wrong": (answered & ~right)[group == 0],
        "offered": offered[group == 0],
        "offered_with_right": (offered & reached)[group == 0],
        "missing_answered": answered[group == 1],
        "missing_offered": offered[group == 1],
        "foreign_answered": answered[group == 2],
        "foreign_offered": offered[group == 2],
    }
    return {name: round(float(v.mean()) if len(v) else 0.0, 4) for name, v in shares.items()}


def _among(seen: Sequence[Evidence], sure: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability that one of the first three is right, by the same rule as `decide`."""
    ratios = []
    for evidence in seen:
        shares = evidence.probabilities[evidence.best(BUTTONS)]
        ratios.append(float(shares.sum() / max(float(shares[0]), 1e-9)) if len(shares) else 0.0)
    return np.asarray(np.minimum(1.0, sure * np.array(ratios)), dtype=np.float64)


def _lowest(
    values: NDArray[np.float64],
    mistakes: NDArray[np.bool_],
    of: NDArray[np.bool_],
    share: float,
) -> float:
    """The lowest threshold at which at most `share` of `of` are mistakes."""
    allowed = int(share * of.sum())
    wrong = np.sort(values[mistakes])[::-1]
    if len(wrong) <= allowed:
        return 0.0
    return float(np.nextafter(wrong[allowed], 2.0))


def _logistic(
    rows: NDArray[np.float64], right: NDArray[np.bool_], importance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """More evidence never lowers the probability: only nearness to foreign questions may."""
    target = right.astype(np.float64)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = rows @ weights
        value = importance @ (np.logaddexp(0, logits) - target * logits)
        gradient = rows.T @ (importance * (1 / (1 + np.exp(-logits)) - target))
        return float(value + 1e-3 * weights @ weights), gradient + 2e-3 * weights

    start = np.zeros(rows.shape[1])
    bounds = [*((None, 0.0) if sign == "outside" else (0.0, None) for sign in SIGNS), (None, None)]
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x)
