"""The wrapping key (KEK): a file outside the database, readable by its owner only."""

import os
import secrets
import stat
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.keyring.data_key import NONCE_BYTES

KEY_BYTES = 32


class WrappingKeyError(RuntimeError):
    """The key file is missing, readable by others, or not the one the data were wrapped with."""


class WrappingKey:
    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(secret)

    def wrap(self, key_id: UUID, secret: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, key_id.bytes)

    def unwrap(self, key_id: UUID, wrapped: bytes) -> bytes:
        try:
            nonce, body = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
            return self._cipher.decrypt(nonce, body, key_id.bytes)
        except InvalidTag as error:
            raise WrappingKeyError(
                "The key file does not belong to this key database. "
                "Restore the key file that was made together with the data folder."
            ) from error


def load_secret(path: Path) -> bytes:
    """32 secret bytes from `path`, made on first use. Raises WrappingKeyError when others can read it."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_secret(path)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    return _read_secret(path)


def _read_secret(path: Path) -> bytes:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise WrappingKeyError(
            f"The key file {path} can be read by others (mode {mode:o}). Run: chmod 600 {path}"
        )
    secret = path.read_bytes()
    if len(secret) != KEY_BYTES:
        raise WrappingKeyError(
            f"The key file {path} has {len(secret)} bytes, not {KEY_BYTES}. Restore it from its backup."
        )
    return secret
