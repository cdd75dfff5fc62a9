"""Hears an emergency that no phrase names.

A linear model over words and pairs of words, pieces of words, senses (senses.py), and how it is said
(manner.py), learnt from phrases/cries.yaml and from the municipality's labelled inquiries (`urgent`).
Beside it speaks what kinds.py takes the message for, by its meaning: of cries by another hand each
hears what the other does not. The phrases of screen.py come first.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from infra.text.safe_yaml import read_yaml
from services.chatbot.manner import manner
from services.chatbot.ports import Floats
from services.chatbot.screen import Danger, Screening
from services.chatbot.senses import Senses, read_senses, sensed
from services.chatbot.terms import grams, spoken_words

LISTENED = 80
"""Words of a message that are listened to; what is behind them is heard by the phrases."""
FOLDS = 5
RIDGE = 1.5e-5
ROUNDS = 60
WEIGHT = {
    "cries": 3.0,
    "urgent": 0.7,
    "lookalikes": 4.0,
    "ordinary": 1.0,
    "clauses": 0.3,
    "calm": 0.5,
}
"""How much one example counts among its side: letters are many and unlike a chat."""
QUESTIONS_HEARD = 0.04
"""Share of ordinary questions that may be taken for an emergency when the model had not seen them."""
LOOKALIKES_HEARD = 0.25
"""The same of what only sounds like one: a false alarm costs one button (misread.py)."""
MEANING = 2.5
"""How much the log-odds of danger by meaning (kinds.py) count beside the words' score."""
FEWEST = 3
"""Words of a message below which only a phrase can be heard: "thanks" alone means nothing else."""
LETTERS = 4000
"""Calm letters that are learnt from, evenly taken: more of them change nothing but the time."""

APART = 7.0
"""By how much more than a whole message one of its clauses must be above the threshold to be heard by itself: torn from
the others, ordinary words sound louder. Without this every other cry behind an ordinary question was lost."""
CLAUSE = 4
"""Words of a clause that is listened to by itself."""
CLAUSES = 8
"""So many of a message are."""
FAINT = 4.0
"""Up to here above the threshold, a message that an article surely answers is taken for its question: of 102 cries
that no phrase names, articles were surest of one at 0.42."""
_CLAUSE_END = re.compile(r"(?<=[.;!?,])\s+|\n+")

Block = tuple[str, ...]


class Cries(NamedTuple):
    cries: tuple[str, ...]
    lookalikes: tuple[str, ...]
    """What only sounds like one."""


@dataclass(frozen=True)
class Alarm:
    weights: Mapping[str, float]
    """What each feature says, its idf included."""
    bias: float
    threshold: float

    def rings(self, text: str, meaning: float = 0.0) -> bool:
        """`meaning`: log-odds of danger by meaning."""
        return self.loudness(text, meaning) >= 0

    def loudness(self, text: str, meaning: float = 0.0) -> float:
        """By how much it is above the threshold."""
        if len(text.split()) < FEWEST:
            return float("-inf")
        return self.score(text) + MEANING * meaning - self.threshold

    def hear(self, text: str, screening: Screening) -> Danger | None:
        """What the phrases found, or an emergency in words that they did not find.

        The model never takes a phrase back: among ordinary words it could not tell "I want to die".
        """
        return screening.danger or ("alarm" if self.rings(text) else None)

    def score(self, text: str) -> float:
        whole = self.bias
        for block in features(text):
            said = sum(self.weights.get(name, 0.0) for name in block)
            whole += said / float(np.sqrt(max(1, len(block))))
        return whole


SILENT = Alarm({}, 0.0, float("inf"))


class Heard(NamedTuple):
    """An alarm by words alone, and what it said of calm messages when it had not seen them."""

    alarm: Alarm
    ordinary: Floats
    lookalikes: Floats


NOT_LEARNT = Heard(SILENT, np.zeros(0, np.float32), np.zeros(0, np.float32))


def read_cries() -> Cries:
    """Examples that hold for every municipality."""
    raw = read_yaml(files("services.chatbot").joinpath("phrases/cries.yaml").read_text("utf-8"))
    by_language = chain.from_iterable(kind.values() for kind in raw["cries"].values())
    return Cries(
        tuple(chain.from_iterable(by_language)),
        tuple(chain.from_iterable(raw["lookalikes"].values())),
    )


@cache
def _senses() -> Senses:
    return read_senses()


def clauses(text: str) -> tuple[str, ...]:
    """What is listened to by itself; nothing when the message is all one."""
    parts = [part.strip() for part in _CLAUSE_END.split(text)]
    if len(parts) < 2:
        return ()
    return tuple(part for part in parts if len(part.split()) >= CLAUSE)[:CLAUSES]


def features(text: str) -> tuple[Block, Block, Block, Block]:
    """Words and pairs of words; pieces of words; senses; manner. In order: sums are repeatable."""
    words = spoken_words(text)[:LISTENED]
    said = {*words, *(f"{a} {b}" for a, b in pairwise(words))}
    pieces = {f"#{gram}" for word in set(words) for gram in grams(word)}
    meant = {f"~{sense}" for sense in sensed(words, _senses())}
    how = manner(text, words)
    return tuple(sorted(said)), tuple(sorted(pieces)), tuple(sorted(meant)), tuple(sorted(how))


