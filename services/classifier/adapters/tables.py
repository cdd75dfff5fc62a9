"""The intake ledger's table; raw mails stand in it only sealed."""

from sqlalchemy import JSON, Column, Index, Integer, MetaData, String, Table, Text, Uuid

from infra.database import UtcDateTime

metadata = MetaData()

intake = Table(
    "intake",
    metadata,
    Column("inquiry", Uuid, primary_key=True),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("reference", String(20), nullable=False, unique=True),
    Column("channel", String(10), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("message", String(64), nullable=False),
    # The mail as it came, zlib and base64 inside the seal; JSON of contracts Sealed.
    Column("raw", Text, nullable=False),
    Column("arrived_at", UtcDateTime),
    Column("repeats", Integer, nullable=False, default=0),
    Column("next_at", UtcDateTime, nullable=False),
    Index("intake_waiting", "arrived_at", "next_at"),
)

# Corrections two persons agreed on, as training rows for the next candidate; masked and sealed.
confirmed_correction = Table(
    "confirmed_correction",
    metadata,
    Column("case", Uuid, primary_key=True),
    Column("inquiry", Uuid, nullable=False),
    Column("was", String(64)),
    Column("now", String(64), nullable=False),
    Column("confirmed", JSON, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
