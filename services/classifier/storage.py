"""A model as a folder: JSON, safetensors and sentence-transformers modules; no pickles.

The digest is SHA-256 over the names and digests of all files, so one changed byte changes it.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict
from safetensors.numpy import load_file, save_file

from services.classifier.adapters.half_product import half_product
from services.classifier.adapters.sentence_transformer import load_embedder
from services.classifier.calibrate import OutsideModel
from services.classifier.features import FeatureSpace, Floats
from services.classifier.head import Head, Linear
from services.classifier.model import Calibration, Kind, Known, Model

FORMAT = 1
MANIFEST = "manifest.json"
EMBEDDING = "embedding"


class ModelError(ValueError):
    """The model folder cannot be used; the message says what to do."""


class Manifest(BaseModel):
    """What a model folder says about itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    name: str
    embedding: str
    """`embedding` for the folder beside it, else the id or path of an outside model."""
    prefix: str
    classes: tuple[str, ...]
    sizes: tuple[int, int]
    pairs: bool
    scales: tuple[float, float]
    share: float
    temperature: float
    trust: tuple[float, float, float]
    thresholds: dict[str, float]
    precision: float
    ask_cut: float
    urgent: float
    sensitive: float
    outside_threshold: float
    outside_doubt: float = 1.0
    """Older models doubt nothing below their threshold."""
    outside_bias: float
    typicality: tuple[float, ...] = ()
    kinds: dict[str, tuple[str, bool, bool]]
    examples: dict[str, dict[str, int]]
    """Category to language to number of examples."""
    examples_digest: str
    metrics: dict[str, float]
    files: dict[str, str]


def save(folder: Path, model: Model, embedding: Any, about: Mapping[str, Any]) -> str:
    """Writes the folder anew, all or nothing; returns the digest.

    `embedding` is a SentenceTransformer to store, or the id of one that stays outside.
    """
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    inside = not isinstance(embedding, str)
    if inside:
        # Half the size; the vectors differ in the fourth digit.
        embedding.half().save(str(fresh / EMBEDDING), create_model_card=False)
    save_file(_arrays(model), fresh / "head.safetensors")
    (fresh / "features.json").write_text(_json(list(model.head.space.index)), "utf-8")
    lines = [_json([k.category, k.text]) for k in model.known]
    (fresh / "examples.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    files = {p.relative_to(fresh).as_posix(): _sha256(p) for p in _files(fresh)}
    manifest = Manifest(
        format=FORMAT,
        name=model.name,
        embedding=EMBEDDING if inside else embedding,
        classes=model.head.classes,
        sizes=(model.head.space.sizes.start, model.head.space.sizes.stop),
        pairs=model.head.space.pairs,
        scales=model.head.scales,
        share=model.head.share,
        temperature=model.calibration.temperature,
        trust=model.calibration.trust,
        thresholds=dict(model.calibration.thresholds),
        precision=model.calibration.precision,
        ask_cut=model.calibration.ask_cut,
        urgent=model.calibration.urgent,
        sensitive=model.calibration.sensitive,
        outside_threshold=model.calibration.outside.threshold,
        outside_doubt=model.calibration.outside.doubt,
        outside_bias=model.calibration.outside.bias,
        typicality=model.calibration.typicality,
        kinds={n: (k.department, k.external, k.sensitive) for n, k in model.kinds.items()},
        files=files,
        **about,
    )
    (fresh / MANIFEST).write_text(manifest.model_dump_json(indent=1), "utf-8")
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    return _digest(folder)


def read_manifest(folder: Path) -> Manifest:
    """Raises ModelError when there is no model, or its files were changed."""
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_text("utf-8"))
    except FileNotFoundError:
        raise ModelError(f"There is no model in {folder}: run `henvend train`.") from None
    except ValueError as error:
        raise ModelError(
            f"The model in {folder} was made by another version: run `henvend train`."
        ) from error
    for name, digest in manifest.files.items():
        if not (folder / name).is_file() or _sha256(folder / name) != digest:
            raise ModelError(
                f"{name} of the model in {folder} was changed after training: run `henvend train`."
            )
    return manifest


def load(folder: Path) -> Model:
    """Raises ModelError. Without torch, unless the embedding is another than ours."""
    manifest = read_manifest(folder)
    arrays = load_file(folder / "head.safetensors")
    names = json.loads((folder / "features.json").read_text("utf-8"))
    space = FeatureSpace(
        range(*manifest.sizes),
        manifest.pairs,
        {name: number for number, name in enumerate(names)},
        _floats(arrays["idf"]),
    )
    lines = (folder / "examples.jsonl").read_text("utf-8").splitlines()
    outside = manifest.embedding != EMBEDDING

    return Model(
        name=manifest.name,
        digest=_digest(folder),
        embedder=load_embedder(
            manifest.embedding if outside else folder / EMBEDDING, manifest.prefix
        ),
        head=_head(manifest, space, arrays),
        calibration=_calibration(manifest, arrays),
        # Kept at half the memory: only the nearest few are looked at as rows.
        examples=arrays["examples"],
        known=[Known(*json.loads(line)) for line in lines],
        kinds={name: Kind(*kind) for name, kind in manifest.kinds.items()},
        quick=half_product(arrays["examples"]),
    )


def _head(manifest: Manifest, space: FeatureSpace, arrays: Mapping[str, Any]) -> Head:
    def linear(name: str) -> Linear:
        return Linear(_floats(arrays[f"{name}.weights"]), _floats(arrays[f"{name}.biases"]))

    return Head(
        classes=manifest.classes,
        space=space,
        dense=linear("dense"),
        sparse=linear("sparse"),
        flags_dense=linear("flags_dense"),
        flags_sparse=linear("flags_sparse"),
        scales=manifest.scales,
        share=manifest.share,
    )


def _calibration(manifest: Manifest, arrays: Mapping[str, Any]) -> Calibration:
    return Calibration(
        temperature=manifest.temperature,
        trust=manifest.trust,
        thresholds=manifest.thresholds,
        precision=manifest.precision,
        ask_cut=manifest.ask_cut,
        urgent=manifest.urgent,
        sensitive=manifest.sensitive,
        outside=OutsideModel(
            means=_floats(arrays["outside.means"]),
            scales=_floats(arrays["outside.scales"]),
            weights=_floats(arrays["outside.weights"]),
            bias=manifest.outside_bias,
            threshold=manifest.outside_threshold,
            doubt=manifest.outside_doubt,
        ),
        typicality=manifest.typicality,
    )


def _arrays(model: Model) -> dict[str, Any]:
    head, outside = model.head, model.calibration.outside
    arrays: dict[str, Any] = {
        "idf": head.space.idf,
        "examples": model.examples.astype(np.float16),
        "outside.means": outside.means,
        "outside.scales": outside.scales,
        "outside.weights": outside.weights,
    }
    for name in ("dense", "sparse", "flags_dense", "flags_sparse"):
        linear: Linear = getattr(head, name)
        half = np.float16 if name.endswith("sparse") else np.float32
        arrays[f"{name}.weights"] = np.ascontiguousarray(linear.weights.astype(half))
        arrays[f"{name}.biases"] = linear.biases.astype(np.float32)
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def _floats(array: Any) -> Floats:
    return np.asarray(array, dtype=np.float32)


def _digest(folder: Path) -> str:
    return _sha256(folder / MANIFEST)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
