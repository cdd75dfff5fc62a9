"""Personal data with a shape: identity numbers, phones, e-mail addresses, cards and accounts."""

import re
from collections.abc import Iterator
from datetime import date

from stdnum import iban, luhn

from contracts.inquiry import MaskKind
from infra.text.span import Span

_EMAIL = re.compile(
    r"[\w.+\-']+\s?(?:@|\(at\)|\[at\]|\(a\)|\bsnabel-?a\b)\s?(?:[\w\-]+\.)+[a-z]{2,24}\b",
    re.IGNORECASE,
)
_AT = ("@", "(at)", "[at]", "(a)", "snabel")
_IBAN = re.compile(
    r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,4})?\b", re.IGNORECASE
)
_CARD = re.compile(r"(?<![\d\-])\d(?:[ \-]?\d){12,18}(?![\d\-])")
_IDENTITY = re.compile(
    r"(?<![\d.,/\-+])(?P<century>(?:19|20)(?=\d{6}))?(?P<date>\d{2}[ .]?\d{2}[ .]?\d{2})"
    r"(?P<join>\s?[\-–+]\s?|[ ])?(?P<last>\d{4}|[xX*]{4})(?![\d\-/]|[.,]\d)"
)
_PHONE = re.compile(
    r"""(?<![\w.,/\-–+])(?:
      (?:\+|00)\d{1,3}[ \-]?(?:\(0\)[ ]?)?\d(?:[ \-.]?\d){5,12}       # with country code
    | \(?0\d{1,3}\)?[ \-/]{1,3}\d{2,4}(?:[ \-]?\d{2,4}){1,3}          # Swedish and British
    | 0[1-9]\d{7,9}
    | \(\d{3}\)[ ]?\d{3}[ \-]\d{4}                                    # American
    | \d{2}[ .\-]\d{2}[ .\-]\d{2}[ .\-]\d{2}                          # Danish, four pairs
    | \d{4}[ \-]\d{4}
    | \d{2}[ ]\d{3}[ ]\d{3} | \d{2}[ ]\d{6} | \d{3}[ ]\d{2}[ ]\d{3} | \d{3}[ ]\d{3}[ ]\d{2}
    | \d{8}
    )(?![\w\-–/]|[.,:]\d|\s?(?:kr|dkk|sek|eur|kroner|kronor|%))""",
    re.VERBOSE | re.IGNORECASE,
)
_ID_SAID = re.compile(
    r"(?:cpr|person\s?n(?:umme)?r|personal (?:id|number)|samordningsn|födelsen|id-?num|fødselsn|\bp\.?nr)"
    r"[\w.\-]*\s*(?:er|är|is|nr|no|nummer|number|på|:|#|=|\()*[\s.:]*$",
    re.IGNORECASE,
)
_PHONE_SAID = re.compile(
    r"(?:tlf|tel|telefon\w*|phone\w*|mobil\w*|mob|cell|ring\w*|call\w*|sms\w*|text me|whatsapp|nås på|"
    r"træffes|kontakt\w*|nummer|number|fastnet|\bnr)\b[^\d\n]{0,25}$",
    re.IGNORECASE,
)
_OTHER_NUMBER = re.compile(
    r"(?:ordre?|order|sags?|case|ärende|faktura|invoice|regning|bilag|kunde?|customer|cvr|org|se-nr|p-nummer|"
    r"journal|j|ref\w*|reference|kontrol|afgift|bøde|ticket|dnr|diarie|matrikel|serie|stel|chassis|måler|"
    r"meter|konto|account|reg|ocr|betalings?|id|bolig|sundhedskort|pas|passport|passnummer|ansøgnings?|"
    r"application|kvitterings?|receipt|booking|tracking|pakke|medlems?|member|låner|ean)"
    r"[\- ]?(?:s?nummer|s?nr|number|no|num|id|kode|code)?\b[.:#\s]*(?:er|är|is|på|med|nr\.?|no\.?)?[\s.:#]*$",
    re.IGNORECASE,
)


