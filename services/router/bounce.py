"""Cases that are passed back and forth: two moves mean that a boundary between departments is unclear."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

MOVES = 2
"""From this many moves on, a coordinator should look."""


def chain(moves: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The departments a case went through, from its moves `(from, to)`, oldest first."""
    if not moves:
        return ()
    return (moves[0][0], *(to for _, to in moves))


def unclear_boundaries(chains: Iterable[Sequence[str]]) -> list[tuple[tuple[str, str], int]]:
    """Pairs of departments, and how often cases crossed between them; most often first."""
    crossings: Counter[tuple[str, str]] = Counter()
    for one in chains:
        for left, right in pairwise(one):
            if left != right:
                first, second = sorted((left, right))
                crossings[first, second] += 1
    return crossings.most_common()
