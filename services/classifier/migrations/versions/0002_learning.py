"""Decisions as published, proposals and promotions of models."""

from alembic import op

from services.classifier.adapters.learning_tables import metadata

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    metadata.create_all(op.get_bind())
