"""Runs one service as a process: settings, logs, chassis, web server; one sentence when it cannot."""

import asyncio
import errno
import gc
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
import uvicorn
from litestar import Litestar

from contracts.taxonomy import TaxonomyError
from infra.chassis.chassis import Chassis, open_chassis
from infra.chassis.logs import configure_logs
from infra.chassis.settings import ServiceSettings, SettingsError
from infra.database import DatabaseUnavailableError
from infra.keyring.wrapping import WrappingKeyError

S = TypeVar("S", bound=ServiceSettings)
CreateApp = Callable[[S, Chassis], Awaitable[Litestar]]
TURN_SECONDS = 0.0005
"""How long a thread that computes keeps the interpreter when another wants it. By default 5 ms: while an answer was
computed, every statement of every other request waited so long to be taken up again."""
EXIT_SETTINGS = 78  # EX_CONFIG of sysexits.h: starting again will not help

log = structlog.get_logger()


def run(
    service: str, settings_class: type[S], create_app: CreateApp[S], *, migrations: str
) -> None:
    """Blocks until stopped by a signal; exits 78 with one sentence when it cannot start."""
    try:
        settings = settings_class.load()
        configure_logs(service, style=settings.log_format, level=settings.log_level)
        sys.setswitchinterval(TURN_SECONDS)
        # The quick event loop where there is one: a message takes a dozen turns of it.
        with asyncio.Runner(loop_factory=_event_loop()) as runner:
            runner.run(_serve(service, settings, create_app, migrations))
    except KeyboardInterrupt:
        sys.exit(0)
    except (SettingsError, TaxonomyError, WrappingKeyError) as error:
        _stop(service, str(error))
    except DatabaseUnavailableError as error:
        _stop(service, f"The database in the data folder cannot be used: {error}.")
    except OSError as error:
        _stop(service, _plain(error))


def _event_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    return uvicorn.Config("", log_config=None).get_loop_factory()


async def _serve(service: str, settings: S, create_app: CreateApp[S], migrations: str) -> None:
    async with open_chassis(service, settings, migrations=migrations) as chassis:
        app = await create_app(settings, chassis)
        # What is loaded by now stays: to look through all of it for garbage would hold up every answer.
        gc.collect()
        gc.freeze()
        await serve_web(app, settings.host, settings.port_of(service))


async def serve_web(app: Any, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM. Raises OSError when the port is taken."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            # Open event streams must not hold up a stop.
            timeout_graceful_shutdown=2,
            server_header=False,
        )
    )
    listening = server.config.bind_socket() if _free(host, port) else None
    assert listening is not None
    # asyncio sees to this only for sockets it made: without it every answer on a connection that is
    # kept open waits 40 ms for the acknowledgement of its own headers.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        # Cancelled inside, uvicorn would print the traceback of its own end.
        server.should_exit = True
        await serving
        raise


def _free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OSError(
                error.errno,
                f"Port {port} on {host} is taken by another program. "
                f"Stop it, or choose another port by the HENVEND_…_PORT setting",
            ) from None
    return True


def _plain(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "The disk is full: make room in the data folder's file system and start again."
    if error.errno in {errno.EACCES, errno.EPERM} and error.filename:
        return f"{error.filename} may not be written: change its owner or permissions."
    return f"{error.strerror or error}."


def _stop(service: str, sentence: str) -> None:
    log.error("start_refused")
    print(f"henvend {service}: {sentence}", file=sys.stderr)  # noqa: T201
    sys.exit(EXIT_SETTINGS)
