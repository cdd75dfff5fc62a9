"""What stands in a leaf instead of personal data: salted commitments and keyed references.

Without the inquiry's data key neither can be made nor confirmed by guessing, so destroying the key
erases them although every leaf keeps its bytes.
"""

import hmac
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple, Protocol
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from contracts.event import Sealed


class OpeningKey(Protocol):
    """A data key: derives (HKDF-Expand) and opens; raises ValueError for what it cannot open."""

    def derive(self, info: str, length: int = 32) -> bytes: ...
    def open(self, field: str, sealed: Sealed) -> str: ...


def salt(key: OpeningKey, event: UUID, field: str) -> bytes:
    """32 bytes for one field of one event; may be disclosed without disclosing the key."""
    return key.derive(f"audit/v1/salt/{event}/{field}")


def commitment(salted: bytes, field: str, plaintext: str) -> str:
    """hex SHA256(02 || salt || field || 00 || plaintext); 02 is neither leaf (00) nor node (01)."""
    return sha256(b"\x02" + salted + field.encode() + b"\x00" + plaintext.encode()).hexdigest()


def inquiry_ref(key: OpeningKey) -> str:
    """The inquiry in the trail: hex HMAC-SHA256(HKDF-Expand(DEK, "audit/v1/inq-ref"), "")."""
    return hmac.digest(key.derive("audit/v1/inq-ref"), b"", sha256).hex()


class TrailSecret(NamedTuple):
    """32 bytes that belong to this audit service; all its keyed digests derive from them."""

    seed: bytes

    def digest(self, event_type: str, body: bytes) -> bytes:
        """Tells whether two records under one id are the same; says nothing without the secret."""
        return hmac.digest(self._key("audit/v1/digest"), event_type.encode() + b"\0" + body, sha256)

    def staff_pseudonym(self, account: str, when: datetime) -> str:
        """A name for a member of staff that holds for one year."""
        key = self._key(f"audit/v1/staff/{when.year}")
        return hmac.digest(key, account.encode(), sha256).hex()

    def reference_mac(self, reference: str) -> bytes:
        """What the search index holds instead of the citizen's reference."""
        return hmac.digest(self._key("audit/v1/reference"), reference.encode(), sha256)

    def _key(self, info: str) -> bytes:
        return _derived(self.seed, info)


@lru_cache(maxsize=64)
def _derived(seed: bytes, info: str) -> bytes:
    return HKDFExpand(algorithm=SHA256(), length=32, info=info.encode()).derive(seed)
