"""The intake ledger, confirmed corrections, outbox and inbox."""

from alembic import op

from infra.chassis.tables import create_chassis_tables
from services.classifier.adapters.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_chassis_tables(op)
    metadata.create_all(op.get_bind())
