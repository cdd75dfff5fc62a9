# ruff: noqa: T201 - prints its figures and starts our own service
"""Measures the chat as a citizen's browser meets it: question sent to answer received, by HTTP.

`python -m services.chatbot.bench DATA` copies model and published articles of the data folder DATA,
starts a chatbot of its own without a broker, and ends it again.
"""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import cycle
from pathlib import Path
from random import Random
from time import perf_counter
from typing import NamedTuple

import httpx

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


async def measure(url: str, users: int, each: int, streams: int = 0) -> Measured:
    """`users` at once ask `each` questions with pauses; a further `streams` only listen."""
    limits = httpx.Limits(max_connections=users + streams + 10)
    client = httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=60, limits=limits)
    async with client, AsyncExitStack() as stack:
        for _ in range(streams):
            await stack.enter_async_context(_listening(client))
        times = await asyncio.gather(*(_user(client, each, number) for number in range(users)))
    flat = sorted(time for one in times for time in one)
    return Measured(
        users, streams, len(flat), round(_quantile(flat, 0.5), 1), round(_quantile(flat, 0.99), 1)
    )


async def _user(client: httpx.AsyncClient, each: int, seed: int) -> list[float]:
    random = Random(seed)  # noqa: S311 - pauses, no secrets
    path, headers = await _begin(client)
    questions = cycle(random.sample(QUESTIONS, len(QUESTIONS)))
    times = []
    for _ in range(each):
        await asyncio.sleep(random.uniform(0.5, 1.5) * THINK_SECONDS)
        started = perf_counter()
        answer = await client.post(
            f"{path}/messages", json={"text": next(questions)}, headers=headers
        )
        times.append((perf_counter() - started) * 1000)
        answer.raise_for_status()
    return times


async def _begin(client: httpx.AsyncClient) -> tuple[str, dict[str, str]]:
    begun = (await client.post("/conversations", json={"language": "da"})).raise_for_status().json()
    return f"/conversations/{begun['id']}", {"authorization": f"Bearer {begun['token']}"}


@asynccontextmanager
async def _listening(client: httpx.AsyncClient) -> AsyncIterator[None]:
    path, headers = await _begin(client)
    async with client.stream("GET", f"{path}/events", headers=headers) as answer:
        answer.raise_for_status()
        yield


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
            return asyncio.run(_all(f"http://127.0.0.1:{port}"))
        finally:
            process.terminate()
            process.wait()


async def _all(url: str) -> list[Measured]:
    await _ready(url)
    await measure(url, 2, 10)
    return [
        await measure(url, 1, 60),
        await measure(url, 20, 30),
        await measure(url, 20, 30, streams=200),
    ]


async def _ready(url: str) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(600):
            try:
                if (await client.get(f"{url}/health")).status_code == 200:
                    return
            except httpx.HTTPError:
                await asyncio.sleep(0.5)
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
