"""Where people live: a street with a house number, with what follows it; a postcode with its town."""

import re
from collections.abc import Iterator

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
# Words that end like a street and are none.
_NO_STREET = (
    "motorvej|hovedvej|cykelvej|cykelsti|landevej|omvej|genvej|undervej|halvvej|udvej|skolevej|privatvej|adgangsvej|"
    "legeplads|arbejdsplads|p-plads|parkeringsplads|byggeplads|losseplads|genbrugsplads|campingplads|kolonihave|"
    "børnehave|arbetsplats|lekplats|byggplats|arkitektgata|skovbørnehave|ladeplads|praktikplads|dagplejeplads|"
    "institutionsplads|vuggestueplads|plejehjemsplads|tandlægevagten|studieplads|gågade|sidegade|bydel|"
    "handicapplads|invalideplads|sovevej|have|park|mark|lund|plads|torv|sti|vej|gade|dal|høj|ager|vold|väg|gata|"
    "torg|plats|backe|bakke|kaj|gränd|stig|landmark|danmark|denmark|personsti|naturpark|stadspark|nationalpark|"
    "forretningsgang|kirkegård|ordentlig|skov|rundkørsel|buslinje|pladsen|haven|parken|vejen|gaden|vägen|gatan|"
    "torget|torvet|platsen|stien|leden|ringen|backen|bakken|marken|dalen|lunden|kajen|stigen|parkeringen"
)
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
_NO_STREETS = frozenset(_NO_STREET.split("|"))
# Words that stand before a street without being part of its name, matched when case is ignored.
_BEFORE = frozenset(
    ["jeg", "bor", "på", "i", "ved", "og", "adressen", "adresse", "er", "till", "til", "från", "fra", "at", "af", "hos", "min", "mit", "mine", "vores", "live", "at", "on", "i'm", "bor", "jag", "vid", "från", "på", "den", "det", "der", "som", "har", "vi", "er", "flyttet", "flytter", "flyttar", "flyttat", "to", "from", "address", "is", "my", "home", "hjemme", "ud", "for", "hjørnet", "af", "krydset", "mellem", "naboen", "nabo", "overfor", "bag", "hele", "kære", "hej", "hilsen", "og"]
)


def addresses(text: str) -> Iterator[Span]:
    for match in _STREET.finditer(text):
        start = _street_start(text, match.start(), match.end("street"))
        name = text[start : match.end("street")].lower()
        if name not in _NO_STREETS:
            yield Span(start, match.end(), "address")
    yield from (Span(m.start(), m.end(), "address") for m in _ENGLISH_STREET.finditer(text))
    yield from (Span(m.start(), m.end(), "address") for m in _POSTCODE.finditer(text))


def _street_start(text: str, start: int, end: int) -> int:
    """Skips capitalised words that begin the sentence, not the name: `Adressen Bakkegade 12`."""
    first, _, rest = text[start:end].partition(" ")
    if rest and first.lower().strip(".") in _BEFORE:
        return _street_start(text, start + len(first) + 1, end)
    return start
