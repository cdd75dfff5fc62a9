"""The chat in a real browser: seen, heard, by keyboard, small, dark, offline and without JavaScript."""

import json
import os
from pathlib import Path

import pytest

from tests.chatbot.sample import known_texts, make_model, make_municipality, running_chatbot
from tests.conftest import free_port

pytestmark = [pytest.mark.slow]
ROOT = Path(__file__).parents[2]
AXE = Path(os.environ.get("HENVEND_AXE", ROOT / "node_modules" / "axe-core" / "axe.min.js"))
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
CHROMIUM = Path("/usr/bin/chromium")
SHOTS = os.environ.get("HENVEND_SHOTS")
WIDE = """() => [...document.querySelector("henvend-chat").shadowRoot.querySelectorAll("*")]
    .filter((e) => e.getBoundingClientRect().right > 321 && !e.closest(".hear"))
    .map((e) => e.className || e.tagName)"""
BEYOND = """() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  return Math.max(0, scrollWidth - clientWidth);
}"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Published articles that always answer: these tests are about the page, not the judgement."""
    from services.chatbot.commands import publish_default
    from services.chatbot.settings import ChatbotSettings

    folder = tmp_path_factory.mktemp("chat")
    municipality = make_municipality(folder / "municipality")
    make_model(folder / "data" / "model" / "embedding", known_texts(municipality))
    settings = ChatbotSettings(data=folder / "data", municipality=municipality)
    manifest = settings.index_folder / publish_default(settings) / "manifest.json"
    index = json.loads(manifest.read_text("utf-8"))
    index["verdicts"]["answer_from"] = 0.0
    manifest.write_text(json.dumps(index), "utf-8")
    return folder / "data", municipality, free_port()


@pytest.fixture(scope="module")
def url(place):
    data, municipality, port = place
    with running_chatbot(
        data, municipality, port, HENVEND_CHATBOT_MESSAGES_PER_MINUTE="200"
    ) as url:
        yield url


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists():
        pytest.skip("Chromium is missing: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=str(CHROMIUM),
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        yield opened
        opened.close()


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1100, "height": 800})
    opened = context.new_page()
    opened.problems = []
    opened.on("pageerror", lambda error: opened.problems.append(str(error)))
    opened.on(
        "console",
        lambda said: (
            opened.problems.append(said.text)
            if said.type == "error" and "Content Security Policy" in said.text
            else None
        ),
    )
    yield opened
    assert opened.problems == []
    context.close()


def open_chat(page, url, language="da"):
    page.goto(f"{url}/?lang={language}")
    page.locator("henvend-chat .launch").click()
    page.locator("henvend-chat article.greeting").wait_for()


def ask(page, words, kind="answer"):
    before = page.locator(f"henvend-chat article.{kind}").count()
    page.locator("henvend-chat #write").fill(words)
    page.locator("henvend-chat #write").press("Enter")
    page.locator(f"henvend-chat article.{kind}").nth(before).wait_for()


def violations(page):
    page.evaluate(AXE.read_text("utf-8"))
    options = json.dumps({"runOnly": {"type": "tag", "values": WCAG}})
    found = page.evaluate(f"axe.run(document, {options})")["violations"]
    return [(one["id"], [n["html"][:120] for n in one["nodes"]][:3]) for one in found]


def shoot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")


def test_the_chat_says_it_is_a_machine_before_anything_else(page, url):
    open_chat(page, url)

    first = page.locator("henvend-chat article").first.inner_text()

    assert "AI" in first
    assert page.locator("henvend-chat header a[href^='tel:']").is_visible()


def test_an_answer_carries_its_mark_source_version_approver_and_review(page, url):
    open_chat(page, url)
    ask(page, "Hvad koster et pas?")

    credit = page.locator("henvend-chat article.answer .meta").last.inner_text()

    shoot(page, "answer")
    assert all(word in credit for word in ("AI", "version 1", "Redaktør", "2027", "Kilde"))


@pytest.mark.parametrize("language", ["da", "sv", "en"])
def test_no_accessibility_violation_in_any_state(page, url, language):
    page.goto(f"{url}/?lang={language}")
    assert violations(page) == []
    page.locator("henvend-chat .launch").click()
    page.locator("henvend-chat article.greeting").wait_for()
    ask(
        page,
        {"da": "Hvad koster et pas?", "sv": "Vad kostar ett pass?"}.get(
            language, "What does a passport cost?"
        ),
    )
    ask(
        page,
        {"da": "jeg vil ikke leve mere", "sv": "jag vill inte leva längre"}.get(
            language, "I want to die"
        ),
        "crisis",
    )
    assert violations(page) == []
    page.locator("henvend-chat form:visible .row button").nth(1).click()
    assert violations(page) == []
    shoot(page, f"person-{language}")


@pytest.mark.parametrize("width", [1000, 320])
def test_who_was_misread_is_answered_by_one_button_of_the_keyboard(browser, place, url, width):
    from services.chatbot.adapters.index_files import load_index
    from services.chatbot.alarm import read_cries
    from services.chatbot.screen import load_phrases, screen

    phrases, alarm = load_phrases(), load_index(place[0] / "knowledge").alarm
    unnamed = (c for c in read_cries().cries if screen(c, phrases).danger is None)
    context = browser.new_context(viewport={"width": width, "height": 700})
    page = context.new_page()
    open_chat(page, url)
    ask(page, next(cry for cry in unnamed if alarm.rings(cry)), "crisis")
    button = page.locator("henvend-chat article.crisis button", has_text="Ingen er i fare")

    assert button.count() == 1
    assert violations(page) == []
    assert page.evaluate(WIDE) == [] or width > 320
    shoot(page, f"misread-{width}")
    button.focus()
    page.keyboard.press("Enter")
    page.locator("henvend-chat article.answer").wait_for()
    assert page.locator("henvend-chat article.crisis").count() == 1
    context.close()


