"""What a publication changes in the articles, so that a person can read it: text by text, word by word."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from services.chatbot.knowledge import TONGUES, Article

FACTS = ("version", "valid_from", "review_by", "approved_by", "category", "other_authority")
"""Fields beside the text that an editor wants to see change."""
_WORDS = re.compile(r"\S+\s*|\s+")
ALIKE = 0.4
"""Below this two texts one after the other read better than shreds of both."""
FEWEST = 3
"""Words between two changes that are shown as staying; fewer belong to the change."""


class Piece(NamedTuple):
    """Part of a text, in the order it is read."""

    kind: Literal["same", "removed", "added"]
    text: str


class Fact(NamedTuple):
    name: str
    before: str
    after: str


class Revision(NamedTuple):
    """One article in one language that is to be published otherwise than it is."""

    kind: Literal["new", "changed", "withdrawn"]
    article: Article
    """As it is to be; as it was when it is withdrawn."""
    title: tuple[Piece, ...]
    body: tuple[Piece, ...]
    facts: tuple[Fact, ...]
    questions_added: tuple[str, ...]
    questions_removed: tuple[str, ...]

    @property
    def reads_otherwise(self) -> bool:
        """Whether title or text differ, and not only what stands around them."""
        return any(piece.kind != "same" for piece in (*self.title, *self.body))


def revisions(before: Mapping[str, Article], after: Mapping[str, Article]) -> list[Revision]:
    """By topic, and within a topic Danish, Swedish, English. What changed only in its questions,
    sources or facts is there too: it is published anew all the same."""
    keys = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    found = [_revision(before.get(key), after.get(key)) for key in keys]
    return sorted(found, key=lambda one: (one.article.id, TONGUES.index(one.article.language)))


def _revision(old: Article | None, new: Article | None) -> Revision:
    article = new or old
    assert article is not None
    asked_before = old.questions if old else ()
    asked_after = new.questions if new else ()
    return Revision(
        kind="new" if old is None else "withdrawn" if new is None else "changed",
        article=article,
        title=pieces(old.title if old else "", new.title if new else ""),
        body=pieces(old.body if old else "", new.body if new else ""),
        facts=tuple(_facts(old, new)) if old and new else (),
        questions_added=tuple(q for q in asked_after if q not in asked_before),
        questions_removed=tuple(q for q in asked_before if q not in asked_after),
    )


def _facts(old: Article, new: Article) -> Iterator[Fact]:
    for name in FACTS:
        was, becomes = (str(getattr(one, name) or "–") for one in (old, new))
        if was != becomes:
            yield Fact(name, was, becomes)
    was, becomes = (", ".join(source.url for source in one.sources) for one in (old, new))
    if was != becomes:
        yield Fact("sources", was, becomes)


def pieces(before: str, after: str) -> tuple[Piece, ...]:
    """Lines first, and words within the lines that differ: whole sentences stay readable."""
    found: list[Piece] = []
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(Piece("same", "".join(old[a:b])))
        else:
            found += _words("".join(old[a:b]), "".join(new[c:d]))
    return _joined(found)


def _words(before: str, after: str) -> Iterator[Piece]:
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < ALIKE:
        yield from (Piece("removed", before), Piece("added", after))
        return
    was: list[str] = []
    becomes: list[str] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        at_an_edge = a == 0 or b == len(old)
        if kind == "equal" and (b - a >= FEWEST or at_an_edge):
            yield from (Piece("removed", "".join(was)), Piece("added", "".join(becomes)))
            yield Piece("same", "".join(old[a:b]))
            was, becomes = [], []
        else:
            was += old[a:b]
            becomes += new[c:d]
    yield from (Piece("removed", "".join(was)), Piece("added", "".join(becomes)))


def _joined(found: Sequence[Piece]) -> tuple[Piece, ...]:
    """Neighbours of a kind as one; what is empty left out."""
    joined: list[Piece] = []
    for piece in found:
        if joined and joined[-1].kind == piece.kind:
            joined[-1] = Piece(piece.kind, joined[-1].text + piece.text)
        elif piece.text:
            joined.append(piece)
    return tuple(joined)
