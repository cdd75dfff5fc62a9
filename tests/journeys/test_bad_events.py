"""Records that nobody can handle: in the dead letters with a reason, and everything else goes on."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from contracts.inquiry import InquiryClassified, ModelRef
from contracts.reference import reference_of
from tests.journeys.order import assert_in_order, wait_settled
from tests.journeys.town import Town, deliver, mail, wait_for
from tests.journeys.wire import headers_of, say

pytestmark = pytest.mark.slow


def of_unknown_category() -> bytes:
    inquiry = uuid4()
    return (
        InquiryClassified(
            inquiry=inquiry,
            reference=reference_of(inquiry),
            channel="mail",
            received_at=datetime.now(UTC),
            verdict="confident",
            category="tmf.maanerejser",
            confidence=0.9,
            threshold=0.7,
            language="da",
            language_confidence=0.9,
            model=ModelRef(name="stranger", digest="0" * 64),
        )
        .model_dump_json()
        .encode()
    )


BAD = {
    "not-json": ("inquiry.received", b"{this is no JSON", {"classifier", "router"}),
    "unknown-category": ("inquiry.classified", of_unknown_category(), {"router"}),
    "too-large": ("inquiry.received", b"x" * 20_000_000, {"classifier", "router"}),
}


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_event_is_a_dead_letter_with_its_reason_and_the_next_mail_goes_on(
    town: Town, reason: str
) -> None:
    topic, value, consumers = BAD[reason]
    headers = headers_of(topic)
    say(f"127.0.0.1:{town.ports.broker}", topic, value, headers)

    def letters() -> dict[str, dict]:
        rows = town.rows("router", "select letter from dead_letter")
        found = [json.loads(row["letter"]) for row in rows]
        return {one["consumer"]: one for one in found if one["event"] == headers["ce_id"]}

    wait_for(lambda: letters().keys() == consumers, 60, f"dead letters only: {letters()}")
    assert {one["reason"] for one in letters().values()} == {reason}
    assert {one["size"] for one in letters().values()} == {len(value)}
    page = town.login("ida.drift").get(town.url("router", "/dead-letters")).text
    for letter in letters().values():
        place = f"{topic}/{letter['partition']}/{letter['offset']}"
        row = next(
            part for part in page.split("<tr") if place in part and letter["consumer"] in part
        )
        assert f"<strong>{reason}</strong>" in row

    sender = f"after-{uuid4().hex[:8]}"
    deliver(town.ports.smtp, [mail(sender, "Skraldespanden er ikke tømt.")])
    wait_settled(town)
    assert any(f"{sender}@" in str(letter["To"]) for letter in town.letters())
    kept = "select count(*) from event where kind = 'event.dead-lettered' and outcome = ?"
    assert town.count("audit", kept, reason) >= len(consumers)
    assert_in_order(town)
