"""`python -m tests.bench` (`make bench`): the measured figures, as a table and as JSON.

`python -m tests.bench quick` measures a tenth of it, to try the bench itself.

Everything runs for real, on this machine, through the one-command run. Busy machines give worse
figures, so the load average stands beside them.
"""

import asyncio
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
from rich.console import Console
from rich.table import Table

from tests.journeys.order import wait_settled
from tests.journeys.talk import Talk
from tests.journeys.town import ROOT, Town, deliver, mail, new_town
from tests.journeys.trained import trained_model

OUT = ROOT / "build" / "bench.json"
RATES = ((1.0, 30.0), (20.0, 20.0))
"""Mails per second, for so many seconds."""
USERS = (1, 20)
"""Users who ask again the moment they are answered: how much the chat can take."""
STREAMS = (0, 200)
"""Others who only keep a chat open while twenty people ask with pauses of a second."""
QUESTIONS = 200
CLASSIFIED = 200
INQUIRIES = 5_000
"""Two events each, for the trail alone."""
MAIL_TEXTS = (
    "Skraldespanden er ikke tømt i to uger.",
    "Der er et stort hul i cykelstien ved skolen på Lindevej.",
    "Hvornår kan jeg få tid til at forny mit pas?",
    "Vi vil gerne have vores søn skrevet op til vuggestue fra august.",
    "Jag har fått en parkeringsbot som jag tycker är fel.",
    "How do I register my new address after moving here from Spain?",
)
CHAT_TEXTS = (
    "Hvad koster et pas?",
    "Hvornår har genbrugspladsen åbent?",
    "Hvordan skriver jeg mit barn op til vuggestue?",
    "Jeg har fået en parkeringsafgift, hvordan klager jeg?",
    "Kan man leje en hal til en fest?",
    "How do I get a health card?",
    "Hur anmäler jag flytt?",
    "Hvad er meningen med livet?",
)


def main(share: float = 1.0) -> None:
    model = trained_model()
    figures: dict[str, Any] = {"at": datetime.now(UTC).isoformat(), "machine": machine()}
    figures["machine"]["share"] = share
    with part(figures, "classify"):
        figures["classify"] |= outside("classify", str(model))
    with part(figures, "trail"):
        figures["trail"] |= outside("trail", str(int(INQUIRIES * share)))
    with running_town(model) as town:
        figures["start"] = {"first_seconds": round(town.ready_after, 1)}
        for rate, seconds in RATES:
            name = f"mail_{rate:.0f}_per_second"
            with part(figures, name):
                figures[name] |= mails(town, rate, max(5.0, seconds * share))
        for users in USERS:
            name = f"chat_{users}_users"
            with part(figures, name):
                figures[name] |= chats(town, users, max(users, int(QUESTIONS * share)))
        for streams in STREAMS:
            name = f"chat_20_people_{streams}_streams"
            with part(figures, name):
                figures[name] |= people(town, streams, max(3, int(30 * share)))
        figures["memory_mb"] = memory(town)
        town.interrupt()
        with part(figures, "start"):
            town.start()
            figures["start"]["again_seconds"] = round(town.ready_after, 1)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    show(figures)
    print(json.dumps(figures))


