"""Structured logs: JSON lines for machines, coloured lines in a terminal; never citizen text."""

import logging
import sys
from typing import Literal

import structlog


def configure_logs(
    service: str, *, style: Literal["auto", "json", "console"] = "auto", level: str = "info"
) -> None:
    """One pipeline for our events and for the libraries' loggers, on standard error."""
    readable = style == "console" or (style == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _drop_foreign_detail],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _type_names_only,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy, least in _QUIET.items():
        logging.getLogger(noisy).setLevel(max(least, root.level))
    structlog.contextvars.bind_contextvars(service=service)


_QUIET = {
    # aiokafka repeats every reconnection attempt; the broker session logs the change once.
    "aiokafka": logging.CRITICAL,
    "uvicorn.access": logging.WARNING,
    "uvicorn.error": logging.WARNING,
    "httpx": logging.WARNING,
    "alembic": logging.WARNING,
    "mail.log": logging.WARNING,
    "sentence_transformers": logging.WARNING,
}


def _type_names_only(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """An exception's message may quote a citizen (pydantic does); keep type and place only."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        event["error"] = type(error).__name__
        if frame is not None:
            code = frame.tb_frame.f_code
            event["at"] = f"{code.co_filename.rsplit('/', 1)[-1]}:{frame.tb_lineno}:{code.co_name}"
    return event


def _drop_foreign_detail(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Libraries log free text that may hold what they were given; cut it short."""
    text = str(event.get("event", ""))
    event["event"] = text.splitlines()[0][:200] if text else ""
    return event
