import json
from hashlib import sha256

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from services.audit.leaf import (
    MAX_INTEGER,
    MAX_LEAF_BYTES,
    NotCanonicalError,
    decode,
    encode,
    leaf_hash,
)

keys = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
strings = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
scalars = strings | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)
leaves = st.dictionaries(keys, values, max_size=5)


@pytest.mark.slow
@given(leaves)
def test_two_other_serialisers_write_the_same_bytes(fields):
    body = encode(fields)

    plain = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert body == plain.encode() == rfc8785.dumps(fields)


@pytest.mark.slow
@given(leaves)
def test_what_was_encoded_reads_back_and_encodes_to_itself(fields):
    assert decode(encode(fields)) == fields
    assert encode(decode(encode(fields))) == encode(fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"score": 0.5},
        {"nothing": None},
        {"Upper": 1},
        {"1st": 1},
        {"": 1},
        {"æ": 1},
        {"key\n": 1},
        {"big": MAX_INTEGER + 1},
        {"small": -MAX_INTEGER - 1},
        {"deep": [[[1.0]]]},
        {"inner": {"Bad": 1}},
        {"bytes": b"x"},
        {"text": "\ud800"},
        {"text": "x" * MAX_LEAF_BYTES},
    ],
    ids=lambda fields: next(iter(fields)) or "empty",
)
def test_what_is_outside_the_profile_is_refused(fields):
    with pytest.raises(NotCanonicalError):
        encode(fields)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1 }',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":NaN}',
        b'{"a":-0}',
        b'{"a":null}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b"[1]",
        b'"text"',
        b"",
        b"\xff",
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":1}\n',
        b"[" * 4_000,
    ],
)
def test_bytes_that_encode_otherwise_are_refused(body):
    with pytest.raises(NotCanonicalError):
        decode(body)


def test_a_refusal_never_quotes_the_content():
    with pytest.raises(NotCanonicalError) as refused:
        encode({"text": {"Bad key": "130500-1234"}, "num": 1.5})

    assert "1234" not in str(refused.value)
    assert "Bad" not in str(refused.value)


def test_the_leaf_hash_has_the_leaf_prefix():
    assert leaf_hash(b"abc") == sha256(b"\x00abc").digest()
