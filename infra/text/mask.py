"""Finds personal data in what citizens write, and takes it out before anything else sees the text.

Deterministic: rules and check digits, no model. What a rule cannot know (a name nobody introduces)
is left; what has only the shape of personal data (order numbers, dates, prices) is left as well.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from contracts.inquiry import MaskKind
from infra.text import addresses, numbers, persons
from infra.text.span import Span

# Earlier ones win where two overlap: an IBAN contains phone numbers, an address contains names.
_RECOGNISERS = (
    numbers.emails,
    numbers.ibans,
    numbers.cards,
    numbers.identity_numbers,
    addresses.addresses,
    numbers.phones,
    persons.persons,
)
_WITHOUT_DIGITS = (numbers.emails, persons.persons)
_DIGIT = re.compile(r"\d")


class Masked(NamedTuple):
    """The text with `[kind]` where personal data stood; spans have offsets in the original text."""

    text: str
    spans: tuple[Span, ...]


def find_personal(text: str) -> tuple[Span, ...]:
    """Spans of personal data in `text`, in order, never overlapping."""
    found: list[Span] = []
    # Most texts hold no digit, and then half of the patterns cannot match.
    for recognise in _RECOGNISERS if _DIGIT.search(text) else _WITHOUT_DIGITS:
        found.extend(span for span in recognise(text) if not _overlaps(span, found))
    return tuple(sorted(found))


def mask(text: str) -> Masked:
    spans = find_personal(text)
    return Masked("".join(_replaced(text, spans)), spans)


def blank(text: str, spans: Iterable[Span]) -> str:
    """The text with spaces for personal data: all other offsets stay what they were."""
    for span in spans:
        text = text[: span.start] + " " * (span.end - span.start) + text[span.end :]
    return text


def _replaced(text: str, spans: Iterable[Span]) -> Iterator[str]:
    end = 0
    for span in spans:
        yield text[end : span.start]
        yield f"[{span.kind}]"
        end = span.end
    yield text[end:]


def _overlaps(span: Span, others: Iterable[Span]) -> bool:
    return any(span.start < other.end and other.start < span.end for other in others)


__all__ = ["MaskKind", "Masked", "Span", "blank", "find_personal", "mask"]
