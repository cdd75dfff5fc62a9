"""The router's own tables. Personal text stands in them only sealed (JSON of contracts Sealed)."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Uuid,
)

from infra.database import UtcDateTime

metadata = MetaData()

inquiry = Table(
    "inquiry",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("reference", String(20), nullable=False, unique=True),
    Column("received_at", UtcDateTime, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("received", JSON, nullable=False),
    Column("routed_at", UtcDateTime),
    Column("contested_at", UtcDateTime),
    Index("inquiry_unrouted", "routed_at", "received_at"),
)

# What the classifier said; may arrive before the inquiry itself, for topics keep no common order.
classification = Table(
    "classification",
    metadata,
    Column("inquiry", Uuid, primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("classified", JSON, nullable=False),
)

case = Table(
    "case_file",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("inquiry", Uuid, ForeignKey("inquiry.id"), nullable=False, index=True),
    Column("reference", String(24), nullable=False, unique=True),
    Column("channel", String(10), nullable=False),
    Column("conversation", Uuid),
    Column("queue", String(12), nullable=False),
    Column("department", String(64), nullable=False),
    Column("category", String(64)),
    Column("rule", String(60), nullable=False),
    Column("reason", String(60)),
    Column("language", String(8), nullable=False),
    Column("verdict", String(20)),
    Column("confidence", Float),
    Column("urgent", Boolean, nullable=False),
    Column("sensitive", Boolean, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("deadline", UtcDateTime, nullable=False),
    Column("status", String(10), nullable=False),
    Column("assigned_to", String(80)),
    Column("closed_at", UtcDateTime),
    Column("moves", Integer, nullable=False, default=0),
    Index("case_queue", "status", "queue", "department", "urgent", "deadline"),
)

act = Table(
    "act",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("case", Uuid, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("by", String(80), nullable=False),
    Column("detail", JSON, nullable=False),
)

# What still has to leave by mail; the text is composed when it is sent, so nothing rests in clear.
mail_out = Table(
    "mail_out",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("case", Uuid, ForeignKey("case_file.id"), nullable=False),
    Column("kind", String(12), nullable=False),
    # Log before act: sent only when the trail holds this event.
    Column("event_id", Uuid, nullable=False, index=True),
    Column("reply", JSON),
    Column("by", String(80)),
    Column("put_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime, index=True),
    Column("failure", String(80)),
)

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("letter", JSON, nullable=False),
    Column("sent_again_at", UtcDateTime),
    Column("sent_again_by", String(80)),
)

correction = Table(
    "correction",
    metadata,
    Column("case", Uuid, ForeignKey("case_file.id"), primary_key=True),
    Column("was", String(64)),
    Column("now", String(64), nullable=False),
    Column("proposed_by", String(80), nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    Column("confirmed_by", String(80)),
    Column("confirmed_at", UtcDateTime),
    Column("rejected_at", UtcDateTime),
)

# A citizen's "this is wrong" or "I want a person"; may come before the inquiry it is about.
contest = Table(
    "contest",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("inquiry", Uuid, nullable=False, index=True),
    Column("wish", String(12), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

# What was decided when a case was opened and what staff made of it, for monitoring: ids and figures
# only, nothing of the citizen, so it may outlive the case.
decision = Table(
    "decision",
    metadata,
    Column("case", Uuid, primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("queue", String(12), nullable=False),
    Column("department", String(64), nullable=False),
    Column("category", String(64)),
    Column("language", String(8), nullable=False),
    Column("channel", String(10), nullable=False),
    Column("verdict", String(20)),
    Column("reason", String(60)),
    Column("confidence", Float),
    Column("confidence_bin", Integer),
    Column("typicality_bin", Integer),
    Column("model", String(64)),
    Column("first_act_seconds", Float),
    Column("contested", Boolean, nullable=False),
    Column("outcome", String(10)),
    Column("settled_at", UtcDateTime),
    Column("to_department", String(64)),
    Column("to_category", String(64)),
    Index("decision_evidence", "category", "queue", "at"),
)

# Chat questions that were answered without a person, for counting what was saved.
chat_answer = Table(
    "chat_answer",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("language", String(8), nullable=False),
)

# Kill switches: `routing`, `routing.<department>` or `routing.category.<category>`; without a row
# it is on.
switch = Table(
    "switch",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("on", Boolean, nullable=False),
    Column("by", String(80), nullable=False),
    Column("reason", String(60), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

# Errors that staff noticed; the words are sealed under the report's own key.
error_report = Table(
    "error_report",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("page", String(200), nullable=False),
    Column("by", String(80), nullable=False),
    Column("text", JSON, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    Column("settled_by", String(80)),
)

# What was asked to be erased, and by whom it was decided. One that is decided is also what tells a late
# event that its inquiry must not come back.
erasure = Table(
    "erasure",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("inquiry", Uuid, nullable=False, index=True),
    Column("reference", String(20), nullable=False, index=True),
    Column("reason", String(60), nullable=False),
    Column("records", String(60)),
    Column("asked_by", String(80), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("approved_by", String(80)),
    Column("approved_at", UtcDateTime, index=True),
    Column("declined_by", String(80)),
    Column("declined_at", UtcDateTime),
    # When no byte of it was left here any more.
    Column("erased_at", UtcDateTime),
)

# All that is left of an erased inquiry's case.
erased_case = Table(
    "erased_case",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("inquiry", Uuid, nullable=False, index=True),
    Column("reference", String(24), nullable=False, unique=True),
    Column("department", String(64), nullable=False),
    Column("category", String(64)),
    Column("language", String(8), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    # SHA-256 of the receipt's secret address: the citizen who holds it is told, nobody else.
    Column("receipt", String(64)),
)
