"""What editors, receipts, the switch and late corrections need."""

from alembic import op
from sqlalchemy import inspect

from services.chatbot.adapters.tables import conversation, handover, metadata, turn

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ADDED = {
    conversation: ("erased_at",),
    turn: ("id", "threshold", "article_digest", "publication", "model", "model_digest"),
    handover: ("sender",),
}


def upgrade() -> None:
    bind = op.get_bind()
    metadata.create_all(bind)
    # A database made today has them from 0001, which creates what the tables module says.
    for table, names in ADDED.items():
        there = {column["name"] for column in inspect(bind).get_columns(table.name)}
        for name in names:
            if name not in there:
                op.add_column(table.name, table.c[name].copy())
    indexes = {index["name"] for index in inspect(bind).get_indexes(turn.name)}
    if "ix_turn_id" not in indexes:
        op.create_index("ix_turn_id", turn.name, ["id"])
