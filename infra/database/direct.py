"""SQLAlchemy on SQLite without a thread per connection.

The usual asyncio driver hands every single step (cursor, execute, fetch, close) to a thread and back,
which costs more than SQLite needs for a lookup by key: about fifty hand-overs for one chat message. Here
only what may wait goes to a thread: a write lock that is taken, the commit, and statements whose size nobody
vouched for. Everything else is a call.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import URL, pool
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util.concurrency import await_

DRIVER = "sqlite+direct"
BRIEF = "henvend_brief"
"""Execution option: its statements are lookups by key, answered at once."""
LOCK = "BEGIN IMMEDIATE"


class DirectCursor(sqlite3.Cursor):
    """Has all rows when `execute` returns, so that reading them later asks nothing of SQLite."""

    _rows: Iterator[Any] = iter(())

    def execute(self, statement: str, parameters: Any = (), /) -> "DirectCursor":
        super().execute(statement, parameters)
        self._rows = iter(super().fetchall() if self.description else ())
        return self

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        return list(islice(self._rows, size or self.arraysize))

    def fetchall(self) -> list[Any]:
        return list(self._rows)

    async def _async_soft_close(self) -> None:
        """Called by SQLAlchemy before a result leaves its greenlet: nothing is open any more."""


class DirectConnection(sqlite3.Connection):
    def cursor(self, factory: Any = DirectCursor) -> Any:
        return super().cursor(factory)


class DirectDialect(SQLiteDialect_pysqlite):
    """Runs inside SQLAlchemy's greenlets, so it may await where a plain driver would block."""

    driver = "direct"
    is_async = True
    has_terminate = True
    supports_statement_cache = True

    def create_connect_args(self, url: URL) -> Any:
        values, options = super().create_connect_args(url)
        # One task at a time uses a connection, now on the loop's thread and now on another.
        return values, {**options, "factory": DirectConnection, "check_same_thread": False}

    @classmethod
    def get_pool_class(cls, url: URL) -> type[pool.Pool]:  # noqa: ARG003 - the base class's signature
        return pool.AsyncAdaptedQueuePool

    def do_execute(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        if statement == LOCK and _locks_at_once(cursor):
            return
        run = _here if _is_brief(statement, context) else _in_thread
        await_(run(cursor.execute, statement, parameters))

    def do_executemany(
        self, cursor: Any, statement: Any, parameters: Any, context: Any = None
    ) -> None:
        run = _here if _is_brief(statement, context) else _in_thread
        await_(run(cursor.executemany, statement, parameters))

    def do_commit(self, dbapi_connection: Any) -> None:
        # Waits for the disk.
        if dbapi_connection.in_transaction:
            await_(_in_thread(dbapi_connection.commit))

    def do_terminate(self, dbapi_connection: Any) -> None:
        dbapi_connection.close()


def _locks_at_once(cursor: Any) -> bool:
    """Takes the write lock if no other process holds it, which is nearly always; never waits."""
    timeout = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
    cursor.execute("PRAGMA busy_timeout=0")
    try:
        cursor.execute(LOCK)
    except sqlite3.OperationalError:
        # Whatever the reason: it is tried again where it may wait, and told from there.
        return False
    finally:
        cursor.execute(f"PRAGMA busy_timeout={timeout}")
    return True


def _is_brief(statement: str, context: Any) -> bool:
    # BEGIN IMMEDIATE waits for other processes' writers; a row put or changed under the lock does not.
    if statement.startswith((LOCK, "PRAGMA")):
        return False
    return statement == "BEGIN" or bool(context.execution_options.get(BRIEF, False))


async def _here(function: Callable[..., Any], *values: Any) -> Any:
    # Never suspends; SQLAlchemy insists that something is awaited.
    return function(*values)


async def _in_thread(function: Callable[..., Any], *values: Any) -> Any:
    work = asyncio.get_running_loop().run_in_executor(None, function, *values)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        # A statement cannot be called back, and its connection must not be used before it has ended.
        await asyncio.wait([work])
        raise


registry.register("sqlite.direct", __name__, DirectDialect.__name__)
