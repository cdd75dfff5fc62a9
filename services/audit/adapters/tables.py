"""The trail's tables. What is in `leaf`, full `tile`s and `checkpoint` never changes again."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
)

metadata = MetaData()

leaf = Table(
    "leaf",
    metadata,
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("eid", Uuid, nullable=False, unique=True),
    # The canonical bytes; they are what is hashed, never a rendering of columns.
    Column("body", LargeBinary, nullable=False),
)

tile = Table(
    "tile",
    metadata,
    Column("level", SmallInteger, primary_key=True),
    Column("n", BigInteger, primary_key=True),
    Column("w", SmallInteger, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

log_state = Table(
    "log_state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("origin", String(200), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    # Entries before this one have had their receipts published.
    Column("receipted", BigInteger, nullable=False),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
    Column("signed_at", String(27), nullable=False),
)

koffset = Table(
    "koffset",
    metadata,
    Column("cluster", String(80), primary_key=True),
    Column("topic", String(80), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("next", BigInteger, nullable=False),
)

inq_leaf = Table(
    "inq_leaf",
    metadata,
    Column("inquiry", Uuid, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("idx", BigInteger, nullable=False, unique=True),
    Column("inq", String(64), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

# For search and pages; everything here can be checked against the leaf.
event = Table(
    "event",
    metadata,
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("event", Uuid),
    Column("typ", String(20), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("mode", String(10), nullable=False),
    Column("outcome", String(120), nullable=False),
    Column("rx", String(27), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    # As received: personal text in it is sealed.
    Column("content", LargeBinary),
    Index("event_by_kind", "kind", "outcome"),
    Index("event_by_typ", "typ", "idx"),
)

reference = Table(
    "reference",
    metadata,
    Column("mac", LargeBinary(32), primary_key=True),
    Column("inquiry", Uuid, primary_key=True),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("cluster", String(80), nullable=False),
    Column("topic", String(80), nullable=False),
    Column("part", Integer, nullable=False),
    Column("off", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    # The raw bytes in base64, sealed under a key of their own (JSON of contracts.event.Sealed).
    Column("raw", Text),
)
