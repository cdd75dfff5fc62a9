"""A caseworker's morning without a mouse, and a queue that fills by itself."""

import asyncio

import pytest
import pytest_asyncio

from contracts.case import CaseClosed, CaseMoved, CaseReplied
from contracts.event import Sealed
from services.router.receipt import token_of
from tests.browser.staff_office import open_town

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

FOCUSED = """() => {
  const one = document.activeElement;
  if (one === document.body) return ["", "none"];
  const called = one.labels?.length ? one.labels[0].innerText : one.innerText;
  return [called || "", getComputedStyle(one).outlineStyle];
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def town(tmp_path_factory, browser):
    async with open_town(tmp_path_factory.mktemp("town") / "data", browser) as opened:
        yield opened


async def fresh_case(town):
    """A road matter nobody has touched, and the address of its receipt."""
    case = await town.office.open_case("tmf.veje")
    key = await town.office.chassis.keyring.data_key(case.inquiry)
    return case.reference, f"/receipt/{case.reference}/{token_of(key)}"


async def tab_to(page, name: str, most: int = 60) -> None:
    """Press Tab until the focused element is called `name`; its focus must be visible."""
    for _ in range(most):
        await page.keyboard.press("Tab")
        called, outline = await page.evaluate(FOCUSED)
        if name in called:
            assert outline != "none", f"the focus on {name} cannot be seen"
            return
    pytest.fail(f"{name} cannot be reached with the Tab key")


async def test_a_case_is_moved_answered_and_closed_with_the_keyboard_alone(town):
    reference, _ = await fresh_case(town)
    token = await town.office.chassis.staff.new_link("emil.koordinator")
    async with town.visit(viewport={"width": 1280, "height": 900}) as page:
        await page.goto(f"/login/{token}")
        await tab_to(page, "Log ind")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/")

        await tab_to(page, "Find sag")
        await page.keyboard.type(reference.lower())
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/cases/{reference}")

        await page.keyboard.press("w")
        assert await page.evaluate("() => document.activeElement.id") == "target"
        await page.keyboard.type("Parkering")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/?place=tmf")
        assert (await town.office.case(reference)).category == "tmf.parkering"

        await tab_to(page, "Find sag")
        await page.keyboard.type(reference)
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/cases/{reference}")
        await page.keyboard.press("r")
        await page.keyboard.type("Hullet bliver lappet. wtr")
        await tab_to(page, "Send svar")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("text=Hullet bliver lappet. wtr")

        await tab_to(page, "Luk sagen som")
        await tab_to(page, "Luk sagen", most=1)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/?place=tmf")

    assert (await town.office.case(reference)).status == "closed"
    assert reference in [body["reference"] for body in await town.office.bodies(CaseMoved)]
    [reply] = [b for b in await town.office.bodies(CaseReplied) if b["reference"] == reference]
    case = await town.office.case(reference)
    key = await town.office.chassis.keyring.data_key(case.inquiry)
    assert key.open("reply", Sealed(**reply["reply"])) == "Hullet bliver lappet. wtr"
    closed = [body["reference"] for body in await town.office.bodies(CaseClosed)]
    assert reference in closed


async def test_the_first_tab_skips_to_the_content(town):
    async with town.visit("bilal.tmf") as page:
        await page.goto("/")
        await page.keyboard.press("Tab")
        assert await page.evaluate("() => document.activeElement.innerText") == "Gå til indhold"
        await page.keyboard.press("Enter")

        assert await page.evaluate("() => document.activeElement.id") == "main"


async def test_a_new_case_appears_by_itself(town):
    async with town.visit("bilal.tmf") as page:
        await page.goto("/")
        await page.wait_for_load_state("load")
        await page.evaluate("() => { window.stayed = true }")

        case = await town.office.open_case("tmf.veje")

        row = page.locator(f"text={case.reference}")
        await row.wait_for(timeout=3000)
        assert await page.evaluate("() => window.stayed") is True


async def test_what_another_department_gets_does_not_show(town):
    async with town.visit("bilal.tmf") as page:
        await page.goto("/")
        theirs = await town.office.open_case("kff.pas")
        ours = await town.office.open_case("tmf.veje")

        await page.locator(f"text={ours.reference}").wait_for(timeout=3000)

        assert await page.locator(f"text={theirs.reference}").count() == 0


async def test_a_case_that_comes_before_the_stream_is_open_shows(town):
    async def late(route):
        await asyncio.sleep(1.5)
        await route.continue_()

    async with town.visit("bilal.tmf") as page:
        await page.route("**/changes*", late)
        await page.goto("/", wait_until="commit")
        case = await town.office.open_case("tmf.veje")

        await page.locator(f"text={case.reference}").wait_for(timeout=8000)


async def test_a_live_queue_keeps_the_readers_place(town):
    async with town.visit("bilal.tmf") as page:
        await page.goto("/")
        await page.locator("#queue th[scope=row] a").first.focus()
        focused = await page.evaluate("() => document.activeElement.getAttribute('href')")

        case = await town.office.open_case("tmf.veje")
        await page.locator(f"text={case.reference}").wait_for(timeout=3000)

        assert await page.evaluate("() => document.activeElement.getAttribute('href')") == focused


async def test_queues_and_cases_work_without_javascript(town):
    reference, _ = await fresh_case(town)
    async with town.visit("bilal.tmf", java_script_enabled=False) as page:
        await page.goto("/")
        await page.click(f"a[href='/cases/{reference}']")
        await page.fill("#text", "Svar uden JavaScript")
        await page.click("text=Send svar")

        assert await page.locator("text=Svar uden JavaScript").count() == 1


async def test_a_citizen_contests_without_javascript_or_cookies(town):
    reference, receipt = await fresh_case(town)
    async with town.visit(java_script_enabled=False) as page:
        await page.route("**/*", _without_cookies)
        await page.goto(receipt)
        await page.click("text=Jeg vil have et menneske")

        assert await page.locator("[role=status]").count() == 1

    assert (await town.office.case(reference)).queue == "triage"


async def _without_cookies(route):
    headers = {name: value for name, value in route.request.headers.items() if name != "cookie"}
    await route.continue_(headers=headers)


async def test_no_page_loads_anything_from_elsewhere(town):
    asked = []
    async with town.visit("emil.koordinator") as page:
        page.on("request", lambda request: asked.append(request.url))
        for path in ("/", f"/cases/{town.references['plain']}", "/switches"):
            await page.goto(path)

    assert [url for url in asked if not url.startswith(town.base)] == []


async def test_no_page_breaks_its_own_security_policy(town):
    complaints = []
    async with town.visit("emil.koordinator") as page:
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        for path in ("/", f"/cases/{town.references['plain']}", "/switches", "/report"):
            await page.goto(path)
            await page.wait_for_timeout(100)

    assert complaints == []


async def test_two_persons_erase_an_inquiry_with_the_keyboard_alone(town):
    reference, receipt = await fresh_case(town)
    erasing = town.office.app.state.erasing
    async with town.visit("hanne.dpo", viewport={"width": 1280, "height": 900}) as page:
        await page.goto("/erasures")
        await tab_to(page, "Find henvendelse")
        await page.keyboard.type(reference.lower())
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/erasures/{reference}")
        await tab_to(page, "Hjemmel")
        await page.keyboard.type("samtykket")
        await tab_to(page, "Hvorfor må den slettes")
        await page.keyboard.type("vurderet")
        await tab_to(page, "Bed om sletning")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("text=En anden person afgør")
        await tab_to(page, "Godkend og slet")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("text=En sletning skal godkendes af en anden")

    async with town.visit("emil.koordinator", viewport={"width": 1280, "height": 900}) as page:
        await page.goto("/erasures")
        await tab_to(page, reference)  # the table that scrolls, then the link in it
        await tab_to(page, reference)
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/erasures/{reference}")
        await tab_to(page, "Godkend og slet")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("text=venter på revisionssporet")
        await town.office.receipt()
        await erasing.finish()
        await page.goto(f"/cases/{reference}")
        assert "samtykket er trukket tilbage" in await page.inner_text("main")

    async with town.visit() as page:
        await page.goto(receipt)
        assert "samtykket er trukket tilbage" in await page.inner_text("main")
