"""One Chromium for all of these tests; each visit is a fresh profile in it."""

import pytest_asyncio

from tests.browser.eyes import chromium


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser():
    async with chromium() as opened:
        yield opened
