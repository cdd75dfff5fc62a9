"""A router on real SQLite without a broker: what it would publish stands in its outbox."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from litestar import Litestar
from sqlalchemy import select

from contracts.event import Envelope, Event
from infra.chassis.broker import Delivered
from infra.chassis.chassis import Chassis, open_chassis
from infra.chassis.tables import outbox
from services.router.adapters import cases, mails
from services.router.app import create_app, load_table
from services.router.mailroom import Mailroom
from services.router.route import RoutingTable
from services.router.settings import RouterSettings
from tests.doubles import FakeClock, FakeMail, Visitor
from tests.router.inquiries import MONDAY, classified, enveloped, sealed_inquiry

NO_BROKER = "127.0.0.1:1"
BASE = "http://router.test"


class Office:
    def __init__(
        self,
        chassis: Chassis,
        settings: RouterSettings,
        app: Litestar,
        table: RoutingTable,
        mail: FakeMail,
        clock: FakeClock,
    ) -> None:
        self.chassis = chassis
        self.settings = settings
        self.app = app
        self.mail = mail
        self.clock = clock
        self.desk = app.state.desk
        self.mailroom = Mailroom(chassis, settings, table.taxonomy, mail)
        self.staff = chassis.staff.members
        self._offset = 0

    async def hear(self, event: Event | Envelope[Any]) -> None:
        """As the broker delivers it, dead letters and all."""
        envelope = event if isinstance(event, Envelope) else enveloped(event)
        record = envelope.record()
        self._offset += 1
        await self.chassis.deliveries.deliver(
            Delivered(
                topic=record.topic,
                partition=0,
                offset=self._offset,
                value=record.value,
                headers=record.headers,
            )
        )

    async def open_case(
        self, category: str | None = "tmf.veje", received=None, **understood
    ) -> Any:
        """A case of a sealed mail that came in and was understood."""
        about = received or await self.new_inquiry()
        await self.hear(about)
        await self.hear(classified(about, category, **understood))
        return await self.case(about.reference)

    async def new_inquiry(self, **changes: Any) -> Any:
        from uuid import uuid4

        return sealed_inquiry(await self.chassis.keyring.create(uuid4()), **changes)

    async def case(self, reference: str) -> Any:
        async with self.chassis.database.read() as reader:
            return await cases.find_case(reader, reference)

    async def acts(self, case_id: UUID) -> list[tuple[str, str]]:
        async with self.chassis.database.read() as reader:
            return [(act.kind, act.by) for act in await cases.acts_of(reader, case_id)]

    async def said(self, event: type[Event] | None = None) -> list[Any]:
        """The outbox's rows of one type, oldest first."""
        rows = select(outbox).order_by(outbox.c.seq)
        if event:
            rows = rows.where(outbox.c.topic == event.type)
        async with self.chassis.database.read() as reader:
            return list(await reader.execute(rows))

    async def bodies(self, event: type[Event]) -> list[dict[str, Any]]:
        return [json.loads(row.value) for row in await self.said(event)]

    async def receipt(self) -> None:
        """The trail confirms everything said so far."""
        await self.chassis.outbox.confirm([row.event_id for row in await self.said()])

    async def mails(self, case_id: UUID) -> list[Any]:
        async with self.chassis.database.read() as reader:
            return list(await mails.mails_of(reader, case_id))

    @asynccontextmanager
    async def visitor(self, account: str | None = None, **headers: str) -> AsyncIterator[Visitor]:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app, raise_app_exceptions=False),
            base_url=BASE,
            headers={"accept": "text/html", "accept-language": "da", **headers},
        ) as client:
            visitor = Visitor(client)
            if account:
                token = await self.chassis.staff.new_link(account)
                await client.get(f"/login/{token}")
                await visitor.post(f"/login/{token}")
            yield visitor


@asynccontextmanager
async def open_office(folder: Path, **settings: Any) -> AsyncIterator[Office]:
    clock = FakeClock(MONDAY)
    mail = FakeMail()
    # Nobody listens there: a broker that happens to run on this machine must not hear of us.
    chosen = RouterSettings(data=folder, broker=NO_BROKER, **settings)
    async with open_chassis(
        "router", chosen, migrations="services.router.migrations", clock=clock
    ) as chassis:
        table = load_table(chosen) if chosen.municipality else _sample_table()
        app = await create_app(chosen, chassis, mail, table)
        yield Office(chassis, chosen, app, table, mail, clock)


@cache
def _sample_table() -> RoutingTable:
    """Read once: its YAML takes longer than most tests."""
    return load_table(RouterSettings())
