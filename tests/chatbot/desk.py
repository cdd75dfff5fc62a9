"""A chatbot in this process on real SQLite without a broker: what it would publish stands in its outbox."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
from litestar import Litestar
from sqlalchemy import select, update

from contracts.event import Envelope, Event
from infra.chassis.broker import Delivered
from infra.chassis.chassis import Chassis, open_chassis
from infra.chassis.tables import outbox
from services.chatbot.app import create_app
from services.chatbot.settings import ChatbotSettings
from tests.chatbot.sample import make_municipality
from tests.doubles import FakeClock, FakeMail

NO_BROKER = "127.0.0.1:1"
BASE = "http://chatbot.test"
SUNDAY = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


class WordEmbedder:
    """Each word points in its own direction: texts with the same words are near."""

    name = "words"
    digest = "w" * 64

    def embed(self, texts: Sequence[str]) -> Any:
        rows = [sum((_direction(w) for w in t.lower().split()), np.zeros(48)) for t in texts]
        lengths = [float(np.linalg.norm(row)) or 1.0 for row in rows]
        return np.array([r / n for r, n in zip(rows, lengths, strict=True)], dtype=np.float32)


@cache
def _direction(word: str) -> Any:
    seed = int.from_bytes(word.strip("?.,!").encode()[:8].ljust(8, b" "), "big") % 2**32
    return np.random.default_rng(seed).normal(size=48)


class Desk:
    def __init__(
        self,
        chassis: Chassis,
        settings: ChatbotSettings,
        app: Litestar,
        clock: FakeClock,
        mail: FakeMail,
    ) -> None:
        self.chassis = chassis
        self.settings = settings
        self.app = app
        self.clock = clock
        self.mail = mail
        self.engine = app.state.engine
        self.background = app.state.background
        self.offset = 0

    def browser(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url=BASE, headers=headers
        )

    async def staff(self, account: str) -> httpx.AsyncClient:
        """A browser in which `account` is logged in."""
        client = self.browser(accept="text/html", **{"accept-language": "da"})
        token = await self.chassis.staff.new_link(account)
        await client.get(f"/login/{token}")
        await send(client, f"/login/{token}")
        return client

    async def talk(self, language: str = "da") -> "Talk":
        client = self.browser()
        begun = (await client.post("/api/v1/conversations", json={"language": language})).json()
        client.headers["authorization"] = f"Bearer {begun['token']}"
        return Talk(client, begun)

    async def hear(self, event: Event | Envelope[Any]) -> None:
        """As the broker delivers it."""
        envelope = (
            event
            if isinstance(event, Envelope)
            else Envelope[Any].of(event, event_id=uuid4(), source="test", time=self.clock())
        )
        record = envelope.record()
        self.offset += 1
        await self.chassis.deliveries.deliver(
            Delivered(
                topic=record.topic,
                partition=0,
                offset=self.offset,
                value=record.value,
                headers=record.headers,
            )
        )

    async def said(self, event: type[Event]) -> list[dict[str, Any]]:
        """Bodies of the outbox's events of one type, oldest first."""
        rows = select(outbox.c.value).where(outbox.c.topic == event.type).order_by(outbox.c.seq)
        async with self.chassis.database.read() as reader:
            return [json.loads(value) for value in (await reader.execute(rows)).scalars()]

    async def trail_has_everything(self) -> None:
        """As a trail.receipt for all events so far."""
        async with self.chassis.database.write() as tx:
            await tx.execute(update(outbox).values(confirmed_at=self.clock()))


class Talk:
    """A citizen's side of a conversation."""

    def __init__(self, client: httpx.AsyncClient, begun: dict[str, Any]) -> None:
        self.client = client
        self.id = begun["id"]
        self.begun = begun
        self.path = f"/api/v1/conversations/{self.id}"

    async def ask(self, words: str, **more: Any) -> list[dict[str, Any]]:
        answer = await self.client.post(f"{self.path}/messages", json={"text": words, **more})
        assert answer.status_code == 201, answer.text
        return list(answer.json()["messages"])

    async def messages(self) -> list[dict[str, Any]]:
        return list((await self.client.get(f"{self.path}/messages")).json()["messages"])

    async def post(self, what: str, **body: Any) -> httpx.Response:
        return await self.client.post(f"{self.path}/{what}", json=body)


async def send(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    """Sends a form as the page would, with its CSRF token."""
    token = client.cookies.get("henvend_csrf", "")
    return await client.post(path, data={"_csrf_token": token, **fields})


@asynccontextmanager
async def open_desk(
    folder: Path, clock: FakeClock | None = None, **more: Any
) -> AsyncIterator[Desk]:
    clock = clock or FakeClock(SUNDAY)
    municipality = folder / "municipality"
    if not municipality.exists():
        make_municipality(municipality)
    settings = ChatbotSettings(
        data=folder / "data", municipality=municipality, broker=NO_BROKER, **more
    )
    async with open_chassis(
        "chatbot", settings, migrations="services.chatbot.migrations", clock=clock
    ) as chassis:
        mail = FakeMail()
        # A model of its own on disk is loaded as the service loads it.
        embedder = None if settings.chatbot_model else WordEmbedder()
        app = await create_app(settings, chassis, embedder, mail)
        yield Desk(chassis, settings, app, clock, mail)
