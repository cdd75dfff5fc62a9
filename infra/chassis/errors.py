"""The failures that edges may raise, each with one consequence."""

from contracts.event import InvalidEventError
from infra.database import DatabaseUnavailableError


class DependencyUnavailableError(RuntimeError):
    """Something outside is away; the same call may succeed later. Consequence: retry, hold the partition."""


class UnknownCategoryError(InvalidEventError):
    """An event names a category the taxonomy lacks. Consequence: dead letter."""

    def __init__(self) -> None:
        super().__init__("unknown-category")


# What holds the partition instead of killing the message.
TRANSIENT = (DependencyUnavailableError, DatabaseUnavailableError, ConnectionError, TimeoutError)

__all__ = [
    "TRANSIENT",
    "DatabaseUnavailableError",
    "DependencyUnavailableError",
    "InvalidEventError",
    "UnknownCategoryError",
]
