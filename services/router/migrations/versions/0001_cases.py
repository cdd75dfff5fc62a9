"""Inquiries, cases, acts, outgoing mail, dead letters, corrections; outbox and inbox."""

from alembic import op

from infra.chassis.tables import create_chassis_tables
from services.router.adapters.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_chassis_tables(op)
    metadata.create_all(op.get_bind())
