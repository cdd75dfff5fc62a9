"""Every page of the router in a real browser: no accessibility fault, nothing cut off, in three languages."""

import pytest
import pytest_asyncio

from services.router.receipt import token_of
from tests.browser.staff_office import open_town, sideways, violations

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

WIDE = {"width": 1280, "height": 1024}
# What 400 % zoom of a 1,280 px window leaves, and the narrowest phone.
ZOOMED = {"viewport": {"width": 320, "height": 256}, "device_scale_factor": 4}
BILAL, EMIL, IDA, HANNE = "bilal.tmf", "emil.koordinator", "ida.drift", "hanne.dpo"
PAGES = {
    "login": (None, "/login"),
    "login by link": (None, "/login/a-link"),
    "receipt": (None, "/receipt/{plain}/{token}"),
    "receipt of a contested case": (None, "/receipt/{contested}/{token_contested}"),
    "receipt of an erased case": (None, "/receipt/{erased}/{token}"),
    "queue": (BILAL, "/"),
    "closed cases": (BILAL, "/?place=tmf&status=closed"),
    "empty queue": (EMIL, "/?place=okf"),
    "triage": (EMIL, "/?place=triage"),
    "case with evidence": (BILAL, "/cases/{plain}"),
    "case with long words": (BILAL, "/cases/{long}"),
    "case without a subject": (EMIL, "/cases/{outside}"),
    "mixed case": (BILAL, "/cases/{mixed}"),
    "closed case with a refused mail": (BILAL, "/cases/{closed}"),
    "erased case": (BILAL, "/cases/{erased}"),
    "receipt of a case that two persons erased": (None, "/receipt/{gone}/{token_gone}"),
    "case that two persons erased": (BILAL, "/cases/{gone}"),
    "case that is to be erased": (EMIL, "/cases/{asked}"),
    "erasures": (HANNE, "/erasures"),
    "nothing to erase": (HANNE, "/erasures?reference=HV-00000-00000"),
    "what is held of an inquiry": (HANNE, "/erasures/{plain}"),
    "erasure that waits for a second person": (EMIL, "/erasures/{asked}"),
    "inquiry that was erased": (HANNE, "/erasures/{gone}"),
    "case passed back and forth": (BILAL, "/cases/{bounced}"),
    "nothing found": (BILAL, "/find?reference=HV-00000-00000"),
    "dead letters": (IDA, "/dead-letters"),
    "corrections": (EMIL, "/corrections"),
    "automatic routing": (EMIL, "/switches"),
    "monitor": (EMIL, "/monitor"),
    "monitor of a quiet department": (EMIL, "/monitor?days=7&department=okf&language=other"),
    "cases passed back and forth": (EMIL, "/bounced"),
    "error report": (BILAL, "/report?page=router/cases"),
    "reported errors": (IDA, "/reports"),
    "forbidden": (BILAL, "/dead-letters"),
    "no such page": (BILAL, "/nothing"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory):
    async with open_town(tmp_path_factory.mktemp("town") / "data") as opened:
        yield opened


@pytest.mark.parametrize("account", [None, BILAL, EMIL, IDA, HANNE], ids=str)
@pytest.mark.parametrize("language", ["da", "sv", "en"])
async def test_no_page_has_an_accessibility_fault_or_is_cut_off(town, language, account):
    places = town.references | {
        "token": await _token(town, "plain"),
        "token_contested": await _token(town, "contested"),
    }
    faults = []
    for window in ({"viewport": WIDE}, ZOOMED):
        async with town.visit(account, language, **window) as page:
            for name, (who, path) in PAGES.items():
                if who == account:
                    await page.goto(path.format(**places))
                    # Zoomed, languages differ in the lengths of their words only: axe looks once.
                    thorough = window is not ZOOMED or language == "da"
                    faults += [f"{name}, {window}: {f}" for f in await _faults(page, thorough)]

    assert faults == []


@pytest.mark.parametrize("language", ["da", "sv", "en"])
async def test_a_page_says_which_language_it_is_in(town, language):
    async with town.visit(BILAL, language) as page:
        await page.goto("/")

        assert await page.locator("html").get_attribute("lang") == language


async def _faults(page, thorough):
    beyond = await sideways(page)
    found = await violations(page) if thorough else []
    return [*found, *([f"{beyond} px beyond the edge"] if beyond else [])]


async def _token(town, kind):
    case = await town.office.case(town.references[kind])
    return token_of(await town.office.chassis.keyring.data_key(case.inquiry))
