# ruff: noqa: T201 - prints its figures and starts our own service
"""Measures the chat as a citizen's browser meets it: question sent to answer received, by HTTP.

`python -m services.chatbot.bench DATA` copies model and published articles of the data folder DATA,
starts a chatbot of its own without a broker, and ends it again.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from random import Random
from time import perf_counter, sleep
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx

from services.chatbot.api import API

QUESTIONS = (
    "hvad koster et pas",
    "hvornår bliver storskrald hentet",
    "jeg har fået ny telefon og mitid virker ikke",
    "how do I sign my child up for nursery",
    "hur anmäler jag flytt",
    "og hvad koster det?",
    "hvem vandt kampen i går",
    "må jeg bygge en carport uden tilladelse",
)
THINK_SECONDS = 1.0
"""Pause of a user between answer and next question, on average; people need far longer."""


class Measured(NamedTuple):
    users: int
    streams: int
    """Open event streams meanwhile."""
    answers: int
    p50_ms: float
    p99_ms: float


def measure(url: str, users: int, each: int, streams: int = 0) -> Measured:
    """`users` at once ask `each` questions with pauses; a further `streams` only listen."""
    with ExitStack() as stack:
        for _ in range(streams):
            stack.enter_context(_listening(url))
        threads = stack.enter_context(ThreadPoolExecutor(users))
        asked = [threads.submit(_user, url, each, number) for number in range(users)]
        flat = sorted(time for one in asked for time in one.result())
    return Measured(
        users, streams, len(flat), round(_quantile(flat, 0.5), 1), round(_quantile(flat, 0.99), 1)
    )


def _user(url: str, each: int, seed: int) -> list[float]:
    random = Random(seed)  # noqa: S311 - pauses, no secrets
    questions = cycle(random.sample(QUESTIONS, len(QUESTIONS)))
    times = []
    with _conversation(url) as (connection, path, headers):
        for _ in range(each):
            sleep(random.uniform(0.5, 1.5) * THINK_SECONDS)
            body = json.dumps({"text": next(questions)})
            started = perf_counter()
            connection.request("POST", f"{path}/messages", body, headers)
            _read(connection, 201)
            times.append((perf_counter() - started) * 1000)
    return times


@contextmanager
def _listening(url: str) -> Iterator[None]:
    with _conversation(url) as (connection, path, headers):
        connection.request("GET", f"{path}/events", headers=headers)
        # Its head has come: the stream is open, and what it brings may wait.
        if (status := connection.getresponse().status) != 200:
            raise RuntimeError(f"The stream answered {status}.")
        yield


@contextmanager
def _conversation(url: str) -> Iterator[tuple[HTTPConnection, str, dict[str, str]]]:
    """A plain connection: a client that does more takes milliseconds of its own, on the same processors."""
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
        headers = {"content-type": "application/json"}
        connection.request("POST", f"{API}/conversations", json.dumps({"language": "da"}), headers)
        begun = json.loads(_read(connection, 201))
        yield (
            connection,
            f"{API}/conversations/{begun['id']}",
            {**headers, "authorization": f"Bearer {begun['token']}"},
        )


def _read(connection: HTTPConnection, wanted: int) -> bytes:
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != wanted:
        raise RuntimeError(f"The chat answered {answer.status}.")
    return body


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def run(data: Path) -> list[Measured]:
    """With 1 and 20 users, and 20 users beside 200 open streams."""
    with tempfile.TemporaryDirectory() as name:
        own = Path(name)
        shutil.copytree(data / "model" / "embedding", own / "model" / "embedding")
        if (data / "knowledge").is_dir():
            ignored = shutil.ignore_patterns("vectors")
            shutil.copytree(data / "knowledge", own / "knowledge", ignore=ignored)
        port = _free_port()
        process = subprocess.Popen([sys.executable, "-m", "services.chatbot"], env=_env(own, port))
        try:
            return _all(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait()


def _all(url: str) -> list[Measured]:
    _ready(url)
    measure(url, 2, 10)
    return [
        measure(url, 1, 60),
        measure(url, 20, 30),
        measure(url, 20, 30, streams=200),
    ]


def _ready(url: str) -> None:
    for _ in range(600):
        try:
            if httpx.get(f"{url}/health").status_code == 200:
                return
        except httpx.HTTPError:
            sleep(0.5)
    raise TimeoutError("The chatbot did not start.")


def _env(data: Path, port: int) -> dict[str, str]:
    most = "100000"
    return {
        **os.environ,
        "HENVEND_DATA": str(data),
        "HENVEND_CHATBOT_PORT": str(port),
        "HENVEND_BROKER": "127.0.0.1:9",
        "HENVEND_LOG_LEVEL": "error",
        "HENVEND_CHATBOT_MESSAGES_PER_MINUTE": "10000",
        "HENVEND_CHATBOT_MESSAGES_PER_HOUR": most,
        "HENVEND_CHATBOT_CONVERSATIONS_PER_HOUR": most,
        "HENVEND_CHATBOT_PROOFS_ABOVE": most,
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(arguments: Sequence[str]) -> None:
    measured = run(Path(arguments[0] if arguments else os.environ.get("HENVEND_DATA", ".henvend")))
    for one in measured:
        print(
            f"{one.users:3d} users, {one.streams:3d} streams: {one.answers} answers, "
            f"p50 {one.p50_ms} ms, p99 {one.p99_ms} ms"
        )
    print(json.dumps([one._asdict() for one in measured]))


if __name__ == "__main__":
    main(sys.argv[1:])