def test_no_accessibility_violation_in_the_dark(browser, url):
    context = browser.new_context(color_scheme="dark", viewport={"width": 1000, "height": 800})
    page = context.new_page()
    open_chat(page, url)
    ask(page, "Hvad koster et pas?")
    shoot(page, "dark")

    assert violations(page) == []
    context.close()


def test_everything_is_done_by_keyboard_alone(page, url):
    page.goto(f"{url}/?lang=da")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "HENVEND-CHAT":
            break
    page.keyboard.press("Enter")
    page.locator("henvend-chat article.greeting").wait_for()
    page.keyboard.type("Hvad koster et pas?")
    page.keyboard.press("Enter")
    page.locator("henvend-chat article.answer").wait_for()
    focused = "document.querySelector('henvend-chat').shadowRoot.activeElement?.className"
    page.wait_for_function(f"({focused} || '').includes('answer')")
    page.keyboard.press("Escape")

    assert "launch" in page.evaluate(focused)


def test_each_answer_is_read_out_once(page, url):
    open_chat(page, url)
    page.evaluate("""() => {
        window.heard = [];
        const hear = document.querySelector('henvend-chat').shadowRoot.querySelector('.hear');
        new MutationObserver(() => window.heard.push(hear.textContent)).observe(hear, {childList: true});
    }""")
    ask(page, "Hvad koster et pas?")
    page.wait_for_timeout(500)

    heard = [words for words in page.evaluate("window.heard") if "890" in words]

    assert len(heard) == 1


def test_on_a_small_phone_and_at_400_percent_nothing_is_cut_off(browser, url):
    context = browser.new_context(viewport={"width": 320, "height": 480})
    page = context.new_page()
    open_chat(page, url)
    ask(page, "Hvad koster et pas?")
    shoot(page, "phone")

    assert page.evaluate(BEYOND) == 0
    wide = page.evaluate(WIDE)
    assert wide == []
    context.close()


def test_nothing_is_stored_in_cookies_and_nothing_comes_from_elsewhere(browser, url):
    context = browser.new_context()
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    open_chat(page, url)
    ask(page, "Hvad koster et pas?")

    assert context.cookies() == []
    assert [one for one in asked if not one.startswith((url, "data:"))] == []
    context.close()


def test_a_conversation_goes_on_after_the_page_was_loaded_again(page, url):
    open_chat(page, url)
    ask(page, "Hvad koster et pas?")
    page.reload()
    page.locator("henvend-chat .launch").click()
    page.locator("henvend-chat article.answer").wait_for()

    assert page.locator("henvend-chat article.citizen").count() == 1


def test_what_was_written_offline_arrives_once_when_the_connection_is_back(page, url):
    open_chat(page, url)
    page.context.set_offline(True)
    page.locator("henvend-chat #write").fill("Hvad koster et pas?")
    page.locator("henvend-chat #write").press("Enter")
    page.locator("henvend-chat .bar").wait_for()
    shoot(page, "offline")
    page.context.set_offline(False)
    page.locator("henvend-chat article.answer").wait_for(timeout=20000)
    page.wait_for_timeout(1500)

    assert page.locator("henvend-chat article.citizen").count() == 1
    assert page.locator("henvend-chat article.answer").count() == 1


def test_a_person_is_called_with_one_button_and_a_reference_comes_back(page, url):
    open_chat(page, url)
    page.locator("henvend-chat form:visible .row button").nth(1).click()
    page.locator("henvend-chat #note").fill("Jeg vil gerne ringes op")
    page.locator("henvend-chat .person button.strong").click()
    told = page.locator("henvend-chat article.notice")
    told.first.wait_for()

    assert "HV-" in told.first.inner_text()


def test_personal_numbers_never_come_back_and_the_citizen_is_told(page, url):
    open_chat(page, url)
    ask(page, "mit cpr er 010180-1234, hvad koster et pas?", "notice")

    everything = page.locator("henvend-chat .scroll").inner_text()

    assert "010180" not in everything


def test_the_form_does_the_same_without_javascript(browser, url):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{url}/chat?lang=da")
    page.fill("#question", "Hvad koster et pas?")
    page.click("button.primary")
    assert "890 kr." in page.inner_text("main")
    page.fill("#question", "og hvor lang tid tager det?")
    page.keyboard.press("Tab")
    page.click("button.primary")
    page.click("summary >> nth=0")
    page.click("button[value=person]")

    assert "HV-" in page.inner_text("main")
    assert page.url == f"{url}/chat"
    context.close()


def test_a_server_restart_in_mid_conversation_loses_and_doubles_nothing(browser, place, tmp_path):
    import shutil

    data = tmp_path / "data"
    shutil.copytree(place[0] / "model", data / "model")
    ignored = shutil.ignore_patterns("vectors")
    shutil.copytree(place[0] / "knowledge", data / "knowledge", ignore=ignored)
    port = free_port()
    context = browser.new_context()
    page = context.new_page()
    with running_chatbot(data, place[1], port) as url:
        open_chat(page, url)
        ask(page, "Hvad koster et pas?")
    page.locator("henvend-chat .bar").wait_for(timeout=15000)
    page.locator("henvend-chat #write").fill("Hvad koster en beboerlicens?")
    page.locator("henvend-chat #write").press("Enter")
    with running_chatbot(data, place[1], port):
        page.locator("henvend-chat article.bot").nth(2).wait_for(timeout=30000)
        page.wait_for_timeout(1500)
        assert page.locator("henvend-chat article.citizen").count() == 2
        assert page.locator("henvend-chat article.bot").count() == 3
    context.close()
