"""Texts as numbers: each word of a batch is looked up once, and all texts are counted together."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]
Floats = NDArray[np.float32]
Places = NDArray[np.int64]
Words = Sequence[str]


class Numbered(NamedTuple):
    """A batch of texts, every word of it once."""

    words: tuple[str, ...]
    places: Places
    """Which of `words` stands where, text after text."""
    ends: Places
    """Where each text ends in `places`; begins with a zero."""

    @property
    def texts(self) -> Places:
        """Which text each place belongs to."""
        return np.repeat(np.arange(len(self.ends) - 1), np.diff(self.ends))


class Spread(NamedTuple):
    """Which features a batch of texts has, and which words they come from; text after text."""

    matrix: Any
    """A scipy CSR matrix of float32: one row a text, columns ascending."""
    times: Ids
    """How often each entry of `matrix` occurs."""
    columns: Ids
    owners: Places
    """The place of the word each of `columns` comes from."""
    pairs: Ids
    firsts: Places
    """The place of the first of the two words each of `pairs` comes from."""
    ends: Places

    def text(self, number: int) -> "TextSpread":
        entries = slice(self.matrix.indptr[number], self.matrix.indptr[number + 1])
        start, end = self.ends[number : number + 2]
        own = slice(*np.searchsorted(self.owners, (start, end)))
        joint = slice(*np.searchsorted(self.firsts, (start, end)))
        return TextSpread(
            self.matrix.indices[entries],
            self.matrix.data[entries],
            self.times[entries],
            self.columns[own],
            self.owners[own] - start,
            self.pairs[joint],
            self.firsts[joint] - start,
            int(end - start),
        )


class TextSpread(NamedTuple):
    """One text's part of a Spread; places count from its first word."""

    features: Ids
    """Ascending, each once."""
    data: Floats
    times: Ids
    columns: Ids
    owners: Places
    pairs: Ids
    firsts: Places
    words: int


def number_words(texts: Iterable[Words]) -> Numbered:
    index: dict[str, int] = {}
    rows = [[index.setdefault(word, len(index)) for word in words] for words in texts]
    ends = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    places = np.fromiter((n for row in rows for n in row), dtype=np.int64, count=int(ends[-1]))
    return Numbered(tuple(index), places, ends)


def spread_out(found: Sequence[Ids], places: Places) -> tuple[Ids, Places]:
    """What was found for each of a batch's words, once for every place; and the places."""
    lengths = np.fromiter(map(len, found), dtype=np.int64, count=len(found))
    if not lengths.sum() or not len(places):
        return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64)
    starts = np.cumsum(lengths) - lengths
    here = lengths[places]
    offsets = np.repeat(starts[places] - (np.cumsum(here) - here), here)
    owners = np.repeat(np.arange(len(places)), here)
    return np.concatenate(found)[offsets + np.arange(len(offsets))], owners
