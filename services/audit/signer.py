"""Signs heads, and remembers apart from the database what it signed last.

The memory is a file of its own: a database restored from yesterday's backup stops here instead of
becoming a second history. Ed25519 is deterministic, so signing again gives the same bytes.
"""

import base64
import json
import os
from collections.abc import Sequence
from pathlib import Path

from services.audit import note
from services.audit.checkpoint import Checkpoint, sign_checkpoint
from services.audit.ports import SignerRefusedError
from services.audit.tree import ProofError, verify_consistency


class HeadFile:
    """The last signed head, in a file that is replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Checkpoint | None:
        """Raises SignerRefusedError when the file is not what `write` wrote."""
        try:
            raw = json.loads(self._path.read_text("utf-8"))
            return Checkpoint(raw["origin"], int(raw["size"]), base64.b64decode(raw["root"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise SignerRefusedError(
                f"The signer's memory {self._path} is damaged: restore it or ask the witness."
            ) from None

    def write(self, head: Checkpoint) -> None:
        """Durable when this returns."""
        root = base64.b64encode(head.root).decode()
        fresh = self._path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"origin": head.origin, "size": head.size, "root": root}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        _sync_folder(self._path.parent)


class TrailSigner:
    def __init__(self, key: note.Signer, memory: HeadFile) -> None:
        self._key = key
        self._memory = memory

    @property
    def verifier(self) -> note.Verifier:
        return self._key.verifier

    def last(self) -> Checkpoint | None:
        return self._memory.read()

    def sign(self, head: Checkpoint, consistency: Sequence[bytes]) -> str:
        """The signed note of `head`; `consistency` proves that it continues the last signed head.

        Raises SignerRefusedError for a smaller head, another root of the same size, another origin
        or a history that does not continue. The memory is durable before the signature is out.
        """
        last = self._memory.read()
        if last is not None:
            _require_continuation(last, head, consistency)
        signed = sign_checkpoint(head, self._key)
        if last != head:
            self._memory.write(head)
        return signed


def load_signer(folder: Path, origin: str) -> TrailSigner:
    """The key `log.key` (mode 0600) and the memory `head.json` in `folder`, made on first use.

    Raises SignerRefusedError when the key is readable by others or belongs to another origin.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "log.key"
    memory = HeadFile(folder / "head.json")
    if not path.exists():
        if memory.read() is not None:
            raise SignerRefusedError(f"The log's key {path} is gone: restore it from its backup.")
        _write_key(path, note.Signer.generate(origin))
    if path.stat().st_mode & 0o077:
        raise SignerRefusedError(f"The log's key can be read by others. Run: chmod 600 {path}")
    try:
        key = note.parse_secret(path.read_text("utf-8").strip())
    except (note.NoteError, UnicodeDecodeError):
        raise SignerRefusedError(f"The log's key {path} is damaged: restore it.") from None
    if key.name != origin:
        raise SignerRefusedError(
            f"The key {path} is of the log {key.name}, not of {origin}. "
            "A new log needs a folder of its own."
        )
    vkey = folder / "log.vkey"
    if not vkey.exists():
        vkey.write_text(key.verifier.vkey + "\n", "utf-8")
    return TrailSigner(key, memory)


def _require_continuation(last: Checkpoint, head: Checkpoint, consistency: Sequence[bytes]) -> None:
    if head.origin != last.origin:
        raise SignerRefusedError(f"The last signed head is of the log {last.origin}.")
    if head.size < last.size:
        raise SignerRefusedError(
            f"The database has {head.size} entries, but {last.size} were signed: "
            "it is older than the trail. Restore the newest copy."
        )
    try:
        verify_consistency(last.size, head.size, last.root, head.root, consistency)
    except ProofError as error:
        raise SignerRefusedError(
            f"The entries in the database do not continue the {last.size} that were signed ({error})."
        ) from None


def _write_key(path: Path, key: note.Signer) -> None:
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(key.secret + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
