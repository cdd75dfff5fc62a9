"""Models of the sample municipality, each trained once per state of its examples and of the training code."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CLASSIFIER = ROOT / "services" / "classifier"
CACHE = ROOT / "build" / "test-models"
SOURCES = ("*.py", "examples/**/*", "lexicon/*")
SHARE = 3
"""A small town knows every third example of each category and language."""


def trained_model() -> Path:
    """The model of all examples: about a minute when it is not in the cache."""
    return _trained(CACHE / _digest())


def small_municipality(folder: Path) -> Path:
    """The sample municipality with fewer examples, in a folder as a municipality brings its own.

    What passes through the services is the same; how well it is read is not what journeys ask.
    """
    _write_share(CLASSIFIER / "examples", folder / "examples")
    # A municipality with a folder goes without these unless it brings them.
    shutil.copy(ROOT / "services" / "router" / "retention.yaml", folder)
    shutil.copytree(ROOT / "services" / "chatbot" / "development", folder / "development")
    return folder


def small_model(municipality: Path) -> Path:
    """What `henvend train` makes of a small municipality."""
    folder = CACHE / f"{_digest()}-every-{SHARE}"
    return _trained(folder, HENVEND_MUNICIPALITY=str(municipality))


def _write_share(source: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    seen: Counter[Any] = Counter()
    for path in sorted(source.glob("*.jsonl")):
        with (folder / path.name).open("w", encoding="utf-8") as kept:
            for line in path.read_text("utf-8").splitlines(keepends=True):
                row = json.loads(line)
                place = (row["category"], row["language"])
                if seen[place] % SHARE == 0:
                    kept.write(line)
                seen[place] += 1


def _trained(folder: Path, **settings: str) -> Path:
    """HENVEND_TEST_MODEL when it is set, else from the cache, else trained now."""
    ready = os.environ.get("HENVEND_TEST_MODEL")
    if ready:
        return Path(ready)
    if not (folder / "manifest.json").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        plain = {k: v for k, v in os.environ.items() if not k.startswith("HENVEND_")}
        subprocess.run(
            [sys.executable, "-m", "infra.cli.main", "train", "--out", str(folder)],
            cwd=ROOT,
            env={**plain, **settings},
            check=True,
            timeout=900,
        )
    return folder


def _digest() -> str:
    """Whatever may change the model: a cached one must never hide a broken training."""
    digest = hashlib.sha256()
    named = {path for pattern in SOURCES for path in CLASSIFIER.glob(pattern) if path.is_file()}
    for path in sorted({*named, ROOT / "contracts" / "taxonomy.yaml"}):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
