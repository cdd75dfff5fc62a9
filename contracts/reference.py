"""The reference a citizen can read out on the phone: HV-XXXXX-XXXXX, derived from the inquiry id."""

import hashlib
from uuid import UUID

# Crockford's alphabet: no I, L, O, U, so that nothing is misread or misheard.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans({"I": "1", "L": "1", "O": "0"})


def reference_of(inquiry: UUID, part: int = 0) -> str:
    """Ten symbols, 50 bits, of the inquiry's hash; part n > 0 of a mixed inquiry gets `-n+1`."""
    number = int.from_bytes(hashlib.sha256(inquiry.bytes).digest()[:7], "big") >> 6
    symbols = [ALPHABET[(number >> shift) & 31] for shift in range(45, -1, -5)]
    text = f"HV-{''.join(symbols[:5])}-{''.join(symbols[5:])}"
    return f"{text}-{part + 1}" if part else text


def tidy_reference(typed: str) -> str:
    """What somebody typed, in the form references are stored in."""
    symbols = "".join(c for c in typed.upper() if c.isalnum())
    if not symbols.startswith("HV"):
        return typed.strip()
    body = symbols[2:].translate(_MISREAD)
    parts = [body[:5], body[5:10], body[10:]]
    return "HV-" + "-".join(part for part in parts if part)
