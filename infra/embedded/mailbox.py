"""A stand-in for the citizens' mail provider: takes outgoing mail by SMTP and shows it on a page.

Only for the one-machine sample; it listens on loopback. Even so, nothing rests in clear here.
"""

import asyncio
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

from aiosmtpd.smtp import SMTP, Envelope, Session
from litestar import Litestar, get
from litestar.exceptions import NotFoundException
from litestar.response import Template
from litestar.types import ControllerRouterHandler
from sqlalchemy import JSON, Column, MetaData, Table, Uuid, func, select

from contracts.event import Sealed, effect_id
from infra.chassis.chassis import Chassis
from infra.database import UtcDateTime

MAX_BYTES = 25_000_000
metadata = MetaData()
letter = Table(
    "letter",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("raw", JSON, nullable=False),
)


class Mailbox:
    """Keeps each mail once (by Message-ID), sealed under its own key."""

    def __init__(self, chassis: Chassis) -> None:
        self._chassis = chassis

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = message_from_bytes(content, policy=policy.default)
        letter_id = effect_id(str(message.get("Message-ID", "")) or content.hex(), "letter")
        key = await self._chassis.keyring.create(letter_id)
        sealed = key.seal(
            "raw", content.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()
        )
        async with self._chassis.database.write() as tx:
            await tx.execute(
                tx
                .insert(letter)
                .values(id=letter_id, at=self._chassis.clock(), raw=sealed.model_dump(mode="json"))
                .on_conflict_do_nothing()
            )
        return "250 OK"

    async def letters(self) -> list[tuple[UUID, datetime, EmailMessage]]:
        """Newest first, at most 200."""
        async with self._chassis.database.read() as reader:
            rows = (
                await reader.execute(select(letter).order_by(letter.c.at.desc()).limit(200))
            ).all()
        return [(row.id, row.at, await self._open(row)) for row in rows]

    async def letter(self, letter_id: UUID) -> tuple[datetime, EmailMessage] | None:
        async with self._chassis.database.read() as reader:
            row = (await reader.execute(select(letter).where(letter.c.id == letter_id))).first()
        return (row.at, await self._open(row)) if row else None

    async def count(self) -> int:
        async with self._chassis.database.read() as reader:
            return int(await reader.scalar(select(func.count()).select_from(letter)) or 0)

    async def _open(self, row: Any) -> EmailMessage:
        key = await self._chassis.keyring.data_key(row.id)
        raw = key.open("raw", Sealed(**row.raw))
        message = message_from_bytes(raw.encode(), policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message


async def listen(mailbox: Mailbox, host: str, port: int) -> None:
    """Take mail by SMTP until cancelled."""
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(
            mailbox,
            data_size_limit=MAX_BYTES,
            enable_SMTPUTF8=True,
            loop=asyncio.get_running_loop(),
        ),
        host=host,
        port=port,
    )
    async with server:
        await asyncio.Event().wait()


def body_of(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    return str(part.get_content()) if part is not None else ""


def create_app(chassis: Chassis, mailbox: Mailbox) -> Litestar:
    return chassis.web(_routes(mailbox), template_folders=[Path(__file__).parent / "pages"])


def _routes(mailbox: Mailbox) -> list[ControllerRouterHandler]:
    @get("/", exclude_from_auth=True, include_in_schema=False)
    async def index() -> Template:
        return Template("mailbox.html", context={"letters": await mailbox.letters()})

    @get("/letters/{letter_id:uuid}", exclude_from_auth=True, include_in_schema=False)
    async def one(letter_id: UUID) -> Template:
        found = await mailbox.letter(letter_id)
        if found is None:
            raise NotFoundException
        at, message = found
        return Template(
            "letter.html", context={"at": at, "message": message, "body": body_of(message)}
        )

    @get("/count", exclude_from_auth=True, include_in_schema=False)
    async def count() -> dict[str, int]:
        return {"letters": await mailbox.count()}

    return [index, one, count]
