"""A small computing task asked of a browser when many conversations begin at once (no third party)."""

import hmac
from hashlib import sha256

BITS = 14
"""About 16,000 hashes: a tenth of a second in a browser, costly only for thousands of conversations."""
LIFETIME_SECONDS = 300


def challenge(secret: bytes, now: float) -> str:
    """`<minute>.<mac>`; nothing is stored."""
    stamp = str(int(now))
    return f"{stamp}.{_mac(secret, stamp)}"


def is_proved(secret: bytes, given: str, answer: str, now: float) -> bool:
    """Whether `answer` solves our own, fresh challenge."""
    stamp, _, mac = given.partition(".")
    if not stamp.isdigit() or not hmac.compare_digest(mac, _mac(secret, stamp)):
        return False
    if not 0 <= now - int(stamp) <= LIFETIME_SECONDS or len(answer) > 40:
        return False
    digest = sha256(f"{given}:{answer}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> (32 - BITS) == 0


def _mac(secret: bytes, stamp: str) -> str:
    return hmac.digest(secret, f"chat-proof/{stamp}".encode(), "sha256").hex()[:32]
