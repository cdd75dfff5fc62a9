"""Names of people: where somebody says a name, greets, signs, or uses a first name we know."""

import re
from collections.abc import Iterator
from functools import cache

from infra.text.listed import listed
from infra.text.normalise import lowered
from infra.text.span import Span

_CAPITAL = r"[A-ZÅÄÖÆØÉÜÁÍÓÚŁŚŻÇĞİŠŽČ]"
_NAME = rf"{_CAPITAL}[a-zåäöæøéèüáíóúñłśżçğışžčß'’]+(?:-{_CAPITAL}[a-zåäöæøéüł]+)?"
_LINK = r"(?:van der|van|von|de la|de|den|bin|al|el|af)"
_FULL = rf"{_NAME}(?:\s(?:{_CAPITAL}\.|{_LINK}\s{_NAME}|{_NAME}))*"
# A full stop at the end may be missing.
_LEADS = (
    "jeg hedder|jeg hedde|mit navn er|mit navn:|navnet er|navn:|navn på barnet:|han hedder|hun hedder|"
    "barnet hedder|som hedder|der hedder|jag heter|mitt namn är|mit namn är|han heter|hon heter|som heter|namn:|"
    "my name is|my name's|name is|name:|named|called|her name is|his name is|"
    "vh.|mvh.|m.v.h.|hilsen|hilsner|venlig hilsen|hälsningar|hälsn.|regards|best|sincerely|"
    "cheers|undertegnede|undertecknad|underskrevet|sagsbehandler|handläggare|caseworker|"
    "hr.|fru|frøken|herr|mr.|mrs.|ms.|miss|dr.|"
    "min mand|min kone|min søn|min datter|min mor|min far|min bror|min søster|min nabo|min farmor|min mormor|"
    "min morfar|min farfar|min dotter|min man|min fru|min granne|"
    "familien|familjen|vänligen|formand|ordförande|vores søn|vores datter|vår son|vår dotter|our son|our daughter|"
    "my son|my daughter|my husband|my wife|my mother|my father|my brother|my sister|my neighbour|my neighbor"
)
_BEFORE_NAMES = _LEADS.split("|")
_GREETINGS = ("kære", "hej", "hi", "hello", "dear", "hallå", "goddag")


def _spelt(phrase: str) -> str:
    return re.escape(phrase) + ("?" if phrase.endswith(".") else "")


