"""A chatbot with a week's questions in it, served on a port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from playwright.async_api import Browser, Page

from services.chatbot.adapters import asked
from services.chatbot.check import Finding
from services.chatbot.compare import KINDS, Outcome, Shown
from services.chatbot.drafts import Drafts
from services.chatbot.previews import Changed, Preview
from services.chatbot.recall import notify, parse_article
from tests.browser.eyes import PATIENCE
from tests.browser.staff_office import served
from tests.chatbot.desk import Desk, open_desk
from tests.chatbot.sample import make_municipality

LONG = "Ejendomsadministrationsselskabsbestyrelsesformandsvalgtilforordnetstedfortræder"
EDITOR = "freja.redaktoer"


class Rooms:
    def __init__(self, desk: Desk, base: str, browser: Browser, places: dict[str, str]) -> None:
        self.desk = desk
        self.base = base
        self.browser = browser
        self.places = places

    @asynccontextmanager
    async def visit(
        self, account: str | None = None, language: str = "da", **options: Any
    ) -> AsyncIterator[Page]:
        """A page of a fresh browser, logged in if there is an account."""
        context = await self.browser.new_context(
            base_url=self.base, locale=f"{language}-DK", **options
        )
        context.set_default_timeout(PATIENCE)
        try:
            page = await context.new_page()
            if account:
                token = await self.desk.chassis.staff.new_link(account)
                await page.goto(f"/login/{token}?next=/editor/switch")
                await page.locator("main button").click()
                await page.wait_for_url("**/editor/switch")
            yield page
        finally:
            await context.close()


@asynccontextmanager
async def open_rooms(folder: Path, browser: Browser, **settings: Any) -> AsyncIterator[Rooms]:
    own = make_municipality(folder / "municipality")
    (own / "knowledge" / "storskrald.sv.md").unlink()
    async with open_desk(folder, **settings) as desk:
        places = await seed(desk)
        async with served(desk) as base:  # type: ignore[arg-type]
            yield Rooms(desk, base, browser, places)


async def seed(desk: Desk) -> dict[str, str]:
    """Something in every part of the editors' page; addresses of receipts."""
    places: dict[str, str] = {}
    for language, words in (
        ("da", "kan jeg sagsøge kommunen over naboens høns"),
        ("da", f"kan jeg sagsøge kommunen over naboens {LONG}"),
        ("sv", "kan jag stämma kommunen för grannens höns"),
        ("en", "can I sue the municipality over the neighbour's hens"),
    ):
        talk = await desk.talk(language)
        said = (await talk.ask(words))[-1]
        places["declined"] = _path(said)
    await talk.post("person", note="please call", email="citizen@b.example")
    asker = await desk.talk()
    answer = (await asker.ask("Pris på pas", topic="pas-pris"))[-1]
    await asker.post("feedback", seq=answer["seq"], helpful=False)
    places["answered"] = _path((await asker.ask("Hvad koster et pas?"))[-1])
    gone = await desk.talk()
    places["gone"] = _path((await gone.ask("Hvad koster et pas?"))[-1])
    await gone.client.delete(gone.path)
    await notify(desk.settings.database_for("chatbot"), parse_article("pas-pris.da@1"), EDITOR)
    articles: Any = desk.engine.world.index.articles
    today = desk.clock().date()
    for key, days in (("pas-mistet.sv", -1), ("storskrald.en", 10)):
        due = {"review_by": today + timedelta(days=days)}
        articles[key] = articles[key].model_copy(update=due)
    erased = await desk.talk()
    await erased.ask("kan jeg sagsøge kommunen")
    await desk.chassis.keyring.shred(UUID(erased.id))
    await _preview(desk)
    return places


async def _preview(desk: Desk) -> None:
    """A ready preview with every kind of change; how one is made is another test's business."""
    draft = await Drafts(desk.settings, lambda: desk.engine.world.index).current()
    async with desk.chassis.database.read() as reader:
        rows = await asked.recent(reader, desk.clock() - timedelta(days=1), len(KINDS))
    shown = Outcome("answered", (Shown("pas-pris", "da", 1, "d", LONG),))
    other = Outcome("clarified", (), (LONG, "Pas: pris og behandlingstid"))
    changed = tuple(
        Changed(row.conversation, row.question_id, row.language, kind, shown, other)
        for row, kind in zip(rows, KINDS, strict=False)
    )
    finding = Finding("warning", draft.revisions[0].article.key, "lix", {"lix": "47"})
    desk.background.previews.last = Preview(
        digest=draft.digest,
        against=str(desk.engine.publication),
        at=desk.clock(),
        seconds=80.0,
        findings=(finding,),
        asked=len(rows) + 3,
        unreadable=1,
        changed=changed,
    )


def _path(said: dict[str, Any]) -> str:
    return "/answers/" + str(said["receipt"]).partition("/answers/")[2]


__all__ = ["EDITOR", "Rooms", "open_rooms"]
