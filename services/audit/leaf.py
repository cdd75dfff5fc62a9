"""The canonical bytes of a leaf (profile J1) and the hashes made of them.

J1 is RFC 8785 JSON restricted so that every common serialiser writes the same bytes: keys
`[a-z][a-z0-9_]*`; strings, integers up to 2^53-1, booleans, arrays and objects; no floats, no null.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import TypeAlias

import orjson

LeafValue: TypeAlias = "str | int | bool | Sequence[LeafValue] | Mapping[str, LeafValue]"
LeafFields: TypeAlias = Mapping[str, LeafValue]

MAX_LEAF_BYTES = 8_192
MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 16
_KEY = re.compile(r"[a-z][a-z0-9_]*\Z")


class NotCanonicalError(ValueError):
    """Outside profile J1; the message names the place, never the content."""


def encode(fields: LeafFields) -> bytes:
    """The canonical UTF-8 bytes of `fields`; raises NotCanonicalError outside the profile."""
    _require_profile(fields)
    try:
        body = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, TypeError) as error:
        raise NotCanonicalError("a string is not valid Unicode") from error
    if len(body) > MAX_LEAF_BYTES:
        raise NotCanonicalError(f"{len(body)} bytes, at most {MAX_LEAF_BYTES}")
    return body


def decode(body: bytes) -> dict[str, LeafValue]:
    """Reads a leaf and requires that encoding it again gives the same bytes."""
    if len(body) > MAX_LEAF_BYTES:
        raise NotCanonicalError(f"{len(body)} bytes, at most {MAX_LEAF_BYTES}")
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotCanonicalError("not JSON") from error
    if not isinstance(fields, dict):
        raise NotCanonicalError("not an object")
    if encode(fields) != body:
        raise NotCanonicalError("encoding it again gives other bytes")
    return fields


def leaf_hash(body: bytes) -> bytes:
    """RFC 6962 section 2.1: SHA-256(00 || leaf)."""
    return sha256(b"\x00" + body).digest()


def _require_profile(fields: object) -> None:
    fault = None if _is_plain(fields, 0) else _fault_in(fields, 0)
    if fault:
        raise NotCanonicalError(f"leaf{fault}")


def _is_plain(value: object, depth: int) -> bool:
    """True only for what `_fault_in` finds nothing in: the quick way for the leaves one meets."""
    inside: Iterable[object]
    if type(value) is dict:
        if not all(map(_is_key, value)):
            return False
        inside = value.values()
    elif type(value) is list or type(value) is tuple:
        inside = value
    else:
        return False
    for inner in inside:
        kind = type(inner)
        if kind is str or kind is bool:
            continue
        if kind is int:
            if not -MAX_INTEGER <= inner <= MAX_INTEGER:
                return False
        elif depth >= MAX_DEPTH or not _is_plain(inner, depth + 1):
            return False
    return True


def _fault_in(value: object, depth: int) -> str | None:
    """Where and what is outside the profile; built only when there is something to say."""
    if isinstance(value, str | bool | int):
        beyond = isinstance(value, int) and not -MAX_INTEGER <= value <= MAX_INTEGER
        return " is beyond 2^53-1" if beyond else None
    if depth > MAX_DEPTH:
        return " is nested too deeply"
    if isinstance(value, dict):
        return _fault_in_object(value, depth)
    if isinstance(value, list | tuple):
        return _fault_in_array(value, depth)
    return f" is a {type(value).__name__}"


def _fault_in_array(value: Sequence[object], depth: int) -> str | None:
    for position, inner in enumerate(value):
        fault = _fault_in(inner, depth + 1)
        if fault:
            return f"[{position}]{fault}"
    return None


def _fault_in_object(value: Mapping[object, object], depth: int) -> str | None:
    for key, inner in value.items():
        if not _is_key(key):
            return " has a key outside [a-z][a-z0-9_]*"
        fault = _fault_in(inner, depth + 1)
        if fault:
            return f".{key}{fault}"
    return None


@lru_cache(maxsize=4096)
def _is_key(key: object) -> bool:
    return isinstance(key, str) and _KEY.match(key) is not None
