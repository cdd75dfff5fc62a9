"""Wrapped data keys and the marks of destroyed ones."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "data_key",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "destroyed_key",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=False),
    )
