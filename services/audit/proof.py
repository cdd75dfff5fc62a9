"""Proofs as text: C2SP tlog-proof for one entry, base64 lines for consistency."""

import base64
import re
from collections.abc import Sequence
from typing import NamedTuple

from services.audit import note, tree
from services.audit.checkpoint import Checkpoint, open_checkpoint
from services.audit.tiles import HASH_BYTES

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})\Z")


class EntryProof(NamedTuple):
    entry: int
    """Leaf index."""
    hashes: tuple[bytes, ...]
    """From the leaf to the root."""
    checkpoint: str
    """The signed note."""

    def serialise(self) -> str:
        hashes = "".join(base64.b64encode(digest).decode() + "\n" for digest in self.hashes)
        return f"{HEADER}\nindex {self.entry}\n{hashes}\n{self.checkpoint}"


def parse_entry_proof(text: str) -> EntryProof:
    """Reads a proof, verifying nothing; raises NoteError."""
    head, found, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not found or len(lines) < 2 or lines[0] != HEADER or len(lines) > MAX_HASHES + 2:
        raise note.NoteError("not a tlog-proof")
    index = _INDEX.match(lines[1])
    if not index:
        raise note.NoteError("the proof has no index")
    return EntryProof(int(index[1]), tuple(parse_hashes(lines[2:])), checkpoint)


def verify_entry(proof: EntryProof, leaf: bytes, log: note.Verifier) -> Checkpoint:
    """The checkpoint under which `leaf` (its hash) is proved; raises NoteError or ProofError."""
    checkpoint = open_checkpoint(proof.checkpoint, log)
    tree.verify_inclusion(proof.entry, checkpoint.size, checkpoint.root, leaf, proof.hashes)
    return checkpoint


def consistency_text(hashes: Sequence[bytes]) -> str:
    return "".join(base64.b64encode(digest).decode() + "\n" for digest in hashes)


def parse_hashes(lines: Sequence[str]) -> list[bytes]:
    hashes = [note.canonical_base64(line) for line in lines]
    if any(len(digest) != HASH_BYTES for digest in hashes):
        raise note.NoteError("a hash does not have 32 bytes")
    return hashes
