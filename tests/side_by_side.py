"""Two processes share the whole suite: what stands on one started municipality stays together.

pytest-xdist's plain ways deal single tests or files, and each process that got one of the journeys
would train a model and start a municipality of its own.
"""

from collections.abc import Sequence
from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/journeys", "tests/classifier", "tests/chatbot", "tests/browser")
"""Folders that are one piece of work each, the longest first."""


def piece(nodeid: str) -> str:
    """What a test belongs to: its folder where that stays together, else its file."""
    file = PurePosixPath(nodeid.split("::", 1)[0])
    return next((folder for folder in TOGETHER if file.is_relative_to(folder)), str(file))


def longest_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The same tests with the long pieces in front, so that no process ends long after the other."""
    places = {folder: place for place, folder in enumerate(TOGETHER)}
    return sorted(items, key=lambda item: places.get(piece(item.nodeid), len(places)))


class Pieces(LoadScopeScheduling):
    """Deals whole pieces."""

    def _split_scope(self, nodeid: str) -> str:
        return piece(nodeid)
