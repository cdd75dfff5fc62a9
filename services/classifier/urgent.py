"""Words of somebody in danger now, in three languages: what the trained detector must never miss.

Each pattern is a danger and, where the word alone is common, its nearness in time. Figures of speech
(`jeg dør af grin`) do not match.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from infra.text.alternatives import by_first_letter
from infra.text.normalise import lowered


@cache
def _cry() -> re.Pattern[str]:
    lines = (files("services.classifier") / "urgent_patterns.txt").read_text("utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    return re.compile(by_first_letter(patterns))


def cries_for(text: str) -> Iterator[tuple[int, int]]:
    """Where the text speaks of danger."""
    yield from ((match.start(), match.end()) for match in _cry().finditer(lowered(text)))


def cries_for_help(text: str) -> bool:
    return _cry().search(lowered(text)) is not None
