"""The chatbot's own tables. What people wrote stands in them only sealed (JSON of contracts Sealed)."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Uuid,
)

metadata = MetaData()

conversation = Table(
    "conversation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("token_hash", String(64), nullable=False),
    Column("language", String(8), nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False, index=True),
    Column("ended_at", DateTime(timezone=True)),
    Column("messages", Integer, nullable=False),
    # Topic ids of the last answer and of the buttons shown; never words of the citizen.
    Column("topic", String(64)),
    Column("offered", JSON, nullable=False),
)

message = Table(
    "message",
    metadata,
    Column("conversation", Uuid, primary_key=True),
    Column("seq", Integer, primary_key=True),
    # The writer's id for it: what is sent twice is kept once.
    Column("id", Uuid, nullable=False),
    Column("role", String(10), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("text", JSON, nullable=False),
    Column("about", JSON, nullable=False),
    Index("message_once", "conversation", "id", unique=True),
)

# One answer given: what recall, the editors' page and the effect count are made of.
turn = Table(
    "turn",
    metadata,
    Column("conversation", Uuid, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    Column("asked_seq", Integer),
    Column("verdict", String(20), nullable=False),
    Column("language", String(8), nullable=False),
    Column("topic", String(64)),
    Column("version", Integer),
    Column("confidence", Float, nullable=False),
    Column("helpful", Boolean),
    Index("turn_article", "topic", "language", "version"),
)

handover = Table(
    "handover",
    metadata,
    Column("inquiry", Uuid, primary_key=True),
    Column("conversation", Uuid, nullable=False, index=True),
    Column("reference", String(20), nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("put_at", DateTime(timezone=True), nullable=False),
    Column("said_at", DateTime(timezone=True), nullable=False),
    Column("opened_at", DateTime(timezone=True), index=True),
    Column("department", String(64)),
)

publication = Table(
    "publication",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    Column("articles", JSON, nullable=False),
    Column("figures", JSON, nullable=False),
)
