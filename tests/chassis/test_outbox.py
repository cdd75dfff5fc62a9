"""What leaves the outbox, when, and how often: until the trail has confirmed it."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from contracts.event import Envelope
from contracts.inquiry import DecisionContested
from infra.chassis.errors import DependencyUnavailableError
from infra.chassis.metrics import Metrics
from infra.chassis.outbox import Outbox
from infra.database import Database
from tests.doubles import FakeClock


class Broker:
    """Remembers what was published to it."""

    def __init__(self) -> None:
        self.cluster: str | None = "first"
        self.published = []
        self.away = False

    async def publish(self, record):
        if self.away:
            raise DependencyUnavailableError("broker")
        self.published.append(record.headers["ce_id"])


@pytest.fixture
async def box(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'one.db'}")
    await database.migrate("infra.embedded.mailbox_migrations")
    box = Outbox(database, Broker(), Metrics(), FakeClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC)))
    box.broker, box.now, box.database = box._publisher, box._clock, database
    yield box
    await database.close()


async def put(box):
    envelope = Envelope[DecisionContested].of(
        DecisionContested(inquiry=uuid4(), wish="wrong"),
        event_id=uuid4(),
        source="test",
        time=box.now(),
    )
    async with box.database.write() as tx:
        await box.put(tx, envelope, cause=None)
    return envelope.id


async def work(box):
    while await box._publish_some():
        pass


async def later(box, **span):
    box.now.now += timedelta(**span)
    await box.look()
    await work(box)


async def test_it_is_published_once_and_in_order(box):
    events = [str(await put(box)) for _ in range(3)]
    await work(box)
    await work(box)
    assert box.broker.published == events


async def test_another_cluster_gets_what_the_trail_has_not_confirmed(box):
    confirmed, waiting = await put(box), await put(box)
    await work(box)
    await box.confirm([confirmed])
    box.broker.published.clear()
    box.broker.cluster = "second"
    await work(box)
    assert box.broker.published == [str(waiting)]


async def test_what_a_broker_lost_after_acknowledging_it_is_published_again(box):
    lost = await put(box)
    await work(box)
    await later(box, seconds=0)
    await later(box, seconds=29)
    assert len(box.broker.published) == 1
    await later(box, seconds=1)
    assert box.broker.published == [str(lost)] * 2


@pytest.mark.slow
async def test_a_trail_that_is_away_for_long_is_not_flooded(box):
    event = await put(box)
    await work(box)
    for _ in range(24 * 6):
        await later(box, minutes=10)
    assert 40 < len(box.broker.published) < 60
    await box.confirm([event])
    count = len(box.broker.published)
    await later(box, hours=2)
    assert len(box.broker.published) == count


async def test_a_broker_that_is_away_keeps_nothing_from_leaving_later(box):
    box.broker.away = True
    event = await put(box)
    with pytest.raises(DependencyUnavailableError):
        await work(box)
    box.broker.away = False
    await work(box)
    assert box.broker.published == [str(event)]


async def test_a_repeated_cause_repeats_its_effects_even_when_confirmed(box):
    cause = uuid4()
    envelope = Envelope[DecisionContested].of(
        DecisionContested(inquiry=uuid4(), wish="wrong"),
        event_id=uuid4(),
        source="test",
        time=box.now(),
    )
    async with box.database.write() as tx:
        await box.put(tx, envelope, cause=cause)
    await work(box)
    await box.confirm([envelope.id])
    async with box.database.write() as tx:
        await box.repeat(tx, cause)
    await work(box)
    assert box.broker.published == [str(envelope.id)] * 2
