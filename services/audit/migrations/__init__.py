"""The audit database's versions."""
