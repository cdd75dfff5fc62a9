"""One-time login links; only a hash of each token is kept."""

from alembic import op

from infra.chassis.staff import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())
