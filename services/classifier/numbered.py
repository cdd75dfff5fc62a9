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

    def cut(self, rows: Sequence[Places]) -> "Numbered":
        """Other texts of the same words: `rows` have the number of each of their words."""
        ends = np.cumsum([0, *map(len, rows)], dtype=np.int64)
        return Numbered(self.words, np.concatenate([self.places[:0], *rows]), ends)

    def row(self, text: int) -> Places:
        return self.places[self.ends[text] : self.ends[text + 1]]


class Found(NamedTuple):
    """What was found for each word of a batch, word after word."""

    values: Ids
    starts: Places
    lengths: Places


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

    @property
    def bounds(self) -> tuple[list[int], list[int], list[int]]:
        """Where each text begins, and the last one ends: in `matrix`, `columns` and `pairs`."""
        return (
            self.matrix.indptr.tolist(),
            np.searchsorted(self.owners, self.ends).tolist(),
            np.searchsorted(self.firsts, self.ends).tolist(),
        )


def number_words(texts: Iterable[Words]) -> Numbered:
    index: dict[str, int] = {}
    rows = [[index.setdefault(word, len(index)) for word in words] for words in texts]
    ends = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    places = np.fromiter((n for row in rows for n in row), dtype=np.int64, count=int(ends[-1]))
    return Numbered(tuple(index), places, ends)


def side_by_side(found: Sequence[Ids]) -> Found:
    lengths = np.fromiter(map(len, found), dtype=np.int64, count=len(found))
    values = np.concatenate(found) if found else np.empty(0, dtype=np.int32)
    return Found(values, np.cumsum(lengths) - lengths, lengths)


def spread_out(found: Found, places: Places) -> tuple[Ids, Places]:
    """What was found for each word, once for every place it stands at; and those places."""
    here = found.lengths[places]
    offsets = np.repeat(found.starts[places] - (np.cumsum(here) - here), here)
    owners = np.repeat(np.arange(len(places)), here)
    return found.values[offsets + np.arange(len(offsets))], owners