def emails(text: str) -> Iterator[Span]:
    # The pattern looks at every letter; without one of these it cannot match.
    lowered = text.lower()
    if any(sign in lowered for sign in _AT):
        yield from (Span(m.start(), m.end(), "email") for m in _EMAIL.finditer(text))


def ibans(text: str) -> Iterator[Span]:
    for match in _IBAN.finditer(text):
        # The pattern may have taken the next word along; the check digits say where it ends.
        for end in range(match.end(), match.start() + 14, -1):
            if iban.is_valid(text[match.start() : end]) and not text[end - 1].isspace():
                yield Span(match.start(), end, "iban")
                break


def cards(text: str) -> Iterator[Span]:
    for match in _CARD.finditer(text):
        digits = _digits(match.group())
        if luhn.is_valid(digits) and digits[0] in "23456" and len(set(digits)) > 1:
            yield Span(match.start(), match.end(), "card")


def identity_numbers(text: str) -> Iterator[Span]:
    """Danish CPR and Swedish personal numbers: a possible birth date and four more digits."""
    for match in _IDENTITY.finditer(text):
        kind = _identity_kind(match, text[max(0, match.start() - 40) : match.start()])
        if kind:
            yield Span(match.start(), match.end(), kind)


def phones(text: str) -> Iterator[Span]:
    for match in _PHONE.finditer(text):
        before = text[max(0, match.start() - 40) : match.start()]
        if not _is_other_number(match.group(), before):
            yield Span(match.start(), match.end(), "phone")


def _identity_kind(match: re.Match[str], before: str) -> MaskKind | None:
    century, birth = match["century"], _digits(match["date"])
    said = _ID_SAID.search(before)
    if century:
        possible = _is_day(int(century + birth[:2]), birth[2:4], birth[4:], extra=60)
        return "personnummer" if possible or said else None
    danish = _is_day(2000, birth[2:4], birth[:2], extra=60)
    swedish = _is_day(2000, birth[2:4], birth[4:], extra=60)
    whole = birth + match["last"]
    if said:
        swedish_word = "person" in said.group().lower() and not danish
        return "personnummer" if swedish_word or (swedish and not danish) else "cpr"
    if not (match["join"] or "").strip() and (
        _OTHER_NUMBER.search(before) or _PHONE_SAID.search(before)
    ):
        return None
    if (match["join"] or "") == " " and " " in match["date"]:
        return None
    plainly_danish = _is_day(2000, birth[2:4], birth[:2])
    if swedish and not plainly_danish and (luhn.is_valid(whole) or (match["join"] and not danish)):
        return "personnummer"
    return "cpr" if danish else None


def _is_other_number(number: str, before: str) -> bool:
    if _PHONE_SAID.search(before) and not _OTHER_NUMBER.search(before):
        return False
    if _OTHER_NUMBER.search(before):
        return not number.startswith("+")
    digits = _digits(number)
    if number.isdigit() and len(digits) == 8:
        dated = _is_day(int(digits[:4]), digits[4:6], digits[6:]) and digits[:2] in {"19", "20"}
        dated = dated or (
            _is_day(int(digits[4:]), digits[2:4], digits[:2]) and digits[4:6] in {"19", "20"}
        )
        return dated or digits[0] in "01"
    if re.fullmatch(r"\d{2}[.\-]\d{2}[.\-]\d{2}[.\-]\d{2}", number):
        return False
    # 2025-2026 and 2024 2025 are years.
    return bool(re.fullmatch(r"(?:19|20)\d{2}[ \-](?:19|20)\d{2}", number))


def _is_day(year: int, month: str, day: str, extra: int = 0) -> bool:
    """Whether it is a date; `extra` 60 also takes days moved by 60 (replacement numbers)."""
    number = int(day)
    try:
        date(year, int(month), number - extra if extra and number > extra else number)
    except ValueError:
        return False
    return True


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
