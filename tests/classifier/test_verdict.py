"""When the machine decides, asks or abstains."""

from dataclasses import replace

import numpy as np
import pytest

from services.classifier.calibrate import OutsideModel
from services.classifier.model import Calibration, Kind
from services.classifier.verdict import judge

CATEGORIES = ("a", "b")
KINDS = {name: Kind(name, external=False, sensitive=False) for name in CATEGORIES}
NOTHING = np.zeros(7, dtype=np.float32)
CALIBRATION = Calibration(
    temperature=1.0,
    trust=(0.0, 1.0, 0.0),
    thresholds={"a": 0.7, "b": 0.7},
    precision=0.95,
    ask_cut=0.2,
    urgent=0.0,
    sensitive=0.0,
    outside=OutsideModel(NOTHING, NOTHING + 1, NOTHING, 0.0, threshold=0.4),
)


@pytest.mark.parametrize(
    ("best", "outside", "verdict"),
    [
        (0.9, 0.1, "confident"),
        (0.6, 0.1, "ask"),
        (0.6, 0.5, "outside"),
        # Sure of a category and unlike all inquiries: a person looks at what contradicts itself.
        (0.9, 0.5, "unsure"),
        (0.9, 0.95, "outside"),
    ],
)
def test_sureness_and_strangeness_decide_together(best, outside, verdict) -> None:
    probabilities = np.array([best, 1 - best], dtype=np.float32)

    assert judge(probabilities, outside, CATEGORIES, KINDS, CALIBRATION).verdict == verdict


def test_nothing_doubtful_is_called_confident_and_nothing_doubtful_outside() -> None:
    doubting = replace(CALIBRATION, outside=replace(CALIBRATION.outside, doubt=0.2))
    probabilities = np.array([0.9, 0.1], dtype=np.float32)

    verdicts = [
        judge(probabilities, outside, CATEGORIES, KINDS, doubting).verdict
        for outside in (0.1, 0.3, 0.5)
    ]

    assert verdicts == ["confident", "unsure", "unsure"]
