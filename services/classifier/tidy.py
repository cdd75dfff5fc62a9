"""Old candidates make room; approved models, the one that decides and those to go back to, stay."""

import shutil
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path

from services.classifier.model_files import CANDIDATES, GATE, candidates

NEWEST = 3
"""So many are kept however old they are."""
KEPT = timedelta(days=30)
UNFINISHED = timedelta(days=1)
"""A candidate without a verdict after this long was given up."""


def outdated(data: Path, waiting: Collection[str], now: datetime) -> list[Path]:
    """Folders of candidates nobody will approve any more; `waiting` are the digests proposed.

    A candidate that was approved lives on in a folder of its own.
    """
    judged = candidates(data)
    folder = data / CANDIDATES
    given_up = [
        path
        for path in (sorted(folder.iterdir()) if folder.is_dir() else [])
        if path.is_dir() and path not in judged and _age(path, now) > UNFINISHED
    ]
    old = [
        path
        for path in judged[NEWEST:]
        if path.name not in waiting and _age(path / GATE, now) > KEPT
    ]
    return [*old, *given_up]


def remove_outdated(data: Path, waiting: Collection[str], now: datetime) -> int:
    found = outdated(data, waiting, now)
    for path in found:
        # Without its verdict it is no candidate: half removed it cannot be proposed.
        (path / GATE).unlink(missing_ok=True)
        shutil.rmtree(path)
    return len(found)


def _age(path: Path, now: datetime) -> timedelta:
    return now - datetime.fromtimestamp(path.stat().st_mtime, now.tzinfo)
