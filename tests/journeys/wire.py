"""The broker's traffic itself: everything that was said, raw, and what nobody of ours would say."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

MAX_BYTES = 32_000_000


class Wire(NamedTuple):
    topic: str
    raw: bytes
    """Key, value and headers of one record, one after the other."""


def headers_of(topic: str) -> dict[str, str]:
    """CloudEvents headers of an event nobody of ours said."""
    return {
        "ce_specversion": "1.0",
        "ce_id": str(uuid4()),
        "ce_type": f"{topic}.v1",
        "ce_source": "stranger",
        "ce_subject": str(uuid4()),
        "ce_time": datetime.now(UTC).isoformat(),
        "content-type": "application/json",
    }


def say(broker: str, topic: str, value: bytes, headers: Mapping[str, str]) -> None:
    """Publish one record, whatever it is."""
    asyncio.run(_say(broker, topic, value, headers))


async def _say(broker: str, topic: str, value: bytes, headers: Mapping[str, str]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker, max_request_size=MAX_BYTES, acks="all")
    await producer.start()
    try:
        pairs = [(name, text.encode()) for name, text in headers.items()]
        await producer.send_and_wait(topic, value, key=b"journey", headers=pairs)
    finally:
        await producer.stop()


def overhear(broker: str) -> list[Wire]:
    """Every record the broker holds now, of every topic."""
    return asyncio.run(_overhear(broker))


async def _overhear(broker: str) -> list[Wire]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_bytes=MAX_BYTES,
        max_partition_fetch_bytes=MAX_BYTES,
    )
    await consumer.start()
    try:
        names = await consumer.topics()
        places = [
            TopicPartition(name, part)
            for name in names
            for part in consumer.partitions_for_topic(name) or ()
        ]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        heard: list[Wire] = []
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                heard += [Wire(one.topic, _raw(one)) for one in records]
        return heard
    finally:
        await consumer.stop()


def _raw(record) -> bytes:
    headers = b"\n".join(name.encode() + b"=" + value for name, value in record.headers)
    return b"\n".join((record.key or b"", record.value or b"", headers))
