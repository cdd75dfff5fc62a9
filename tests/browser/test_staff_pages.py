"""Every page of the router in a real browser: no accessibility fault, nothing cut off, in three languages."""

import pytest
import pytest_asyncio

from services.router.receipt import token_of
from tests.browser.eyes import WIDE, Eyes
from tests.browser.staff_office import open_town

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

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
NOT_OK = {
    "receipt of an erased case": 410,
    "receipt of a case that two persons erased": 410,
    "case that two persons erased": 410,
    "forbidden": 403,
    "no such page": 404,
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def town(tmp_path_factory, browser):
    async with open_town(tmp_path_factory.mktemp("town") / "data", browser) as opened:
        yield opened


@pytest.mark.parametrize("account", [None, BILAL, EMIL, IDA, HANNE], ids=str)
async def test_no_page_has_an_accessibility_fault_or_is_cut_off(town, account):
    places = town.references | {
        "token": await _token(town, "plain"),
        "token_contested": await _token(town, "contested"),
    }
    eyes, faults = Eyes(), []
    async with town.visit(account, viewport=WIDE) as page:
        for name, (who, path) in PAGES.items():
            if who == account:
                status = NOT_OK.get(name, 200)
                faults += await eyes.everywhere(page, name, path.format(**places), status)

    assert faults == []


async def _token(town, kind):
    case = await town.office.case(town.references[kind])
    return token_of(await town.office.chassis.keyring.data_key(case.inquiry))
