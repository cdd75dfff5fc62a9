"""Conversations, their messages and turns, publications; outbox and inbox."""

from alembic import op

from infra.chassis.tables import create_chassis_tables
from services.chatbot.adapters.tables import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_chassis_tables(op)
    metadata.create_all(op.get_bind())
