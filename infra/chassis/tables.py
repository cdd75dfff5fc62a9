"""Outbox and inbox: the two tables each service with a database has in its own transaction."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Uuid,
)

from infra.database import UtcDateTime

metadata = MetaData()
# SQLite autoincrements only INTEGER keys.
_Sequence = BigInteger().with_variant(Integer, "sqlite")

outbox = Table(
    "outbox",
    metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("cause", Uuid, index=True),
    Column("topic", String(80), nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("put_at", UtcDateTime, nullable=False),
    # The cluster that acknowledged it; NULL: must be published (again).
    Column("published_in", String(80)),
    # When the trail's receipt named it; until then another cluster gets it again.
    Column("confirmed_at", UtcDateTime),
    Index("outbox_waiting", "published_in", "confirmed_at", "seq"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("seen_at", UtcDateTime, nullable=False),
)


def create_chassis_tables(operations: Any) -> None:
    """For a service's first migration: `create_chassis_tables(op)`."""
    bind = operations.get_bind()
    metadata.create_all(bind)
