"""The citizen's receipt: what was understood of an inquiry, by whom, and who has it now (P3, P4).

It never holds a word of the inquiry: who has the link may not be who wrote it.
"""

import hmac
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from infra.keyring import DataKey

Certainty = Literal["sure", "unsure", "doubtful"]
SHOWN_ACTS = frozenset({"assigned", "moved", "replied", "closed", "contested"})
DOUBT = 0.5
"""Below this share of the threshold a guess was hardly one."""


@dataclass(frozen=True)
class Step:
    """One act as the citizen sees it: no names of staff, no words."""

    at: datetime
    kind: str
    by_citizen: bool
    department: str | None = None
    outcome: str | None = None


def token_of(key: DataKey) -> str:
    """80 bits that only the inquiry's own key gives: when the key is destroyed, the link is too."""
    return b32encode(key.derive("receipt/v1", 10)).decode().lower()


def opens(key: DataKey, token: str) -> bool:
    return hmac.compare_digest(token_of(key).encode(), token.lower().encode())


def certainty(confidence: float, threshold: float) -> Certainty:
    if confidence >= threshold:
        return "sure"
    return "unsure" if confidence >= threshold * DOUBT else "doubtful"


def handled_by_person(steps: Sequence[Step]) -> bool:
    """A member of staff has done something with it."""
    return any(not step.by_citizen for step in steps)
