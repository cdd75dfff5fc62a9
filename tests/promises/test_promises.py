"""Every promise has a row that names the tests keeping it, or says openly what is missing."""

import ast
from functools import cache
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).parent
TESTS = HERE.parent
PROMISES = yaml.safe_load((HERE / "promises.yaml").read_text("utf-8"))


@cache
def functions_of(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text("utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, functions))


def test_all_twenty_two_promises_have_a_row() -> None:
    assert list(PROMISES) == [f"P{number}" for number in range(1, 23)]


@pytest.mark.parametrize("number", PROMISES)
def test_a_promise_names_tests_that_exist_and_what_is_missing(number: str) -> None:
    row = PROMISES[number]
    assert set(row) <= {"promise", "kept", "tests", "missing"}
    for node in row["tests"]:
        file, _, name = node.partition("::")
        assert name.startswith("test_"), node
        assert (TESTS / file).is_file(), node
        assert name in functions_of(TESTS / file), node
    # Saying "kept" without a test, or "not kept" without saying what is missing, is refused.
    assert (row["kept"] == "no") == (not row["tests"])
    assert (row["kept"] == "yes") == ("missing" not in row)
    assert row["kept"] in {"yes", "partly", "no"}
