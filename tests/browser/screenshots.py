"""`make screenshots`: runs the sample municipality and takes the README's pictures of real pages."""

import shutil
import sqlite3
import tempfile
import time
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright

from infra.cli.mail import send_files
from services.classifier.evaluate import Case, read_cases
from tests.journeys.order import wait_settled
from tests.journeys.talk import Talk
from tests.journeys.town import ROOT, Town, deliver, mail, new_town, post, wait_for
from tests.journeys.trained import trained_model

OUT = ROOT / "infra" / "docs" / "screenshots"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run"]
ASKED = "Hvad koster et pas?"
WORKED = 140
"""Inquiries that staff handle before the monitor is looked at."""
DEVELOPMENT = ROOT / "services" / "classifier" / "development"
CHAT = ROOT / "services" / "chatbot"
UNANSWERED = (
    "Hvor mange træer står der i byparken?",
    "Hvor mange træer blev plantet sidste år?",
    "Kan I sige hvor mange træer kommunen har?",
    "Hvornår bliver springvandet på torvet tændt?",
    "Hvornår tænder I springvandet?",
    "Who designed the town hall?",
)


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "municipality"
        # Copies: an editor changes one of them later.
        for name in ("knowledge", "development"):
            shutil.copytree(CHAT / name, own / name)
        town = new_town(Path(folder) / "data", trained_model(), own)
        town.start()
        try:
            _take(town, own)
        finally:
            town.stop()


def _take(town: Town, own: Path) -> None:
    samples = sorted((ROOT / "infra" / "embedded" / "samples").glob("*.eml"))
    for _ in send_files(samples, f"127.0.0.1:{town.ports.smtp}"):
        pass
    wait_for(
        lambda: town.count("mailbox", "select count(*) from letter") >= len(samples) - 1,
        60,
        "the sample mails are not acknowledged",
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 1100, "height": 800}, locale="en-GB")
        _staff_pages(town, context)
        _chat(town, context)
        _work(town)
        _overviews(town, context)
        _erasure(town, context)
        _preview(town, own, context)
        browser.close()


def _work(town: Town) -> None:
    """A coordinator handles what came in as its writer labelled it, and citizens ask what nobody wrote down."""
    wanted = [case for case in read_cases(DEVELOPMENT) if case.kind == "single"]
    chosen = sorted(wanted, key=lambda case: case.id[::-1])[:WORKED]
    before = {row["id"] for row in town.rows("router", "select id from case_file")}
    titles = {f"sag {number}": case for number, case in enumerate(chosen)}
    deliver(
        town.ports.smtp,
        [mail(f"w{n}", case.text, title=title) for n, (title, case) in enumerate(titles.items())],
    )
    wait_settled(town)
    staff = town.login("emil.koordinator")
    for row in town.rows("router", "select * from case_file"):
        if row["id"] in before:
            continue
        page = staff.get(town.url("router", f"/cases/{row['reference']}")).text
        case = next(one for title, one in titles.items() if f"{title}<" in page)
        _handle(town, row, case)
    talk = Talk.begin(town.url("chatbot"))
    for question in UNANSWERED:
        talk.ask(question)


def _handle(town: Town, row: sqlite3.Row, case: Case) -> None:
    staff, url = town.login("emil.koordinator"), f"/cases/{row['reference']}"
    if row["category"] != case.category or row["queue"] == "triage":
        post(staff, town.url("router", f"{url}/move"), target=case.category or "")
    post(staff, town.url("router", f"{url}/assign"))
    post(staff, town.url("router", f"{url}/close"), outcome="answered")


def _overviews(town: Town, context: BrowserContext) -> None:
    page = _logged_in(town, context, "emil.koordinator")
    page.goto(town.url("router", "/monitor"))
    page.set_viewport_size({"width": 1100, "height": 2900})
    _shoot(page, "monitor")
    page = _logged_in(town, context, "freja.redaktoer")
    page.goto(town.url("chatbot", "/editor"))
    _shoot(page, "editor")


def _erasure(town: Town, context: BrowserContext) -> None:
    """What is held of one inquiry, and that its erasure waits for a second person."""
    reference = town.rows("router", "select reference from case_file order by reference")[0][0]
    path = f"/erasures/{reference}"
    asked = post(
        town.login("hanne.dpo"),
        town.url("router", path),
        reason="consent-withdrawn",
        records="no-record",
    )
    assert asked.status_code == 303, asked.status_code
    page = _logged_in(town, context, "emil.koordinator")
    page.goto(town.url("router", path))
    _shoot(page, "erasure", full=True)


def _preview(town: Town, own: Path, context: BrowserContext) -> None:
    """An editor changes a text: what is another is seen word by word before two people release it."""
    article = own / "knowledge" / "pas-pris.da.md"
    changed = article.read_text("utf-8").replace("version: 1\n", "version: 2\n")
    lines = changed.replace("890", "910").splitlines(keepends=True)
    # Half of its known questions go too: that is counted on the page.
    asked = [n for n, line in enumerate(lines) if line.startswith("  - ") and "{" not in line]
    gone = set(asked[1::2])
    kept = "".join(line for n, line in enumerate(lines) if n not in gone)
    article.write_text(kept, "utf-8")
    done = town.command("knowledge", "publish")
    assert done.returncode == 3, done.stderr
    page = _logged_in(town, context, "freja.redaktoer")
    page.goto(town.url("chatbot", "/editor/preview"))
    _shoot(page, "preview", full=True)


def _staff_pages(town: Town, context: BrowserContext) -> None:
    page = _logged_in(town, context, "bilal.tmf")
    page.goto(town.url("router", "/?place=tmf"))
    _shoot(page, "queue")
    page.locator("tbody a").first.click()
    reference = page.url.rsplit("/", 1)[-1]
    _shoot(page, "case", full=True)
    page = _logged_in(town, context, "gustav.borgerraadgiver")
    page.goto(town.url("audit", f"/inquiries?reference={reference}"))
    _shoot(page, "trail")


def _chat(town: Town, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(town.url("chatbot", "/?lang=da"))
    page.locator("henvend-chat .launch").click()
    page.locator("henvend-chat #write").fill(ASKED)
    page.keyboard.press("Enter")
    page.locator("henvend-chat article.answer").wait_for()
    _shoot(page, "chat")


def _logged_in(town: Town, context: BrowserContext, account: str) -> Page:
    context.clear_cookies()
    page = context.new_page()
    page.goto(town.command("staff", "link", account).stdout.strip())
    page.locator("main button").click()
    page.wait_for_load_state()
    return page


def _shoot(page: Page, name: str, *, full: bool = False) -> None:
    time.sleep(0.5)
    page.screenshot(path=OUT / f"{name}.png", full_page=full)


if __name__ == "__main__":
    main()
