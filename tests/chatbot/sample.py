"""A small municipality, a small real model and a running chatbot for tests."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.static_model import write_static_model

ROOT = Path(__file__).parents[2]
CHATBOT = ROOT / "services" / "chatbot"
TOPICS = (
    "pas-bestil",
    "pas-pris",
    "pas-mistet",
    "beboerparkering",
    "storskrald",
    "affaldssortering",
)


def make_municipality(folder: Path, topics: tuple[str, ...] = TOPICS) -> Path:
    """Six of the sample's topics in all languages; no labelled inquiries, so that it is quick."""
    (folder / "knowledge").mkdir(parents=True)
    (folder / "examples").mkdir()
    for topic in topics:
        for path in (CHATBOT / "knowledge").glob(f"{topic}.*.md"):
            shutil.copy(path, folder / "knowledge" / path.name)
    return folder


def make_model(folder: Path, texts: list[str]) -> Path:
    """A StaticEmbedding whose words point in random directions: same words, same direction."""
    words = sorted({word for text in texts for word in text.lower().split()})
    return write_static_model(folder, words)


def known_texts(municipality: Path) -> list[str]:
    from services.chatbot.knowledge import load_base

    articles = load_base(municipality / "knowledge").articles.values()
    return [text for a in articles for text in (a.title, a.body, *a.questions)]


@contextmanager
def running_chatbot(data: Path, municipality: Path, port: int, **more: str) -> Iterator[str]:
    """The real process, without a broker; its base URL. Ended at the end."""
    environ = {
        **os.environ,
        "HENVEND_DATA": str(data),
        "HENVEND_MUNICIPALITY": str(municipality),
        "HENVEND_CHATBOT_PORT": str(port),
        "HENVEND_BROKER": "127.0.0.1:9",
        **more,
    }
    log = (data / "chatbot.log").open("ab")
    process = subprocess.Popen(
        [sys.executable, "-m", "services.chatbot"], cwd=ROOT, env=environ, stdout=log, stderr=log
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _await(url, process)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, "the chatbot ended; see chatbot.log"
        try:
            if httpx.get(f"{url}/health", timeout=1).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError("the chatbot did not start within a minute")
