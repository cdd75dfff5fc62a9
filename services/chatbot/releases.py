"""Publishing from the page: one person proposes what its preview showed, another approves it (P9)."""

import asyncio
from typing import Any

import structlog
from sqlalchemy import Row

from infra.chassis.chassis import Chassis
from infra.chassis.staff import StaffMember
from services.chatbot.adapters import releases
from services.chatbot.adapters.index_files import IndexFileError, adopt_prepared
from services.chatbot.engine import Engine
from services.chatbot.previews import Previews
from services.chatbot.settings import ChatbotSettings

log = structlog.get_logger()


class ReleaseRefusedError(ValueError):
    """`reason` is a text chatbot.preview.refused.<reason>."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Releases:
    """What is published is byte for byte what was previewed; it is named by its digest."""

    def __init__(
        self, chassis: Chassis, settings: ChatbotSettings, engine: Engine, previews: Previews
    ) -> None:
        self._chassis = chassis
        self._root = settings.index_folder
        self._engine = engine
        self._previews = previews

    async def of(self, digest: str) -> Row[Any] | None:
        async with self._chassis.database.read() as reader:
            return await releases.of(reader, digest)

    async def propose(self, member: StaffMember, digest: str) -> None:
        """Raises ReleaseRefusedError."""
        if self._previews.of(digest) is None:
            raise ReleaseRefusedError("no-preview")
        async with self._chassis.database.write() as tx:
            if not await releases.propose(tx, digest, member.account, self._chassis.clock()):
                raise ReleaseRefusedError("proposed")
        log.info("publication_proposed", publication=digest)

    async def approve(self, member: StaffMember, digest: str) -> None:
        """Makes it the publication that answers. Raises ReleaseRefusedError."""
        if self._previews.of(digest) is None:
            raise ReleaseRefusedError("no-preview")
        async with self._chassis.database.write() as tx:
            row = await releases.of(tx, digest)
            if row is None:
                raise ReleaseRefusedError("not-proposed")
            if row.proposed_by == member.account:
                raise ReleaseRefusedError("own")
            # Approved, and the process ended before it was adopted: once more finishes it.
            now = self._chassis.clock()
            if row.approved_at is None and not await releases.approve(
                tx, digest, member.account, now
            ):
                raise ReleaseRefusedError("not-proposed")
        try:
            await asyncio.to_thread(adopt_prepared, self._root, digest)
        except IndexFileError:
            raise ReleaseRefusedError("no-preview") from None
        log.info("publication_approved", publication=digest)
        await self._engine.refresh()

    async def withdraw(self, digest: str) -> None:
        """The proposal, by whoever made it or found it wanting."""
        async with self._chassis.database.write() as tx:
            if not await releases.withdraw(tx, digest):
                raise ReleaseRefusedError("not-proposed")
        log.info("publication_not_released", publication=digest)
