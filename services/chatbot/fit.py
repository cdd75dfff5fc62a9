"""Fits ranking and verdicts to the published questions, each judged by an index that had not seen it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from services.chatbot.decide import BUTTONS, signs
from services.chatbot.index import (
    FEATURES,
    OUTSIDE,
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

GROUPS = 7
"""Topics are left out of the index in this many groups, to see what a missing topic looks like."""
START = (8.0, 2.0, 4.0, 1.0, 2.0, 4.0)
"""Where the search for the ranking weights begins, one for each of FEATURES; also the prior."""


@dataclass(frozen=True)
class Budget:
    """How many mistakes the municipality accepts; the thresholds follow from it."""

    wrong: float = 0.02
    """Share of answerable questions that may get a wrong answer."""
    foreign: float = 0.04
    """Share of questions nobody here can answer that may get one."""
    hopeless_buttons: float = 0.25
    """Share of questions nobody here can answer that may get buttons."""


class Material(NamedTuple):
    """What an index is made from."""

    municipality: str
    model_name: str
    model_digest: str
    articles: Mapping[str, Article]
    entries: tuple[Entry, ...]
    vectors: Floats
    outside: tuple[Entry, ...]
    outside_vectors: Floats


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
    known = leave_one_out(bare)
    ranking = _fit_ranking(known)
    foreign = [*_leave_topics_out(bare), *_outside_trials(bare)]
    ranked = replace(bare, ranking=ranking)
    verdicts, figures = _fit_verdicts(known, foreign, ranked, budget or Budget())
    return replace(ranked, head=fit_head(bare), verdicts=verdicts, figures=figures)


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
        figures={},
    )


def _lexical_of(entries: Sequence[Entry]) -> Lexical:
    return build_lexical([e.text for e in entries], [e.language for e in entries])


# --- the head: ridge regression, whose leave-one-out answers have a closed form


class HeadPlan(NamedTuple):
    dense_share: float = 0.5
    ridge: float = 0.3


PLAN = HeadPlan()


def fit_head(index: Index, plan: HeadPlan = PLAN) -> Head:
    """Weights such that `dense @ D + sparse @ S` is near 1 for the right topic and 0 for others."""
    terms = _term_rows(index)
    kernel = _kernel(index, terms, plan)
    dual = np.linalg.solve(kernel + plan.ridge * np.eye(len(kernel)), _targets(index))
    return Head(
        dense=(plan.dense_share * index.vectors.T @ dual).astype(np.float32),
        sparse=np.asarray((1 - plan.dense_share) * (terms.T @ dual), dtype=np.float32),
    )


def head_left_out(index: Index, plan: HeadPlan = PLAN) -> Floats:
    """For each entry what a head fitted without it says (exact, by the inverse's diagonal)."""
    kernel = _kernel(index, _term_rows(index), plan)
    inverse = np.linalg.inv(kernel + plan.ridge * np.eye(len(kernel)))
    targets = _targets(index)
    dual = inverse @ targets
    return np.asarray(targets - dual / np.diag(inverse)[:, None], dtype=np.float32)


def _kernel(index: Index, terms: Any, plan: HeadPlan) -> NDArray[np.float64]:
    dense = index.vectors @ index.vectors.T
    return np.asarray(
        plan.dense_share * dense + (1 - plan.dense_share) * (terms @ terms.T).toarray(),
        dtype=np.float64,
    )


def _term_rows(index: Index) -> sparse.csr_matrix:
    return index.questions.vectors(
        [e.text for e in index.entries], [e.language for e in index.entries]
    )


def _targets(index: Index) -> NDArray[np.float64]:
    return np.eye(len(index.topics))[index.topic_of]


# --- trials


def leave_one_out(index: Index) -> list[Trial]:
    """Every known question, asked of everything but itself.

    The same place in the article's other languages is left out as well: it may be a translation.
    """
    head = head_left_out(index)
    ordinals = np.array([entry.ordinal for entry in index.entries])
    trials = []
    for number in range(len(index.entries)):
        topic = index.topic_of[number]
        hidden = (index.topic_of == topic) & (ordinals == ordinals[number])
        trials.append(_trial(index, number, hidden, head[number], int(topic)))
    return trials


def _leave_topics_out(index: Index) -> list[Trial]:
    """Every known question, asked of an index that lacks its topic."""
    trials: list[Trial] = []
    for group in range(GROUPS):
        missing = index.topic_of % GROUPS == group
        if missing.all() or not missing.any():
            continue
        head = _head_without(index, missing)
        for number in np.flatnonzero(missing):
            columns, values = index.questions.vector(
                index.entries[number].text, index.entries[number].language
            )
            row = index.vectors[number] @ head.dense + values @ head.sparse[columns]
            trials.append(_trial(index, int(number), missing, row, -1))
    return trials


def _head_without(index: Index, missing: NDArray[np.bool_]) -> Head:
    kept = np.flatnonzero(~missing)
    terms = _term_rows(index)[kept]
    vectors = index.vectors[kept]
    kernel = PLAN.dense_share * vectors @ vectors.T + (1 - PLAN.dense_share) * (
        terms @ terms.T
    ).toarray().astype(np.float64)
    dual = np.linalg.solve(kernel + PLAN.ridge * np.eye(len(kept)), _targets(index)[kept])
    return Head(
        dense=(PLAN.dense_share * vectors.T @ dual).astype(np.float32),
        sparse=np.asarray((1 - PLAN.dense_share) * (terms.T @ dual), dtype=np.float32),
    )


def _outside_trials(index: Index) -> list[Trial]:
    """The questions known to be nobody's here, each unknown to the list of them."""
    head = fit_head(index)
    trials: list[Trial] = []
    for number, entry in enumerate(index.outside):
        vector = index.outside_vectors[number]
        columns, values = index.questions.vector(entry.text, entry.language)
        dense = _searched(index.vectors @ vector)
        features = topic_features(
            dense=dense,
            lexical=index.questions.scores(entry.text, entry.language),
            bodies=index.bodies.scores(entry.text, entry.language),
            head=np.asarray(vector @ head.dense + values @ head.sparse[columns]),
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


def _trial(index: Index, number: int, hidden: NDArray[np.bool_], head: Floats, right: int) -> Trial:
    entry = index.entries[number]
    vector = index.vectors[number]
    dense = np.where(hidden, 0.0, index.vectors @ vector).astype(np.float32)
    lexical = index.questions.scores(entry.text, entry.language)
    lexical[hidden] = 0.0
    is_open = _has_text(index, entry.language)
    if right < 0:
        is_open &= ~np.isin(np.arange(len(index.topics)), index.topic_of[hidden])
    features = topic_features(
        dense=_searched(dense),
        lexical=lexical,
        bodies=index.bodies.scores(entry.text, entry.language),
        head=head,
        language=entry.language,
        index=index,
    )
    return Trial(
        features,
        is_open,
        right,
        _coverage_without(index, entry),
        _outside_of(index, entry, vector, None),
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
    known: Sequence[Trial], foreign: Sequence[Trial], index: Index, budget: Budget
) -> tuple[Verdicts, dict[str, float]]:
    seen = [_evidence(trial, index.ranking) for trial in [*known, *foreign]]
    rows = np.stack([signs(evidence) for evidence in seen]).astype(np.float64)
    right = np.array([
        evidence.best(1) == [trial.right]
        for evidence, trial in zip(seen, [*known, *foreign], strict=True)
    ])
    is_known = np.arange(len(seen)) < len(known)
    # A question in ten is taken to be nobody's here, however many examples there are of each kind.
    importance = np.where(is_known, 0.85 / max(1, is_known.sum()), 0.15 / max(1, (~is_known).sum()))
    means, scales = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    scaled = np.hstack([(rows - means) / scales, np.ones((len(rows), 1))])
    weights = _logistic(scaled, right, importance)
    sure = 1 / (1 + np.exp(-np.clip(scaled @ weights, -30, 30)))
    among = _among(seen, sure)
    reached = np.array([
        trial.right in evidence.best(BUTTONS)
        for evidence, trial in zip(seen, [*known, *foreign], strict=True)
    ])
    answer_from = max(
        _lowest(sure, is_known & ~right, is_known, budget.wrong),
        _lowest(sure, ~is_known, ~is_known, budget.foreign),
    )
    clarify_from = _lowest(among, ~is_known, ~is_known, budget.hopeless_buttons)
    verdicts = Verdicts(
        weights=tuple(map(float, weights)),
        means=tuple(map(float, means)),
        scales=tuple(map(float, scales)),
        answer_from=float(answer_from),
        clarify_from=float(min(clarify_from, answer_from)),
        follow_from=float(answer_from),
    )
    answered = sure >= answer_from
    offered = ~answered & (among >= verdicts.clarify_from)
    figures = {
        "right_first": right[is_known].mean(),
        "right_in_three": reached[is_known].mean(),
        "answered_right": (answered & right)[is_known].mean(),
        "answered_wrong": (answered & ~right)[is_known].mean(),
        "offered": offered[is_known].mean(),
        "offered_with_right": (offered & reached)[is_known].mean(),
        "foreign_answered": answered[~is_known].mean() if (~is_known).any() else 0.0,
        "foreign_offered": offered[~is_known].mean() if (~is_known).any() else 0.0,
    }
    return verdicts, {name: round(float(value), 4) for name, value in figures.items()}


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
    target = right.astype(np.float64)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = rows @ weights
        value = importance @ (np.logaddexp(0, logits) - target * logits)
        gradient = rows.T @ (importance * (1 / (1 + np.exp(-logits)) - target))
        return float(value + 1e-3 * weights @ weights), gradient + 2e-3 * weights

    return np.asarray(minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B").x)


__all__ = ["OUTSIDE", "Budget", "Material", "build_index", "fit_head", "leave_one_out"]
