"""Erasures, and what is left of what was erased."""

from alembic import op

from services.router.adapters.tables import metadata

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    metadata.create_all(op.get_bind())
