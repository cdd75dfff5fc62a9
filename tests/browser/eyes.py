"""A real Chromium, and what it must not find on any page: accessibility faults and what is cut off."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from infra.pages.pages import LANGUAGE_COOKIE

HERE = Path(__file__).parent
AXE = HERE.parents[1] / "node_modules" / "axe-core" / "axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]}
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
LANGUAGES = ("da", "sv", "en")
WIDE = ViewportSize(width=1280, height=1024)
NARROW = ViewportSize(width=320, height=256)
"""What 400 % zoom of a 1,280 px window leaves, and the narrowest phone."""
PATIENCE = 90_000
"""Milliseconds: how busy the machine is says nothing about a page."""
SHOTS = os.environ.get("HENVEND_SHOTS")
OUTLINE = (HERE / "outline.js").read_text("utf-8")
# The design system hides what overflows the body, so each element is asked where it ends.
BEYOND = """() => {
  const edge = document.documentElement.clientWidth;
  const beyond = [...document.body.querySelectorAll("*")]
    .filter((one) => !one.closest(".hv-scroll, .sr-only, select, .hv-table thead"))
    .map((one) => one.getBoundingClientRect())
    .filter((box) => box.width > 1 && box.height > 1)
    .map((box) => Math.round(box.right - edge));
  return Math.max(0, document.documentElement.scrollWidth - edge, ...beyond);
}"""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


async def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 A and AA, one line per place."""
    if not await page.evaluate("() => 'axe' in window"):
        # The page's own policy forbids foreign scripts, and rightly: the debugger puts it in.
        await page.evaluate(AXE.read_text("utf-8"))
    found = await page.evaluate(
        f"async () => (await axe.run(document, {json.dumps(RUN)})).violations"
    )
    return [
        f"{violation['id']}: {node['html'][:200]} ({node['failureSummary'][:200]})"
        for violation in found
        for node in violation["nodes"]
    ]


async def sideways(page: Page) -> int:
    """How many pixels of the page lie beyond its right edge; what scrolls in its own box does not count."""
    return int(await page.evaluate(BEYOND))


class Eyes:
    """Looks at many pages, and lets axe judge each outline once: it takes nearly all of the time."""

    def __init__(self) -> None:
        self._sound: set[str] = set()

    async def faults(self, page: Page) -> list[str]:
        """What is wrong with the page as it stands."""
        beyond = await sideways(page)
        edge = [f"{beyond} px beyond the edge"] if beyond else []
        return [*await self._judged(page), *edge]

    async def _judged(self, page: Page) -> list[str]:
        outline = await page.evaluate(OUTLINE)
        if outline in self._sound:
            return []
        found = await violations(page)
        if not found:
            self._sound.add(outline)
        return found

    async def everywhere(self, page: Page, name: str, address: str, status: int = 200) -> list[str]:
        """What is wrong with what stands there, in each language, wide and narrow."""
        found = []
        for language in LANGUAGES:
            await page.context.add_cookies([
                {"name": LANGUAGE_COOKIE, "value": language, "domain": "127.0.0.1", "path": "/"}
            ])
            answer = await page.goto(address)
            said = await page.locator("html").get_attribute("lang")
            if answer is None or (answer.status, said) != (status, language):
                found.append(
                    f"{name}: not {status} in {language}: {answer and answer.status} in {said}"
                )
            for window in _from_here(page):
                await page.set_viewport_size(window)
                where = f"{name}, {language}, {window['width']} px"
                found += [f"{where}: {fault}" for fault in await self.faults(page)]
                await _shoot(page, where)
        return found


def _from_here(page: Page) -> list[ViewportSize]:
    """Both windows, beginning with the one that is open: each change is a whole new layout."""
    return sorted((WIDE, NARROW), key=lambda window: window != page.viewport_size)


async def _shoot(page: Page, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=f"{SHOTS}/{name.replace(' ', '-')}.png", full_page=True)


__all__ = ["NARROW", "WIDE", "Eyes", "chromium", "sideways", "violations"]
