"""Publications that one person made at a shell, with the reason."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A database made today has it from 0001, which creates what the tables module says.
    if "alone" not in {one["name"] for one in sa.inspect(op.get_bind()).get_columns("release")}:
        op.add_column("release", sa.Column("alone", sa.String(200)))
