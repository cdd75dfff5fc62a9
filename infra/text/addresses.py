"""Where people live: a street with a house number, with what follows it; a postcode with its town."""

import re
from collections.abc import Iterator

from infra.text.listed import listed
from infra.text.span import Span

_LETTER = "A-Za-zÀ-ÖØ-öø-ÿ"
_DANISH = (
    "vej|vejen|gade|gaden|gåde|allé|alle|alléen|alleen|stræde|strædet|straede|plads|pladsen|torv|torvet|boulevard|"
    "vænget|vaenget|vænge|haven|have|parken|park|bakken|bakke|kaj|kajen|brygge|bryggen|stien|sti|vang|vangen|"
    "lunden|lund|toften|toft|krogen|ager|ageren|marken|mark|skrænten|svinget|passagen|vold|høj|højen|dal|dalen"
)
_SWEDISH = (
    "vägen|väg|vagen|gatan|gata|gränd|gränden|stigen|stig|torget|torg|platsen|plats|backen|backe|allén|"
    "esplanaden|leden|kajen|parken|lunden|höjden|kroken|ringen|slingan"
)
_ENGLISH = "street|road|avenue|lane|drive|close|court|terrace|square|crescent|gardens|way|st|rd|ave"
_HOUSE = r"\d{1,3}(?:\s?[A-Za-z](?![\w]))?(?:\s?[-–]\s?\d{1,3})?"
_FLOOR = (
    r"(?:,?\s*(?:lgh\.?\s?\d{3,4}|(?:st|stuen|kl|\d{1,2})\.?\s?(?:sal|tr|vån|etage|floor)?\.?,?\s?"
    r"(?:tv|th|mf|venstre|højre|dør\s?\d+|door\s?\d+)\b\.?|\d{1,2}\.\s?sal\b|(?:st|kl)\.(?=[\s,])|"
    r"\d\s?tr(?:appor)?\b))?"
)
_TOWN = (
    rf"(?:,?\s*\n?\s*(?:(?:DK|SE|S)[- ]?)?(?:\d{{4}}|\d{{3}}\s?\d{{2}})\s+[A-ZÅÄÖÆØ][{_LETTER}]+"
    rf"(?:[ ](?:[NSØVKC]{{1,2}}\b|[A-ZÅÄÖÆØ][{_LETTER}]+))?)?"
)
_NAME = rf"(?:[A-ZÅÄÖÆØ][{_LETTER}.'’]*[ ]){{0,3}}"
_STREET = re.compile(
    # Bakkegade 12, storgatan 5, Peter Bangs Vej 12, Nørre Allé 5
    rf"\b(?P<street>{_NAME}(?:(?i:[{_LETTER}]{{2,}}(?:{_DANISH}|{_SWEDISH}))|"
    rf"(?<=[ ])(?i:{_DANISH}|{_SWEDISH})))[ ](?i:nr\.?[ ])?{_HOUSE}(?i:{_FLOOR}){_TOWN}(?!\w)"
)
_NUMBER = re.compile(r"[ ]\d")
_BEFORE_HOUSE = tuple(f"{_DANISH}|{_SWEDISH}|nr|nr.".split("|"))
_ENGLISH_STREET = re.compile(
    rf"(?:\b(?:flat|apartment|apt\.?|unit)\s\d{{1,4}}[A-Za-z]?,?\s)?(?<!\w)\d{{1,4}}[A-Za-z]?,?\s"
    rf"(?:[A-Z][{_LETTER}'’]+\s){{1,3}}(?i:{_ENGLISH})\b\.?(?:,?\s[A-Z]{{1,2}}\d[A-Z\d]?\s?\d[A-Z]{{2}})?{_TOWN}"
)
_TOWNS = (
    "København|Kobenhavn|Copenhagen|Frederiksberg|Aarhus|Århus|Odense|Aalborg|Sundby|Valby|Vanløse|Brønshøj|Kastrup|"
    "Hellerup|Gentofte|Roskilde|Glostrup|Hvidovre|Rødovre|Herlev|Malmö|Malmo|Lund|Stockholm|Göteborg|Helsingborg|"
    "Landskrona|Uppsala|Nacka|Östersund|Esbjerg|Randers|Kolding|Horsens|Vejle|Helsingør|Hillerød"
)
_POSTCODE = re.compile(
    rf"(?<![\w.,])(?:(?:DK|SE|S)[- ]?)?(?:\d{{4}}|\d{{3}}\s?\d{{2}})\s+(?:{_TOWNS})\b(?:[ ][NSØVK]{{1,2}}\b)?"
)


def addresses(text: str) -> Iterator[Span]:
    for match in _STREET.finditer(text) if _may_name_a_street(text) else ():
        start = _street_start(text, match.start(), match.end("street"))
        name = text[start : match.end("street")].lower()
        if name not in listed("not_streets.txt"):
            yield Span(start, match.end(), "address")
    yield from (Span(m.start(), m.end(), "address") for m in _ENGLISH_STREET.finditer(text))
    yield from (Span(m.start(), m.end(), "address") for m in _POSTCODE.finditer(text))


def _may_name_a_street(text: str) -> bool:
    """Whether a number stands behind the end of a street's name: the pattern itself is dear."""
    lowered = text.lower()
    return any(
        lowered.endswith(_BEFORE_HOUSE, 0, match.start()) for match in _NUMBER.finditer(lowered)
    )


def _street_start(text: str, start: int, end: int) -> int:
    """Skips capitalised words that begin the sentence, not the name: `Adressen Bakkegade 12`."""
    first, _, rest = text[start:end].partition(" ")
    if rest and first.lower().strip(".") in listed("before_streets.txt"):
        return _street_start(text, start + len(first) + 1, end)
    return start
