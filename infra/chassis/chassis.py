"""What one process stands on, opened and closed together."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import structlog
from litestar import Litestar, Response, get
from litestar.types import ControllerRouterHandler

from contracts.event import Envelope, Event, Record
from contracts.trail import TrailReceipt
from infra.chassis.broker import Broker
from infra.chassis.clock import Clock, utc_now
from infra.chassis.dead_letter import Deliveries
from infra.chassis.inbox import Inbox
from infra.chassis.metrics import Metrics
from infra.chassis.outbox import Outbox
from infra.chassis.settings import ServiceSettings
from infra.chassis.staff import StaffDoor, load_members, open_door
from infra.chassis.web import Web
from infra.database import Database
from infra.keyring import Keyring, open_keyring
from infra.keyring.wrapping import load_secret

E = TypeVar("E", bound=Event)
TIDY_EVERY = timedelta(hours=6)
SERVICES = ("classifier", "router", "chatbot", "audit", "mailbox")

log = structlog.get_logger()


class Chassis:
    """Made by `open_chassis`; a service registers handlers, routes and background work on it."""

    def __init__(
        self,
        *,
        service: str,
        settings: ServiceSettings,
        database: Database,
        keyring: Keyring,
        door: StaffDoor,
        session_secret: bytes,
        clock: Clock,
    ) -> None:
        self.service = service
        self.settings = settings
        self.database = database
        self.keyring = keyring
        self.staff = door
        self.clock = clock
        self.metrics = Metrics()
        self.broker = Broker(settings, service, self.metrics)
        self.outbox = Outbox(database, self.broker, self.metrics, clock)
        self.inbox = Inbox(clock)
        self.deliveries = Deliveries(
            service=service,
            database=database,
            outbox=self.outbox,
            keyring=keyring,
            metrics=self.metrics,
            clock=clock,
        )
        self._session_secret = session_secret
        self._background: list[Callable[[], Awaitable[None]]] = []
        self._readiness: dict[str, Callable[[], bool]] = {}
        self._states: dict[str, Callable[[], str]] = {}

    def on(self, event: type[E], handler: Callable[[Envelope[E]], Awaitable[None]]) -> None:
        """Handle every event of this type; one consumer group per service."""
        self.deliveries.on(event, handler)

    async def publish(self, envelope: Envelope[Any]) -> None:
        """For stateless effects: returns when the broker has it. Raises DependencyUnavailableError."""
        await self.broker.publish(envelope.record())

    async def publish_record(self, record: Record) -> None:
        await self.broker.publish(record)

    def background(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` while the service runs; its failure ends the process, for a supervisor to see."""
        self._background.append(work)

    def ready_when(self, name: str, check: Callable[[], bool]) -> None:
        """The readiness page reports `name` and is 503 until every check holds."""
        self._readiness[name] = check

    def says(self, name: str, state: Callable[[], str]) -> None:
        """/health tells the state of `name` too; whatever it is, the process answers."""
        self._states[name] = state

    def readiness(self) -> dict[str, bool]:
        checks = {"broker": self.broker.connected, "consumer": not self.deliveries.stopped}
        return checks | {name: bool(check()) for name, check in self._readiness.items()}

    def web(
        self,
        routes: Sequence[ControllerRouterHandler],
        *,
        template_folders: Iterable[Path] = (),
        **options: Any,
    ) -> Litestar:
        """The service's web application, with health, readiness and metrics."""
        web = Web(
            service=self.service,
            door=self.staff,
            secret=self._session_secret,
            secure_cookies=self.settings.secure_cookies,
            links={name: self.settings.url_of(name) for name in SERVICES},
        )
        return web.app(
            [*routes, *self._operations()],
            lifespan=self._running,
            template_folders=template_folders,
            title=f"Henvend {self.service}",
            **options,
        )

    def _operations(self) -> list[ControllerRouterHandler]:
        @get("/health", exclude_from_auth=True, sync_to_thread=False)
        def health() -> dict[str, str]:
            """The process answers."""
            states = {name: state() for name, state in self._states.items()}
            return {"status": "ok", "service": self.service, **states}

        @get("/ready", exclude_from_auth=True, sync_to_thread=False)
        def ready() -> Response[dict[str, bool]]:
            """It can do its work: 200, else 503 with what is missing."""
            checks = self.readiness()
            return Response(checks, status_code=200 if all(checks.values()) else 503)

        @get("/metrics", exclude_from_auth=True, sync_to_thread=False, include_in_schema=False)
        def metrics() -> Response[bytes]:
            return Response(self.metrics.render(), headers={"content-type": Metrics.content_type})

        return [health, ready, metrics]

    @asynccontextmanager
    async def _running(self, _app: Litestar) -> AsyncIterator[None]:
        async with self.running():
            yield

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Broker session, outbox relay and background work, cancelled at the end."""
        if self.deliveries.topics:
            if TrailReceipt.type not in self.deliveries.topics and self.service != "audit":
                self.on(TrailReceipt, self._on_trail_receipt)
            self.broker.consume(self.deliveries.topics, self.deliveries.deliver)
        self.broker.on_cluster(self.outbox.nudge)
        tasks = [
            asyncio.create_task(self._guard(name, work))
            for name, work in (
                ("broker", self.broker.run),
                ("outbox", self.outbox.run),
                ("tidy", self._tidy),
                *((getattr(work, "__name__", "work"), work) for work in self._background),
            )
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _guard(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("background_failed", work=name)
            # Half a service is worse than none: end the process so that it is started afresh.
            _end_process()

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(TIDY_EVERY.total_seconds())
            await self.outbox.tidy()

    async def _on_trail_receipt(self, envelope: Envelope[TrailReceipt]) -> None:
        await self.outbox.confirm(entry.event for entry in envelope.data.entries)


def _end_process() -> None:
    import os  # noqa: PLC0415
    import signal  # noqa: PLC0415

    os.kill(os.getpid(), signal.SIGTERM)


@asynccontextmanager
async def open_chassis(
    service: str,
    settings: ServiceSettings,
    *,
    migrations: str,
    clock: Clock = utc_now,
) -> AsyncIterator[Chassis]:
    """Opens databases and keys of `service`; migrates first."""
    settings.data.mkdir(parents=True, exist_ok=True)
    settings.keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        database = Database(settings.database_for(service))
        stack.push_async_callback(database.close)
        await database.migrate(migrations)
        keyring = await open_keyring(
            settings.database_for("keyring"), settings.keys / "wrapping.key"
        )
        stack.push_async_callback(keyring.close)
        folder = settings.municipality
        staff_file = folder / "staff.yaml" if folder and (folder / "staff.yaml").exists() else None
        door = await open_door(settings.database_for("staff"), load_members(staff_file), clock)
        stack.push_async_callback(door.close)
        yield Chassis(
            service=service,
            settings=settings,
            database=database,
            keyring=keyring,
            door=door,
            session_secret=load_secret(settings.keys / "session.key"),
            clock=clock,
        )
