"""One spelling of every text: compatibility characters, invisible characters, line ends."""

import re
import unicodedata
from itertools import accumulate, repeat
from typing import NamedTuple

# Combining marks belong to their letter, or decomposed text (macOS) would fall apart into halves.
_WORD = re.compile(r"[\w\u0300-\u036f]+|[^\w\s]")
_SPLIT = re.compile(f"({_WORD.pattern})")
_INVISIBLE = re.compile(r"[\u0000-\u0008\u000b-\u001f\u007f\u00ad\u200b-\u200f\u2028-\u202e\ufeff]")
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r" ?\n[ \n]*\n ?")


class Word(NamedTuple):
    """A word (folded: NFKC, lower case) and where it stands in the text it was taken from."""

    text: str
    start: int
    end: int


def normalise(text: str) -> str:
    """NFKC, no invisible characters, single spaces, at most one blank line in a row."""
    text = unicodedata.normalize("NFKC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _SPACES.sub(" ", _INVISIBLE.sub("", text))
    return _BLANK_LINES.sub("\n\n", text).strip()


def fold(text: str) -> str:
    """The form in which texts are compared: NFKC and lower case, letters keep their rings and dots."""
    return unicodedata.normalize("NFKC", text).lower()


def lowered(text: str) -> str:
    """Lower case, letter for letter: patterns that need not ignore case are four times faster."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(letter.lower()[:1] for letter in text)


def words(text: str) -> list[Word]:
    """All words and punctuation marks, in order, folded, with their offsets in `text`."""
    folded = fold(text)
    # Nearly always folding keeps the offsets; then one pass over the folded text is enough.
    if len(folded) == len(text) and unicodedata.is_normalized("NFKC", text):
        # What is between words, and words, by turns; made as the tuples they are, in no loop of ours.
        pieces = _SPLIT.split(folded)
        ends = list(accumulate(map(len, pieces)))
        found = zip(pieces[1::2], ends[::2], ends[1::2], strict=False)
        return list(map(tuple.__new__, repeat(Word), found))
    return [Word(fold(m.group()), m.start(), m.end()) for m in _WORD.finditer(text)]
