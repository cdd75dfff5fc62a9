"""The rooms around the chat's answers in a real browser: editors' page, switch, receipts, texts, the widget."""

import pytest
import pytest_asyncio

from contracts.inquiry import InquiryErased, InquiryReceived
from tests.browser.chat_rooms import EDITOR, open_rooms
from tests.browser.eyes import SHOTS, WIDE, Eyes, violations

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]
PAGES = {
    "editor": (EDITOR, "/editor"),
    "preview": (EDITOR, "/editor/preview"),
    "switch": (EDITOR, "/editor/switch"),
    "receipt": (None, "{answered}"),
    "receipt of a contested answer": (None, "{answered}?sent=HV-00000-00000"),
    "receipt of what was not answered": (None, "{declined}"),
    "receipt of a deleted answer": (None, "{gone}"),
    "article": (None, "/articles/pas-bestil"),
    "overdue or missing article": (None, "/articles/pas-mistet"),
    "form": (None, "/chat"),
    "front page": (None, "/"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rooms(tmp_path_factory, browser):
    folder = tmp_path_factory.mktemp("rooms")
    async with open_rooms(folder, browser, chatbot_proofs_above=1000) as opened:
        yield opened


@pytest.mark.parametrize("account", [None, EDITOR], ids=str)
async def test_no_room_has_an_accessibility_fault_or_is_cut_off(rooms, account):
    eyes, faults = Eyes(), []
    async with rooms.visit(account, viewport=WIDE) as page:
        for name, (who, path) in PAGES.items():
            if who == account:
                status = 410 if path == "{gone}" else 200
                faults += await eyes.everywhere(page, name, path.format(**rooms.places), status)

    assert faults == []


async def test_the_machine_is_stopped_and_started_with_the_keyboard_alone(rooms):
    async with rooms.visit(EDITOR, viewport=WIDE) as page:
        await _press(page, "button[name=turn]")
        assert await page.locator("main .hv-badge-urgent").count() == 1
        await _asked_in_the_widget(rooms, "declined", "slået fra")
        await _press(page, "button[name=turn]")
        assert await page.locator("main .hv-badge-urgent").count() == 0
        await _asked_in_the_widget(rooms, "answer", "890")


async def _press(page, what):
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate(f"document.activeElement.matches('main {what}')"):
            async with page.expect_navigation():
                await page.keyboard.press("Enter")
            return
    pytest.fail(f"{what} is not reached by Tab")


async def _asked_in_the_widget(rooms, kind, word):
    async with rooms.visit(viewport=WIDE) as page:
        await _open(page)
        await _ask(page, "Hvad koster et pas?", kind)
        assert word in await page.locator(f"henvend-chat article.{kind}").last.inner_text()
        if SHOTS:
            await page.screenshot(path=f"{SHOTS}/widget-{kind}.png")
        assert await violations(page) == []


async def _open(page):
    await page.goto("/?lang=da")
    await page.locator("henvend-chat .launch").click()
    await page.locator("henvend-chat article.greeting").wait_for()


async def _ask(page, words, kind="answer"):
    before = await page.locator(f"henvend-chat article.{kind}").count()
    await page.locator("henvend-chat #write").fill(words)
    await page.locator("henvend-chat #write").press("Enter")
    await page.locator(f"henvend-chat article.{kind}").nth(before).wait_for()


async def test_an_answer_leads_to_its_receipt_and_can_be_called_wrong(rooms):
    async with rooms.visit(viewport=WIDE) as page:
        await _open(page)
        await _ask(page, "Hvad koster et pas?")
        link = page.locator("henvend-chat article.answer .meta a").last
        path = "/answers/" + (await link.get_attribute("href")).partition("/answers/")[2]
        await page.locator(
            "henvend-chat article.answer button", has_text="Svaret er forkert"
        ).click()
        await page.locator("henvend-chat article.notice", has_text="HV-").wait_for()
        await page.goto(path)

        assert "Hvad koster et pas?" in await page.locator("main").inner_text()


async def test_a_conversation_is_taken_along_ended_and_deleted_by_its_citizen(rooms):
    async with rooms.visit(accept_downloads=True, viewport=WIDE) as page:
        page.on("dialog", lambda dialog: dialog.accept())
        await _open(page)
        await _ask(page, "Hvad koster et pas?")
        await page.locator("henvend-chat summary").click()
        async with page.expect_download() as taken:
            await page.locator("henvend-chat button", has_text="Hent samtale").click()
        file = await taken.value
        assert file.suggested_filename == "samtale.txt"
        assert "890" in (await file.path()).read_text("utf-8")
        await page.locator("henvend-chat button", has_text="Afslut samtale").click()
        await page.locator("henvend-chat article.notice", has_text="Samtalen er slut").wait_for()
        await page.locator("henvend-chat button", has_text="Slet samtale").click()
        await page.locator("henvend-chat .problem", has_text="slettet").wait_for()

        assert await page.locator("henvend-chat article").count() == 0
        await _ask(page, "Hvad koster et pas?")


async def test_an_open_chat_says_that_it_was_erased(rooms):
    async with rooms.visit(viewport=WIDE) as page:
        await _open(page)
        before = len(await rooms.desk.said(InquiryReceived))
        await _ask(page, "jeg vil tale med et menneske", "person")
        await page.locator("henvend-chat article.notice", has_text="HV-").wait_for()
        received = (await rooms.desk.said(InquiryReceived))[before:]
        await rooms.desk.hear(
            InquiryErased(
                inquiry=received[0]["inquiry"], reason="request", requested_by="a", approved_by="b"
            )
        )
        await page.locator("henvend-chat .problem", has_text="efter en beslutning").wait_for()

        assert await page.locator("henvend-chat article").count() == 0


async def test_under_attack_the_browser_solves_the_task_by_itself(rooms, monkeypatch):
    from services.chatbot.limits import Limiter

    taken = Limiter.take
    monkeypatch.setattr(
        Limiter, "take", lambda self, who, now: 60 if who == "all" else taken(self, who, now)
    )
    async with rooms.visit(viewport=WIDE) as page:
        asked = []
        page.on("response", lambda answer: asked.append(answer.status))
        await _open(page)
        await _ask(page, "Hvad koster et pas?")

        assert 428 in asked


async def test_a_text_leads_on_to_the_chat_without_javascript(rooms):
    async with rooms.visit(java_script_enabled=False, viewport=WIDE) as page:
        await page.goto("/articles/pas-pris?lang=da")
        await page.locator("main button.topic").first.click()

        assert await page.locator("article.answer").count() == 1


async def test_without_javascript_the_new_answer_is_read_first_and_a_vote_is_thanked(rooms):
    async with rooms.visit(java_script_enabled=False, viewport=WIDE) as page:
        await page.goto("/chat?lang=da")
        await page.fill("#question", "Hvad koster et pas?")
        await page.click("button.primary")
        assert await page.locator("article.answer:focus").count() == 1
        await page.click("button[value$=':yes']")

        assert "Redaktøren kan se det" in await page.locator("[role=status]:focus").inner_text()


async def test_on_a_phone_the_number_to_call_stays_in_sight(rooms):
    async with rooms.visit(viewport={"width": 320, "height": 640}) as page:
        await _open(page)
        await _ask(page, "Hvad koster et pas?")
        phone = await page.locator("henvend-chat header a").bounding_box()
        answer = await page.locator("henvend-chat article.answer h4").bounding_box()

        assert 0 <= phone["y"] < phone["y"] + phone["height"] < answer["y"] < 640


async def test_help_in_danger_is_one_tap_away(rooms):
    async with rooms.visit(viewport=WIDE) as page:
        await _open(page)
        await _ask(page, "jeg vil ikke leve mere", "crisis")

        assert await page.locator('henvend-chat article.crisis a[href="tel:112"]').is_visible()


async def test_the_editors_find_their_way_from_what_waits_to_what_it_changes(rooms):
    async with rooms.visit(EDITOR, viewport=WIDE) as page:
        await page.goto("/editor")
        await page.click("text=Se, hvad de ændrer")
        assert await page.locator("h3#alarm .hv-badge-urgent").count() == 1
        await page.click("button[value=propose]")
        await page.wait_for_url("**/editor/preview")

        assert await page.locator("button[value=approve]").count() == 0
        assert await page.locator("button[value=withdraw]").count() == 1