_LEAD = re.compile(rf"(?i:\b(?:{'|'.join(map(_spelt, _BEFORE_NAMES))}))[\s,:;]*\s\Z")
_LED = re.compile(_FULL)
_SAID_LOWER = re.compile(
    r"(?:\b(?:jeg hedder|mit navn er|jag heter|mitt namn är|my name is|my name's)\s)"
    r"(?P<name>[a-zåäöæøéü]{2,}(?:[ ][a-zåäöæøéü]{3,}){0,2})",
    re.IGNORECASE,
)
_GREETING = re.compile(rf"(?i:\b(?:{'|'.join(_GREETINGS)}))\s\Z")
_GREETED = re.compile(rf"{_FULL}(?=[\s]*[,!.\n])")
# Below something, or two names at least: a message of one word ("Byggetilladelse") is what it is about.
_SIGNATURE = re.compile(
    rf"(?:\n[ \t]*[-–/]{{0,2}}[ \t]*|^(?={_NAME}[ \t]+{_NAME}))(?P<name>{_FULL})[ \t.]*\Z"
)
# Two names at least, after a sentence or an introduction: a name from far away must be as well hidden as one
# from the list of first names.
_NAMES = rf"{_NAME}(?:\s(?:og|och|and|&)\s{_NAME}|(?:\s(?:{_CAPITAL}\.|{_LINK}\s{_NAME}|{_NAME}))+)"
_CLOSING = re.compile(rf"[.!?][ \t]+(?P<name>{_NAMES})(?=[ \t.]*\Z|,[ \t]*{_CAPITAL}\w+[ \t]\d)")
_INTRODUCING = ("i'm ", "i am ", "this is ", "jeg er ", "jag är ", "det er ", "her er ")
_INTRODUCTION = re.compile(rf"\b(?:{'|'.join(_INTRODUCING)})")
_INTRODUCED = re.compile(rf"(?P<name>{_NAMES})(?=[ \t]*(?:[,.!]|and\b|og\b|och\b))")
_AND = {"og", "och", "and", "&"}
# Looking back from the capital, not before it: `re` then skips from one capital to the next.
_KNOWN = re.compile(rf"{_CAPITAL}(?<![\w@.\-].){_NAME.removeprefix(_CAPITAL)}", re.DOTALL)
_SURNAMES = re.compile(rf"(?:\s(?:{_CAPITAL}\.|{_LINK}\s{_NAME}|{_NAME}))*")
# Patterns of many words cost a look at every letter, so cheap signs say where they can match at all.
_AFTER_SPACE = re.compile(rf"{_CAPITAL}(?<=\s.)", re.DOTALL)
_GAPS = "".join(filter(str.isspace, map(chr, range(0x3001)))) + ",:;."
_LEADING = tuple(one.rstrip(_GAPS) for one in (*_BEFORE_NAMES, *_GREETINGS))
_LONGEST = max(map(len, (*_BEFORE_NAMES, *_GREETINGS))) + 1
_SAYING = ("hedder", "navn er", "heter", "namn är", "name")
_STREET_NEXT = re.compile(
    r"\s?(?:\w*(?:vej|gade|allé|alle|plads|torv|boulevard|skole|kirke|park|hospital|gatan|vägen|torg|street|road|"
    r"skolen|institution|børnehave|vuggestue|hall|hallen|sogn|kulturhus|bibliotek|kollegiet|centret))\b",
    re.IGNORECASE,
)


def persons(text: str) -> Iterator[Span]:
    for start, end in (*_led_to(text), *(m.span("name") for m in _SIGNATURE.finditer(text))):
        span = _trimmed(text, start, end)
        if span:
            yield span
    lower = lowered(text)
    for match in (*_CLOSING.finditer(text), *_introduced(text, lower)):
        # Of two words one of which is no name, the other is none either.
        if not listed("not_names.txt") & (set(match["name"].lower().split()) - _AND):
            yield Span(*match.span("name"), "person")
    if any(word in lower for word in _SAYING):
        for match in _SAID_LOWER.finditer(text):
            yield from _lower_case(match)
    yield from _known(text)


def _introduced(text: str, lower: str) -> Iterator[re.Match[str]]:
    end = 0
    for introduction in _INTRODUCTION.finditer(lower):
        match = _INTRODUCED.match(text, introduction.end())
        if match and introduction.start() >= end:
            end = match.end()
            yield match


def _led_to(text: str) -> list[tuple[int, int]]:
    """Names with something before them that leads to a name; those greeted come last."""
    said: list[tuple[int, int]] = []
    greeted: list[tuple[int, int]] = []
    for match in _AFTER_SPACE.finditer(text):
        start = match.start()
        lead = _lead_before(text, start)
        if lead is None:
            continue
        for found, before, name in ((said, _LEAD, _LED), (greeted, _GREETING, _GREETED)):
            free = max(lead, found[-1][1] if found else 0)
            named = name.match(text, start) if before.search(text, free, start) else None
            if named:
                found.append(named.span())
    return said + greeted


def _lead_before(text: str, start: int) -> int | None:
    """Where the longest of the leading words would begin, if one stands before `start`."""
    for width in (2 * _LONGEST, start):
        before = text[max(0, start - width) : start].rstrip(_GAPS)
        if before:
            end = max(0, start - width) + len(before)
            leads = before[-_LONGEST:].lower().endswith(_LEADING)
            return max(0, end - _LONGEST) if leads else None
    return None


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
