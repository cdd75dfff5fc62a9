"""Both databases: all or nothing, whole views, and on SQLite nothing stands still meanwhile."""

import asyncio
import sqlite3
import threading
import time
from contextlib import suppress
from uuid import uuid4

import pytest
from sqlalchemy import JSON, Column, Integer, MetaData, Table, Text, func, insert, select, text
from sqlalchemy.schema import CreateSchema

from infra.database import Database, DatabaseUnavailableError, direct

pytestmark = pytest.mark.slow

metadata = MetaData()
note = Table("note", metadata, Column("id", Integer, primary_key=True), Column("body", JSON))
word = Table("word", metadata, Column("word", Text, unique=True))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
async def database(request, tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'one.db'}")
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql")
        database = Database(f"{url}?schema=s{uuid4().hex}")
        async with database.write() as tx:
            await tx.execute(CreateSchema(database.schema))
    async with database.write() as tx:
        await tx.connection.run_sync(metadata.create_all)
    yield database
    await database.close()


async def count(database):
    async with database.read() as reader:
        return await reader.scalar(select(func.count()).select_from(note))


@pytest.mark.parametrize("brief", [True, False])
async def test_a_broken_transaction_leaves_nothing(database, brief):
    async def write():
        async with database.write(brief=brief) as tx:
            await tx.execute(insert(note), [{"body": 1}, {"body": 2}])
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        await write()
    assert await count(database) == 0


@pytest.mark.parametrize("brief", [True, False])
async def test_rows_are_readable_after_their_connection_went_back(database, brief):
    async with database.write(brief=brief) as tx:
        made = await tx.execute(insert(note).returning(note.c.id), [{"body": n} for n in range(5)])
    async with database.read(brief=brief) as reader:
        found = await reader.execute(select(note.c.body).order_by(note.c.id))
    assert len(made.all()) == 5
    assert found.scalars().all() == [0, 1, 2, 3, 4]


async def test_many_writers_and_readers_at_once_see_whole_transactions(database):
    async def write(number):
        async with database.write(brief=number % 2 == 0) as tx:
            await tx.execute(insert(note), {"body": number})
            await asyncio.sleep(0)
            await tx.execute(insert(note), {"body": number})

    async def look(number):
        async with database.read(brief=number % 2 == 0) as reader:
            return await reader.scalar(select(func.count()).select_from(note))

    done = await asyncio.gather(*(f(n) for n in range(40) for f in (write, look)))
    assert await count(database) == 80
    assert all(found % 2 == 0 for found in done if found is not None)


async def test_a_reader_keeps_its_view_while_another_writes(database):
    async with database.read(brief=True) as reader:
        before = await reader.scalar(select(func.count()).select_from(note))
        async with database.write(brief=True) as tx:
            await tx.execute(insert(note), {"body": 1})
        assert await reader.scalar(select(func.count()).select_from(note)) == before
    assert await count(database) == before + 1


@pytest.mark.parametrize("brief", [True, False])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_loop_goes_on_while_another_process_has_the_write_lock(database, brief):
    held, release = threading.Event(), threading.Event()

    def hold():
        other = sqlite3.connect(database.url.database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        held.set()
        release.wait(10)
        other.execute("COMMIT")
        other.close()

    holder = threading.Thread(target=hold)
    holder.start()
    await asyncio.to_thread(held.wait, 5)

    async def write():
        async with database.write(brief=brief) as tx:
            await tx.execute(insert(note), {"body": 1})

    writing = asyncio.create_task(write())
    longest, last = 0.0, time.monotonic()
    for _ in range(20):
        await asyncio.sleep(0.01)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert not writing.done()
    release.set()
    await writing
    holder.join()
    assert await count(database) == 1
    # Waiting in the loop would have held it until the other process gave up, ten seconds later.
    assert longest < 2


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_lock_that_is_free_is_taken_without_a_thread(database, monkeypatch):
    handed = []

    async def in_thread(function, *values):
        handed.append(values[0] if values else function.__name__)
        return function(*values)

    monkeypatch.setattr(direct, "_in_thread", in_thread)
    async with database.write(brief=True) as tx:
        await tx.execute(insert(note), {"body": 1})
    # The commit waits for the disk; nothing else of it waits.
    assert handed == ["commit"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_looking_whether_the_lock_is_free_leaves_the_patience_as_it_was(database):
    async with database.write(brief=True) as tx:
        before = await tx.scalar(text("PRAGMA busy_timeout"))
    other = sqlite3.connect(database.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(add(database))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    other.execute("COMMIT")
    other.close()
    await waiting
    async with database.write(brief=True) as tx:
        assert await tx.scalar(text("PRAGMA busy_timeout")) == before == 10_000


async def add(database):
    async with database.write(brief=True) as tx:
        await tx.execute(insert(note), {"body": 1})


async def test_who_is_cancelled_while_it_writes_leaves_a_usable_connection(database):
    async def write():
        async with database.write() as tx:
            await tx.execute(insert(note), {"body": 1})
            await tx.execute(
                text(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)"
                    " SELECT max(i) FROM n"
                )
            )

    for _ in range(5):
        writing = asyncio.create_task(write())
        await asyncio.sleep(0.02)
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
    before = await count(database)
    async with database.write(brief=True) as tx:
        await tx.execute(insert(note), {"body": 2})
    assert await count(database) == before + 1


async def test_a_database_that_cannot_be_used_says_so_without_the_parameters(tmp_path):
    folder = tmp_path / "one.db"
    folder.mkdir()
    database = Database(f"sqlite:///{folder}")
    with pytest.raises(DatabaseUnavailableError) as caught:
        async with database.write() as tx:
            await tx.execute(insert(word), {"word": "secret words"})
    assert "secret" not in str(caught.value)
    await database.close()
