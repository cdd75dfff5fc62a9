"""Signed notes (C2SP signed-note) with Ed25519 keys: making, reading, and when to trust one."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = 0x01
COSIGNATURE_V1 = 0x04
MAX_SIGNATURES = 100
_DASH = "— "
_SECRET_PREFIX = "PRIVATE+KEY+"  # noqa: S105 - the format's marker, not a secret


class NoteError(ValueError):
    """The note is malformed or a signature by a known key is bad."""


class SignatureLine(NamedTuple):
    name: str
    key_id: bytes
    signature: bytes
    """What follows the four bytes of the key id."""

    def text(self) -> str:
        blob = base64.b64encode(self.key_id + self.signature).decode()
        return f"{_DASH}{self.name} {blob}\n"


class Note(NamedTuple):
    text: str
    """The signed lines, last line feed included."""
    signatures: tuple[SignatureLine, ...]

    def serialise(self) -> str:
        return self.text + "\n" + "".join(line.text() for line in self.signatures)


class Verifier(NamedTuple):
    """A public key with its name: what one must hold to trust a note."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        return key_id(self.name, self.kind, self.public)

    @property
    def vkey(self) -> str:
        key = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"

    def verify(self, text: str, signature: bytes) -> bool:
        message, proper = text.encode(), signature
        if self.kind == COSIGNATURE_V1:
            if len(signature) != 72:
                return False
            time = int.from_bytes(signature[:8], "big")
            message, proper = cosigned_bytes(text, time), signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(proper, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer(NamedTuple):
    """A private key with its name."""

    name: str
    seed: bytes

    @classmethod
    def generate(cls, name: str) -> Self:
        require_name(name)
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, ED25519, self._key().public_key().public_bytes_raw())

    @property
    def secret(self) -> str:
        """The form Go's note package keeps keys in."""
        key = base64.b64encode(bytes([ED25519]) + self.seed).decode()
        return f"{_SECRET_PREFIX}{self.name}+{self.verifier.key_id.hex()}+{key}"

    def sign(self, text: str) -> Note:
        require_text(text)
        signature = self._key().sign(text.encode())
        return Note(text, (SignatureLine(self.name, self.verifier.key_id, signature),))

    def cosign(self, text: str, time: int) -> SignatureLine:
        """A cosignature/v1 with its time in seconds since 1970."""
        public = self.verifier.public
        signature = self._key().sign(cosigned_bytes(text, time))
        identity = key_id(self.name, COSIGNATURE_V1, public)
        return SignatureLine(self.name, identity, time.to_bytes(8, "big") + signature)

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def key_id(name: str, kind: int, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def cosigned_bytes(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def parse_vkey(vkey: str) -> Verifier:
    name, identity, key = _key_parts(vkey)
    verifier = Verifier(name, key[0], key[1:])
    if verifier.kind not in {ED25519, COSIGNATURE_V1} or verifier.key_id.hex() != identity:
        raise NoteError("the verifier key is malformed or its id does not fit")
    return verifier


def parse_secret(secret: str) -> Signer:
    if not secret.startswith(_SECRET_PREFIX):
        raise NoteError("not a private key")
    name, identity, key = _key_parts(secret.removeprefix(_SECRET_PREFIX))
    signer = Signer(name, key[1:])
    if key[0] != ED25519 or signer.verifier.key_id.hex() != identity:
        raise NoteError("the private key is malformed or its id does not fit")
    return signer


def parse_note(raw: str | bytes) -> Note:
    """Reads a note, verifying nothing; raises NoteError when it is malformed."""
    text = _decoded(raw)
    require_characters(text)
    split = text.rfind("\n\n")
    if split < 0:
        raise NoteError("no blank line before the signatures")
    body, lines = text[: split + 1], text[split + 2 :]
    if not lines.endswith("\n"):
        raise NoteError("the last signature line has no end")
    signatures = tuple(_signature_line(line) for line in lines[:-1].split("\n"))
    if len(signatures) > MAX_SIGNATURES:
        raise NoteError(f"more than {MAX_SIGNATURES} signatures")
    return Note(body, signatures)


def verified_by(note: Note, known: Sequence[Verifier]) -> tuple[Verifier, ...]:
    """Those of `known` that signed, in the order of their lines.

    Lines by unknown keys are ignored. A known key with a bad signature, or signing twice, raises
    NoteError. One public key counts once, even under two names.
    """
    by_identity: Mapping[tuple[str, bytes], Verifier] = {(v.name, v.key_id): v for v in known}
    if len(by_identity) != len(known):
        raise NoteError("two known keys have one name and id")
    signed: list[Verifier] = []
    seen: set[tuple[str, bytes]] = set()
    counted: set[bytes] = set()
    for line in note.signatures:
        verifier = by_identity.get((line.name, line.key_id))
        if verifier is None:
            continue
        if (line.name, line.key_id) in seen:
            raise NoteError(f"{line.name} signed twice")
        seen.add((line.name, line.key_id))
        if not verifier.verify(note.text, line.signature):
            raise NoteError(f"the signature of {line.name} is bad")
        if verifier.public not in counted:
            counted.add(verifier.public)
            signed.append(verifier)
    return tuple(signed)


def require_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() for c in name):
        raise NoteError("a key name is not empty and has neither spaces nor +")
    require_characters(name)


def require_text(text: str) -> None:
    require_characters(text)
    if not text.endswith("\n"):
        raise NoteError("the text must end with a line feed")


def require_characters(text: str) -> None:
    if any(ord(c) < 0x20 and c != "\n" for c in text):
        raise NoteError("control characters in the note")


def canonical_base64(text: str) -> bytes:
    """Decodes standard base64 and refuses every other spelling of the same bytes."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("not base64") from error
    if base64.b64encode(data).decode() != text:
        raise NoteError("not canonical base64")
    return data


def _decoded(raw: str | bytes) -> str:
    if isinstance(raw, str):
        return raw
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteError("the note is not UTF-8") from error


def _signature_line(line: str) -> SignatureLine:
    if not line.startswith(_DASH):
        raise NoteError("a signature line does not begin with an em dash")
    name, _, blob = line.removeprefix(_DASH).partition(" ")
    require_name(name)
    data = canonical_base64(blob)
    if len(data) < 5:
        raise NoteError("a signature is too short")
    return SignatureLine(name, data[:4], data[4:])


def _key_parts(text: str) -> tuple[str, str, bytes]:
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise NoteError("a key has three parts with + between them")
    name, identity, encoded = parts
    require_name(name)
    key = canonical_base64(encoded)
    if len(key) != 33:
        raise NoteError("the key does not have 32 bytes")
    return name, identity, key
