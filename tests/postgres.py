"""A PostgreSQL server of the tests' own, when the machine has the programs."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

SYSTEM = Path("/usr/lib/postgresql")
"""Where Debian keeps them, aside from the path."""


def program(name: str) -> str | None:
    """Path of one of PostgreSQL's programs; None when it is not installed."""
    places = [str(folder / "bin") for folder in sorted(SYSTEM.glob("*"), reverse=True)]
    return shutil.which(name, path=os.pathsep.join([*places, os.environ.get("PATH", "")]))


@contextmanager
def running() -> Iterator[str]:
    """Yields a URL like `postgresql+asyncpg://henvend@127.0.0.1:5433/postgres`."""
    # Not below pytest's folder: the server refuses to run as root, and nobody else may look in there.
    with TemporaryDirectory(prefix="henvend-postgresql-") as folder:
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        data, port = f"{folder}/data", _free_port()
        _run(folder, "initdb", "-D", data, "-U", "henvend", "-A", "trust", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
        control = ("pg_ctl", "-D", data, "-w", "-l", f"{folder}/log")
        _run(folder, *control, "-o", options, "start")
        try:
            yield f"postgresql+asyncpg://henvend@127.0.0.1:{port}/postgres"
        finally:
            _run(folder, *control, "-m", "immediate", "stop")


def _run(folder: str, name: str, *arguments: str) -> None:
    account = "nobody" if os.geteuid() == 0 else None
    command = [str(program(name)), *arguments]
    subprocess.run(
        command, check=True, cwd=folder, user=account, stdout=subprocess.DEVNULL, timeout=60
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
