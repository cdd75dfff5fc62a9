"""What the learning loop remembers: decisions as published, who proposed and approved which model."""

from sqlalchemy import JSON, Column, Integer, MetaData, String, Table, Text, Uuid

from infra.database import UtcDateTime

metadata = MetaData()

# Each classification with what it was made from; the citizen's words only sealed.
decision = Table(
    "decision",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("inquiry", Uuid, nullable=False, index=True),
    Column("reference", String(24), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("model", String(64), nullable=False),
    # inquiry.received without its sender.
    Column("received", JSON, nullable=False),
    # The body of inquiry.classified exactly as published.
    Column("classified", Text, nullable=False),
)

# What is left of an inquiry after its erasure: that there was one.
erased_inquiry = Table(
    "erased_inquiry",
    metadata,
    Column("inquiry", Uuid, primary_key=True),
    Column("reference", String(24), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
)

proposal = Table(
    "proposal",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("kind", String(10), nullable=False),
    # SHA-256 of gate.json as it was when proposed; None for a rollback.
    Column("gate", String(64)),
    Column("proposed_by", String(80), nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    Column("settled_by", String(80)),
    Column("settled_at", UtcDateTime),
    Column("outcome", String(10)),
)

# Append-only; the newest row names the model that decides.
promotion = Table(
    "promotion",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
    Column("statement", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