def fit_alarm(
    cries: Sequence[str],
    ordinary: Sequence[str],
    lookalikes: Sequence[str] = (),
    *,
    urgent: Sequence[str] = (),
    calm: Sequence[str] = (),
) -> Alarm:
    """The alarm that listens to words alone; see `hear_out`."""
    return hear_out(cries, ordinary, lookalikes, urgent=urgent, calm=calm).alarm


def hear_out(
    cries: Sequence[str],
    ordinary: Sequence[str],
    lookalikes: Sequence[str] = (),
    *,
    urgent: Sequence[str] = (),
    calm: Sequence[str] = (),
) -> Heard:
    """`urgent` and `calm` are letters. Thresholds come from messages the model had not seen.

    NOT_LEARNT without enough examples.
    """
    groups = {
        "cries": cries,
        "urgent": urgent,
        "lookalikes": lookalikes,
        "ordinary": ordinary,
        # Torn from a story, ordinary words sound louder, unless that was learnt too.
        "clauses": tuple(dict.fromkeys(clause for text in ordinary for clause in clauses(text))),
        "calm": calm[:: max(1, len(calm) // LETTERS)],
    }
    if len(cries) + len(urgent) < 50 or len(ordinary) + len(calm) < 500:
        return NOT_LEARNT
    group = np.repeat(list(groups), [len(texts) for texts in groups.values()])
    loud = np.isin(group, ("cries", "urgent"))
    weight = np.array([WEIGHT[name] for name in group])
    rows, names, idf = _matrix([features(text) for texts in groups.values() for text in texts])
    # The examples of one kind stand together: every fold gets some of each.
    fold = np.arange(len(group)) % FOLDS
    held = np.zeros(len(group))
    for number in range(FOLDS):
        seen, unseen = fold != number, fold == number
        learnt = _fit(rows[seen], loud[seen], weight[seen])
        held[unseen] = rows[unseen] @ learnt[:-1] + learnt[-1]
    fitted = _fit(rows, loud, weight)
    quiet = {"ordinary": QUESTIONS_HEARD, "lookalikes": LOOKALIKES_HEARD}
    known = [name for name in quiet if groups[name]] or ["calm"]
    alarm = Alarm(
        weights={n: float(w) for n, w in zip(names, fitted[:-1] * idf, strict=True) if w != 0},
        bias=float(fitted[-1]),
        threshold=max(
            float(np.quantile(held[group == name], 1 - quiet.get(name, QUESTIONS_HEARD)))
            for name in known
        ),
    )
    return Heard(alarm, held[group == "ordinary"], held[group == "lookalikes"])


def listening_to_meaning(heard: Heard, ordinary: Floats, lookalikes: Floats) -> Alarm:
    """The same alarm with the threshold for words and meaning together.

    `ordinary`, `lookalikes`: log-odds of danger by meaning of the messages of `heard`, not seen either.
    """
    if heard.alarm is SILENT:
        return SILENT
    both = (
        (heard.ordinary + MEANING * ordinary, QUESTIONS_HEARD),
        (heard.lookalikes + MEANING * lookalikes, LOOKALIKES_HEARD),
    )
    known = [float(np.quantile(said, 1 - share)) for said, share in both if len(said)]
    return replace(heard.alarm, threshold=max(known)) if known else heard.alarm


def _matrix(
    found: Sequence[tuple[Block, ...]],
) -> tuple[sparse.csr_matrix, list[str], NDArray[np.float64]]:
    """Rows of idf over the root of each block's length; features seen once teach nothing."""
    counts = Counter(name for blocks in found for block in blocks for name in block)
    names = sorted(name for name, count in counts.items() if count > 1)
    place = {name: number for number, name in enumerate(names)}
    idf = np.array([np.log(len(found) / counts[name]) for name in names])
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    for blocks in found:
        for block in blocks:
            known = [place[name] for name in block if name in place]
            columns += known
            values += [1 / float(np.sqrt(max(1, len(block))))] * len(known)
        ends.append(len(columns))
    taken = np.array(columns, dtype=np.int64)
    shape = (len(found), len(names))
    return sparse.csr_matrix((np.array(values) * idf[taken], taken, ends), shape=shape), names, idf


def _fit(
    rows: sparse.csr_matrix, loud: NDArray[np.bool_], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Logistic regression; both sides weigh the same in all."""
    target = loud.astype(np.float64)
    importance = 0.5 * weight / np.where(loud, weight[loud].sum(), weight[~loud].sum())
    back = rows.T.tocsr()

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = rows @ weights[:-1] + weights[-1]
        wrong = importance * (1 / (1 + np.exp(-np.clip(logits, -30, 30))) - target)
        gradient = np.append(back @ wrong + 2 * RIDGE * weights[:-1], wrong.sum())
        value = importance @ (np.logaddexp(0, logits) - target * logits)
        return float(value + RIDGE * weights[:-1] @ weights[:-1]), gradient

    start = np.zeros(rows.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS})
    return np.asarray(found.x)
