"""Letters in the sample's outgoing mailbox, and the chassis tables."""

from alembic import op

from infra.chassis.tables import create_chassis_tables
from infra.embedded.mailbox import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_chassis_tables(op)
    metadata.create_all(op.get_bind())
