"""Runs Alembic migrations of one package inside the service's own process."""

from importlib import import_module
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def upgrade(connection: Connection, package: str) -> None:
    """Apply every migration of `package`.versions that the database lacks, each in one transaction."""
    folder = Path(str(import_module(package).__file__)).parent
    script = ScriptDirectory(str(folder), version_locations=[str(folder / "versions")])
    # Several services may share one database (PostgreSQL): each counts its own versions.
    table = f"version_{package.split('.')[1]}"
    context = MigrationContext.configure(
        connection,
        opts={
            "version_table": table,
            "transaction_per_migration": True,
            "fn": lambda revision, _context: script._upgrade_revs("heads", revision),  # noqa: SLF001
        },
    )
    with context.begin_transaction(), Operations.context(context):
        context.run_migrations()
    connection.commit()
