"""One way to SQLite now and PostgreSQL later: engine, write transactions, migrations."""

from infra.database.database import Database, DatabaseUnavailableError, Transaction
from infra.database.types import UtcDateTime

__all__ = ["Database", "DatabaseUnavailableError", "Transaction", "UtcDateTime"]
