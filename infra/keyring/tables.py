"""Where wrapped keys rest: a database of their own, outside the backups of everything else."""

from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Table, Uuid

metadata = MetaData()

data_key = Table(
    "data_key",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

destroyed_key = Table(
    "destroyed_key",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("destroyed_at", DateTime(timezone=True), nullable=False),
)
