"""A database with one writer at a time and many readers, on SQLite (WAL) or PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import URL, Table, event, func, make_url, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.schema import CreateSchema

from infra.database.direct import BRIEF, DRIVER
from infra.database.migrate import upgrade

# What SQLite gives every reader; PostgreSQL alone shows each statement what is newest.
SNAPSHOT: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

MIGRATING = 0x68656E76
"""Number of the lock; any would do, all services must know the same."""


class DatabaseUnavailableError(RuntimeError):
    """The database cannot be used now (locked, full disk, server away); the same call may go through later."""


class Transaction:
    """An open write transaction. `after_commit` callbacks run once the data are durable."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.execute = connection.execute
        self.scalar = connection.scalar
        self._after: list[Callable[[], None]] = []

    def insert(self, table: Table) -> Any:
        """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`, which every database
        spells its own way."""
        return _dialect(self.connection).insert(table)

    def insert_new(self, table: Table) -> Any:
        """An INSERT that leaves a row that is there already as it is. Built once: that takes longer than SQLite
        needs to do it."""
        return _insert_new(_dialect(self.connection), table)

    def after_commit(self, callback: Callable[[], None]) -> None:
        self._after.append(callback)

    def run_callbacks(self) -> None:
        for callback in self._after:
            callback()


class Database:
    """`url` is an SQLAlchemy URL, e.g. `sqlite:///…` or `postgresql+asyncpg://…?schema=router`."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self.url = self.url.set(drivername=DRIVER)
            if self.url.database:
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        # One PostgreSQL database holds a schema for each service; in SQLite a file is a service's own.
        schema = None if self.is_sqlite else self.url.query.get("schema")
        self.schema = str(schema) if schema else None
        self.url = self.url.difference_update_query(["schema"])
        self.engine = _engine(self.url, self.schema, is_sqlite=self.is_sqlite)
        self._writer = asyncio.Lock()

    async def migrate(self, package: str) -> None:
        """Bring the schema up to the newest version in `package` (e.g. `services.router.migrations`)."""
        try:
            async with self.engine.connect() as connection, self._alone(connection):
                if self.schema is not None:
                    await connection.execute(CreateSchema(self.schema, if_not_exists=True))
                    await connection.commit()
                await connection.run_sync(upgrade, package)
        except OperationalError as error:
            raise DatabaseUnavailableError(_reason(error)) from error

    @asynccontextmanager
    async def _alone(self, connection: AsyncConnection) -> AsyncIterator[None]:
        """Services that start together share the schemas of keys and staff: one migrates at a time."""
        if self.schema is None:
            yield
            return
        await connection.execute(select(func.pg_advisory_lock(MIGRATING)))
        try:
            yield
        finally:
            # What failed half-way is undone first; the lock is the session's, not the transaction's.
            await connection.rollback()
            await connection.execute(select(func.pg_advisory_unlock(MIGRATING)))
            await connection.commit()

    @asynccontextmanager
    async def write(self, *, brief: bool = False) -> AsyncIterator[Transaction]:
        """All or nothing; raises DatabaseUnavailableError when the database cannot take it now.

        `brief`: a few rows found by key are all it touches, so no thread is needed to wait for them.
        """
        # SQLite allows one writer; queueing here is fairer and cheaper than busy-waiting there.
        async with self._writer:
            try:
                async with self.engine.connect() as connection:
                    await connection.execution_options(**{BRIEF: brief})
                    async with connection.begin():
                        transaction = Transaction(connection)
                        yield transaction
            except OperationalError as error:
                raise DatabaseUnavailableError(_reason(error)) from error
        transaction.run_callbacks()

    @asynccontextmanager
    async def read(self, *, brief: bool = False) -> AsyncIterator[AsyncConnection]:
        """A consistent view; never waits for the writer. `brief` as for `write`."""
        try:
            async with self.engine.connect() as connection:
                reader = await connection.execution_options(
                    **({"henvend_read": True, BRIEF: brief} if self.is_sqlite else SNAPSHOT)
                )
                yield reader
        except OperationalError as error:
            raise DatabaseUnavailableError(_reason(error)) from error

    async def truncate_log(self) -> bool:
        """After deleting secrets: move everything out of the write-ahead log and empty it (SQLite).

        False when somebody, also in another process, read for so long that it could not be emptied: what
        was deleted may still stand in it.
        """
        if not self.is_sqlite:
            return True
        async with self._writer, self.engine.connect() as connection:
            raw = await connection.get_raw_connection()
            assert raw.driver_connection is not None
            (busy, _, _) = await asyncio.to_thread(_empty_log, raw.driver_connection)
        return not busy

    async def close(self) -> None:
        await self.engine.dispose()


def _dialect(connection: AsyncConnection) -> ModuleType:
    return sqlite if connection.dialect.name == "sqlite" else postgresql


@cache
def _insert_new(dialect: ModuleType, table: Table) -> Any:
    return dialect.insert(table).on_conflict_do_nothing()


def _engine(url: URL, schema: str | None, *, is_sqlite: bool) -> AsyncEngine:
    if not is_sqlite:
        settings = {"search_path": schema} if schema else {}
        return create_async_engine(url, pool_size=5, connect_args={"server_settings": settings})
    engine = create_async_engine(url)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not open transactions by itself: we say BEGIN IMMEDIATE for writers below.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=10000",
        # Deleted keys and texts are overwritten, not only unlinked.
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _empty_log(connection: Any) -> Any:
    return connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _begin_sqlite(connection: Any) -> None:
    reads = connection.get_execution_options().get("henvend_read", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _reason(error: OperationalError) -> str:
    # Never str(error): SQLAlchemy appends the statement's parameters.
    return str(error.orig).splitlines()[0]
