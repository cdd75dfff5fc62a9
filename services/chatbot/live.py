"""Tells open event streams that a conversation has new messages; what they are is read from the store."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from uuid import UUID

QUIET_SECONDS = 15.0


class Arrivals:
    def __init__(self) -> None:
        self._waiting: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)

    def announce(self, conversation: UUID) -> None:
        """From a commit callback."""
        for arrived in self._waiting.get(conversation, ()):
            arrived.set()

    async def listen(self, conversation: UUID) -> AsyncIterator[bool]:
        """At once, and then after each announcement: True; False as a sign of life in between."""
        arrived = asyncio.Event()
        self._waiting[conversation].add(arrived)
        try:
            yield True
            while True:
                try:
                    async with asyncio.timeout(QUIET_SECONDS):
                        await arrived.wait()
                except TimeoutError:
                    yield False
                    continue
                arrived.clear()
                yield True
        finally:
            self._waiting[conversation].discard(arrived)
            if not self._waiting[conversation]:
                del self._waiting[conversation]

    @property
    def listeners(self) -> int:
        return sum(map(len, self._waiting.values()))
