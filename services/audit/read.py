"""A leaf as a person reads it: what happened, who or what did it, why, and whether it is proved."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from services.audit.leaf import LeafValue, NotCanonicalError, decode
from services.audit.prove import State


class Line(NamedTuple):
    """One entry for a page; texts are codes that the page translates."""

    idx: int
    at: str
    kind: str
    out: str
    mode: str
    why: tuple[str, ...]
    staff: tuple[str, ...]
    """Short pseudonyms."""
    system: str
    share: int | None
    """Confidence in whole per cent, for suggestions and answers."""
    number: int | None
    """Its number within the inquiry."""
    inquiry: str
    """The inquiry's name in the trail; empty when it is about none."""
    state: State


def read_line(idx: int, body: bytes, state: State) -> Line:
    """Never fails: what is no leaf any more is shown as broken."""
    try:
        fields = decode(body)
    except NotCanonicalError:
        return Line(idx, "", "unreadable", "", "auto", (), (), "", None, None, "", "broken")
    act, system = _part(fields, "act"), _part(fields, "sys")
    share = act.get("conf_e6")
    number = fields.get("n")
    return Line(
        idx,
        readable_time(str(fields.get("at", ""))),
        str(act.get("kind", "unreadable")),
        str(act.get("out", "")),
        str(act.get("mode", "auto")),
        tuple(_texts(fields.get("why"))),
        tuple(pseudonym[:8] for pseudonym in _texts(fields.get("hum"))),
        " ".join(_texts([system.get("svc"), system.get("model")])),
        round(share / 10_000) if isinstance(share, int) else None,
        number if isinstance(number, int) else None,
        str(fields.get("inq", "")),
        state,
    )


def readable_time(stamped: str) -> str:
    """`22.11.2026 12:00:41 UTC` of a leaf's time stamp."""
    day, _, clock = stamped.partition("T")
    parts = day.split("-")
    if len(parts) != 3:
        return stamped
    return f"{'.'.join(reversed(parts))} {clock[:8]} UTC"


def _part(fields: Mapping[str, LeafValue], name: str) -> Mapping[str, LeafValue]:
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def _texts(values: object) -> Iterable[str]:
    return (str(value) for value in values if value) if isinstance(values, list) else ()
