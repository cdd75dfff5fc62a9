"""Tells open queue pages that something changed, without saying what: they ask for what they may see."""

import asyncio
from collections.abc import AsyncIterator
from secrets import randbelow

QUIET_SECONDS = 15.0
# Many changes within this time are one: a page needs no more than a few refreshes a second.
GATHER_SECONDS = 0.1


class Changes:
    def __init__(self) -> None:
        # Not from 0: a page that was made before a restart must not think that it has seen everything since.
        self._count = randbelow(2**32)
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

    @property
    def count(self) -> int:
        """What has been seen by who reads now; for `listen`."""
        return self._count

    async def listen(self, seen: int | None = None) -> AsyncIterator[bool]:
        """True after a change, False as a sign of life when nothing changed for a while.

        `seen`: `count` from before the page was read, so that no change falls between page and stream, or
        between two streams when the connection broke.
        """
        seen = self._count if seen is None else seen
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
