"""Many patterns as one: sorted by the letter they begin with, so that most are never tried at a place.

Python's `re` tries the alternatives of a pattern one after the other at every letter of a text.
"""

from collections.abc import Iterable, Iterator

_REPEATS = frozenset("?*+{")


def by_first_letter(patterns: Iterable[str]) -> str:
    """Matches what `a|b|c` matches, for patterns of lower-case text.

    Of two that match at one place the earlier wins, as ever: they begin with the same letter.
    """
    groups: dict[str, list[str]] = {}
    others: list[str] = []
    for pattern in patterns:
        openings = list(_opened(pattern))
        # A pattern without a certain first letter keeps its place only behind all others it can meet.
        if all(one[:1].isalpha() and one[1:2] not in _REPEATS for one in openings):
            for one in openings:
                groups.setdefault(one[0], []).append(one[1:])
        else:
            others.append(pattern)
    named = [f"{letter}(?:{'|'.join(rest)})" for letter, rest in groups.items()]
    return "|".join([*named, *(f"(?:{other})" for other in others)])


def _opened(pattern: str) -> Iterator[str]:
    """`(?:a|b)c` as `ac` and `bc`; other patterns as they are."""
    if not pattern.startswith("(?:"):
        yield pattern
        return
    depth, begin, pieces = 0, 3, []
    for place, letter in enumerate(pattern):
        if pattern[place - 1 : place] == "\\":
            continue
        depth += (letter == "(") - (letter == ")")
        if depth == 1 and letter == "|":
            pieces.append(pattern[begin:place])
            begin = place + 1
        if depth == 0:
            rest = pattern[place + 1 :]
            if rest[:1] in _REPEATS:
                yield pattern
            else:
                yield from (piece + rest for piece in (*pieces, pattern[begin:place]))
            return
    yield pattern
