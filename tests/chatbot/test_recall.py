"""Late correction: everybody who was shown a wrong text is told, once, after the trail has it."""

import asyncio

import pytest

from contracts.answer import AnswerRecalled
from infra.chassis.errors import DependencyUnavailableError
from infra.chassis.outgoing import MailRefusedError
from services.chatbot.recall import notify, parse_article, recalled

pytestmark = pytest.mark.slow

WRONG = parse_article("pas-pris.da@1")


class Post:
    """The background work of a running chat, one step at a time."""

    def __init__(self, desk):
        self.desk = desk
        self.corrections = desk.background.corrections
        self.mailroom = desk.background.mailroom

    async def work(self):
        await self.corrections.look()
        await self.mailroom.send_due()

    async def all(self):
        await self.work()
        await self.desk.trail_has_everything()
        await self.work()


@pytest.fixture
def post(desk):
    return Post(desk)


@pytest.fixture
def url(desk):
    return desk.settings.database_for("chatbot")


async def shown_wrong(desk, email=None):
    talk = await desk.talk()
    answer = (await talk.ask("Pris på pas", topic="pas-pris"))[-1]
    assert answer["about"]["version"] == 1
    if email:
        await talk.post("person", note="ring", email=email)
    return talk


def notices(messages):
    return [one for one in messages if "Rettelse" in one["text"]]


async def test_nobody_is_told_before_the_trail_has_it(desk, post, url):
    talk = await shown_wrong(desk, "borger@b.example")
    await notify(url, WRONG, "freja.redaktoer")

    await post.work()
    await post.work()

    assert notices(await talk.messages()) == []
    assert desk.mail.sent == []
    (event,) = await desk.said(AnswerRecalled)
    assert (event["inquiry"], event["by"]) == (talk.id, "freja.redaktoer")
    assert event["told"] == ["chat", "mail"]


async def test_who_was_shown_it_is_told_in_the_chat_and_by_mail(desk, post, url):
    told = await shown_wrong(desk, "borger@b.example")
    without_mail = await shown_wrong(desk)
    other = await desk.talk()
    await other.ask("Hvad koster en beboerlicens?")

    noted = await notify(url, WRONG, "freja.redaktoer")
    await post.all()

    assert (noted.new, noted.before, noted.with_mail) == (2, 0, 1)
    assert len(notices(await told.messages())) == 1
    assert len(notices(await without_mail.messages())) == 1
    assert notices(await other.messages()) == []
    (mail,) = desk.mail.sent
    assert mail["To"] == "borger@b.example"
    assert "vist sig at være forkert" in mail.get_content()


async def test_twice_tells_once(desk, post, url):
    talk = await shown_wrong(desk, "borger@b.example")
    await talk.ask("Pris på pas", topic="pas-pris")
    for _ in range(2):
        noted = await notify(url, WRONG, "freja.redaktoer")
        await post.all()

    assert (noted.new, noted.before) == (0, 1)
    assert len(notices(await talk.messages())) == 1
    assert len(desk.mail.sent) == 1
    assert len(await desk.said(AnswerRecalled)) == 1


async def test_a_mail_server_that_is_away_is_asked_again_and_one_that_refuses_is_not(
    desk, post, url
):
    await shown_wrong(desk, "borger@b.example")
    await notify(url, WRONG, "freja.redaktoer")
    desk.mail.failing = DependencyUnavailableError("away")
    await post.all()
    desk.mail.failing = None
    assert await post.mailroom.send_due() == 0
    desk.clock.advance(minutes=1)
    assert await post.mailroom.send_due() == 1
    assert len(desk.mail.sent) == 1

    await shown_wrong(desk, "anden@b.example")
    await notify(url, WRONG, "freja.redaktoer")
    desk.mail.failing = MailRefusedError(550)
    await post.all()
    desk.clock.advance(hours=2)
    assert await post.mailroom.send_due() == 0


async def test_a_deleted_conversation_is_not_told_and_holds_nobody_up(desk, post, url):
    gone = await shown_wrong(desk, "borger@b.example")
    stays = await shown_wrong(desk)
    await notify(url, WRONG, "freja.redaktoer")
    await post.work()
    await gone.client.delete(gone.path)
    await desk.trail_has_everything()
    await post.work()

    assert len(notices(await stays.messages())) == 1
    assert desk.mail.sent == []
    assert [str(row.conversation) for row in await recalled(url, WRONG)] == [stays.id]


async def test_the_corrected_text_is_offered_when_there_is_one(desk, post, url, monkeypatch):
    talk = await shown_wrong(desk, "borger@b.example")
    index = desk.engine.world.index
    better = index.articles["pas-pris.da"].model_copy(
        update={"version": 2, "body": "Et pas koster **900 kr.** i alt."}
    )
    monkeypatch.setitem(index.articles, "pas-pris.da", better)
    await notify(url, WRONG, "freja.redaktoer")
    await post.all()

    (told,) = notices(await talk.messages())
    assert told["about"]["offered"] == [{"topic": "pas-pris", "title": better.title}]
    assert "900 kr." in desk.mail.sent[0].get_content()


async def test_the_editors_see_who_was_told(desk, post, url):
    await shown_wrong(desk, "borger@b.example")
    await notify(url, WRONG, "freja.redaktoer")
    await post.all()
    page = (await (await desk.staff("freja.redaktoer")).get("/editor")).text

    assert page.count("1 af 1") == 2


async def test_the_command_wants_a_name_and_a_published_correction(desk, monkeypatch, capsys):
    import typer

    from services.chatbot.commands import knowledge_recall

    await shown_wrong(desk)
    monkeypatch.setenv("HENVEND_DATA", str(desk.settings.data))
    monkeypatch.setenv("HENVEND_MUNICIPALITY", str(desk.settings.municipality))

    async def run(*arguments):
        with pytest.raises(typer.Exit):
            await asyncio.to_thread(knowledge_recall, "pas-pris.da@1", True, *arguments)
        return capsys.readouterr()

    said = await run("nobody")
    assert "1 conversations were shown" in said.out
    assert "--by ACCOUNT" in said.err
    assert "still answers" in (await run("freja.redaktoer")).err
    assert await desk.said(AnswerRecalled) == []
