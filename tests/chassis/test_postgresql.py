"""One PostgreSQL database for all services, as in production: a schema each, and the same acts."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from contracts.answer import QuestionAnswered
from infra.database import Database
from infra.keyring import open_keyring
from services.chatbot.adapters import asked, releases
from services.chatbot.publish import Released
from services.router.settings import RouterSettings
from tests.chatbot.conftest import copy_of
from tests.chatbot.desk import open_desk
from tests.router.inquiries import classified, enveloped
from tests.router.office import open_office

pytestmark = pytest.mark.slow


@pytest.fixture
async def url(postgresql):
    """A new, empty database."""
    name = f"d{uuid4().hex}"
    server = Database(postgresql)
    async with server.engine.connect() as connection:
        apart = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await apart.execute(text(f"CREATE DATABASE {name}"))
    await server.close()
    return postgresql.removesuffix("postgres") + name


async def tables(url):
    database = Database(url)
    async with database.read() as reader:
        rows = await reader.execute(
            text(
                "SELECT table_schema, table_name FROM information_schema.tables"
                " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
            )
        )
    await database.close()
    return {(row.table_schema, row.table_name) for row in rows}


async def test_services_live_side_by_side_each_with_an_outbox_of_its_own(url):
    settings = RouterSettings(database_url=url)
    for service in ("classifier", "router", "chatbot", "audit"):
        for _ in range(2):  # The second start finds everything in place.
            database = Database(settings.database_for(service))
            await database.migrate(f"services.{service}.migrations")
            await database.close()
    ours = await tables(url)
    assert {schema for schema, _ in ours} == {"classifier", "router", "chatbot", "audit"}
    assert {schema for schema, name in ours if name == "outbox"} >= {"router", "chatbot"}


async def test_a_destroyed_key_is_gone(url, tmp_path):
    settings = RouterSettings(database_url=url)
    ring = await open_keyring(settings.database_for("keyring"), tmp_path / "wrapping.key")
    key = await ring.create(uuid4())
    sealed = key.seal("text", "words")
    assert (await ring.data_key(key.id)).open("text", sealed) == "words"
    await ring.shred(key.id)
    with pytest.raises(LookupError):
        await ring.data_key(key.id)
    await ring.close()


@pytest.fixture(scope="module")
def first_town(tmp_path_factory):
    return tmp_path_factory.mktemp("first")


@pytest.fixture
def folder(first_town, tmp_path):
    """Of a town that publishes when it opens; a later one takes over what the first published."""
    published = (first_town / "data" / "knowledge" / "current").exists()
    return copy_of(first_town, tmp_path / "town") if published else first_town


async def test_the_chat_answers_and_tells_the_trail(url, folder):
    async with open_desk(folder, database_url=url) as desk:
        talk = await desk.talk()
        question, answer = (await talk.ask("Hvad koster et pas?"))[:2]
        assert (question["role"], answer["kind"]) == ("citizen", "answer")
        again = await talk.ask("Hvad koster et pas?", id=question["id"])
        assert [one["id"] for one in again] == [question["id"], answer["id"]]
        assert [one["seq"] for one in await talk.messages()] == [1, 2, 3]
        told = await desk.said(QuestionAnswered)
        assert [one["verdict"] for one in told] == ["answered"]
        assert "koster" not in str(told)
        assert (await talk.client.delete(talk.path)).status_code == 204
    assert {("chatbot", "turn"), ("keyring", "version_keyring")} <= await tables(url)


async def test_the_editors_pages_and_two_signatures(url, folder):
    async with open_desk(folder, database_url=url) as desk:
        await (await desk.talk()).ask("Hvad koster et pas?")
        freja, emil = desk.chassis.staff.members["freja.redaktoer"], "emil.koordinator"
        assert (await (await desk.staff(freja.account)).get("/editor")).status_code == 200
        async with desk.chassis.database.read() as reader:
            rows = await asked.recent(reader, desk.clock() - timedelta(days=1), 5)
        assert [row.language for row in rows] == ["da"]
        async with desk.chassis.database.write() as tx:
            at = desk.clock()
            assert await releases.propose(tx, "d", freja.account, at)
            assert not await releases.propose(tx, "d", emil, at)
            assert not await releases.approve(tx, "d", freja.account, at)
            assert await releases.approve(tx, "d", emil, at)
            assert await releases.settled(tx, "d") == Released((freja.account, emil))
            assert await releases.settled(tx, "d") == Released()


async def test_the_router_opens_a_case_once(url, tmp_path):
    async with open_office(tmp_path, database_url=url) as office:
        received = await office.new_inquiry()
        understood = enveloped(classified(received))
        await office.hear(received)
        await office.hear(understood)
        case = await office.case(received.reference)
        said = await office.said()
        await office.hear(understood)
        assert case.department == "tmf"
        assert (await office.case(received.reference)).id == case.id
        assert [row.event_id for row in await office.said()] == [row.event_id for row in said]


async def test_services_that_start_together_make_a_shared_schema_one_after_the_other(postgresql):
    databases = [Database(f"{postgresql}?schema=shared") for _ in range(4)]
    try:
        await asyncio.gather(*(one.migrate("infra.keyring.migrations") for one in databases))
        # The lock is given back: whoever comes later does not wait for ever.
        await asyncio.wait_for(databases[0].migrate("infra.keyring.migrations"), 20)
    finally:
        for one in databases:
            await one.close()
