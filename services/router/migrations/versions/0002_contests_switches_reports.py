"""Contests, kill switches, error reports; why a case is where it is."""

from alembic import op
from sqlalchemy import Column, String, inspect

from services.router.adapters.tables import case, metadata

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    bind = op.get_bind()
    metadata.create_all(bind)
    # A database made today has it from 0001, which creates what the tables module says.
    if "reason" not in {column["name"] for column in inspect(bind).get_columns(case.name)}:
        op.add_column(case.name, Column("reason", String(60)))
