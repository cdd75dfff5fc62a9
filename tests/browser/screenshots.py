"""`make screenshots`: runs the sample municipality and takes the README's pictures of real pages."""

import tempfile
import time
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright

from infra.cli.mail import send_files
from tests.journeys.town import ROOT, Town, new_town, wait_for
from tests.journeys.trained import trained_model

OUT = ROOT / "infra" / "docs" / "screenshots"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run"]
ASKED = "Hvad koster et pas?"


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        town = new_town(Path(folder) / "data", trained_model())
        town.start()
        try:
            _take(town)
        finally:
            town.stop()


def _take(town: Town) -> None:
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
        browser.close()


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
