"""Fits ranking and verdicts to the published questions, each judged by an index that had not seen it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from services.chatbot.alarm import SILENT, Alarm, Heard, listening_to_meaning
from services.chatbot.categories import Categories
from services.chatbot.decide import BUTTONS, SIGNS, signs
from services.chatbot.head import solve_head
from services.chatbot.index import (
    FEATURES,
    Entry,
    Head,
    Index,
    Ranking,
    Verdicts,
    body_texts,
    principal_components,
)
from services.chatbot.kinds import NO_KINDS, REFUSED, Example, danger_odds, fit_kinds
from services.chatbot.knowledge import Article
from services.chatbot.lexical import Lexical, build_lexical
from services.chatbot.ports import Floats
from services.chatbot.retrieve import NOTHING, Evidence
from services.chatbot.trees import NO_TREES, Trees, fit_trees
from services.chatbot.trials import (
    Case,
    Trial,
    ask_all,
    case_trials,
    leave_one_out,
    leave_topics_out,
    outside_trials,
)

Trials = Sequence[Trial]

START = (8.0, 2.0, 4.0, 1.0, 2.0, 4.0, 0.6, 4.0, 4.0, 2.0)
"""Where the search for the ranking weights begins, one for each of FEATURES; also the prior."""


ENOUGH = 60
"""Questions that came, answerable and not, from which on they set the thresholds."""
LOUDER = 10
"""What came against the articles' own questions, all together: those the embedding has learnt, so
that their likeness to each other says more than a stranger's ever will."""
FOLDS = 5
AGAINST = frozenset({"outside", "outside_words", "elsewhere", "danger", *REFUSED})
"""Of SIGNS those that speak against an answer: nearness to foreign questions, and other kinds of messages."""


@dataclass(frozen=True)
class Budget:
    """How many mistakes the municipality accepts; the thresholds follow from it."""

    wrong: float = 0.03
    """Share of answerable questions that may get a wrong answer."""
    missing: float = 0.15
    """Share of questions whose article was taken away that may get another article's answer."""
    foreign: float = 0.09
    """Share of questions nobody here can answer that may get one."""
    refused: float = 0.0425
    """Share of questions that came and must not be answered that may get an answer. A little below the 5 %
    promised: whoever writes otherwise than those who wrote the development set is answered oftener."""
    hopeless_buttons: float = 0.4
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
    alarm: Heard
    categories: Categories
    refused: tuple[Example, ...]
    """What no article may answer, by kind."""
    cries: tuple[Example, ...]
    """Cries for help, then what only sounds like one."""
    cases: tuple[Case, ...]
    """Questions that came, with what is right for them."""
    case_vectors: Floats


def build_index(material: Material, budget: Budget | None = None) -> Index:
    """Everything that answers, fitted. Deterministic: the same material gives the same index."""
    kinds, held = fit_kinds(_examples(material))
    bare = replace(_bare(material), kinds=kinds, alarm=_alarm(material, held))
    solved = solve_head(bare)
    asked = ask_all(bare, held[: len(bare.entries)])
    known = leave_one_out(bare, solved, asked)
    missing = leave_topics_out(bare, solved, asked)
    foreign = outside_trials(bare, solved, held[len(bare.entries) :])
    headed = replace(bare, head=solved.head)
    came = case_trials(headed, material.cases, material.case_vectors)
    ranked = replace(headed, ranking=_fit_ranking(known, came))
    groups = _groups(known, missing, foreign, came)
    verdicts, figures = _fit_verdicts(groups, ranked, budget or Budget())
    return replace(ranked, verdicts=verdicts, figures=figures)


def _examples(material: Material) -> list[Example]:
    """The articles' questions, those that are nobody's here, what is refused, cries; in that order."""
    asks = zip(material.entries, material.vectors, strict=True)
    outside = zip(material.outside, material.outside_vectors, strict=True)
    return [
        *(Example("asks", entry.text, vector) for entry, vector in asks),
        *(Example("elsewhere", entry.text, vector) for entry, vector in outside),
        *material.refused,
        *material.cries,
    ]


