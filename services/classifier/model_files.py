"""Where models rest: the first in `model`, candidates and approved ones in folders named by digest."""

import os
import shutil
from hashlib import sha256
from pathlib import Path

from services.classifier.storage import EMBEDDING, MANIFEST, Manifest, ModelError, read_manifest

FIRST = "model"
APPROVED = "models"
CANDIDATES = "model-candidates"
GATE = "gate.json"
HEX = frozenset("0123456789abcdef")


def digest_of(folder: Path) -> str:
    """The model's digest: SHA-256 of its manifest, which names the digests of all files."""
    return sha256((folder / MANIFEST).read_bytes()).hexdigest()


def require_whole(folder: Path) -> Manifest:
    """Raises ModelError when a file of the model is changed, missing or was added."""
    manifest = read_manifest(folder)
    known = {*manifest.files, MANIFEST, GATE}
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
    foreign = sorted(present - known)
    if foreign:
        raise ModelError(f"{foreign[0]} in {folder} does not belong to the model.")
    return manifest


def outside_digest(manifest: Manifest) -> str | None:
    """SHA-256 over the files of an embedding model in a folder of its own.

    None when the embedding is inside the model, or only named: then nothing of it can be signed.
    """
    folder = Path(manifest.embedding)
    if manifest.embedding == EMBEDDING or not folder.is_dir():
        return None
    whole = sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        whole.update(f"{name}\0{sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def approved_folder(data: Path, digest: str) -> Path:
    return data / APPROVED / _safe(digest)


def candidate_folder(data: Path, digest: str) -> Path:
    return data / CANDIDATES / _safe(digest)


def candidates(data: Path) -> list[Path]:
    """Folders of candidates, newest first; one still being written is none."""
    folder = data / CANDIDATES
    found = [p for p in folder.iterdir() if (p / GATE).is_file()] if folder.is_dir() else []
    return sorted(found, key=lambda p: (p / GATE).stat().st_mtime, reverse=True)


def keep_approved(source: Path, data: Path) -> Path:
    """The model among the approved ones; all or nothing, and doing it again is harmless.

    Files are linked, not copied, where the file system can: a model never changes after training.
    """
    target = approved_folder(data, digest_of(source))
    if target.exists():
        return target
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, fresh, copy_function=_link_or_copy)
    fresh.rename(target)
    return target


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _safe(digest: str) -> str:
    # Digests come in by forms and become paths.
    if len(digest) != 64 or not HEX.issuperset(digest):
        raise ModelError("That is not a model's digest.")
    return digest
