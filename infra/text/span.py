"""A stretch of text that is personal data."""

from typing import NamedTuple

from contracts.inquiry import MaskKind


class Span(NamedTuple):
    """Character offsets in the original text, end exclusive."""

    start: int
    end: int
    kind: MaskKind