def _alarm(material: Material, held: Floats) -> Alarm:
    """`held`: a row for each of `_examples`.

    Only what an article answers sets how often it may ring in vain: who pleads goes to a person anyway.
    """
    heard = material.alarm
    if heard.alarm is SILENT:
        return SILENT
    odds = danger_odds(held)
    asks, outside = len(material.entries), len(material.outside)
    refused = odds[asks + outside :][: len(material.refused)]
    answered = np.array([True] * asks + [one.kind == "asks" for one in material.refused])
    calm = [example.kind == "calm" for example in material.cries]
    return listening_to_meaning(
        heard._replace(ordinary=heard.ordinary[answered]),
        np.concatenate([odds[:asks], refused])[answered],
        odds[len(odds) - len(calm) :][calm],
    )


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
        alarm=material.alarm.alarm,
        categories=material.categories,
        kinds=NO_KINDS,
        figures={},
        components=principal_components(
            np.concatenate([material.vectors, material.passage_vectors, material.outside_vectors])
        ),
    )


def _lexical_of(entries: Sequence[Entry]) -> Lexical:
    return build_lexical([e.text for e in entries], [e.language for e in entries])


# --- fits


def _fit_ranking(known: Trials, came: Trials) -> Ranking:
    """Softmax regression over topics: maximum likelihood, drawn a little towards START."""
    answerable = [trial for trial in came if trial.right >= 0]
    trials = [*known, *answerable]
    importance = np.ones(len(trials))
    if answerable:
        importance[len(known) :] = max(1.0, LOUDER * len(known) / len(answerable))
    importance /= importance.sum()
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
        gradient = np.einsum("nt,ntf->nf", shares, features) - features[rows, right]
        drawn = weights - start
        value = -importance @ np.log(np.maximum(shares[rows, right], 1e-12))
        return float(value + 1e-4 * drawn @ drawn), importance @ gradient + 2e-4 * drawn

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
        trial.kinds,
    )


class Group(NamedTuple):
    """Trials of one origin and how much the fit listens to all of them together."""

    name: str
    trials: Trials
    share: float


def _groups(known: Trials, missing: Trials, foreign: Trials, came: Trials) -> list[Group]:
    """Questions that came say most; without enough of them the articles' own must do."""
    right = [trial for trial in came if trial.right >= 0]
    refused = [trial for trial in came if trial.right < 0]
    if len(right) < ENOUGH or len(refused) < ENOUGH:
        return [
            # What comes in is taken to be answerable four times in five.
            Group("known", known, 0.8),
            Group("missing", missing, 0.1),
            Group("foreign", foreign, 0.1),
        ]
    return [
        Group("known", known, 0.1),
        Group("missing", missing, 0.0),
        Group("foreign", foreign, 0.1),
        Group("came", right, 0.45),
        Group("refused", refused, 0.35),
    ]


def _fit_verdicts(
    groups: Sequence[Group], index: Index, budget: Budget
) -> tuple[Verdicts, dict[str, float]]:
    trials = [trial for group in groups for trial in group.trials]
    sizes = [len(group.trials) for group in groups]
    seen = [_evidence(trial, index.ranking) for trial in trials]
    rows = np.stack([signs(evidence) for evidence in seen])
    right = np.array([e.best(1) == [t.right] for e, t in zip(seen, trials, strict=True)])
    origin = np.repeat([group.name for group in groups], sizes)
    importance = np.repeat([group.share / max(1, len(group.trials)) for group in groups], sizes)
    exact = rows.astype(np.float64)
    means, scales = exact.mean(axis=0), exact.std(axis=0) + 1e-9
    scaled = np.hstack([(exact - means) / scales, np.ones((len(rows), 1))])
    # Where nothing came there is too little to see what signs say together.
    grown = bool((origin == "came").any())
    weights, trees = _fit_sureness(rows, scaled, right, importance, grown=grown)
    sure = _held_out(rows, scaled, right, importance, grown=grown)
    sure[[trial.caught for trial in trials]] = 0.0
    among = _among(seen, sure)
    answer_from, clarify_from = _thresholds(origin, right, sure, among, budget)
    verdicts = Verdicts(
        weights=tuple(map(float, weights)),
        means=tuple(map(float, means)),
        scales=tuple(map(float, scales)),
        answer_from=answer_from,
        clarify_from=min(answer_from, clarify_from),
        follow_from=answer_from,
        trees=trees,
    )
    reached = np.array([t.right in e.best(BUTTONS) for e, t in zip(seen, trials, strict=True)])
    return verdicts, _figures(origin, right, reached, sure, among, verdicts)


