"""Training: the same data make the same model, and thresholds come from rows nobody learned from."""

import random

import numpy as np
import pytest

from services.classifier import calibrate, storage
from services.classifier.calibrate import outside_signs
from services.classifier.examples import Example
from services.classifier.features import count_features, fit_features
from services.classifier.sources import sources_of
from services.classifier.thresholds import ENOUGH_ROWS, Unseen, set_thresholds
from services.classifier.train import shown, train

pytestmark = pytest.mark.slow

WORDS = (("hul", "i", "vejen", "i", "vejen"), ("pas", "er", "væk"), ("hul", "i", "taget"))


def digest_of(examples, taxonomy, folder, embedding=None) -> str:
    trained = train(examples, taxonomy, outside_embedding=embedding)
    return storage.save(folder, trained.model, trained.embedding, trained.about)


def test_the_same_examples_make_the_same_model_in_whatever_order(
    examples, taxonomy, words_only, tmp_path
) -> None:
    shuffled = random.Random(4).sample(examples, len(examples))

    first = digest_of(examples, taxonomy, tmp_path / "a", words_only)
    again = digest_of(shuffled, taxonomy, tmp_path / "b", words_only)
    other = digest_of(examples[1:], taxonomy, tmp_path / "c", words_only)

    assert first == again
    assert first != other


@pytest.mark.slow
def test_our_own_embedding_is_the_same_each_time(examples, taxonomy, tmp_path) -> None:
    first = digest_of(examples, taxonomy, tmp_path / "a")

    assert first == digest_of(examples[::-1], taxonomy, tmp_path / "b")


def test_features_counted_once_are_those_of_each_text() -> None:
    counted = count_features(WORDS, sizes=range(2, 4), pairs=True)
    rows = np.arange(len(WORDS), dtype=np.int32)

    chosen = counted.choose(rows, min_texts=1, most=1000)

    assert abs(counted.matrix(rows, chosen) - chosen.space.matrix(WORDS)).max() == 0
    shares = [chosen.space.known_share(words) for words in WORDS]
    assert counted.known_share(rows, chosen).tolist() == shares == [1, 1, 1]


def test_rows_left_out_are_not_known() -> None:
    counted = count_features(WORDS, sizes=range(2, 4), pairs=True)

    chosen = counted.choose(np.array([0], dtype=np.int32), min_texts=1, most=1000)

    shares = counted.known_share(np.arange(3, dtype=np.int32), chosen)
    assert np.allclose(shares, [1, 0, 2 / 3])
    assert "w=pas" not in chosen.space.index


def test_sharpness_makes_rare_words_count_more() -> None:
    plain = fit_features(WORDS, sizes=range(2, 4), pairs=False, min_texts=1, most=1000)
    counted = count_features(WORDS, sizes=range(2, 4), pairs=False)
    rows = np.arange(len(WORDS), dtype=np.int32)

    sharp = counted.choose(rows, min_texts=1, most=1000, sharpness=2).space

    assert np.allclose(sharp.idf, plain.idf**2)


def test_a_calibration_set_says_how_sure_the_model_may_be() -> None:
    """The examples are hard, what people send is easy: confidence follows what people send."""
    names = ("a", "b", "c")
    hard, easy = rows_of(names, right=0.6, seed=1), rows_of(names, right=0.95, seed=2)

    modest, _ = set_thresholds(hard, None, names, lambda name: name)
    honest, metrics = set_thresholds(hard, easy, names, lambda name: name)

    assert sureness(honest) > sureness(modest) + 0.2
    assert honest.urgent == modest.urgent
    assert metrics["checked_ece"] < 0.05
    assert metrics["checked_category_accuracy"] > metrics["category_accuracy"]


def test_a_handful_of_inquiries_calibrates_nothing() -> None:
    names = ("a", "b", "c")
    hard, few = rows_of(names, right=0.6, seed=1), rows_of(names, right=0.95, seed=2, rows=40)
    assert len(few.labels) < ENOUGH_ROWS

    alone, _ = set_thresholds(hard, None, names, lambda name: name)
    both, _ = set_thresholds(hard, few, names, lambda name: name)

    assert (both.temperature, both.trust) == (alone.temperature, alone.trust)


