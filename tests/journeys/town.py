"""A whole municipality on this machine: the real `henvend run` on free ports, to be hurt and watched.

The supervisor starts killed processes again by itself, as it does for everybody who runs it.
"""

import asyncio
import os
import re
import signal
import smtplib
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email import message_from_string, policy
from email.message import EmailMessage
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest

from contracts.event import Sealed
from infra.keyring import open_keyring

ROOT = Path(__file__).parents[2]
SERVICES = ("classifier", "router", "chatbot", "audit")
HTML = {"accept": "text/html", "accept-language": "da"}
START_SECONDS = 240.0
SETTLE_SECONDS = 120.0


def free_ports(count: int) -> list[int]:
    """Different ports that were free a moment ago."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


@dataclass(frozen=True)
class Ports:
    """Every port of one municipality."""

    classifier: int
    router: int
    chatbot: int
    audit: int
    mailbox: int
    smtp: int
    lmtp: int
    mailbox_smtp: int
    broker: int

    @classmethod
    def free(cls) -> "Ports":
        return cls(*free_ports(len(cls.__dataclass_fields__)))

    def environment(self) -> dict[str, str]:
        own = {f"HENVEND_{n.upper()}_PORT": str(getattr(self, n)) for n in (*SERVICES, "mailbox")}
        return own | {
            "HENVEND_CLASSIFIER_SMTP_PORT": str(self.smtp),
            "HENVEND_CLASSIFIER_LMTP_PORT": str(self.lmtp),
            "HENVEND_MAILBOX_SMTP_PORT": str(self.mailbox_smtp),
            "HENVEND_ROUTER_SMTP": f"127.0.0.1:{self.mailbox_smtp}",
            "HENVEND_BROKER": f"127.0.0.1:{self.broker}",
        }


# The tests' own clients would meet the limits meant for one citizen; everything else is as shipped.
GENEROUS = {
    "HENVEND_CHATBOT_CONVERSATIONS_PER_HOUR": "100000",
    "HENVEND_CHATBOT_MESSAGES_PER_HOUR": "1000000",
    "HENVEND_CHATBOT_MESSAGES_PER_MINUTE": "10000",
    "HENVEND_CHATBOT_PROOFS_ABOVE": "1000000",
}


@dataclass
class Town:
    """One data folder and the processes that stand on it."""

    data: Path
    ports: Ports = field(default_factory=Ports.free)
    settings: Mapping[str, str] = field(default_factory=lambda: GENEROUS)
    process: subprocess.Popen[bytes] | None = None
    ready_after: float = 0.0
    """Seconds from the command to its table, at the last start."""
    _clients: dict[str, httpx.Client] = field(default_factory=dict)
    _read: dict[str, EmailMessage] = field(default_factory=dict)
    """Letters opened since the last start, by id: who waits for one does not open all again."""

    @property
    def environment(self) -> dict[str, str]:
        plain = {k: v for k, v in os.environ.items() if not k.startswith("HENVEND_")}
        own = {"HENVEND_DATA": str(self.data), **self.ports.environment(), **self.settings}
        return {**plain, **own, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}

    @property
    def terminal(self) -> Path:
        """What `henvend run` printed, of all starts."""
        return self.data.with_name(f"{self.data.name}.terminal")

    # -- processes

    def start(self) -> None:
        """Returns when the table stands on the terminal."""
        before = self.printed()
        began = time.monotonic()
        with self.terminal.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "infra.cli.main", "run"],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

        def printed_table() -> bool:
            if self.process is None or self.process.poll() is not None:
                pytest.fail(f"henvend run ended: {self.printed()[-2000:]}")
            return "Henvend is ready" in self.printed()[len(before) :]

        wait_for(printed_table, START_SECONDS, "henvend run is not ready")
        self.ready_after = time.monotonic() - began
        self._clients.clear()
        self._read.clear()

    def printed(self) -> str:
        return self.terminal.read_text("utf-8", "replace") if self.terminal.exists() else ""

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(60)
        self.process = None
        return code

    def stop(self) -> None:
        """However the test ended: nothing stays behind."""
        if self.process is None:
            return
        children = self.children()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(45)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for child in children.values():
            if child.is_running():
                child.kill()
        self.process = None

    def children(self) -> dict[str, psutil.Process]:
        """Running child processes by their names: broker and services."""
        assert self.process is not None
        found: dict[str, psutil.Process] = {}
        try:
            running = psutil.Process(self.process.pid).children()
        except psutil.NoSuchProcess:
            return found
        for child in running:
            try:
                line = " ".join(child.cmdline())
            except psutil.Error:
                continue
            names = re.findall(r"services\.(\w+)", line)
            name = names[0] if names else "broker" if "tansu" in line else ""
            if name and child.status() != psutil.STATUS_ZOMBIE:
                found[name] = child
        return found

    def child(self, name: str) -> psutil.Process:
        # One look: a process just killed is there at the first and gone at a second.
        found: psutil.Process = wait_for(
            lambda: self.children().get(name), 30, f"{name} does not run"
        )
        return found

    def kill(self, name: str) -> int:
        """SIGKILL to one process; the supervisor starts it again. Returns the dead one's id."""
        child = self.child(name)
        child.kill()
        return child.pid

    def wait_back(self, name: str, dead: int) -> None:
        """Until another process than `dead` works in its place."""

        def replaced() -> bool:
            child = self.children().get(name)
            return child is not None and child.pid != dead

        wait_for(replaced, 60, f"{name} was not started again")
        if name != "broker":
            wait_for(lambda: self.is_ready(name), START_SECONDS, f"{name} is not ready again")

    def is_ready(self, service: str) -> bool:
        try:
            return httpx.get(self.url(service, "/ready"), timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """The process stands still meanwhile (SIGSTOP)."""
        child = self.child(name)
        child.suspend()
        try:
            yield
        finally:
            child.resume()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`henvend ...` against this data folder."""
        return subprocess.run(
            [sys.executable, "-m", "infra.cli.main", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120 * busyness(),
            check=False,
        )

    # -- people

    def url(self, service: str, path: str = "/") -> str:
        return f"http://127.0.0.1:{getattr(self.ports, service)}{path}"

    def login(self, account: str) -> httpx.Client:
        """A browser in which `account` is logged in, at every service (cookies know no ports)."""
        if account not in self._clients:
            link = self.command("staff", "link", account).stdout.strip()
            client = httpx.Client(headers=HTML, timeout=20)
            assert client.get(link).status_code == 200
            assert post(client, link).status_code == 303
            self._clients[account] = client
        return self._clients[account]

    def letters(self) -> list[EmailMessage]:
        """Everything citizens got by mail."""
        return asyncio.run(self._letters())

    async def _letters(self) -> list[EmailMessage]:
        rows = self.rows("mailbox", "select id, raw from letter order by at")
        unread = [row for row in rows if row["id"] not in self._read]
        if unread:
            self._read |= await self._opened(unread)
        return [self._read[row["id"]] for row in rows]

    async def _opened(self, rows: Sequence[sqlite3.Row]) -> dict[str, EmailMessage]:
        ring = await open_keyring(
            f"sqlite:///{self.data / 'keyring.db'}", self.data / "keys" / "wrapping.key"
        )
        try:
            keys = await ring.data_keys([UUID(row["id"]) for row in rows])
        finally:
            await ring.close()
        sealed = {row["id"]: Sealed.model_validate_json(row["raw"]) for row in rows}
        return {
            id_: message_from_string(keys[one.key].open("raw", one), policy=policy.default)  # type: ignore[misc]
            for id_, one in sealed.items()
        }

    # -- what rests

    def rows(self, database: str, sql: str, *values: Any) -> list[sqlite3.Row]:
        """A read-only look into a service's database."""
        file = f"file:{self.data / database}.db?mode=ro"
        with closing(sqlite3.connect(file, uri=True, timeout=20)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(sql, values).fetchall()

    def count(self, database: str, sql: str, *values: Any) -> int:
        return int(self.rows(database, sql, *values)[0][0])


def post(client: httpx.Client, url: str, **fields: str) -> httpx.Response:
    """Sends a form as the page would, with its CSRF token."""
    return client.post(url, data={"_csrf_token": client.cookies.get("henvend_csrf", ""), **fields})


def words_of(page: httpx.Response) -> str:
    """A page without the marks that show evidence inside a citizen's words."""
    return re.sub("</?mark>", "", page.text)


def wait_for(condition: Callable[[], Any], seconds: float, otherwise: str) -> Any:
    """The first true value of `condition()`; fails the test with `otherwise` when there is none."""
    began = time.monotonic()
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() - began > seconds * busyness():
            pytest.fail(f"{otherwise} after {seconds:.0f} s")
        time.sleep(0.1)


def busyness() -> float:
    """How much slower than idle this machine is: with four times its cores at work, four times."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def mail(
    message_id: str,
    text: str,
    *,
    title: str = "Affald",
    sender: str = "",
    domain: str = "b.example",
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender or f"Borger {message_id} <{message_id}@{domain}>"
    message["To"] = "Sundby Kommune <kontakt@sundby.example>"
    message["Subject"] = title
    message["Message-ID"] = f"<{message_id}@{domain}>"
    message.set_content(text)
    return message


def deliver(port: int, messages: Sequence[EmailMessage], *, per_second: float = 0.0) -> list[float]:
    """As a mail server does it: tries again until each mail was taken. Returns when each was (monotonic)."""
    taken: list[float] = []
    began = time.monotonic()
    client: smtplib.SMTP | None = None
    for number, message in enumerate(messages):
        if per_second:
            time.sleep(max(0.0, began + number / per_second - time.monotonic()))
        deadline = time.monotonic() + SETTLE_SECONDS * busyness()
        while True:
            try:
                client = client or smtplib.SMTP("127.0.0.1", port, timeout=30)
                client.send_message(message)
                break
            except (OSError, smtplib.SMTPException):
                client = None
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.3)
        taken.append(time.monotonic())
    if client is not None:
        client.quit()
    return taken


def new_town(
    folder: Path,
    model: Path,
    municipality: Path | None = None,
    published_in: "Town | None" = None,
    **settings: str,
) -> Town:
    """A stopped town with a trained model; `folder` must not exist yet.

    Its first start publishes the articles, unless it has them from a town of the same municipality.
    """
    folder.mkdir(parents=True)
    copytree(model, folder / "model")
    if published_in is not None:
        # The store of vectors is in use, and each town fills its own.
        own = ignore_patterns("vectors")
        copytree(published_in.data / "knowledge", folder / "knowledge", ignore=own)
    if municipality is not None:
        settings["HENVEND_MUNICIPALITY"] = str(municipality)
    return Town(folder, settings={**GENEROUS, **settings})