def _thresholds(
    origin: NDArray[np.str_],
    right: NDArray[np.bool_],
    sure: NDArray[np.float64],
    among: NDArray[np.float64],
    budget: Budget,
) -> tuple[float, float]:
    """From which probability on a question is answered, and from which buttons are offered."""
    known, missing, foreign, came, refused = (
        origin == name for name in ("known", "missing", "foreign", "came", "refused")
    )
    if came.any():
        answer_from = max(
            _lowest(sure, came & ~right, came, budget.wrong),
            _lowest(sure, refused, refused, budget.refused),
        )
        return answer_from, _lowest(among, refused, refused, budget.hopeless_buttons)
    answer_from = max(
        _lowest(sure, known & ~right, known, budget.wrong),
        _lowest(sure, missing, missing, budget.missing),
        _lowest(sure, foreign, foreign, budget.foreign),
    )
    return answer_from, _lowest(among, foreign, foreign, budget.hopeless_buttons)


def _fit_sureness(
    rows: Floats,
    scaled: NDArray[np.float64],
    right: NDArray[np.bool_],
    importance: NDArray[np.float64],
    *,
    grown: bool,
) -> tuple[NDArray[np.float64], Trees]:
    """Weights of the line, and what trees add to it. `rows`: the signs; `scaled`: the same as the line reads them."""
    weights = _logistic(scaled, right, importance)
    if not grown:
        return weights, NO_TREES
    directions = [-1 if sign in AGAINST else 1 for sign in SIGNS]
    return weights, fit_trees(rows, right, importance, scaled @ weights, directions)


def _held_out(
    rows: Floats,
    scaled: NDArray[np.float64],
    right: NDArray[np.bool_],
    importance: NDArray[np.float64],
    *,
    grown: bool,
) -> NDArray[np.float64]:
    """The probability that each is right, by a fit that had not seen it."""
    fold = np.arange(len(rows)) % FOLDS
    sure = np.zeros(len(rows))
    for number in range(FOLDS):
        seen, held = fold != number, fold == number
        weights, trees = _fit_sureness(
            rows[seen], scaled[seen], right[seen], importance[seen], grown=grown
        )
        logits = scaled[held] @ weights + trees.score(rows[held])
        sure[held] = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    return sure


def _figures(
    origin: NDArray[np.str_],
    right: NDArray[np.bool_],
    reached: NDArray[np.bool_],
    sure: NDArray[np.float64],
    among: NDArray[np.float64],
    verdicts: Verdicts,
) -> dict[str, float]:
    answered = sure >= verdicts.answer_from
    offered = ~answered & (among >= verdicts.clarify_from)
    found: dict[str, float] = {}
    for name in dict.fromkeys(map(str, origin)):
        here = origin == name
        shares = {"answered": answered, "offered": offered}
        if name in ("known", "came"):
            shares = {
                "right_first": right,
                "right_in_three": reached,
                "answered_right": answered & right,
                "answered_wrong": answered & ~right,
                "offered": offered,
                "offered_with_right": offered & reached,
            }
        found |= {f"{name}_{of}": round(float(v[here].mean()), 4) for of, v in shares.items()}
    return found


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
    bounds = [*((None, 0.0) if sign in AGAINST else (0.0, None) for sign in SIGNS), (None, None)]
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x)
