"""Binds who and what a log line is about, once per record or request."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from structlog.contextvars import bound_contextvars


@contextmanager
def about_record(
    *, topic: str, partition: int, offset: int, headers: Mapping[str, str]
) -> Iterator[None]:
    """Every log line inside names the record and its subject (ids, never text)."""
    with bound_contextvars(
        subject=headers.get("ce_subject", "")[:64],
        event_id=headers.get("ce_id", "")[:64],
        record=f"{topic}/{partition}/{offset}",
    ):
        yield
