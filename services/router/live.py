"""Tells open queue pages that something changed, without saying what: they ask for what they may see."""

import asyncio
from collections.abc import AsyncIterator

QUIET_SECONDS = 15.0
# Many changes within this time are one: a page needs no more than a few refreshes a second.
GATHER_SECONDS = 0.1


class Changes:
    def __init__(self) -> None:
        self._count = 0
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def announce(self) -> None:
        """From a commit callback: wake every listener."""
        self._count += 1
        task = asyncio.ensure_future(self._wake())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def listen(self) -> AsyncIterator[bool]:
        """True after a change, False as a sign of life when nothing changed for a while."""
        seen = self._count
        while True:
            try:
                async with asyncio.timeout(QUIET_SECONDS), self._changed:
                    await self._changed.wait_for(lambda: self._count != seen)  # noqa: B023
            except TimeoutError:
                yield False
                continue
            await asyncio.sleep(GATHER_SECONDS)
            seen = self._count
            yield True
