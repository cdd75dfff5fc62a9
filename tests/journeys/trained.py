"""The sample municipality's model, trained once per state of its examples and of the training code."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CLASSIFIER = ROOT / "services" / "classifier"
CACHE = ROOT / "build" / "test-models"
SOURCES = ("*.py", "examples/**/*", "lexicon/*")


def trained_model() -> Path:
    """HENVEND_TEST_MODEL when it is set, else from the cache, else trained now (about a minute)."""
    ready = os.environ.get("HENVEND_TEST_MODEL")
    if ready:
        return Path(ready)
    folder = CACHE / _digest()
    if not (folder / "manifest.json").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        plain = {k: v for k, v in os.environ.items() if not k.startswith("HENVEND_")}
        subprocess.run(
            [sys.executable, "-m", "infra.cli.main", "train", "--out", str(folder)],
            cwd=ROOT,
            env=plain,
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
