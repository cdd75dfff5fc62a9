"""The chassis on a real broker: what is handled, repeated, buried and published again."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from contracts.event import Envelope, Record, effect_id
from contracts.governance import DeadLettered
from contracts.inquiry import DecisionContested
from contracts.trail import ReceiptEntry, TrailReceipt
from infra.chassis.chassis import Chassis, open_chassis
from infra.chassis.errors import DependencyUnavailableError
from infra.chassis.settings import ServiceSettings

pytestmark = pytest.mark.slow
# Any package with the chassis tables will do; the mailbox's is the smallest.
MIGRATIONS = "infra.embedded.mailbox_migrations"


def contested(inquiry: UUID | None = None) -> Envelope[DecisionContested]:
    return Envelope[DecisionContested].of(
        DecisionContested(inquiry=inquiry or uuid4(), wish="wrong"),
        event_id=uuid4(),
        source="test",
        time=datetime.now(UTC),
    )


@asynccontextmanager
async def chassis_on(tmp_path, broker, name="one", handler=None, letters=None):
    settings = ServiceSettings(data=tmp_path, broker=broker.address)
    async with open_chassis(name, settings, migrations=MIGRATIONS) as chassis:
        if handler is not None:
            chassis.on(DecisionContested, handler)
        if letters is not None:

            async def on_letter(envelope):
                letters.append(envelope.data)

            chassis.on(DeadLettered, on_letter)
        async with chassis.running():
            await asyncio.wait_for(chassis.broker.wait_for_cluster(), 20)
            yield chassis


async def put(chassis: Chassis, envelope) -> None:
    async with chassis.database.write() as tx:
        await chassis.outbox.put(tx, envelope, cause=None)


async def test_what_was_put_in_the_outbox_is_handled_once(tmp_path, broker, until):
    seen = []

    async def handler(envelope):
        seen.append(envelope.id)

    async with chassis_on(tmp_path, broker, handler=handler) as chassis:
        event = contested()
        await put(chassis, event)
        await put(chassis, event)
        await until(lambda: seen)
        await asyncio.sleep(0.5)

        assert seen == [event.id]


async def test_a_dependency_that_is_away_holds_the_event_until_it_is_back(tmp_path, broker, until):
    tries = []

    async def handler(envelope):
        tries.append(envelope.id)
        if len(tries) < 4:
            raise DependencyUnavailableError("away")

    letters = []
    async with chassis_on(tmp_path, broker, handler=handler, letters=letters) as chassis:
        event = contested()
        await put(chassis, event)
        await until(lambda: len(tries) == 4)

        assert set(tries) == {event.id}
        assert letters == []


async def test_bad_records_are_buried_with_a_reason_and_the_good_ones_go_on(
    tmp_path, broker, until
):
    seen, letters = [], []

    async def handler(envelope):
        if envelope.data.wish == "person":
            raise RuntimeError("Jens Hansen skrev noget")
        seen.append(envelope.id)

    async with chassis_on(tmp_path, broker, handler=handler, letters=letters) as chassis:
        good = contested()
        headers = good.record().headers
        bad = (
            Record("decision.contested", b"k", b"det er Jens, ikke json", headers),
            Record("decision.contested", b"k", b'{"wish": "Jens"}', headers),
            Record("decision.contested", b"k", b"x" * 20_000_000, headers),
            Record(
                "decision.contested",
                b"k",
                DecisionContested(inquiry=uuid4(), wish="person").model_dump_json().encode(),
                headers,
            ),
        )
        for record in bad:
            await chassis.publish_record(record)
        await put(chassis, good)
        await until(lambda: seen and len(letters) == 4)

        assert {letter.reason for letter in letters} == {"not-json", "invalid", "too-large", "bug"}
        assert "Jens" not in "".join(letter.model_dump_json() for letter in letters)
        assert next(one for one in letters if one.reason == "too-large").raw is None


async def test_a_buried_record_can_be_read_again_only_with_its_key(tmp_path, broker, until):
    from base64 import b64decode

    letters = []
    async with chassis_on(
        tmp_path, broker, handler=lambda e: asyncio.sleep(0), letters=letters
    ) as chassis:
        await chassis.publish_record(
            Record("decision.contested", b"k", b"hej Jens", contested().record().headers)
        )
        await until(lambda: letters)
        letter = letters[0]
        key = await chassis.keyring.data_key(letter.letter)

        assert b64decode(key.open("raw", letter.raw)) == b"hej Jens"


async def test_a_broker_that_forgot_everything_gets_what_the_trail_has_not_confirmed(
    tmp_path, broker, until
):
    seen = []

    async def handler(envelope):
        seen.append(envelope.id)

    async with chassis_on(tmp_path, broker, handler=handler) as chassis:
        confirmed, unconfirmed = contested(), contested()
        await put(chassis, confirmed)
        await put(chassis, unconfirmed)
        await until(lambda: len(seen) == 2)
        receipt = TrailReceipt(
            checkpoint="x", size=1, entries=(ReceiptEntry(event=confirmed.id, index=0),)
        )
        await chassis.publish(
            Envelope[TrailReceipt].of(
                receipt, event_id=uuid4(), source="audit", time=datetime.now(UTC)
            )
        )

        async def is_confirmed():
            return await chassis.outbox.unconfirmed() == 1

        await until(is_confirmed)
        broker.kill()
        seen.clear()
        broker.start()
        await until(lambda: unconfirmed.id in seen, seconds=30)
        await asyncio.sleep(1)

        assert seen == [unconfirmed.id]


async def test_effects_of_a_repeated_cause_are_published_again(tmp_path, broker, until):
    seen = []

    async def handler(envelope):
        seen.append(envelope.id)

    async with chassis_on(tmp_path, broker, handler=handler) as chassis:
        event, cause = contested(), effect_id("x", "cause")
        async with chassis.database.write() as tx:
            await chassis.outbox.put(tx, event, cause=cause)
        await until(lambda: len(seen) == 1)
        async with chassis.database.write() as tx:
            await chassis.outbox.repeat(tx, cause)
        await until(lambda: len(seen) == 2)

        assert seen == [event.id, event.id]


async def test_the_inbox_tells_the_first_time_from_all_others(tmp_path, broker):
    async with chassis_on(tmp_path, broker) as chassis:
        event_id = uuid4()
        async with chassis.database.write() as tx:
            first = await chassis.inbox.first(tx, event_id)
            again = await chassis.inbox.first(tx, event_id)

        assert (first, again) == (True, False)


async def put_and_fail(chassis: Chassis) -> None:
    async with chassis.database.write() as tx:
        await chassis.outbox.put(tx, contested(), cause=None)
        raise RuntimeError


async def test_a_rolled_back_transaction_publishes_nothing(tmp_path, broker, until):
    seen = []

    async def handler(envelope):
        seen.append(envelope.id)

    async with chassis_on(tmp_path, broker, handler=handler) as chassis:
        with pytest.raises(RuntimeError):
            await put_and_fail(chassis)
        kept = contested()
        await put(chassis, kept)
        await until(lambda: seen)

        assert seen == [kept.id]