def test_from_the_names_alone_nothing_is_sure_and_nobody_a_stranger() -> None:
    names = ("a", "b", "c")
    few, many = (rows_of(names, right=0.9, seed=1, rows=count) for count in (12, 300))

    cold, warm = (set_thresholds(rows, None, names, lambda name: name)[0] for rows in (few, many))

    assert cold.outside.threshold > 1
    assert set(cold.thresholds.values()) == {1.0}
    assert warm.outside.threshold < 1
    assert max(warm.thresholds.values()) < 1
    # A calibration set warms: it says what is sure and strange, however few the examples are.
    assert set_thresholds(few, many, names, lambda name: name)[0].outside.threshold < 1


def test_a_confident_stranger_raises_the_thresholds() -> None:
    names = ("a", "b", "c")
    ours = rows_of(names, right=0.95, seed=2)
    strangers = ours._replace(labels=[""] * 60 + list(ours.labels[60:]))

    without, _ = set_thresholds(ours, ours, names, lambda name: name)
    warned, _ = set_thresholds(ours, strangers, names, lambda name: name)

    assert warned.thresholds["a"] > without.thresholds["a"]


def test_strangers_are_known_by_weak_scores_where_no_example_shows_one() -> None:
    names = ("a", "b", "c")
    ours = rows_of(names, right=0.9, seed=1)

    outside = set_thresholds(ours, None, names, lambda name: name)[0].outside

    def strangeness(lead: float, known: float) -> float:
        scores = np.array([[lead, 0, 0]], dtype=np.float32)
        none = np.zeros(1, dtype=np.float32)
        like = np.full((1, 2), 0.5, dtype=np.float32)
        signs = outside_signs(scores, 1.0, none, like, np.array([known], dtype=np.float32))
        return float(outside(signs)[0])

    assert strangeness(0.1, known=1.0) > strangeness(5.0, known=1.0)
    assert strangeness(0.1, known=0.2) > strangeness(0.1, known=1.0)


def test_the_calibration_set_is_never_learned_from() -> None:
    sources = sources_of(None, None, None)

    learned = {example.text.casefold().strip() for example in sources.examples}
    held = {example.text.casefold().strip() for example in sources.calibration}

    assert len(held) > ENOUGH_ROWS
    assert not learned & held


def test_evidence_shows_no_personal_data() -> None:
    text = "Ring til Anna Jensen på 22 33 44 55 om mit pas"
    example = Example(id="1", category="borger.pas", language="da", text=text)

    assert "Anna" not in shown(example)
    assert "22 33" not in shown(example)


def sureness(calibration) -> float:
    """Of a text whose best category leads by two."""
    lead = np.array([[2, 0, 0]], dtype=np.float32)
    probabilities = calibrate.softmax(lead / calibration.temperature)
    return float(calibrate.trusted(probabilities, calibration.trust).max())


def rows_of(names, *, right: float, seed: int, rows: int = 600) -> Unseen:
    """Made-up scores: the surer, the likelier right; on average `right` of them are."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(len(names), size=rows)
    lead = generator.gamma(2.0, 1.0, size=rows).astype(np.float32)
    chance = np.clip(right + (lead - 2) * 0.1, 0.34, 1)
    wrong = (labels + 1) % len(names)
    top = np.where(generator.random(rows) < chance, labels, wrong)
    scores = np.zeros((rows, len(names)), dtype=np.float32)
    scores[np.arange(rows), top] = lead
    flags = generator.random((rows, 2)) < 0.1
    return Unseen(
        labels=[names[label] for label in labels],
        flags=flags,
        scores=scores,
        flag_scores=(flags + generator.normal(size=(rows, 2))).astype(np.float32),
        similar=np.full((rows, 2), 0.5, dtype=np.float32),
        known=np.ones(rows, dtype=np.float32),
    )
