"""A small computing task asked of a browser when many conversations begin at once (no third party)."""

import hmac
import secrets
from collections import OrderedDict
from hashlib import sha256

BITS = 14
"""About 16,000 hashes: a tenth of a second in a browser, costly only for thousands of conversations."""
LIFETIME_SECONDS = 300
MOST_SPENT = 100_000
"""Solved challenges remembered; each cost somebody 16,000 hashes."""


def challenge(secret: bytes, now: float) -> str:
    """`<second>.<nonce>.<mac>`; nothing is stored until it is solved."""
    stamp = f"{int(now)}.{secrets.token_hex(8)}"
    return f"{stamp}.{_mac(secret, stamp)}"


def is_proved(secret: bytes, given: str, answer: str, now: float) -> bool:
    """Whether `answer` solves our own, fresh challenge."""
    stamp, _, mac = given.rpartition(".")
    second = stamp.partition(".")[0]
    if not second.isdigit() or not hmac.compare_digest(mac.encode(), _mac(secret, stamp).encode()):
        return False
    if not 0 <= now - int(second) <= LIFETIME_SECONDS or len(answer) > 40:
        return False
    digest = sha256(f"{given}:{answer}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> (32 - BITS) == 0


class Spent:
    """Each solved challenge opens one conversation only."""

    def __init__(self) -> None:
        self._until: OrderedDict[str, float] = OrderedDict()

    def spend(self, given: str, now: float) -> bool:
        """False when it was spent before."""
        while self._until and next(iter(self._until.values())) < now:
            self._until.popitem(last=False)
        if given in self._until:
            return False
        self._until[given] = now + LIFETIME_SECONDS
        if len(self._until) > MOST_SPENT:
            self._until.popitem(last=False)
        return True


def _mac(secret: bytes, stamp: str) -> str:
    return hmac.digest(secret, f"chat-proof/{stamp}".encode(), "sha256").hex()[:32]
