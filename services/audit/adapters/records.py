"""Every topic of the broker, from the trail's own offsets, without a consumer group.

The trail keeps its offsets beside its leaves, so it assigns itself all partitions: no join delay,
no rebalance, and a broker that forgot everything is read from its beginning.
"""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from contracts.catalogue import topics
from contracts.trail import TrailReceipt
from infra.chassis.broker import MAX_REQUEST_BYTES, Broker
from infra.chassis.errors import DependencyUnavailableError
from services.audit.listen import Record

REQUEST_MS = 5_000
PARTITION_BYTES = 4_000_000
LOOK_SECONDS = 2.0
RECORDED = {name: topic for name, topic in topics().items() if name != TrailReceipt.type}
"""Everything but the trail's own receipts."""


class PartitionsChangedError(DependencyUnavailableError):
    """A topic has other partitions than this session reads: begin another session."""


def recorded_partitions(consumer: AIOKafkaConsumer) -> set[TopicPartition]:
    """All partitions the trail takes in: those of the catalogue and whatever else the broker has.

    A topic that somebody published to before it was created has as many as the broker likes.
    """
    return {
        TopicPartition(name, partition)
        for name, topic in RECORDED.items()
        for partition in {*range(topic.partitions), *(consumer.partitions_for_topic(name) or ())}
    }


class RecordSession:
    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._looked = 0.0

    async def read(self, most: int, seconds: float) -> Sequence[Record]:
        """What came within that time; raises DependencyUnavailableError."""
        self._look_for_partitions()
        try:
            found = await self._consumer.getmany(timeout_ms=int(seconds * 1000), max_records=most)
        except (KafkaError, OSError) as error:
            raise DependencyUnavailableError("broker") from error
        return [
            Record(r.topic, r.partition, r.offset, r.timestamp, r.value, tuple(r.headers))
            for records in found.values()
            for r in records
        ]

    def _look_for_partitions(self) -> None:
        now = time.monotonic()
        if now - self._looked > LOOK_SECONDS:
            self._looked = now
            if recorded_partitions(self._consumer) - self._consumer.assignment():
                raise PartitionsChangedError("partitions")


class RecordReader:
    def __init__(self, broker: Broker, address: str) -> None:
        self._broker = broker
        self._address = address

    async def cluster(self) -> str:
        return await self._broker.wait_for_cluster()

    def is_current(self, cluster: str) -> bool:
        return self._broker.cluster == cluster

    @asynccontextmanager
    async def session(
        self, cluster: str, offsets: Mapping[tuple[str, int], int]
    ) -> AsyncIterator[RecordSession]:
        """Reads from `offsets`, from the beginning where there is none."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._address,
            client_id=f"henvend-audit-{cluster[:8]}",
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            request_timeout_ms=REQUEST_MS,
            fetch_max_wait_ms=100,
            fetch_max_bytes=MAX_REQUEST_BYTES,
            max_partition_fetch_bytes=PARTITION_BYTES,
            metadata_max_age_ms=int(LOOK_SECONDS * 1000),
        )
        try:
            await consumer.start()
            wanted = recorded_partitions(consumer)
            consumer.assign(wanted)
            for place in wanted:
                consumer.seek(place, offsets.get((place.topic, place.partition), 0))
            yield RecordSession(consumer)
        except (KafkaError, OSError) as error:
            raise DependencyUnavailableError("broker") from error
        finally:
            await consumer.stop()
