"""One inquiry's key: seals and opens its personal text (AES-256-GCM) and derives further keys."""

import hmac
from base64 import b64decode, b64encode
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from contracts.event import Sealed

NONCE_BYTES = 12


class SealBrokenError(ValueError):
    """The sealed text was altered, or belongs to another field or key."""


@dataclass(frozen=True, repr=False)
class DataKey:
    """32 random bytes; never leaves the process that unwrapped it."""

    id: UUID
    secret: bytes

    @cached_property
    def _cipher(self) -> AESGCM:
        return AESGCM(self.derive("seal/v1"))

    @cached_property
    def _nonce_key(self) -> bytes:
        return self.derive("nonce/v1")

    def seal(self, field: str, text: str) -> Sealed:
        """Seal `text` as `field` of this key.

        The nonce is a MAC of field and text, so the same text seals to the same bytes (an event
        handled twice stays byte-identical) and two texts never share a nonce but by 96-bit chance.
        """
        plain = text.encode()
        bound = self._bound(field)
        digest = hmac.digest(self._nonce_key, bound + b"\0" + plain, sha256)
        nonce = digest[:NONCE_BYTES]
        sealed = self._cipher.encrypt(nonce, plain, bound)
        return Sealed(key=self.id, nonce=b64encode(nonce).decode(), text=b64encode(sealed).decode())

    def open(self, field: str, sealed: Sealed) -> str:
        """The text again. Raises SealBrokenError when it is not exactly what was sealed."""
        try:
            nonce, body = b64decode(sealed.nonce, validate=True), b64decode(sealed.text)
            return self._cipher.decrypt(nonce, body, self._bound(field)).decode()
        except (InvalidTag, ValueError) as error:
            raise SealBrokenError(f"field {field} of key {self.id}") from error

    def derive(self, info: str, length: int = 32) -> bytes:
        """HKDF-Expand (RFC 5869, SHA-256) of the key for another purpose."""
        if length <= 32:
            # The first block of HKDF-Expand, spelled out: six times as fast, and the trail needs many.
            return hmac.digest(self.secret, info.encode() + b"\x01", sha256)[:length]
        return HKDFExpand(algorithm=SHA256(), length=length, info=info.encode()).derive(self.secret)

    def _bound(self, field: str) -> bytes:
        return f"{self.id}/{field}".encode()
