"""What many tests stand on: a data folder, a keyring, an embedded broker on a free port."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from infra.embedded.parts import broker_binary
from infra.keyring import Keyring, open_keyring
from tests import postgres, side_by_side

# Several tests and services share two cores: more threads in a product only wait for each other, and
# took eight times the processor time. Before anything loads NumPy; services started by tests inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Each publication of the tests would take ten seconds more. Journeys run with what a new user has, and
# tests/chatbot/test_embedder.py and tests/text look at the encoder itself.
os.environ.setdefault("HENVEND_CHATBOT_SENTENCES", "false")

# How fast a busy machine is today is no property of the code.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = side_by_side.longest_first(items)


_WHOLLY_SLOW = re.compile(r"^pytestmark = \[?pytest\.mark\.slow\b", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Importing files of which no test will run takes as long as all fast tests together."""
    if config.option.markexpr != "not slow" or collection_path.suffix != ".py":
        return None
    return True if _WHOLLY_SLOW.search(collection_path.read_text("utf-8")) else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    if config.option.dist == "loadscope":
        return side_by_side.Pieces(config, log)
    return None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def keyring(tmp_path: Path) -> AsyncIterator[Keyring]:
    ring = await open_keyring(
        f"sqlite:///{tmp_path / 'keyring.db'}", tmp_path / "keys" / "wrapping.key"
    )
    yield ring
    await ring.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL of a PostgreSQL server; production uses one, a small machine need not have it."""
    if postgres.program("initdb") is None:
        pytest.skip("no PostgreSQL on this machine (Debian/Ubuntu: apt-get install postgresql)")
    with postgres.running() as url:
        yield url


@dataclass
class EmbeddedBroker:
    """A real broker process; killing it makes it forget everything."""

    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "infra.embedded.broker", str(broker_binary()), self.address],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    running = EmbeddedBroker()
    running.start()
    yield running
    running.kill()


async def until(condition, seconds: float = 20.0, step: float = 0.05) -> None:
    """Waits for `condition()` (may be async) to be true; fails the test when it never is."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return
        if asyncio.get_running_loop().time() > deadline:
            pytest.fail(f"still not true after {seconds} s")
        await asyncio.sleep(step)


@pytest.fixture(name="until")
def until_fixture():
    return until
