"""The classifier from a shell and through a pipe."""

import json

import pytest
import typer
from typer.testing import CliRunner

from services.classifier import commands, storage


@pytest.fixture
def henvend():
    app = typer.Typer()
    commands.mount(app)
    return lambda *args, **more: CliRunner().invoke(app, list(args), **more)


def lines(output: str) -> list[dict]:
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def test_mask_reads_a_pipe_and_reports_spans(henvend) -> None:
    row = json.dumps({"id": "a", "text": "cpr 010180-1234"})

    result = henvend("mask", "--jsonl", "-", input=row + "\n")

    assert lines(result.stdout) == [
        {"id": "a", "text": "cpr [cpr]", "spans": [{"start": 4, "end": 15, "kind": "cpr"}]}
    ]


def test_a_broken_line_is_one_sentence_without_its_content(henvend) -> None:
    result = henvend("mask", "--jsonl", "-", input='{"id": "a", "hemmeligt": 1}\n')

    assert result.exit_code == 1
    assert "Line 1" in result.output
    assert "Traceback" not in result.output


def test_classify_writes_one_answer_a_line(henvend, model, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(storage, "load", lambda _folder: model)
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    rows = [
        {"id": 1, "channel": "mail", "subject": "Pas", "text": "mit pas er udløbet"},
        {"id": "2", "channel": "chat", "text": "hul i vejen"},
    ]
    source.write_text("\n".join(map(json.dumps, rows)), "utf-8")

    result = henvend("classify", "--jsonl", str(source), "--out", str(target))

    assert result.exit_code == 0, result.output
    answers = lines(target.read_text("utf-8"))
    assert [a["id"] for a in answers] == ["1", "2"]
    assert set(answers[0]) == {
        "id", "language", "verdict", "category", "department", "confidence", "alternatives",
        "urgent", "sensitive", "parts", "evidence",
    }  # fmt: skip


def test_without_a_model_one_sentence_says_what_to_do(henvend, tmp_path) -> None:
    result = henvend("classify", "--jsonl", "-", "--model", str(tmp_path), input="")

    assert result.exit_code == 1
    assert "henvend train" in result.output
