"""`henvend run`: everything on one machine with one command; continues where it stopped."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import structlog
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from contracts.catalogue import SERVICES
from infra.chassis.chassis import Chassis, open_chassis
from infra.chassis.logs import configure_logs
from infra.chassis.service import serve_web
from infra.chassis.settings import ServiceSettings, SettingsError, check_environment
from infra.chassis.staff import login_address
from infra.embedded import mailbox as outgoing
from infra.embedded.all_settings import AllSettings, known_settings
from infra.embedded.parts import (
    CannotStartError,
    broker_binary,
    require_free_ports,
    require_room,
)
from infra.embedded.processes import Child, Supervisor

READY_SECONDS = 180.0
LOOK_SECONDS = 0.25
TABLE_WIDTH = 125
console = Console(highlight=False)
obstacles = Console(stderr=True, highlight=False)
log = structlog.get_logger()


def run() -> int:
    """The process's exit code; every obstacle is one sentence on standard error."""
    try:
        settings = _checked_settings()
        _prepare_if_missing(settings)
        return asyncio.run(_run(settings))
    except (CannotStartError, SettingsError) as error:
        obstacles.print(str(error), style="red", markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 0


def _checked_settings() -> AllSettings:
    check_environment(known_settings())
    settings = AllSettings.load()
    require_room(settings)
    require_free_ports(settings.ports(), settings.host)
    if settings.embedded_broker:
        broker_binary()
    return settings


def _prepare_if_missing(settings: AllSettings) -> None:
    """First run only. In processes of their own, so that the supervisor stays small."""
    if not settings.model_folder.exists():
        console.print("First run: training the sample municipality's model (a few minutes).")
        _henvend("train")
    if not settings.index_folder.exists():
        console.print("First run: publishing the approved articles.")
        _henvend("knowledge", "publish")


def _henvend(*arguments: str) -> None:
    """Raises CannotStartError when the command fails; it has said why."""
    done = subprocess.run([sys.executable, "-m", "infra.cli.main", *arguments], check=False)
    if done.returncode:
        raise CannotStartError(f"`henvend {' '.join(arguments)}` did not succeed (see above).")


async def _run(settings: AllSettings) -> int:
    (settings.data / "logs").mkdir(exist_ok=True)
    configure_logs("supervisor", style=settings.log_format, level="warning")
    began = time.monotonic()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    supervisor = Supervisor()
    try:
        await _start_children(supervisor, settings)
        async with _mailbox(settings) as chassis:
            ready = asyncio.create_task(_wait_ready(settings))
            ended = asyncio.create_task(_stopped_or_failed(stop, supervisor))
            done, _ = await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
            if ended not in done:
                ready.result()
                await _print_table(settings, chassis, time.monotonic() - began)
            await ended
            console.print("Stopping …")
            ready.cancel()
    finally:
        await supervisor.stop()
    console.print("Stopped. Everything is kept; `make run` continues.")
    return 0


async def _stopped_or_failed(stop: asyncio.Event, supervisor: Supervisor) -> None:
    """Returns when asked to stop; raises CannotStartError when a service refuses to run."""
    failing = supervisor.failure
    either: set[asyncio.Future[Any]] = {asyncio.create_task(stop.wait()), failing}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if failing.done():
        raise failing.result()


async def _start_children(supervisor: Supervisor, settings: AllSettings) -> None:
    logs = settings.data / "logs"
    if settings.embedded_broker:
        binary = str(broker_binary())
        command = [sys.executable, "-m", "infra.embedded.broker", binary, settings.broker]
        await supervisor.start(Child("broker", command, logs / "broker.log"))
    for service in SERVICES:
        await supervisor.start(
            Child(
                service,
                [sys.executable, "-m", f"services.{service}"],
                logs / f"{service}.log",
                {
                    "HENVEND_DATA": str(settings.data),
                    "PYTHONUNBUFFERED": "1",
                    # Four processes on few cores: libraries' own threads only get in the way.
                    "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
                    "TOKENIZERS_PARALLELISM": "false",
                    "HF_HUB_OFFLINE": os.environ.get("HF_HUB_OFFLINE", "1"),
                },
            )
        )


@asynccontextmanager
async def _mailbox(settings: AllSettings) -> AsyncIterator[Chassis]:
    async with open_chassis(
        "mailbox", settings, migrations="infra.embedded.mailbox_migrations"
    ) as chassis:
        box = outgoing.Mailbox(chassis)
        # The chassis would also join the broker; the mailbox only needs pages.
        app = outgoing.create_app(chassis, box)
        tasks = [
            asyncio.create_task(outgoing.listen(box, settings.host, settings.mailbox_smtp_port)),
            asyncio.create_task(serve_web(app, settings.host, settings.mailbox_port)),
        ]
        try:
            yield chassis
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _wait_ready(settings: ServiceSettings) -> None:
    """Raises CannotStartError naming who is not ready in time."""
    waiting = set(SERVICES)
    deadline = time.monotonic() + READY_SECONDS
    async with httpx.AsyncClient(timeout=2) as client:
        with console.status("Starting …") as status:
            while waiting:
                status.update(f"Starting … waiting for {', '.join(sorted(waiting))}")
                for service in sorted(waiting):
                    if await _is_ready(
                        client, f"http://{settings.host}:{settings.port_of(service)}"
                    ):
                        waiting.discard(service)
                if waiting and time.monotonic() > deadline:
                    raise CannotStartError(
                        f"Not ready after {READY_SECONDS:.0f} s: {', '.join(sorted(waiting))}. "
                        f"See {settings.data / 'logs'}."
                    )
                await asyncio.sleep(LOOK_SECONDS)


async def _is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/ready")).status_code == 200
    except httpx.HTTPError:
        return False


async def _print_table(settings: AllSettings, chassis: Chassis, seconds: float) -> None:
    title = f"Henvend is ready ({seconds:.0f} s)"
    table = Table(title=title, title_justify="left", box=SIMPLE, show_header=False)
    table.add_column(no_wrap=True)
    # An address must stay in one piece, or nobody can click or copy it.
    table.add_column(no_wrap=True, overflow="ignore")
    table.add_row("Chat page for citizens", settings.url_of("chatbot"))
    table.add_row("Outgoing mail (what citizens got)", settings.url_of("mailbox"))
    table.add_row("Trail, public checkpoint", f"{settings.url_of('audit')}/log")
    table.add_section()
    for member in chassis.staff.members.values():
        token = await chassis.staff.new_link(member.account)
        table.add_row(
            f"Log in once: {member.name}, {member.role}",
            login_address(settings, member.role, token),
        )
    table.add_section()
    table.add_row("Mail comes in (SMTP)", f"{settings.host}:{settings.classifier_smtp_port}")
    table.add_row("Send a sample mail", ".venv/bin/henvend mail send infra/embedded/samples/*.eml")
    table.add_row("Check the trail", ".venv/bin/henvend audit verify")
    table.add_row("New login link", ".venv/bin/henvend staff link ACCOUNT")
    table.add_row("Logs and data", str(settings.data.absolute()))
    table.add_row("Stop", "Ctrl-C (nothing is lost)")
    Console(highlight=False, width=max(console.width, TABLE_WIDTH)).print(table)
