"""The page of the models in a real browser: no accessibility fault, nothing cut off, used by keyboard."""

from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page

from tests.browser.eyes import PATIENCE, WIDE, Eyes, chromium
from tests.browser.staff_office import served
from tests.classifier.school import EMIL, IDA, judged, line, open_school

pytestmark = pytest.mark.slow

LINES = (
    line("category_accuracy", candidate=0.93),
    line("ece", better="less", champion=0.03, candidate=0.02),
    line("da", rows=200),
    line("under 15 words", rows=20, judgement="too-few"),
    line("paired_flips", better="less", champion=0.02, candidate=0.02, allowed=0.0),
)


@pytest.fixture
async def school(tmp_path, stored):
    async with open_school(tmp_path / "data", stored / "first") as opened:
        yield opened


@asynccontextmanager
async def visit(school, base, browser, account, language="da"):
    context = await browser.new_context(base_url=base, locale=f"{language}-DK", viewport=WIDE)
    context.set_default_timeout(PATIENCE)
    token = await school.chassis.staff.new_link(account)
    page = await context.new_page()
    await page.goto(f"/login/{token}?next=/models")
    await page.locator("main button").click()
    await page.wait_for_url("**/models")
    try:
        yield page
    finally:
        await context.close()


async def test_no_state_of_the_page_has_an_accessibility_fault_or_is_cut_off(school, stored):
    first = (await school.promotions.champion()).statement.digest
    eyes, faults = Eyes(), []
    async with (
        served(school) as base,
        chromium() as browser,
        visit(school, base, browser, EMIL) as emil,
        visit(school, base, browser, IDA) as ida,
    ):

        async def look(state: str, page: Page = emil) -> None:
            faults.extend(await eyes.everywhere(page, state, "/models"))

        await look("nothing but the first model")
        worse = line("paired_flips", better="less", candidate=0.95, judgement="worse")
        second = judged(stored / "second", first, school.data, *LINES, worse)
        await look("a refused candidate")
        judged(stored / "second", first, school.data, *LINES)
        await look("a candidate that passed")
        await school.promotions.propose(second, school.staff[EMIL])
        await look("one's own proposal")
        await look("another's proposal", ida)

    assert faults == []


async def test_two_persons_put_a_model_to_work_with_the_keyboard_alone(school, stored):
    first = (await school.promotions.champion()).statement.digest
    second = judged(stored / "second", first, school.data, *LINES)
    async with served(school) as base, chromium() as browser:
        async with visit(school, base, browser, EMIL, "en") as page:
            await press(page, "Propose")
            await page.get_by_text("Somebody else must approve.").wait_for()
            assert await page.get_by_role("button", name="Approve").count() == 0
        async with visit(school, base, browser, IDA, "en") as page:
            await press(page, "Approve and use")
            await page.get_by_text("No proposal waits").wait_for()
            assert second[:12] in await page.locator("dl").inner_text()

    assert (await school.promotions.champion()).statement.approved_by == (EMIL, IDA)


async def press(page, name: str) -> None:
    """Tabs to a button as a person would, and presses Enter."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if (await page.evaluate("document.activeElement.textContent")).strip().startswith(name):
            await page.keyboard.press("Enter")
            return
    pytest.fail(f"the tabulator key does not reach {name}")


async def test_the_menu_leads_those_who_may_to_the_page(school):
    async with (
        served(school) as base,
        chromium() as browser,
        visit(school, base, browser, EMIL, "en") as page,
    ):
        assert await page.locator("nav a[aria-current=page]").inner_text() == "Models"