def machine() -> dict[str, Any]:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text("utf-8").splitlines()
        named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        model = named[0] if named else model
    return {
        "cores": os.cpu_count(),
        "processor": model,
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


@contextmanager
def part(figures: dict[str, Any], name: str) -> Iterator[None]:
    """Notes what else the machine was doing: load before and after."""
    print(f"{name} …", file=sys.stderr, flush=True)
    figures.setdefault(name, {})
    before = os.getloadavg()[0]
    yield
    figures[name]["load"] = [round(before, 1), round(os.getloadavg()[0], 1)]


@contextmanager
def running_town(model: Path) -> Iterator[Town]:
    with tempfile.TemporaryDirectory() as folder:
        town = new_town(Path(folder) / "data", model)
        try:
            town.start()
            yield town
        finally:
            town.stop()
            shutil.rmtree(town.data, ignore_errors=True)


def mails(town: Town, rate: float, seconds: float) -> dict[str, Any]:
    """From the 250 of the SMTP server to the case in the queue page, for each mail.

    A case is seen when the queue page's own query finds it committed: asked every 5 ms at least.
    """
    number = int(rate * seconds)
    run = uuid4().hex[:8]
    sent = [mail(f"{run}-{n}", MAIL_TEXTS[n % len(MAIL_TEXTS)]) for n in range(number)]
    before = {row[0] for row in town.rows("router", "select inquiry from case_file")}
    seen: dict[str, float] = {}
    accepted: list[float] = []
    sender = threading.Thread(
        target=lambda: accepted.extend(deliver(town.ports.smtp, sent, per_second=rate))
    )
    sender.start()
    deadline = time.monotonic() + seconds + 120
    while len(seen) < number and time.monotonic() < deadline:
        rows = town.rows("router", "select inquiry from case_file where status = 'open'")
        now = time.monotonic()
        for row in rows:
            if row[0] not in before:
                seen.setdefault(row[0], now)
        time.sleep(0.005)
    sender.join()
    wait_settled(town)
    # The intake keeps the order of acceptance; one connection sent them one after the other.
    order = town.rows("classifier", "select inquiry from intake order by received_at")
    mine = [row[0] for row in order if row[0] not in before][-number:]
    waits = [max(0.0, seen[one] - at) for one, at in zip(mine, accepted, strict=True)]
    return {
        "mails": number,
        "sent_per_second": round(number / max(accepted[-1] - accepted[0] + 1 / rate, 1e-9), 1),
        **percentiles(waits),
    }


def chats(town: Town, users: int, questions: int) -> dict[str, Any]:
    """One question after the other per user; time from request to whole answer, by HTTP on loopback."""
    talks = [Talk.begin(town.url("chatbot")) for _ in range(users)]
    for talk in talks:
        talk.ask(CHAT_TEXTS[0])
    waits: list[float] = []
    turns = count()

    def ask(talk: Talk) -> None:
        for _ in range(questions // users):
            text = CHAT_TEXTS[next(turns) % len(CHAT_TEXTS)]
            began = time.perf_counter()
            talk.ask(text)
            waits.append(time.perf_counter() - began)

    threads = [threading.Thread(target=ask, args=(talk,)) for talk in talks]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked = len(waits)
    per_second = round(asked / (time.perf_counter() - began), 1)
    return {"questions": asked, "per_second": per_second, **percentiles(waits)}


def people(town: Town, streams: int, each: int) -> dict[str, Any]:
    """Twenty people who read for about a second before they ask on; far slower ones are usual."""
    from services.chatbot.bench import measure

    found = measure(town.url("chatbot").rstrip("/"), 20, each, streams)
    return {"questions": found.answers, "p50_ms": found.p50_ms, "p99_ms": found.p99_ms}


def memory(town: Town) -> dict[str, dict[str, float]]:
    """Resident and proportional (shared pages counted once in all) megabytes per process."""
    assert town.process is not None
    processes = {**town.children(), "supervisor": psutil.Process(town.process.pid)}
    found = {}
    for name, process in sorted(processes.items()):
        full = process.memory_full_info()
        found[name] = {"rss": round(full.rss / 1e6), "pss": round(getattr(full, "pss", 0) / 1e6)}
    found["total"] = {kind: sum(one[kind] for one in found.values()) for kind in ("rss", "pss")}
    return found


def outside(what: str, *arguments: str) -> dict[str, Any]:
    """Measured in a process of its own: this one's memory and threads do not count."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", what, *arguments],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def classify_alone(model: str) -> dict[str, Any]:
    from services.classifier.classify import Inquiry, classify
    from services.classifier.storage import load

    began = time.perf_counter()
    loaded = load(Path(model))
    load_seconds = time.perf_counter() - began
    inquiries = [
        Inquiry(text=f"{MAIL_TEXTS[n % len(MAIL_TEXTS)]} Nummer {n}.") for n in range(CLASSIFIED)
    ]
    classify(inquiries[:10], loaded)
    waits = []
    for inquiry in inquiries:
        began = time.perf_counter()
        classify([inquiry], loaded)
        waits.append(time.perf_counter() - began)
    began = time.perf_counter()
    classify(inquiries, loaded)
    batch = time.perf_counter() - began
    return {
        "load_seconds": round(load_seconds, 1),
        **percentiles(waits),
        "batch_per_second": round(CLASSIFIED / batch, 0),
    }


def trail_alone(inquiries: int) -> dict[str, Any]:
    from services.audit.bench import measure

    return {
        name: round(value, 1) for name, value in asyncio.run(measure(inquiries))._asdict().items()
    }


def percentiles(seconds: list[float]) -> dict[str, float]:
    """Nearest rank, in milliseconds."""
    ordered = sorted(seconds)
    ranks = {"p50_ms": 0.5, "p99_ms": 0.99}
    found = {
        name: round(ordered[min(len(ordered) - 1, int(rank * len(ordered)))] * 1000, 1)
        for name, rank in ranks.items()
    }
    return {**found, "worst_ms": round(ordered[-1] * 1000, 1)}


AIMS = {
    "mail_1_per_second": "p99 < 1,000 ms",
    "mail_20_per_second": "p99 < 3,000 ms",
    "chat_1_users": "p99 < 60 ms",
    "chat_20_users": "",
    "chat_20_people_0_streams": "p50 <= 15, p99 <= 60 ms",
    "chat_20_people_200_streams": "p50 <= 15, p99 <= 60 ms",
    "trail": "events_per_second >= 3,000",
    "start": "again < 25 s",
    "memory_mb": "total pss < 2,000",
}


def show(figures: dict[str, Any]) -> None:
    spec = figures["machine"]
    title = f"{spec['cores']} cores, {spec['processor']}, {spec['memory_gb']} GB, {spec['system']}"
    table = Table(title=title, title_justify="left")
    for name in ("what", "figures", "aim", "load"):
        table.add_column(name)
    for name, found in figures.items():
        if name in {"at", "machine"}:
            continue
        load = " → ".join(map(str, found.get("load", [])))
        words = ", ".join(f"{key} {_plain(value)}" for key, value in found.items() if key != "load")
        table.add_row(name, words, AIMS.get(name, ""), load)
    Console(width=140).print(table)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "/".join(_plain(one) for one in value.values())
    return f"{value:,}"


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["classify", folder]:
            print(json.dumps(classify_alone(folder)))
        case ["trail", inquiries]:
            print(json.dumps(trail_alone(int(inquiries))))
        case ["quick"]:
            main(0.1)
        case _:
            main()
