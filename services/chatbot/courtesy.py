"""Small talk around the questions: thanks, greetings, a yes or no, "the second one", "no, not that"."""

import re
from typing import Literal, NamedTuple

from services.chatbot.screen import hearable
from services.chatbot.terms import spoken_words

Courtesy = Literal["thanks", "goodbye", "greeting", "ok", "no"]


def _words(listed: str) -> frozenset[str]:
    return frozenset(spoken_words(listed))


_THANKS = _words("tak takker tack tackar thanks thank thx ty ta cheers")
PLEASANTRIES = _THANKS | _words("ok okay okej oki fint super perfekt perfect great bra alright")
"""Words that may stand before a question and are no part of it."""
_GOODBYE = _words("farvel bye goodbye hejdå adjö ses see weekend")
_GREETING = _words(
    "hej hejsa halløj hallo hey hi hello dav goddag godmorgen godaften tjena hallå morgen god good"
)
_NO = _words("nej no nope nä næ")
_YES = _words("ja yes yep jo jep jepp yeah japp")
# A message of nothing but these, in any of our languages, asks nothing.
_REMARKS = (
    _THANKS
    | _GOODBYE
    | _GREETING
    | _NO
    | _YES
    | _words(
        "aften dag dagen eftermiddag kväll evening afternoon day nytår jul mange tusind tusen many so "
        "very much så mycket super fint perfekt perfect toppen great nice dejligt fedt skønt "
        "fantastisk lækkert bra jättebra toppenbra okay ok okej oki nå jaha aha det var alt allt "
        "alting that was is all er i lige måde vi ya hav have ha en ett a fortsat ligeså cool forstået "
        "förstått got it jeg jag forstår fattar for hjælpen för hjälpen your the help hjälp dig dej "
        "jer och og and skal du ska alright right fine da then just s hele hjalp helped hjälpte "
        "mega virkelig really verkligen rart rar sød söt kind of you for nu now ellers annars "
        "nogen någon anyone anybody der there är här her are god good new year lovely brilliant wonderful "
        "anyway alligevel ändå øv oh åh men but svaret answer"
    )
)
_FIRST = r"foerste|forsta|foersta|first|1|en|ett|one"
_SECOND = r"anden|andra|second|2|to|tva|tvaa|two"
_THIRD = r"tredje|third|3|tre|three"
_LAST = r"sidste|sista|last"
_CHOICE = re.compile(
    r"^(?:ja |yes |jo |ok )?(?:den |det |the |nummer |nr |number |knap |mulighed )"
    rf"(?:(?P<first>{_FIRST})|(?P<second>{_SECOND})|(?P<third>{_THIRD})|(?P<last>{_LAST}))"
    r"(?: one| alternativet| mulighed)?(?: tak| tack| please)?$"
)
_NOT_THAT = re.compile(
    r"^(?:(?:nej|nae|no|nope|nah|nä)\b[\s,.!:-]*)?"
    r"(?:det (?:var|er) ikke (?:lige )?(?:det|den|dem)\b(?: jeg (?:mente|spurgte om|skulle bruge))?|"
    r"det (?:var|är) inte (?:det|den)\b(?: jag (?:menade|frågade om))?|ikke (?:det|den)\b|inte (?:det|den)\b|"
    r"(?:that|it)(?: was|'s|’s| is|s) not (?:it|what i (?:meant|asked)|the one)\b|not that(?: one)?\b)"
    r"[\s,.!:-]*(?:(?:men|but)\b\s*)?",
    re.IGNORECASE,
)
_I_MEANT = re.compile(
    r"^(?:(?:nej|nä|no|nope)\b[\s,.!:-]*)?(?:jeg (?:mente|mener)|jag menade|i (?:meant|mean))\b[\s,:-]*",
    re.IGNORECASE,
)


class TakenBack(NamedTuple):
    """A message that corrects how the last one was understood."""

    rest: str
    """What is meant instead."""
    leaves: bool
    """Whether the subject of before was the wrong one."""


def is_remark(text: str) -> bool:
    """Whether it only greets, thanks, agrees or says goodbye."""
    return "?" not in text and all(word in _REMARKS for word in spoken_words(text))


def courtesy(text: str) -> Courtesy | None:
    """What kind of remark it is; None when it is more than one, or nothing at all."""
    words = set(spoken_words(text))
    if not words or not is_remark(text):
        return None
    kinds: tuple[tuple[Courtesy, frozenset[str]], ...] = (
        ("thanks", _THANKS),
        ("goodbye", _GOODBYE),
        ("no", _NO),
        ("greeting", _GREETING),
    )
    return next((kind for kind, of in kinds if words & of), "ok")


def is_yes(text: str) -> bool:
    words = set(spoken_words(text))
    return bool(words & _YES) and words <= _YES | _words("ok okay tak tack please thanks")


def chosen(text: str, count: int) -> int | None:
    """Which of `count` buttons is meant in words ("den anden", "the first one")."""
    found = _CHOICE.match(" ".join(spoken_words(hearable(text))))
    if found is None or count < 1:
        return None
    names = {"first": 0, "second": 1, "third": 2, "last": count - 1}
    number = names[str(found.lastgroup)]
    return number if number < count else None


def taken_back(text: str) -> TakenBack | None:
    words = text.strip()
    left = _NOT_THAT.sub("", words, count=1)
    rest = _I_MEANT.sub("", left, count=1)
    if rest == words:
        return None
    return TakenBack(rest.strip(), leaves=left != words)
