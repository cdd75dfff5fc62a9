"""A sentence-transformers model that only adds up its pieces' vectors, read without torch.

Importing torch and sentence-transformers costs each process that starts ten seconds of a processor.
The rows are those of `SentenceTransformer(folder).encode(texts, normalize_embeddings=True)`, bit for bit:
each step rounds to the type the table is stored in, as torch does.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from tokenizers import Tokenizer

Rows = NDArray[Any]
"""float16 or float32, as the table is."""
_PACKAGE = "sentence_transformers"
_WEIGHT = "embedding.weight"
_LANES = 8
"""Single precision is squared and added up this many numbers side by side."""
_NAMES_OF_OUTPUT = {"sentence_embedding"}
_SAID_OF_A_MODULE = {"idx", "name", "path", "type"}
_SAID_OF_ALL = {"__version__", "default_prompt_name", "model_type", "prompts", "similarity_fn_name"}


class StaticEmbedding:
    """The mean of a text's pieces, scaled to length 1."""

    def __init__(self, tokenizer: Any, table: Rows) -> None:
        self.tokenizer = tokenizer
        self.table = table

    def embed(self, texts: Sequence[str]) -> Rows:
        """One row a text; a text without a known piece gets zeros."""
        pieces = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        means = np.empty((len(pieces), self.table.shape[1]), dtype=self.table.dtype)
        for mean, piece in zip(means, pieces, strict=True):
            mean[:] = self._mean(piece.ids)
        # Twice, for the model's last step does it and `encode` is asked to: the second changes last digits.
        return _unit(_unit(means))

    def _mean(self, numbers: Sequence[int]) -> Rows:
        exact = self.table.dtype.type
        summed = self.table[numbers].astype(np.float32).sum(axis=0).astype(exact)
        return np.asarray(summed / exact(max(1, len(numbers))))


def _unit(rows: Rows) -> Rows:
    exact = rows.dtype.type
    lengths = np.sqrt(_squares(rows.astype(np.float32), 1 if exact is np.float16 else _LANES))
    # Too small a number for half precision: there only the zero row is as short.
    shortest = np.maximum(lengths.astype(exact), exact(1e-12))[:, None]
    return np.asarray(rows / np.where(shortest > 0, shortest, exact(1)))


def _squares(rows: Rows, lanes: int) -> Rows:
    """Added up one after the other in so many lanes, then the lanes, then what is left over."""
    even = rows.shape[1] // lanes * lanes
    squared = rows * rows
    side_by_side = squared[:, :even].reshape(len(rows), even // lanes, lanes)
    summed = np.add.accumulate(side_by_side, axis=1)[:, -1] if even else squared[:, :0]
    in_order = np.concatenate([summed, squared[:, even:]], axis=1)
    return np.asarray(np.add.accumulate(in_order, axis=1)[:, -1])


def read_static_embedding(folder: Path) -> StaticEmbedding | None:
    """None for a model of another kind, or one that says anything we do not know."""
    if (home := _home(folder)) is None:
        return None
    table = _table(home / "model.safetensors")
    if table is None or not (home / "tokenizer.json").is_file():
        return None
    tokenizer = Tokenizer.from_file(str(home / "tokenizer.json"))
    tokenizer.no_padding()
    return StaticEmbedding(tokenizer, table)


def _home(folder: Path) -> Path | None:
    """Where the table is, if the model is a table and a scaling to length 1."""
    modules = _said(folder / "modules.json")
    if not isinstance(modules, list) or [_kind(one) for one in modules] != [
        "StaticEmbedding",
        "Normalize",
    ]:
        return None
    embedding, scaling = (folder / one["path"] for one in modules)
    scaled = set(_said(scaling / "config.json").values())
    plain = _is_plain(_said(folder / "config_sentence_transformers.json"))
    return embedding if plain and scaled <= _NAMES_OF_OUTPUT else None


def _kind(module: dict[str, Any]) -> str:
    package, _, rest = module["type"].partition(".")
    known = package == _PACKAGE and set(module) <= _SAID_OF_A_MODULE
    return rest.rpartition(".")[2] if known else ""


def _is_plain(about: dict[str, Any]) -> bool:
    prompts = [about.get("default_prompt_name"), *(about.get("prompts") or {}).values()]
    kind = about.get("model_type", "SentenceTransformer")
    return set(about) <= _SAID_OF_ALL and kind == "SentenceTransformer" and not any(prompts)


def _said(path: Path) -> Any:
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def _table(path: Path) -> Rows | None:
    if not path.is_file():
        return None
    with safe_open(path, framework="numpy") as weights:
        if list(weights.keys()) != [_WEIGHT]:
            return None
        if weights.get_slice(_WEIGHT).get_dtype() not in {"F16", "F32"}:
            return None
        return np.asarray(weights.get_tensor(_WEIGHT))
