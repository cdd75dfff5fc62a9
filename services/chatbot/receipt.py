"""The address of an answer's receipt: only the conversation's own key gives it."""

import hmac
from base64 import b32encode
from uuid import UUID

from infra.keyring import DataKey


def token_of(key: DataKey, message_id: UUID) -> str:
    """80 bits: when the key is destroyed, the address opens nothing any more."""
    return b32encode(key.derive(f"answer-receipt/v1/{message_id}", 10)).decode().lower()


def opens(key: DataKey, message_id: UUID, token: str) -> bool:
    return hmac.compare_digest(token_of(key, message_id).encode(), token.lower().encode())
