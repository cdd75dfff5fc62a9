"""The chatbot's own tables. What people wrote stands in them only sealed (JSON of contracts Sealed)."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Uuid,
)

from infra.database import UtcDateTime

metadata = MetaData()

conversation = Table(
    "conversation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("token_hash", String(64), nullable=False),
    Column("language", String(8), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False, index=True),
    Column("ended_at", UtcDateTime),
    Column("messages", Integer, nullable=False),
    # Topic ids of the last answer and of the buttons shown; never words of the citizen.
    Column("topic", String(64)),
    Column("offered", JSON, nullable=False),
    # When its words were destroyed by decision; the row stays to say so until its time is up.
    Column("erased_at", UtcDateTime),
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
    Column("at", UtcDateTime, nullable=False),
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
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("asked_seq", Integer),
    Column("verdict", String(20), nullable=False),
    Column("language", String(8), nullable=False),
    Column("topic", String(64)),
    Column("version", Integer),
    Column("confidence", Float, nullable=False),
    Column("helpful", Boolean),
    # What the answer's receipt tells; `id` is the message's.
    Column("id", Uuid, index=True),
    Column("threshold", Float),
    Column("article_digest", String(64)),
    Column("publication", String(64)),
    Column("model", String(200)),
    Column("model_digest", String(64)),
    Index("turn_article", "topic", "language", "version"),
)

handover = Table(
    "handover",
    metadata,
    Column("inquiry", Uuid, primary_key=True),
    Column("conversation", Uuid, nullable=False, index=True),
    Column("reference", String(20), nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("put_at", UtcDateTime, nullable=False),
    Column("said_at", UtcDateTime, nullable=False),
    Column("opened_at", UtcDateTime, index=True),
    Column("department", String(64)),
    # Where the citizen wants the answer too, sealed under the inquiry's key (JSON of Sealed).
    Column("sender", JSON),
)

publication = Table(
    "publication",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("articles", JSON, nullable=False),
    Column("figures", JSON, nullable=False),
)

# Kill switches of the chat; without a row it is on.
chat_switch = Table(
    "chat_switch",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("on", Boolean, nullable=False),
    Column("by", String(80), nullable=False),
    Column("reason", String(60), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

# A text later found wrong, and one conversation that was shown it.
recall = Table(
    "recall",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("conversation", Uuid, nullable=False, index=True),
    Column("seq", Integer, nullable=False),
    Column("topic", String(64), nullable=False),
    Column("language", String(8), nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("by", String(80), nullable=False),
    Column("put_at", UtcDateTime, nullable=False),
    Column("event_id", Uuid),
    Column("told_at", UtcDateTime, index=True),
)

# Mail that still has to leave; written when it is sent, so nothing rests in clear.
chat_mail = Table(
    "chat_mail",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", String(12), nullable=False),
    # Log before act: sent only when the trail holds this event.
    Column("event_id", Uuid, nullable=False, index=True),
    # What it is about: a recall and the inquiry whose address gets it, or a review.
    Column("recall", Uuid),
    Column("inquiry", Uuid),
    Column("put_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime, index=True),
    Column("failure", String(80)),
)

# Article versions past their review date, told once each to the editors; a later date is told anew.
overdue = Table(
    "overdue_article",
    metadata,
    Column("topic", String(64), primary_key=True),
    Column("language", String(8), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("review_by", String(10), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("event_id", Uuid, nullable=False),
    # The mail that tells of it; NULL when nobody is to be told by mail.
    Column("mail", Uuid, index=True),
)

# A publication somebody proposed after seeing what it changes, and whether a second person agreed; or
# one made at a shell by one person, with the reason.
release = Table(
    "release",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("proposed_by", String(80), nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    Column("approved_by", String(80)),
    Column("approved_at", UtcDateTime),
    Column("alone", String(200)),
)
