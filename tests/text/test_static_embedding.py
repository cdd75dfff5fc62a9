"""Our embedding is read without torch: the rows are the ones torch gives, and no other model is taken for it."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from infra.text.static_embedding import read_static_embedding
from tests.static_model import write_json, write_static_model

WORDS = (
    "jeg",
    "vil",
    "gerne",
    "have",
    "et",
    "nyt",
    "pas",
    "til",
    "min",
    "datter",
    "og",
    "hvad",
    "koster",
)
TEXTS = (
    *("", "   ", "?", "ord ingen kender", "pas", "Pas pas PAS", "hvad koster et nyt pas"),
    *(" ".join(WORDS * times) for times in (1, 7, 400)),
)
MODULES, ABOUT = "modules.json", "config_sentence_transformers.json"


@pytest.fixture
def folder(tmp_path):
    return write_static_model(tmp_path / "model", WORDS)


@pytest.mark.slow
@pytest.mark.parametrize("width", [5, 48, 51, 320])
@pytest.mark.parametrize(("kind", "step"), [(np.float32, 1e-6), (np.float16, 2**-11)])
def test_the_rows_are_those_of_sentence_transformers(tmp_path, width, kind, step):
    from sentence_transformers import SentenceTransformer

    folder = write_static_model(tmp_path / "model", WORDS, width, kind)
    plain = SentenceTransformer(str(folder), device="cpu")

    found = read_static_embedding(folder).embed(TEXTS)

    expected = plain.encode(list(TEXTS), normalize_embeddings=True)
    apart = np.abs(found.astype(np.float64) - np.nan_to_num(expected))
    assert found.dtype == expected.dtype == kind
    # Torch may add up in another order elsewhere: a last digit now and then, and no more.
    assert apart.max() <= step
    assert apart.mean() < 1e-6


def test_a_text_has_the_same_row_alone_and_among_others(folder):
    static = read_static_embedding(folder)
    together = static.embed(TEXTS)

    for text, row in zip(TEXTS, together, strict=True):
        assert np.array_equal(static.embed([text])[0], row)


def test_rows_have_length_one_and_nothing_known_has_no_direction(folder):
    lengths = np.linalg.norm(read_static_embedding(folder).embed(TEXTS), axis=1)

    assert np.allclose(lengths, [0] * 4 + [1] * 6, atol=1e-6)


def test_nothing_to_read_gives_no_rows(folder):
    assert read_static_embedding(folder).embed([]).shape == (0, 48)


def test_a_tokenizer_that_pads_is_told_not_to(folder):
    expected = read_static_embedding(folder).embed(TEXTS)
    said = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    said["padding"] = {
        "strategy": {"Fixed": 30},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 1,
        "pad_type_id": 0,
        "pad_token": "jeg",
    }
    write_json(folder / "tokenizer.json", said)

    assert np.array_equal(read_static_embedding(folder).embed(TEXTS), expected)


def change(folder, name, **to):
    said = json.loads((folder / name).read_text("utf-8"))
    write_json(folder / name, said | to)


def change_module(folder, number, **to):
    modules = json.loads((folder / MODULES).read_text("utf-8"))
    modules[number] |= to
    write_json(folder / MODULES, modules)


OTHERS = {
    "another module": lambda f: change_module(
        f, 0, type="sentence_transformers.models.Transformer"
    ),
    "someone's own module": lambda f: change_module(f, 0, type="mine.StaticEmbedding"),
    "a module told more": lambda f: change_module(f, 0, kwargs=["task"]),
    "no scaling": lambda f: write_json(
        f / MODULES, json.loads((f / MODULES).read_text("utf-8"))[:1]
    ),
    "another scaled": lambda f: change(
        f, "1_Normalize/config.json", module_input_name="token_embeddings"
    ),
    "a prompt": lambda f: change(f, ABOUT, prompts={"query": "query: "}),
    "a prompt by name": lambda f: change(f, ABOUT, default_prompt_name="query"),
    "fewer dimensions": lambda f: change(f, ABOUT, truncate_dim=16),
    "another kind": lambda f: change(f, ABOUT, model_type="SparseEncoder"),
    "a table by another name": lambda f: save_file(
        {"embeddings": np.ones((3, 48), dtype=np.float32)}, f / "model.safetensors"
    ),
    "more than a table": lambda f: save_file(
        {name: np.ones((3, 48), dtype=np.float32) for name in ("embedding.weight", "weights")},
        f / "model.safetensors",
    ),
    "a table of another type": lambda f: save_file(
        {"embedding.weight": np.ones((3, 48), dtype=np.int8)}, f / "model.safetensors"
    ),
    "no table": lambda f: (f / "model.safetensors").unlink(),
    "no tokenizer": lambda f: (f / "tokenizer.json").unlink(),
    "no modules": lambda f: (f / MODULES).unlink(),
}


@pytest.mark.parametrize("change_it", OTHERS.values(), ids=OTHERS)
def test_anything_else_is_left_to_sentence_transformers(folder, change_it):
    assert read_static_embedding(folder) is not None

    change_it(folder)

    assert read_static_embedding(folder) is None


def test_older_names_and_places_of_the_modules_are_known(folder):
    (folder / "0_StaticEmbedding").mkdir()
    for name in ("model.safetensors", "tokenizer.json"):
        (folder / name).rename(folder / "0_StaticEmbedding" / name)
    change_module(folder, 0, type="sentence_transformers.models.StaticEmbedding")
    change_module(folder, 0, path="0_StaticEmbedding")
    change_module(folder, 1, type="sentence_transformers.models.Normalize")

    assert read_static_embedding(folder) is not None
