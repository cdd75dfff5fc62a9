"""The broker as a service sees it: one consumer group, explicit acknowledgement, sessions that end
when another cluster answers.

FastStream's defaults lose messages (`ACK_FIRST`), so group and ack policy are stated here once. One
subscriber takes all topics of a service, because each further one costs a group join of seconds.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError
from faststream import AckPolicy
from faststream.exceptions import IncorrectState
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from faststream.kafka.prometheus import KafkaPrometheusMiddleware

from contracts.catalogue import topics
from contracts.event import Record
from infra.chassis.errors import DependencyUnavailableError
from infra.chassis.metrics import Metrics
from infra.chassis.settings import ServiceSettings

WATCH_SECONDS = 1.0
REQUEST_MS = 5000
# The intake caps mails at 25 MB; a record that size must reach the dead letters, not the client's limit.
MAX_REQUEST_BYTES = 32_000_000
PUBLISH_SECONDS = 10.0

log = structlog.get_logger()

Delivery = Callable[["Delivered"], Awaitable[None]]


class Delivered:
    """One record as it arrived."""

    def __init__(
        self,
        *,
        topic: str,
        partition: int,
        offset: int,
        value: bytes | None,
        headers: dict[str, str],
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.value = value
        self.headers = headers


class Broker:
    """Connects, consumes, publishes; reconnects with a fresh session when the cluster changed."""

    def __init__(self, settings: ServiceSettings, service: str, metrics: Metrics) -> None:
        self._settings = settings
        self._group = f"henvend.{service}"
        self._service = service
        self._metrics = metrics
        self._kafka: KafkaBroker | None = None
        self._admin: AIOKafkaAdminClient | None = None
        self._topics: list[str] = []
        self._deliver: Delivery | None = None
        self._on_cluster: list[Callable[[], None]] = []
        self._moved = asyncio.Condition()
        self.cluster: str | None = None
        """Id of the cluster of the running session; None while there is none."""
        self.connected = False
        """The broker answered the last watch."""

    def consume(self, names: list[str], deliver: Delivery) -> None:
        """Hand every record of these topics to `deliver`; its return commits, its error seeks back."""
        self._topics = sorted(names)
        self._deliver = deliver

    def on_cluster(self, callback: Callable[[], None]) -> None:
        """Called when a session with a cluster begins."""
        self._on_cluster.append(callback)

    async def wait_for_cluster(self, other_than: str | None = None) -> str:
        """The id of the connected cluster, once there is one other than `other_than`."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.cluster not in {None, other_than})
            assert self.cluster is not None
            return self.cluster

    async def publish(self, record: Record) -> None:
        """Returns when the broker acknowledged it; raises DependencyUnavailableError."""
        kafka = self._kafka
        if kafka is None:
            raise DependencyUnavailableError("broker")
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await kafka.publish(
                    record.value, topic=record.topic, key=record.key, headers=record.headers
                )
        except (KafkaError, IncorrectState, TimeoutError, OSError) as error:
            # IncorrectState: the session is just being opened, or is closing under our hands.
            raise DependencyUnavailableError("broker") from error
        self._metrics.count("henvend_events_published_total", type=record.topic)

    async def run(self) -> None:
        """Keep a session open until cancelled."""
        try:
            while True:
                await self._open()
                await self._watch()
                await self._close()
        finally:
            await self._close()

    async def _open(self) -> None:
        while True:
            try:
                self._admin = await self._connect_admin()
                cluster = await self._cluster_id()
                await self._ensure_topics()
                self._kafka = self._new_kafka(cluster)
                await self._kafka.start()
            except (KafkaError, OSError, TimeoutError) as error:
                log.info("broker_awaited", error=type(error).__name__)
                await self._close()
                await asyncio.sleep(WATCH_SECONDS / 2)
            else:
                break
        log.info("broker_joined", cluster=cluster)
        await self._set_cluster(cluster)
        self._metrics.count("henvend_broker_changes_total")
        for callback in self._on_cluster:
            callback()

    async def _watch(self) -> None:
        """Returns when another cluster answers than the session was opened with."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                async with asyncio.timeout(REQUEST_MS / 1000):
                    seen: str | None = await self._cluster_id()
                self.connected = True
            except (KafkaError, OSError, TimeoutError):
                self.connected = False
                seen = await self._ask_anew()
            self._metrics.set("henvend_broker_connected", float(self.connected))
            if seen is not None and seen != self.cluster:
                log.warning("broker_changed", was=self.cluster, now=seen)
                return

    async def _ask_anew(self) -> str | None:
        """A fresh connection: the old admin client may cling to a dead one."""
        try:
            async with asyncio.timeout(REQUEST_MS / 1000):
                fresh = await self._connect_admin()
        except (KafkaError, OSError, TimeoutError):
            return None
        old, self._admin = self._admin, fresh
        if old is not None:
            await _quietly(old.close())
        try:
            async with asyncio.timeout(REQUEST_MS / 1000):
                return await self._cluster_id()
        except (KafkaError, OSError, TimeoutError):
            return None

    async def _connect_admin(self) -> AIOKafkaAdminClient:
        admin = AIOKafkaAdminClient(
            bootstrap_servers=self._settings.broker, request_timeout_ms=REQUEST_MS
        )
        try:
            await admin.start()
        except BaseException:
            await _quietly(admin.close())
            raise
        return admin

    async def _cluster_id(self) -> str:
        assert self._admin is not None
        return str((await self._admin.describe_cluster())["cluster_id"])

    async def _ensure_topics(self) -> None:
        assert self._admin is not None
        copies = self._settings.broker_replication
        wanted = [
            NewTopic(name, topic.partitions, copies, topic_configs=topic_settings(topic, copies))
            for name, topic in topics().items()
        ]
        try:
            await self._admin.create_topics(wanted)
        except TopicAlreadyExistsError:
            return

    def _new_kafka(self, cluster: str) -> KafkaBroker:
        kafka = KafkaBroker(
            self._settings.broker,
            client_id=f"henvend-{self._service}",
            acks="all",
            linger_ms=0,
            request_timeout_ms=REQUEST_MS,
            max_request_size=MAX_REQUEST_BYTES,
            max_batch_size=MAX_REQUEST_BYTES,
            graceful_timeout=3.0,
            logger=None,
            middlewares=[
                KafkaPrometheusMiddleware(
                    registry=self._metrics.registry,
                    app_name=self._service,
                )
            ]
            if self._kafka_metrics_free()
            else [],
        )
        if self._deliver is not None:
            self._subscribe(kafka, self._deliver, cluster)
        return kafka

    def _kafka_metrics_free(self) -> bool:
        # A registry takes FastStream's metrics once; later sessions run without registering again.
        if getattr(self, "_metered", False):
            return False
        self._metered = True
        return True

    def _subscribe(self, kafka: KafkaBroker, deliver: Delivery, cluster: str) -> None:
        async def keep_bytes(message: KafkaMessage) -> bytes:
            return message.body or b""

        @kafka.subscriber(
            *self._topics,
            # Offsets are remembered per cluster: a session that dies with its broker may still commit
            # its old positions to the reborn one, and a consumer beyond the end would wait for ever.
            group_id=f"{self._group}.{cluster}",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            auto_offset_reset="earliest",
            session_timeout_ms=self._settings.broker_session_ms,
            heartbeat_interval_ms=max(100, self._settings.broker_session_ms // 5),
            max_poll_interval_ms=600_000,
            fetch_max_bytes=MAX_REQUEST_BYTES,
            max_partition_fetch_bytes=MAX_REQUEST_BYTES,
            fetch_max_wait_ms=100,
            decoder=keep_bytes,
        )
        async def on_record(message: KafkaMessage) -> None:
            raw: Any = message.raw_message
            await deliver(
                Delivered(
                    topic=raw.topic,
                    partition=raw.partition,
                    offset=raw.offset,
                    value=raw.value,
                    headers={name: value.decode("utf-8", "replace") for name, value in raw.headers},
                )
            )

    async def _set_cluster(self, cluster: str | None) -> None:
        async with self._moved:
            self.cluster = cluster
            self.connected = cluster is not None
            self._moved.notify_all()

    async def _close(self) -> None:
        await self._set_cluster(None)
        kafka, self._kafka = self._kafka, None
        admin, self._admin = self._admin, None
        if kafka is not None:
            await _quietly(kafka.stop())
        if admin is not None:
            await _quietly(admin.close())


async def _quietly(closing: Awaitable[Any]) -> None:
    """A broker that is gone cannot be left politely; do not hang or fail on it."""
    try:
        async with asyncio.timeout(5):
            await closing
    except Exception as error:
        log.debug("broker_left_rudely", error=type(error).__name__)


def topic_settings(topic: Any, copies: int) -> dict[str, str]:
    """How a topic of that many copies is kept."""
    # With three copies one broker may be away, and what is acknowledged still stands on two.
    safe = {"min.insync.replicas": "2"} if copies > 2 else {}
    return {"retention.ms": _ms(topic), **safe}


def _ms(topic: Any) -> str:
    return str(topic.retention_days * 24 * 3600 * 1000)
