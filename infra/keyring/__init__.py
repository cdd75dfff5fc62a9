"""Seals personal text: one data key per inquiry, wrapped by a key outside the database."""

from infra.keyring.data_key import DataKey, SealBrokenError
from infra.keyring.keyring import KeyDestroyedError, Keyring, UnknownKeyError, open_keyring

__all__ = [
    "DataKey",
    "KeyDestroyedError",
    "Keyring",
    "SealBrokenError",
    "UnknownKeyError",
    "open_keyring",
]
