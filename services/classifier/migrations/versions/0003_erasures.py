"""Which inquiries were erased."""

from alembic import op

from services.classifier.adapters.learning_tables import erased_inquiry

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    erased_inquiry.create(op.get_bind(), checkfirst=True)
