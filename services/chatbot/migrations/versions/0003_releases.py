"""Publications that one person proposes and another approves."""

from alembic import op

from services.chatbot.adapters.tables import release

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A database made today has it from 0001, which creates what the tables module says.
    release.create(op.get_bind(), checkfirst=True)
