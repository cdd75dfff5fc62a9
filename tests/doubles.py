"""What stands in for the world where a whole service is tested in this process."""

from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import httpx


class FakeClock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> None:
        self.now += timedelta(**delta)


class FakeMail:
    """An outgoing mail server that keeps what it took; `failing` is raised instead."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []
        self.failing: Exception | None = None

    async def send(self, message: EmailMessage) -> None:
        if self.failing:
            raise self.failing
        self.sent.append(message)


class Visitor:
    """Somebody with a browser that sends back its CSRF token with each form."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.client.get(path, **options)

    async def post(self, path: str, **fields: str) -> httpx.Response:
        token = self.client.cookies.get("henvend_csrf") or ""
        return await self.client.post(path, data={"_csrf_token": token, **fields})
