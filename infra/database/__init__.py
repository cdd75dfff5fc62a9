"""One way to SQLite now and PostgreSQL later: engine, write transactions, migrations."""

from infra.database.database import Database, DatabaseUnavailableError, Transaction

__all__ = ["Database", "DatabaseUnavailableError", "Transaction"]
