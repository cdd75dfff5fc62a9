"""The canonical bytes of a leaf (profile J1) and the hashes made of them.

J1 is RFC 8785 JSON restricted so that every common serialiser writes the same bytes: keys
`[a-z][a-z0-9_]*`; strings, integers up to 2^53-1, booleans, arrays and objects; no floats, no null.
"""

import json
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import NoReturn, TypeAlias

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
    _require_profile(fields, "leaf", 0)
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
        fields = json.loads(body, parse_float=_refuse_number, parse_constant=_refuse_number)
    except NotCanonicalError:
        raise
    except (ValueError, RecursionError) as error:
        raise NotCanonicalError("not JSON") from error
    if not isinstance(fields, dict):
        raise NotCanonicalError("not an object")
    if encode(fields) != body:
        raise NotCanonicalError("encoding it again gives other bytes")
    return fields


def leaf_hash(body: bytes) -> bytes:
    """RFC 6962 section 2.1: SHA-256(00 || leaf)."""
    return sha256(b"\x00" + body).digest()


def _refuse_number(_: str) -> NoReturn:
    raise NotCanonicalError("a number is not an integer")


def _require_profile(value: object, place: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise NotCanonicalError(f"{place} is nested too deeply")
    kind = type(value)
    if kind is str or kind is bool:
        return
    if kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:  # type: ignore[operator]
            raise NotCanonicalError(f"{place} is beyond 2^53-1")
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str) or not _KEY.match(key):
                raise NotCanonicalError(f"{place} has a key outside [a-z][a-z0-9_]*")
            _require_profile(inner, f"{place}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            _require_profile(inner, f"{place}[{position}]", depth + 1)
    else:
        raise NotCanonicalError(f"{place} is a {kind.__name__}")
