"""A router with a day's work in it, served on a port."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from playwright.async_api import Browser, BrowserContext, Page

from contracts.event import effect_id
from contracts.governance import DeadLettered
from contracts.inquiry import Alternative, DecisionContested, Evidence, Neighbour, Phrase
from infra.chassis.outgoing import MailRefusedError
from services.router.office import Office as OfficeMatters
from services.router.receipt import token_of
from tests.browser.eyes import PATIENCE
from tests.conftest import free_port
from tests.router.inquiries import classified, parts_of
from tests.router.monitored import Past, chat, live_through
from tests.router.office import Office, open_office

LONG_NAME = (
    "Christian-Frederik Aagaard-Bjørnskov von Hohenlohe-Schillingsfürst "
    "<christian-frederik.aagaard-bjornskov.von-hohenlohe@en-meget-lang-arbejdsplads.example>"
)
LONG_WORD = "Ejendomsadministrationsselskabsbestyrelsesformandsvalgtilforordnetstedfortræder"
TEXT = (
    "Hej\n\nDer er et stort hul i asfalten ud for Birkevej 14, og min cykel er gået i stykker. "
    "Hvornår bliver det lavet?\n\nhttps://billeder.example/en/meget/lang/adresse/uden/mellemrum/"
    "0123456789abcdefghijklmnopqrstuvwxyz0123456789\n\nVenlig hilsen\nÅse"
)


async def seed(office: Office) -> dict[str, str]:
    """One case of each kind; their references by kind."""
    found: dict[str, str] = {}
    found["plain"] = await _explained_case(office)
    found["long"] = (
        await office.open_case(
            "tmf.parkering",
            received=await _mail(office, title=LONG_WORD * 2, sender=LONG_NAME, text=TEXT),
        )
    ).reference
    found["swedish"] = (
        await office.open_case(
            "tmf.affald",
            received=await _mail(office, title="Soporna har inte hämtats"),
            language="sv",
            sensitive=True,
        )
    ).reference
    found["urgent"] = (await office.open_case("sof.boern-familier", urgent=True)).reference
    found["unsure"] = (
        await office.open_case(
            "tmf.veje",
            verdict="ask",
            confidence=0.44,
            alternatives=(
                Alternative(category="tmf.veje", confidence=0.44),
                Alternative(category="tmf.parkering", confidence=0.41),
                Alternative(category="okf.klage", confidence=0.09),
            ),
        )
    ).reference
    found["outside"] = (await office.open_case(None)).reference
    found["mixed"] = (
        await office.open_case("tmf.veje", parts=parts_of("tmf.veje", "kff.pas"))
    ).reference
    found["chat"] = (
        await office.open_case(
            "tmf.stoej-skadedyr" if _knows(office, "tmf.stoej-skadedyr") else "tmf.veje",
            received=await office.new_inquiry(channel="chat", sender=None, title=None),
        )
    ).reference
    found["erased"] = await _erased_case(office)
    found["gone"], found["token_gone"] = await _gone_case(office)
    found["asked"] = await _asked_case(office)
    found["closed"] = await _closed_case(office)
    found["contested"] = await _contested_case(office)
    found["bounced"] = await _bounced_case(office)
    await _corrected_case(office)
    await _office_matters(office)
    await _dead_letters(office)
    await _a_past(office)
    return found


def _knows(office: Office, category: str) -> bool:
    return category in office.desk.taxonomy.categories


async def _mail(office: Office, **words: str) -> Any:
    about = await office.new_inquiry()
    key = await office.chassis.keyring.data_key(about.inquiry)
    sealed = {field: key.seal(field, text) for field, text in words.items()}
    return about.model_copy(update=sealed)


async def _explained_case(office: Office) -> str:
    about = await _mail(office, text=TEXT, title="Hul i Birkevej")
    key = await office.chassis.keyring.data_key(about.inquiry)
    start = TEXT.index("hul i asfalten")
    evidence = Evidence(
        phrases=(Phrase(start=start, end=start + 14, weight=1.0),),
        nearest=(
            Neighbour(
                category="tmf.veje", similarity=0.91, text="Dybt hul i asfalten på [adresse]"
            ),
            Neighbour(category="tmf.veje", similarity=0.88, text="Fortovet er knækket ved skolen"),
        ),
        runner_up="tmf.parkering",
        flip="hul i asfalten",
    )
    case = await office.open_case(
        received=about,
        evidence=key.seal("evidence", evidence.model_dump_json()),
        alternatives=(
            Alternative(category="tmf.veje", confidence=0.93),
            Alternative(category="tmf.parkering", confidence=0.04),
            Alternative(category="tmf.affald", confidence=0.01),
        ),
    )
    return str(case.reference)


async def _erased_case(office: Office) -> str:
    case = await office.open_case()
    await office.chassis.keyring.shred(case.inquiry)
    return str(case.reference)


async def _gone_case(office: Office) -> tuple[str, str]:
    """Erased by two persons, nothing left but its line; and the address of its receipt."""
    case = await office.open_case()
    token = token_of(await office.chassis.keyring.data_key(case.inquiry))
    await _ask(office, case)
    await office.app.state.erasing.settle(
        case.inquiry, office.staff["emil.koordinator"], agreed=True
    )
    await office.receipt()
    await office.app.state.erasing.finish()
    return str(case.reference), token


async def _asked_case(office: Office) -> str:
    """Of the same thread as another, answered, and waiting for a second person to erase it."""
    first = await office.open_case()
    case = await office.open_case(received=await office.new_inquiry(follows=first.inquiry))
    await office.desk.reply(case.id, office.staff["bilal.tmf"], "Kære Åse\n\nHullet er lappet.\n")
    await _ask(office, case)
    return str(case.reference)


async def _ask(office: Office, case: Any) -> None:
    await office.app.state.erasing.ask(
        case.inquiry, office.staff["hanne.dpo"], "no-longer-needed", "filed-elsewhere"
    )


async def _closed_case(office: Office) -> str:
    case = await office.open_case()
    bilal = office.staff["bilal.tmf"]
    await office.desk.assign(case.id, bilal)
    await office.desk.reply(case.id, bilal, "Kære Åse\n\nHullet er lappet.\n")
    await office.desk.close(case.id, bilal, "answered")
    await office.receipt()
    office.mail.failing = MailRefusedError(550)
    await office.mailroom.send_due()
    office.mail.failing = None
    return str(case.reference)


async def _contested_case(office: Office) -> str:
    case = await office.open_case()
    await office.hear(DecisionContested(inquiry=case.inquiry, wish="person"))
    return str(case.reference)


async def _corrected_case(office: Office) -> None:
    case = await office.open_case()
    await office.desk.move(case.id, office.staff["bilal.tmf"], "kff.pas")


async def _bounced_case(office: Office) -> str:
    case = await office.open_case()
    await office.desk.move(case.id, office.staff["bilal.tmf"], "kff.pas")
    office.clock.advance(minutes=1)
    await office.desk.move(case.id, office.staff["anna.kff"], "tmf.veje")
    return str(case.reference)


async def _office_matters(office: Office) -> None:
    matters = OfficeMatters(office.chassis, office.desk.taxonomy, office.desk.changes)
    emil = office.staff["emil.koordinator"]
    await matters.turn("bif", emil, on=False, reason="wrong-decisions")
    report = await matters.report(emil, "router/cases", "Fristen er forkert\n" + LONG_WORD)
    await matters.report(emil, "router/" + "x" * 190, "En fejl til")
    await matters.settle(report, emil)


async def _dead_letters(office: Office) -> None:
    about = await office.new_inquiry()
    await office.hear(classified(about, "tmf.motorveje-der-ikke-findes"))
    for letter in await office.bodies(DeadLettered):
        await office.hear(DeadLettered.model_validate(letter))
    await office.hear(
        DeadLettered(
            letter=effect_id("too", "large"),
            consumer="classifier",
            reason="too-large",
            error="too-large: 20000000 bytes, at most 1000000",
            attempts=1,
            topic="inquiry.received",
            partition=2,
            offset=123_456,
            size=20_000_000,
            digest="ab" * 32,
        )
    )


async def _a_past(office: Office) -> None:
    """What the monitor needs: months of decisions, and a category that stopped."""
    await live_through(
        office,
        Past(700, 0.2, 30, bad=("tmf.affald", 0.84), strange=0.25, swedish=0.2, seed=7),
        Past(1600, 30, 120, seed=8),
    )
    await chat(office, 412)
    async with office.chassis.database.write() as tx:
        await office.desk.promises.hold(tx, "tmf.affald", office.clock())


@asynccontextmanager
async def served(office: Office) -> AsyncIterator[str]:
    """The office's pages on a free port; its base URL."""
    port = free_port()
    config = uvicorn.Config(
        office.app, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    try:
        while not server.started:
            await asyncio.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running


class Town:
    """The office, where it is served, its cases, and the browser."""

    def __init__(
        self, office: Office, base: str, references: dict[str, str], browser: Browser
    ) -> None:
        self.office = office
        self.base = base
        self.references = references
        self.browser = browser

    @asynccontextmanager
    async def visit(
        self, account: str | None = None, language: str = "da", **options: Any
    ) -> AsyncIterator[Page]:
        """A page of a fresh browser, logged in; options of Playwright's new_context."""
        context = await self.browser.new_context(
            base_url=self.base, locale=f"{language}-DK", **options
        )
        context.set_default_timeout(PATIENCE)
        try:
            if account:
                await self.log_in(context, account)
            yield await context.new_page()
        finally:
            await context.close()

    async def log_in(self, context: BrowserContext, account: str) -> None:
        token = await self.office.chassis.staff.new_link(account)
        page = await context.new_page()
        await page.goto(f"/login/{token}")
        await page.locator("main button").click()
        await page.wait_for_url("**/")
        await page.close()


@asynccontextmanager
async def open_town(folder: Path, browser: Browser, **settings: Any) -> AsyncIterator[Town]:
    async with open_office(folder, **settings) as office, served(office) as base:
        yield Town(office, base, await seed(office), browser)


__all__ = ["Town", "open_town", "served"]
