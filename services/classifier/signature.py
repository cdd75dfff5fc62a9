"""Signs what a promotion says, and refuses models that are not exactly what was signed.

Ed25519 (RFC 8032) over the statement's JSON bytes. It guards the models' files and rows against
everybody who may write them but not read the key; whoever has the key file can sign anything.
"""

import os
from base64 import b64decode, b64encode
from datetime import datetime
from pathlib import Path
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from services.classifier.model_files import digest_of, outside_digest, require_whole
from services.classifier.storage import ModelError

KEY_FILE = "model-signing.key"
FIRST_FILE = "model-signing.first"
KEY_BYTES = 32


class SignatureError(ModelError):
    """What stands there is not what was signed; the message says which."""


class Statement(BaseModel):
    """Everything one promotion claims."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    """Counts promotions; a signed statement cannot be played again as a later one."""
    digest: str
    name: str
    kind: Literal["first", "candidate", "rollback"]
    outside: str | None = None
    """SHA-256 of an embedding model that stands in a folder outside the model."""
    previous: str | None
    gate: str | None
    """SHA-256 of the gate's verdict it was approved by."""
    approved_by: tuple[str, ...]
    at: AwareDatetime
    metrics: dict[str, float]


class ModelSigner:
    def __init__(self, secret: bytes, keys: Path) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self._first = keys / FIRST_FILE

    def sign(self, text: str) -> str:
        return b64encode(self._key.sign(text.encode())).decode()

    def require_first(self, digest: str) -> None:
        """Remembers beside the key which model was the first; there is only one in a key's life.

        Otherwise whoever empties the database could have any model signed as the first.
        Raises SignatureError.
        """
        try:
            descriptor = os.open(self._first, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if self._first.read_text("utf-8").strip() != digest:
                raise SignatureError(
                    "This installation began with another model, and its promotions are gone: "
                    f"restore the database. To begin anew on purpose, remove {self._first}."
                ) from None
            return
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(digest + "\n")
            file.flush()
            os.fsync(file.fileno())

    def require(self, text: str, signature: str, what: str) -> None:
        """Raises SignatureError unless `signature` is ours for exactly `text`."""
        try:
            self._key.public_key().verify(b64decode(signature, validate=True), text.encode())
        except (InvalidSignature, ValueError):
            raise SignatureError(f"The signature of {what} is not this installation's.") from None


def load_signer(keys: Path) -> ModelSigner:
    """The installation's key, made on first use. Raises SignatureError when others can read it."""
    path = keys / KEY_FILE
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return ModelSigner(_read_key(path), keys)
    with os.fdopen(descriptor, "wb") as file:
        file.write(Ed25519PrivateKey.generate().private_bytes_raw())
        file.flush()
        os.fsync(file.fileno())
    return ModelSigner(_read_key(path), keys)


def read_statement(text: str, signature: str, signer: ModelSigner) -> Statement:
    """Raises SignatureError unless it was signed here."""
    signer.require(text, signature, "the promotion")
    try:
        return Statement.model_validate_json(text)
    except ValidationError:
        raise SignatureError("The promotion was written by another version.") from None


def write_statement(
    *,
    number: int,
    digest: str,
    name: str,
    kind: Literal["first", "candidate", "rollback"],
    outside: str | None,
    previous: str | None,
    gate: str | None,
    approved_by: tuple[str, ...],
    at: datetime,
    metrics: dict[str, float],
) -> str:
    statement = Statement(
        number=number,
        digest=digest,
        name=name,
        kind=kind,
        outside=outside,
        previous=previous,
        gate=gate,
        approved_by=approved_by,
        at=at,
        metrics=metrics,
    )
    return statement.model_dump_json()


def require_signed(folder: Path, statement: Statement) -> None:
    """Raises ModelError unless the folder holds exactly the files of the signed model."""
    try:
        manifest = require_whole(folder)
    except ModelError as error:
        what = str(error).partition(": run")[0].rstrip(".")
        raise SignatureError(f"{what}: restore the approved model from its backup.") from None
    if digest_of(folder) != statement.digest:
        raise SignatureError(
            f"The model in {folder} is another than the one that was approved "
            f"({statement.digest[:12]})."
        )
    if outside_digest(manifest) != statement.outside:
        raise SignatureError(
            f"The embedding model {manifest.embedding} is another than the one that was approved."
        )


def _read_key(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise SignatureError(f"The key {path} can be read by others. Run: chmod 600 {path}")
    secret = path.read_bytes()
    if len(secret) != KEY_BYTES:
        raise SignatureError(f"The key {path} is damaged: restore it from its backup.")
    return secret
