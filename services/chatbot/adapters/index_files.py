"""A published index as files: a readable manifest and one file of arrays, checked by digest."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from services.chatbot.alarm import Alarm
from services.chatbot.categories import Categories
from services.chatbot.decide import SIGNS
from services.chatbot.index import Entry, Head, Index, Ranking, Verdicts
from services.chatbot.kinds import Kinds
from services.chatbot.knowledge import Article
from services.chatbot.lexical import Lexical
from services.chatbot.ports import Floats
from services.chatbot.trees import Trees

MANIFEST = "manifest.json"
ARRAYS = "arrays.npz"
CURRENT = "current"
PREPARED = "prepared"
FORMAT = 16
"""Goes up when the files or the way they are fitted change; older ones are then made anew."""

_TREES = tuple(field.name for field in fields(Trees))
_VERDICTS = {field.name for field in fields(Verdicts)} - {"trees"}
_ANEW = "Start the chat once: it makes what was published anew."


class IndexFileError(RuntimeError):
    """The published index cannot be used; the message says why and what to do."""


def save_index(root: Path, index: Index, digest: str) -> Path:
    """Write the publication `digest` below `root` and make it the current one, atomically."""
    folder = root / digest[:32]
    write_index(folder, index, digest)
    _write(root / CURRENT, folder.name)
    return folder


def prepared_folder(root: Path, name: str) -> Path:
    """Where the publication `name` waits until somebody makes it the current one."""
    return root / PREPARED / name


def forget_prepared(root: Path) -> None:
    """Only one publication waits at a time."""
    shutil.rmtree(root / PREPARED, ignore_errors=True)


def adopt_prepared(root: Path, name: str) -> None:
    """Make a prepared publication the current one, atomically; again, nothing happens.

    Raises IndexFileError when it is not there any more.
    """
    waiting, folder = prepared_folder(root, name), root / name
    if waiting.exists():
        # What lay there was published once and is not now: the current one is never prepared.
        shutil.rmtree(folder, ignore_errors=True)
        waiting.replace(folder)
    if not folder.exists():
        raise IndexFileError(f"The publication {name} is not prepared any more.")
    _write(root / CURRENT, name)


def write_index(folder: Path, index: Index, digest: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lexicals = {
        "questions": index.questions,
        "bodies": index.bodies,
        "outside_questions": index.outside_questions,
    }
    arrays: dict[str, Any] = {
        "vectors": index.vectors,
        "passage_vectors": index.passage_vectors,
        "outside_vectors": index.outside_vectors,
        "components": index.components,
        "head_dense": index.head.dense,
        "head_sparse": index.head.sparse,
        "categories_idf": index.categories.idf,
        "categories_weights": index.categories.weights,
        "kinds_idf": index.kinds.idf,
        "kinds_weights": index.kinds.weights,
        **{f"tree_{name}": getattr(index.verdicts.trees, name) for name in _TREES},
    }
    for name, lexical in lexicals.items():
        arrays |= _lexical_arrays(name, lexical)
    with (folder / ARRAYS).open("wb") as file:
        np.savez(file, **arrays)
    manifest = {
        "format": FORMAT,
        "digest": digest,
        "municipality": index.municipality,
        "model": {"name": index.model_name, "digest": index.model_digest},
        "arrays": hashlib.sha256((folder / ARRAYS).read_bytes()).hexdigest(),
        "ranking": index.ranking.weights,
        "verdicts": {k: v for k, v in vars(index.verdicts).items() if k in _VERDICTS},
        "alarm": vars(index.alarm),
        "categories": {
            "names": index.categories.names,
            "terms": _in_order(index.categories.vocabulary),
            "unknown_idf": index.categories.unknown_idf,
        },
        "kinds": {
            "terms": _in_order(index.kinds.vocabulary),
            "refuse_from": index.kinds.refuse_from,
        },
        "figures": index.figures,
        "articles": {k: a.model_dump(mode="json") for k, a in index.articles.items()},
        "entries": [_row(entry) for entry in index.entries],
        "passages": [_row(entry) for entry in index.passages],
        "outside": [_row(entry) for entry in index.outside],
        "lexicals": {
            name: {
                "terms": _in_order(lexical.vocabulary),
                "unknown_idf": lexical.unknown_idf,
                "size": lexical.size,
            }
            for name, lexical in lexicals.items()
        },
    }
    _write(folder / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))


def current_digest(root: Path) -> str | None:
    """Short name of the current publication; None when nothing was published."""
    try:
        return (root / CURRENT).read_text("utf-8").strip() or None
    except FileNotFoundError:
        return None


def load_index(root: Path) -> Index:
    """The current publication. Raises IndexFileError."""
    name = current_digest(root)
    if name is None:
        raise IndexFileError("No articles are published. Run `henvend knowledge publish`.")
    return read_index(root / name)


def read_index(folder: Path) -> Index:
    """Raises IndexFileError."""
    name = folder.name
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        content = (folder / ARRAYS).read_bytes()
    except (OSError, ValueError) as error:
        raise IndexFileError(f"The published index {name} cannot be read. {_ANEW}") from error
    if manifest.get("format") != FORMAT:
        raise IndexFileError(
            f"The published index {name} was made by another release of Henvend. {_ANEW}"
        )
    if (
        # Weights for other signs than this code reads would end every answer in an error.
        len(manifest["verdicts"]["weights"]) != len(SIGNS) + 1
        or hashlib.sha256(content).hexdigest() != manifest["arrays"]
    ):
        raise IndexFileError(f"The published index {name} was changed. {_ANEW}")
    with np.load(folder / ARRAYS) as arrays:
        return _index(manifest, dict(arrays))


def known_vectors(root: Path, model_digest: str) -> dict[str, Floats]:
    """Vectors by text of the current publication, if the same model made them."""
    try:
        index = load_index(root)
    except IndexFileError:
        return {}
    if index.model_digest != model_digest:
        return {}
    entries = (*index.entries, *index.passages, *index.outside)
    vectors = [*index.vectors, *index.passage_vectors, *index.outside_vectors]
    return {entry.text: vector for entry, vector in zip(entries, vectors, strict=True)}


def _index(manifest: Mapping[str, Any], arrays: Mapping[str, Any]) -> Index:
    lexicals = {
        name: _lexical(name, described, arrays) for name, described in manifest["lexicals"].items()
    }
    return Index(
        municipality=manifest["municipality"],
        model_name=manifest["model"]["name"],
        model_digest=manifest["model"]["digest"],
        articles={k: Article.model_validate(a) for k, a in manifest["articles"].items()},
        entries=tuple(_entry(row) for row in manifest["entries"]),
        vectors=arrays["vectors"],
        passages=tuple(_entry(row) for row in manifest["passages"]),
        passage_vectors=arrays["passage_vectors"],
        outside=tuple(_entry(row) for row in manifest["outside"]),
        outside_vectors=arrays["outside_vectors"],
        questions=lexicals["questions"],
        bodies=lexicals["bodies"],
        outside_questions=lexicals["outside_questions"],
        head=Head(arrays["head_dense"], arrays["head_sparse"]),
        ranking=Ranking(tuple(manifest["ranking"])),
        verdicts=Verdicts(
            **{k: _plain(v) for k, v in manifest["verdicts"].items()},
            trees=Trees(**{name: arrays[f"tree_{name}"] for name in _TREES}),
        ),
        alarm=Alarm(**manifest["alarm"]),
        categories=_categories(manifest["categories"], arrays),
        kinds=_kinds(manifest["kinds"], arrays),
        figures=manifest["figures"],
        components=arrays["components"],
    )


def _categories(described: Mapping[str, Any], arrays: Mapping[str, Any]) -> Categories:
    return Categories(
        names=tuple(described["names"]),
        vocabulary={term: number for number, term in enumerate(described["terms"])},
        idf=arrays["categories_idf"],
        unknown_idf=described["unknown_idf"],
        weights=arrays["categories_weights"],
    )


def _kinds(described: Mapping[str, Any], arrays: Mapping[str, Any]) -> Kinds:
    return Kinds(
        vocabulary={term: number for number, term in enumerate(described["terms"])},
        idf=arrays["kinds_idf"],
        weights=arrays["kinds_weights"],
        refuse_from=described["refuse_from"],
    )


def _in_order(vocabulary: Mapping[str, int]) -> list[str]:
    return sorted(vocabulary, key=vocabulary.__getitem__)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _row(entry: Entry) -> list[Any]:
    return [str(entry.id), entry.topic, entry.language, entry.ordinal, entry.text]


def _entry(row: list[Any]) -> Entry:
    return Entry(UUID(row[0]), *row[1:])


def _lexical_arrays(name: str, lexical: Lexical) -> dict[str, Any]:
    return {
        f"{name}_idf": lexical.idf,
        f"{name}_starts": lexical.starts,
        f"{name}_documents": lexical.documents,
        f"{name}_weights": lexical.weights,
    }


def _lexical(name: str, described: Mapping[str, Any], arrays: Mapping[str, Any]) -> Lexical:
    return Lexical(
        vocabulary={term: number for number, term in enumerate(described["terms"])},
        idf=arrays[f"{name}_idf"],
        unknown_idf=described["unknown_idf"],
        starts=arrays[f"{name}_starts"],
        documents=arrays[f"{name}_documents"],
        weights=arrays[f"{name}_weights"],
        size=described["size"],
    )


def _write(path: Path, text: str) -> None:
    """Durable and all at once: a reader sees the old file or the new one."""
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
