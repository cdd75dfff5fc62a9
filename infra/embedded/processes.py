"""Starts child processes, starts them again when they die, and stops them all."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from infra.chassis.service import EXIT_SETTINGS
from infra.embedded.parts import CannotStartError

STOP_SECONDS = 8.0
LONGEST_PAUSE = 10.0
STEADY_SECONDS = 30.0
LOG_BYTES = 20_000_000

log = structlog.get_logger()


@dataclass
class Child:
    """One supervised process; its output goes to a log file in the data folder."""

    name: str
    command: Sequence[str]
    log_file: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None
    starts: int = 0

    async def start(self) -> None:
        if self.log_file.exists() and self.log_file.stat().st_size > LOG_BYTES:
            self.log_file.replace(self.log_file.with_suffix(".log.1"))
        with self.log_file.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self.environment},
                # Ctrl-C reaches the supervisor only; it stops the children in order.
                start_new_session=True,
            )
        self.starts += 1

    def last_words(self) -> str:
        """The sentence a refusing service printed."""
        lines = self.log_file.read_text("utf-8", "replace").splitlines()
        return next((line for line in reversed(lines) if line.startswith("henvend ")), "")


class Supervisor:
    def __init__(self) -> None:
        self.children: list[Child] = []
        self._watchers: list[asyncio.Task[None]] = []
        self._stopping = False
        self.failure: asyncio.Future[CannotStartError] = asyncio.get_running_loop().create_future()
        """Resolves when a child refuses to start for good."""

    async def start(self, child: Child) -> None:
        await child.start()
        self.children.append(child)
        self._watchers.append(asyncio.create_task(self._keep_running(child)))

    async def _keep_running(self, child: Child) -> None:
        pause = 0.2
        while not self._stopping:
            began = time.monotonic()
            assert child.process is not None
            code = await child.process.wait()
            if self._stopping:
                return
            if code == EXIT_SETTINGS:
                if not self.failure.done():
                    self.failure.set_result(
                        CannotStartError(child.last_words() or f"{child.name} refuses to start.")
                    )
                return
            log.warning("process_ended", process=child.name, code=code)
            pause = 0.2 if time.monotonic() - began > STEADY_SECONDS else pause
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            with contextlib.suppress(OSError):
                await child.start()

    async def stop(self) -> None:
        """SIGTERM in reverse order of start, SIGKILL to what does not end in time."""
        self._stopping = True
        for child in reversed(self.children):
            await _end(child)
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)


async def _end(child: Child) -> None:
    process = child.process
    if process is None or process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
