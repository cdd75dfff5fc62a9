"""An open queue page hears of every change, also of those between page and stream."""

import asyncio
import re

import pytest

from services.router.live import Changes

pytestmark = pytest.mark.slow


async def first(listening):
    async with asyncio.timeout(5):
        return await anext(listening)


async def test_what_changed_since_the_page_was_read_is_told_at_once():
    changes = Changes()
    seen = changes.count
    changes.announce()

    assert await first(changes.listen(seen)) is True


async def test_after_a_restart_an_open_page_is_refreshed():
    before, after = Changes(), Changes()

    assert await first(after.listen(before.count)) is True


async def test_who_has_seen_everything_waits_for_the_next_change():
    changes = Changes()
    waiting = asyncio.ensure_future(first(changes.listen(changes.count)))
    await asyncio.sleep(0.3)
    assert not waiting.done()

    changes.announce()
    assert await waiting is True


async def test_a_queue_page_says_what_it_has_seen(office):
    async with office.visitor("bilal.tmf") as bilal:
        pages = []
        for _ in range(2):
            page = (await bilal.get("/")).text
            pages.append(re.search(r'sse-connect="/changes\?seen=(\d+)"', page)[1])
            await office.open_case("tmf.veje")

    assert pages[0] != pages[1]
