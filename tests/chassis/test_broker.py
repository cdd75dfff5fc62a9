"""The session with the broker, on a real one that dies and is born again."""

import asyncio
from contextlib import suppress

import pytest
from faststream.kafka import KafkaBroker

from contracts.event import Record
from infra.chassis.broker import Broker
from infra.chassis.errors import DependencyUnavailableError
from infra.chassis.metrics import Metrics
from infra.chassis.settings import ServiceSettings

pytestmark = pytest.mark.slow

RECORD = Record(topic="trail.receipt", key=b"k", value=b"{}", headers={})


@pytest.fixture
async def session(broker, monkeypatch):
    """A running session whose producer takes its time to connect, as on a busy machine."""
    start = KafkaBroker.start

    async def start_slowly(kafka):
        await asyncio.sleep(0.3)
        await start(kafka)

    monkeypatch.setattr(KafkaBroker, "start", start_slowly)
    made = Broker(ServiceSettings(broker=broker.address), "audit", Metrics())
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


class Storm:
    """Publishes all the time; `refused` counts what was to be tried again, `taken` the rest."""

    def __init__(self, session):
        self.session = session
        self.taken = self.refused = 0

    async def run(self):
        while True:
            try:
                await self.session.publish(RECORD)
                self.taken += 1
            except DependencyUnavailableError:
                self.refused += 1
            await asyncio.sleep(0.01)


async def test_whoever_publishes_while_the_broker_changes_is_asked_to_come_again(
    broker, session, until
):
    storm = Storm(session)
    publishing = asyncio.create_task(storm.run())
    cluster = None
    for _ in range(3):
        refused, taken = storm.refused, storm.taken
        cluster = await asyncio.wait_for(session.wait_for_cluster(other_than=cluster), 20)
        await until(lambda taken=taken: publishing.done() or storm.taken > taken)
        assert not publishing.done(), publishing.exception()
        assert storm.refused > refused
        broker.kill()
        broker.start()
    publishing.cancel()
