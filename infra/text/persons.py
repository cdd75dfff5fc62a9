"""Names of people: where somebody says a name, greets, signs, or uses a first name we know."""

import re
from collections.abc import Iterator
from functools import cache

from infra.text.listed import listed
from infra.text.span import Span

_CAPITAL = r"[A-ZÅÄÖÆØÉÜÁÍÓÚŁŚŻÇĞİŠŽČ]"
_NAME = rf"{_CAPITAL}[a-zåäöæøéèüáíóúñłśżçğışžčß'’]+(?:-{_CAPITAL}[a-zåäöæøéüł]+)?"
_LINK = r"(?:van der|van|von|de la|de|den|bin|al|el|af)"
_FULL = rf"{_NAME}(?:\s(?:{_CAPITAL}\.|{_LINK}\s{_NAME}|{_NAME}))*"
_SAID = re.compile(
    r"(?i:\b(?:jeg hedder|jeg hedde|mit navn er|mit navn:|navnet er|navn:|navn på barnet:|han hedder|hun hedder|"
    r"barnet hedder|som hedder|der hedder|jag heter|mitt namn är|mit namn är|han heter|hon heter|som heter|namn:|"
    r"my name is|my name's|name is|name:|named|called|her name is|his name is|"
    r"vh\.?|mvh\.?|m\.v\.h\.?|hilsen|hilsner|venlig hilsen|hälsningar|hälsn\.?|regards|best|sincerely|"
    r"cheers|undertegnede|undertecknad|underskrevet|sagsbehandler|handläggare|caseworker|"
    r"hr\.?|fru|frøken|herr|mr\.?|mrs\.?|ms\.?|miss|dr\.?|"
    r"min (?:mand|kone|søn|datter|mor|far|bror|søster|nabo|farmor|mormor|morfar|farfar|dotter|man|fru|granne)|"
    r"my (?:son|daughter|husband|wife|mother|father|brother|sister|neighbour|neighbor)))"
    rf"[\s,:;]*\s(?P<name>{_FULL})"
)
_SAID_LOWER = re.compile(
    r"(?:\b(?:jeg hedder|mit navn er|jag heter|mitt namn är|my name is|my name's)\s)"
    r"(?P<name>[a-zåäöæøéü]{2,}(?:[ ][a-zåäöæøéü]{3,}){0,2})",
    re.IGNORECASE,
)
_GREETING = re.compile(
    rf"(?i:\b(?:kære|hej|hi|hello|dear|hallå|goddag))\s(?P<name>{_FULL})(?=[\s]*[,!.\n])"
)
# Below something, or two names at least: a message of one word ("Byggetilladelse") is what it is about.
_SIGNATURE = re.compile(
    rf"(?:\n[ \t]*[-–/]{{0,2}}[ \t]*|^(?={_NAME}[ \t]+{_NAME}))(?P<name>{_FULL})[ \t.]*\Z"
)
_KNOWN = re.compile(rf"(?<![\w@.\-]){_NAME}")
_SURNAMES = re.compile(rf"(?:\s(?:{_CAPITAL}\.|{_LINK}\s{_NAME}|{_NAME}))*")
_PATTERNS = (_SAID, _GREETING, _SIGNATURE)
_STREET_NEXT = re.compile(
    r"\s?(?:\w*(?:vej|gade|allé|alle|plads|torv|boulevard|skole|kirke|park|hospital|gatan|vägen|torg|street|road|"
    r"skolen|institution|børnehave|vuggestue|hall|hallen|sogn|kulturhus|bibliotek|kollegiet|centret))\b",
    re.IGNORECASE,
)


def persons(text: str) -> Iterator[Span]:
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            span = _trimmed(text, match.start("name"), match.end("name"))
            if span:
                yield span
    for match in _SAID_LOWER.finditer(text):
        yield from _lower_case(match)
    yield from _known(text)


def _trimmed(text: str, start: int, end: int) -> Span | None:
    """The name up to the first word that is none, or nothing."""
    stop = start
    for word in re.finditer(r"\S+", text[start:end]):
        if word.group().lower().strip(".,") in listed("not_names.txt"):
            break
        # A name does not go on in the next paragraph; in a signature the next line is another thing.
        if stop > start and "\n" in text[stop : start + word.start()]:
            break
        stop = start + word.end()
    if stop == start or _STREET_NEXT.match(text[stop:]):
        return None
    return Span(start, stop, "person")


def _lower_case(match: re.Match[str]) -> Iterator[Span]:
    stop = match.start("name")
    for word in re.finditer(r"\S+", match["name"]):
        if word.group() in listed("name_ends.txt"):
            break
        stop = match.start("name") + word.end()
    if stop > match.start("name"):
        yield Span(match.start("name"), stop, "person")


def _known(text: str) -> Iterator[Span]:
    names, doubtful = first_names()
    for match in _KNOWN.finditer(text):
        first = match.group().split("-")[0].lower()
        if first not in names:
            continue
        surnames = _SURNAMES.match(text, match.end())
        end = surnames.end() if surnames else match.end()
        if first.removesuffix("s") in doubtful and end == match.end():
            continue
        span = _trimmed(text, match.start(), end)
        if span:
            yield span


@cache
def first_names() -> tuple[frozenset[str], frozenset[str]]:
    """Common first names with their genitives, and those that are also ordinary words."""
    plain = listed("first_names.txt")
    doubtful = frozenset(name.rstrip("?") for name in plain if name.endswith("?"))
    names = {name.rstrip("?") for name in plain}
    return frozenset(names | {f"{name}s" for name in names}), doubtful
