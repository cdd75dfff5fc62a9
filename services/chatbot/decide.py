"""The verdict on a question: answer, ask back or decline, by a calibrated probability."""

from dataclasses import dataclass
from math import exp
from typing import Literal

import numpy as np

from services.chatbot.index import Verdicts
from services.chatbot.kinds import KINDS
from services.chatbot.ports import Floats
from services.chatbot.retrieve import Evidence

SIGNS = (
    "share",
    "lead",
    "dense",
    "dense_lead",
    "lexical",
    "lexical_body",
    "head",
    "head_lead",
    "category",
    "category_lead",
    "coverage",
    "outside",
    "outside_words",
    *KINDS,
)
"""What speaks for the best topic being right, or for its being among the first three."""
BUTTONS = 3

Choice = Literal["answer", "clarify", "decline"]


@dataclass(frozen=True)
class Decision:
    choice: Choice
    topics: tuple[int, ...]
    """Best first: what is answered, or what is offered."""
    confidence: float
    """Probability that the best topic is the right one."""
    threshold: float


def decide(evidence: Evidence, verdicts: Verdicts) -> Decision:
    best = evidence.best(BUTTONS)
    if not best:
        return Decision("decline", (), 0.0, verdicts.answer_from)
    confidence = probability_right(signs(evidence), verdicts)
    shares = evidence.probabilities[best]
    # What the first is worth, the others are worth by their share of the ranking.
    among = min(1.0, confidence * float(shares.sum() / max(shares[0], 1e-9)))
    if confidence >= verdicts.answer_from:
        choice: Choice = "answer"
    elif among >= verdicts.clarify_from and len(best) > 1:
        choice = "clarify"
    else:
        choice = "decline"
    offered = _worth_offering(best, shares)
    return Decision(choice, offered, confidence, verdicts.answer_from)


def _worth_offering(best: list[int], shares: Floats) -> tuple[int, ...]:
    """Two or three: the third only when it is not hopeless beside the second."""
    if len(best) < BUTTONS or shares[2] >= shares[1] / 10:
        return tuple(best)
    return tuple(best[:2])


def signs(evidence: Evidence) -> Floats:
    """One number for each of SIGNS."""
    first, second = (*evidence.best(2), -1, -1)[:2]
    if first < 0:
        return np.zeros(len(SIGNS), dtype=np.float32)
    shares = evidence.probabilities
    features = evidence.features
    behind = features[second] if second >= 0 else np.zeros_like(features[0])
    share = float(np.clip(shares[first], 1e-6, 1 - 1e-6))
    second_share = float(shares[second]) if second >= 0 else 0.0
    return np.array(
        [
            np.log(share / (1 - share)),
            min(8.0, float(np.log(share / max(second_share, 1e-6)))),
            features[first, 0],
            features[first, 0] - behind[0],
            features[first, 2],
            features[first, 4],
            features[first, 5],
            features[first, 5] - behind[5],
            features[first, 6],
            features[first, 6] - behind[6],
            evidence.coverage,
            *evidence.outside,
            *evidence.kinds,
        ],
        dtype=np.float32,
    )


def probability_right(row: Floats, verdicts: Verdicts) -> float:
    slopes, constant = verdicts.line
    logit = float(row @ slopes) + constant + float(verdicts.trees.score(row[None, :])[0])
    return 1 / (1 + exp(-min(30.0, max(-30.0, logit))))
