"""What a model card and the pages say of a model: where its figures come from, and what it costs."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import typer
from typer.testing import CliRunner

from services.classifier import commands, measured, storage
from services.classifier.card import to_markdown
from services.classifier.classify import Inquiry, classify
from services.classifier.energy import Energy, Meter, estimate, measure, read_joules
from services.classifier.evaluate import Case
from services.classifier.train import train

COST = Energy(0.01, 0.042, "estimated")


@pytest.fixture(scope="module")
def manifest(examples, taxonomy, words_only, tmp_path_factory) -> storage.Manifest:
    folder = tmp_path_factory.mktemp("card") / "model"
    trained = train(examples, taxonomy, outside_embedding=words_only)
    storage.save(folder, trained.model, "words", trained.about)
    return storage.read_manifest(folder)


def figures(digest: str) -> measured.Measured:
    return measured.Measured(
        model=digest,
        at=datetime(2026, 11, 22, tzinfo=UTC),
        inquiries=799,
        evaluation="e" * 64,
        figures={"department_accuracy": 0.925},
    )


def test_the_card_counts_the_rows_and_names_what_they_were(manifest, examples) -> None:
    card = to_markdown(manifest, "d" * 64, COST, 15, None)

    rows = sum(sum(languages.values()) for languages in manifest.examples.values())
    assert rows > len(examples)
    assert f"{rows} labelled rows" in card
    assert manifest.examples_digest in card
    assert "| da |" in card
    assert "`words`, unchanged" in card
    assert f"| category accuracy | {manifest.metrics['category_accuracy']:.1%} |" in card


def test_the_card_holds_the_last_evaluation_of_that_very_model(manifest, tmp_path) -> None:
    measured.keep(tmp_path, figures("d" * 64))

    own = to_markdown(manifest, "d" * 64, COST, 15, measured.find(tmp_path, "d" * 64))
    other = to_markdown(manifest, "f" * 64, COST, 15, measured.find(tmp_path, "f" * 64))

    assert "| department accuracy | 92.5% |" in own
    assert "799 inquiries" in own
    assert "92.5%" not in other
    assert "henvend evaluate" in other


def test_the_card_says_whether_energy_was_measured_or_assumed(manifest) -> None:
    assumed = to_markdown(manifest, "d", COST, 7.5, None)
    read = to_markdown(manifest, "d", COST._replace(source="measured"), 7.5, None)

    assert "7.5 W for one busy core" in assumed
    assert "RAPL" in read
    assert "7.5 W" not in read


def test_an_estimate_is_seconds_times_watts() -> None:
    # 10 ms at 18 W is 0.18 J; a thousand are 180 J, a twentieth of a watt-hour.
    assert estimate(0.01, 18).watt_hours == pytest.approx(0.05)


def test_the_processors_own_counter_is_believed_where_it_can_be_read(tmp_path) -> None:
    counter = tmp_path / "intel-rapl:0" / "energy_uj"
    counter.parent.mkdir()
    counter.write_text("1000000\n")

    def work() -> int:
        counter.write_text("37000000\n")
        return 10

    found = measure(work, 15, tmp_path)

    assert found.source == "measured"
    assert found.watt_hours == pytest.approx(1.0)


def test_without_a_counter_or_when_it_ran_over_the_estimate_stands(tmp_path) -> None:
    assert read_joules(tmp_path) is None
    assert measure(lambda: 1, 15, tmp_path).source == "estimated"
    counter = tmp_path / "intel-rapl:0" / "energy_uj"
    counter.parent.mkdir()
    counter.write_text("9000000")

    assert measure(lambda: counter.write_text("1"), 15, tmp_path).source == "estimated"


def test_reading_costs_time_that_is_really_counted(model) -> None:
    def work() -> int:
        return len(classify([Inquiry("mit pas er udløbet")] * 20, model))

    assert 0 < measure(work, 15).seconds < 1


def test_a_meter_says_nothing_before_the_first_inquiry_and_then_the_mean() -> None:
    meter = Meter(18)
    assert meter.now() is None

    meter.add(0.005)
    meter.add(0.015)

    assert meter.now() == estimate(0.01, 18)


def test_the_card_of_a_cold_start_says_that_its_figures_mean_little(
    taxonomy, words_only, manifest, tmp_path
) -> None:
    trained = train([], taxonomy, outside_embedding=words_only)
    storage.save(tmp_path / "cold", trained.model, "words", trained.about)

    cold = to_markdown(storage.read_manifest(tmp_path / "cold"), "d", COST, 15, None)

    assert "say nothing of mail" in cold
    assert "say nothing of mail" not in to_markdown(manifest, "d", COST, 15, None)


def test_an_evaluation_from_the_shell_is_on_the_next_card(
    model, manifest, tmp_path, monkeypatch
) -> None:
    known = replace(model, digest="a" * 64)
    monkeypatch.setenv("HENVEND_DATA", str(tmp_path))
    monkeypatch.setattr(storage, "load", lambda _folder: known)
    monkeypatch.setattr(storage, "read_manifest", lambda _folder: manifest)
    (tmp_path / "set").mkdir()
    case = Case(id="1", language="da", category="borger.pas", text="mit pas er udløbet")
    (tmp_path / "set" / "a.jsonl").write_text(case.model_dump_json(), "utf-8")
    app = typer.Typer()
    commands.mount(app)
    model_folder = ["--model", str(tmp_path)]

    report = ["--report", str(tmp_path / "report.html")]
    evaluated = CliRunner().invoke(
        app, ["evaluate", "--data", str(tmp_path / "set"), *model_folder, *report]
    )
    card = CliRunner().invoke(app, ["model-card", *model_folder])

    assert evaluated.exit_code == 0, evaluated.output
    assert card.exit_code == 0, card.output
    assert "1 inquiries that taught nothing" in card.output
    assert "| category accuracy | 100.0% |" in card.output
    assert "Wh per 1,000 inquiries" in card.output


def test_figures_of_the_rows_that_set_the_thresholds_stand_apart(manifest) -> None:
    metrics = {"category_accuracy": 0.7, "outside_auroc": 0.9, "checked_category_accuracy": 0.93}
    card = to_markdown(manifest.model_copy(update={"metrics": metrics}), "d", COST, 15, None)

    trained, checked = card.split("On the inquiries that set the thresholds")
    assert "| category accuracy | 70.0% |" in trained
    assert "| category accuracy | 93.0% |" in checked
    assert "93.0%" not in trained


def test_a_model_no_gate_judged_is_said_to_be_compared_with_nothing(manifest) -> None:
    alone = to_markdown(manifest, "d", COST, 15, None)
    compared = to_markdown(manifest, "d", COST, 15, None, compared=True)

    assert "no gate judged it" in alone
    assert "no gate judged it" not in compared
    assert "gate.json" in compared
