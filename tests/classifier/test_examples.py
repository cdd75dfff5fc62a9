"""Examples and evaluation sets: what is wrong is said by file and line."""

import json

import pytest

from contracts.taxonomy import TaxonomyError
from services.classifier.evaluate import Case, evaluate, read_cases
from services.classifier.examples import ExamplesError, load_examples
from services.classifier.report import to_html, verdict_on

GOOD = {"id": "1", "category": "borger.pas", "language": "da", "text": "mit pas er væk"}


def write(folder, *rows) -> None:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / "borger.jsonl").write_text("\n".join(lines), "utf-8")


def test_a_broken_line_is_named_without_quoting_it(tmp_path, taxonomy) -> None:
    write(tmp_path, GOOD, '{"id": "2", "text": "hemmeligt"')

    with pytest.raises(ExamplesError, match=r"borger\.jsonl, line 2") as error:
        load_examples(tmp_path, taxonomy)
    assert "hemmeligt" not in str(error.value)


def test_an_unknown_category_is_refused_by_name(tmp_path, taxonomy) -> None:
    write(tmp_path, GOOD | {"category": "borger.ukendt"})

    with pytest.raises(TaxonomyError, match=r"borger\.ukendt"):
        load_examples(tmp_path, taxonomy)


def test_an_id_may_be_used_once(tmp_path, taxonomy) -> None:
    write(tmp_path, GOOD, GOOD)

    with pytest.raises(ExamplesError, match="used twice"):
        load_examples(tmp_path, taxonomy)


def test_an_evaluation_measures_and_reports(model, tmp_path) -> None:
    rows = [
        Case(id="1", language="da", category="borger.pas", text="mit pas er udløbet"),
        Case(id="2", language="da", category="veje.huller", text="hul i asfalten"),
        Case(id="3", language="da", text="opskrift på pandekager", kind="outside"),
        Case(id="4", language="da", category="veje.huller", text="<b>hul i vejen</b>"),
    ]
    (tmp_path / "set.jsonl").write_text("\n".join(r.model_dump_json() for r in rows), "utf-8")

    result = evaluate(read_cases(tmp_path), model)

    assert result.figures["category_accuracy"] == 1.0
    assert 0 <= result.figures["ece"] <= 1
    page = to_html(result, "<model>", "abc")
    assert "<model>" not in page
    assert "http" not in page
    assert verdict_on("ece", 0.05) == "missed by 2.0 points"
