"""The bench on public sets: drawn fairly, measured once, by the recipe of `henvend train`."""

import json

import numpy as np
import pytest

from services.classifier import bench_table as table
from services.classifier.bench_public import (
    FULL,
    Figures,
    Said,
    Task,
    choose,
    false_alarms,
    fit,
    read_set,
    tasks,
)
from services.classifier.named import named_examples
from services.classifier.train import train
from tests.classifier.conftest import TEXTS

FOUND = Figures("massive-da", 10, 0, 594, 0.6, 0.59, 0.58, 0.05, None, None, 3.0)


def test_training_and_testing_use_the_parts_the_set_itself_has(tmp_path) -> None:
    rows = [("train", "væk mig"), ("dev", "sluk lyset"), ("train", "stille")]
    (tmp_path / "massive").mkdir()
    (tmp_path / "massive" / "da-DK.jsonl").write_text(
        "\n".join(json.dumps({"partition": p, "utt": u, "intent": "alarm_set"}) for p, u in rows),
        "utf-8",
    )

    public = read_set(tmp_path, "massive-da")

    assert [row.text for row in public.train] == ["væk mig", "stille"]
    assert public.test == [Said("sluk lyset", "alarm-set")]


def test_texts_of_no_intent_are_never_trained_on(tmp_path) -> None:
    (tmp_path / "clinc150").mkdir()
    parts = {"train": [["hi", "greeting"]], "val": [["hey", "greeting"]]}
    foreign = {"oos_train": [["a", "oos"]], "oos_val": [["b", "oos"]]}
    path = tmp_path / "clinc150" / "train_val.json"
    path.write_text(json.dumps(parts | foreign), "utf-8")

    public = read_set(tmp_path, "clinc150")

    assert list(public.foreign) == ["a", "b"]
    assert {row.intent for row in (*public.train, *public.test)} == {"greeting"}


def test_a_draw_takes_each_text_once_and_so_many_of_each_intent() -> None:
    rows = [Said(f"text number {n}", "a") for n in range(50)] + [
        Said("Hej!", "b"),
        Said("hej", "b"),
    ]

    drawn = choose(rows, 10, seed=1)

    assert len(drawn) == len(set(drawn)) == 11
    assert drawn == choose(rows, 10, seed=1) != choose(rows, 10, seed=2)
    assert len(choose(rows, FULL, seed=1)) == 51


def test_few_shot_tasks_come_first_and_the_full_set_once() -> None:
    found = tasks("clinc150,massive-da", "full,10", seeds=2)

    assert found == [
        Task("massive-da", 10, 0),
        Task("massive-da", 10, 1),
        Task("clinc150", 10, 0),
        Task("clinc150", 10, 1),
        Task("massive-da", FULL, 0),
        Task("clinc150", FULL, 0),
    ]
    with pytest.raises(ValueError, match="massive-sv"):
        tasks("banking", "10", seeds=1)


def test_false_alarms_count_what_is_let_in_at_ninety_five_percent_of_ours() -> None:
    scores = np.array([*np.linspace(0, 1, 101), 0.5, 0.9, 0.96, 0.99])
    foreign = np.array([False] * 101 + [True] * 4)

    assert false_alarms(scores, foreign) == pytest.approx(0.5)


def test_the_table_says_met_and_missed() -> None:
    assert table.verdicts(FOUND) == {"ece": False, "accuracy": True}
    assert "ece missed, accuracy met" in table.row(FOUND)
    full = FOUND._replace(name="clinc150", shots=FULL, outside_auroc=0.96, outside_fpr95=0.25)
    assert table.verdicts(full) == {"ece": False, "outside_auroc": True, "outside_fpr95": False}
    assert "multilingual-e5-small" in " ".join(json.loads(table.to_json([full]))["notes"])


@pytest.mark.slow
def test_the_bench_trains_as_henvend_train_does(taxonomy, examples) -> None:
    ours = [example for example in examples if example.category]
    named = named_examples(ours, taxonomy)
    ordered = sorted([*ours, *named], key=lambda example: example.id)
    rows = [Said(example.text, example.category) for example in ordered]

    bench, product = fit(rows), train(ours, taxonomy).model

    assert len(rows) > sum(map(len, TEXTS.values()))
    assert np.allclose(bench.head.scales, product.head.scales, atol=1e-4)
    assert bench.calibration.temperature == pytest.approx(product.calibration.temperature, 1e-4)
    assert bench.calibration.trust == pytest.approx(product.calibration.trust, 1e-3)
    assert np.allclose(bench.head.dense.weights, product.head.dense.weights, atol=1e-4)
    assert np.allclose(bench.head.sparse.weights, product.head.sparse.weights, atol=1e-4)
    assert np.allclose(bench.examples, product.examples, atol=1e-4)
