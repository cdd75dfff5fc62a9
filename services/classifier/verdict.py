"""From calibrated probabilities to a verdict; the machine suggests, a person decides."""

from typing import NamedTuple

import numpy as np

from contracts.inquiry import Verdict
from services.classifier.features import Floats
from services.classifier.model import Calibration, Kind

MOST_CANDIDATES = 3
DIGITS = 4


class Candidate(NamedTuple):
    category: str
    confidence: float


class Opinion(NamedTuple):
    verdict: Verdict
    category: str | None
    confidence: float
    threshold: float
    candidates: tuple[Candidate, ...]
    """Best first, at most three."""


def judge(
    probabilities: Floats,
    outside: float,
    categories: tuple[str, ...],
    kinds: dict[str, Kind],
    calibration: Calibration,
) -> Opinion:
    """`probabilities` over `categories`; `outside` is the probability that the text fits nobody."""
    order = np.argsort(-probabilities, kind="stable")
    candidates = tuple(
        Candidate(categories[i], round(float(probabilities[i]), DIGITS))
        for i in order[:MOST_CANDIDATES]
    )
    best = candidates[0]
    threshold = calibration.thresholds[best.category]
    sure = best.confidence >= threshold
    foreign = outside >= calibration.outside.threshold
    if foreign and (not sure or outside > best.confidence):
        return Opinion("outside", None, round(outside, DIGITS), threshold, candidates)
    verdict: Verdict = "unsure"
    # Sure of a category and yet unlike most inquiries: two signs that contradict each other.
    if sure and not foreign and outside < calibration.outside.doubt:
        verdict = "other-authority" if kinds[best.category].external else "confident"
    elif not sure and 2 <= _plausible(probabilities, calibration) <= MOST_CANDIDATES:
        verdict = "ask"
    return Opinion(verdict, best.category, best.confidence, threshold, candidates)


def _plausible(probabilities: Floats, calibration: Calibration) -> int:
    return int((probabilities >= calibration.ask_cut).sum())
