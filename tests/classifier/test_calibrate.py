"""Probabilities and thresholds mean what they say."""

import numpy as np

from services.classifier import calibrate
from services.classifier.measures import auroc, coverage_at, macro_f1


def test_the_temperature_undoes_exaggeration() -> None:
    random = np.random.default_rng(0)
    honest = random.normal(size=(4000, 5)).astype(np.float32) * 2
    chances = calibrate.softmax(honest)
    right = np.array([random.choice(5, p=row / row.sum()) for row in chances.astype(float)])

    temperature = calibrate.fit_temperature(honest * 3, right)

    assert 2.7 < temperature < 3.3


def test_a_threshold_keeps_its_precision() -> None:
    random = np.random.default_rng(1)
    confidence = random.random(3000)
    correct = random.random(3000) < confidence

    threshold = calibrate.lowest_threshold(confidence, correct, 0.9)

    assert correct[confidence >= threshold].mean() >= 0.9
    assert threshold < 0.9


def test_no_threshold_is_low_enough_for_guesses_that_are_always_wrong() -> None:
    assert calibrate.lowest_threshold(np.ones(20), np.zeros(20, dtype=bool), 0.9) == 0.99


def test_trust_never_changes_the_best_guess() -> None:
    random = np.random.default_rng(2)
    probabilities = calibrate.softmax(random.normal(size=(200, 6)).astype(np.float32))

    changed = calibrate.trusted(probabilities, (-3.0, 0.2, 0.1))

    assert (changed.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    assert np.allclose(changed.sum(axis=1), 1, atol=1e-5)


def test_honest_confidence_has_no_calibration_error() -> None:
    confidence = np.full(1000, 0.75)
    correct = np.arange(1000) % 4 > 0

    assert calibrate.expected_calibration_error(confidence, correct) < 1e-9
    assert calibrate.expected_calibration_error(confidence, np.zeros(1000, dtype=bool)) > 0.7


def test_the_conformal_set_holds_the_right_answer_as_often_as_promised() -> None:
    random = np.random.default_rng(3)
    chances = calibrate.softmax(random.normal(size=(4000, 5)).astype(np.float32) * 2)
    right = np.array([random.choice(5, p=row / row.sum()) for row in chances.astype(float)])

    cut = calibrate.conformal_cut(chances[:2000], right[:2000], 0.1)

    held = chances[np.arange(2000, 4000), right[2000:]] >= cut
    assert 0.87 < held.mean() < 0.93


def test_the_recall_threshold_finds_what_it_promises() -> None:
    scores = np.arange(100, dtype=np.float32)
    wanted = scores >= 50

    threshold = calibrate.recall_threshold(scores, wanted, 0.9)

    assert (scores[wanted] >= threshold).mean() >= 0.9


def test_measures_on_hand_made_rows() -> None:
    wanted = np.array([True, False, True, False])

    assert auroc(np.array([4.0, 1.0, 3.0, 2.0]), wanted) == 1.0
    assert coverage_at(np.array([0.9, 0.8, 0.7, 0.6]), np.array([1, 1, 0, 0], bool), 0.95) == 0.5
    assert macro_f1(["a", "a", "b"], ["a", "b", "b"]) == 2 / 3


def test_typicality_is_level_while_what_comes_in_is_what_was_trained_on() -> None:
    random = np.random.default_rng(5)
    reference = calibrate.percentiles(random.beta(5, 2, 4000))

    same = calibrate.typicality(random.beta(5, 2, 4000), reference)
    stranger = calibrate.typicality(random.beta(2, 5, 4000), reference)

    assert np.allclose(np.histogram(same, 10, (0, 1))[0] / 4000, 0.1, atol=0.02)
    assert np.mean(np.array(stranger) < 0.1) > 0.5


def test_a_model_without_percentiles_says_nothing_of_typicality() -> None:
    assert calibrate.typicality(np.array([0.9, 0.1]), ()) == [None, None]
