"""Where wrapped keys rest: a database of their own, outside the backups of everything else."""

from sqlalchemy import Column, LargeBinary, MetaData, Table, Uuid

from infra.database import UtcDateTime

metadata = MetaData()

data_key = Table(
    "data_key",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

destroyed_key = Table(
    "destroyed_key",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("destroyed_at", UtcDateTime, nullable=False),
)
