"""What goes over the wire and what is refused from it."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from contracts.catalogue import EVENTS
from contracts.event import MAX_BODY_BYTES, Envelope, InvalidEventError, decode, effect_id
from contracts.inquiry import DecisionContested

INQUIRY = uuid4()


def envelope() -> Envelope[DecisionContested]:
    return Envelope[DecisionContested].of(
        DecisionContested(inquiry=INQUIRY, wish="person"),
        event_id=uuid4(),
        source="router",
        time=datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
    )


def test_an_event_survives_the_wire():
    sent = envelope()
    record = sent.record()

    received = decode(record.value, record.headers, EVENTS)

    assert (received.id, received.source, received.time) == (sent.id, sent.source, sent.time)
    assert received.data == sent.data


def test_the_record_is_keyed_by_the_inquiry_so_that_it_stays_in_order():
    assert envelope().record().key == str(INQUIRY).encode()


def test_the_headers_are_cloudevents_binary_mode():
    headers = envelope().record().headers

    assert headers["ce_specversion"] == "1.0"
    assert headers["ce_type"] == "decision.contested.v1"
    assert headers["ce_time"] == "2026-11-22T12:00:00.000000+00:00"


@pytest.mark.parametrize(
    ("value", "changed", "reason"),
    [
        (b"", {}, "empty"),
        (b"x" * (MAX_BODY_BYTES + 1), {}, "too-large"),
        (b"not json", {}, "not-json"),
        (b"[1]", {}, "invalid"),
        (b'{"inquiry": "no uuid", "wish": "person"}', {}, "invalid"),
        (None, {"ce_type": "weather.changed.v1"}, "unknown-type"),
        (None, {"ce_id": "seven"}, "invalid"),
        (None, {"ce_time": "yesterday"}, "invalid"),
    ],
)
def test_what_cannot_be_an_event_is_refused_with_its_reason(value, changed, reason):
    record = envelope().record()

    with pytest.raises(InvalidEventError) as refused:
        decode(record.value if value is None else value, {**record.headers, **changed}, EVENTS)

    assert refused.value.reason == reason


def test_a_refusal_never_quotes_what_was_written():
    secret = "Jens har cpr 010180-1234"
    record = envelope().record()
    body = f'{{"inquiry": "{secret}", "wish": "{secret}"}}'.encode()

    with pytest.raises(InvalidEventError) as refused:
        decode(body, record.headers, EVENTS)

    assert "Jens" not in str(refused.value)
    assert "0101" not in str(refused.value)


def test_a_missing_attribute_is_named():
    record = envelope().record()
    headers = {k: v for k, v in record.headers.items() if k != "ce_source"}

    with pytest.raises(InvalidEventError, match="ce_source"):
        decode(record.value, headers, EVENTS)


def test_the_same_cause_and_effect_have_the_same_id():
    cause = UUID("0f0e6c1a-5a0c-4a55-9a9c-1b2c3d4e5f60")

    assert effect_id(cause, "opened") == effect_id(cause, "opened")
    assert effect_id(cause, "opened") != effect_id(cause, "closed")
