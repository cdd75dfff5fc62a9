"""Checkpoints (C2SP tlog-checkpoint): origin, size and root in a signed note of three lines."""

import base64
import re
from typing import NamedTuple

from services.audit import note

_SIZE = re.compile(r"(0|[1-9][0-9]{0,18})\Z")


class Checkpoint(NamedTuple):
    """The head of a log. Only `open_checkpoint` makes one that may be trusted."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The signed bytes: three lines, the last line feed included."""
        note.require_name(self.origin)
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Reads the text of a checkpoint, without its signatures; raises NoteError."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise note.NoteError("a checkpoint has exactly three lines")
    origin, size, root = lines[:3]
    note.require_name(origin)
    if not _SIZE.match(size) or not size.isascii():
        raise note.NoteError("the size is not a plain decimal number")
    digest = note.canonical_base64(root)
    if len(digest) != 32:
        raise note.NoteError("the root does not have 32 bytes")
    return Checkpoint(origin, int(size), digest)


def sign_checkpoint(checkpoint: Checkpoint, signer: note.Signer) -> str:
    if signer.name != checkpoint.origin:
        raise note.NoteError("the log's key is named as its origin")
    return signer.sign(checkpoint.text()).serialise()


def open_checkpoint(raw: str | bytes, log: note.Verifier) -> Checkpoint:
    """The checkpoint, if `log` signed it and it is of that log's origin; else NoteError."""
    signed = note.parse_note(raw)
    if log not in note.verified_by(signed, [log]):
        raise note.NoteError("the log did not sign this checkpoint")
    checkpoint = parse_checkpoint(signed.text)
    if checkpoint.origin != log.name:
        raise note.NoteError("the checkpoint is of another origin")
    return checkpoint
