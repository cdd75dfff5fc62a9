import base64
from hashlib import sha256

import pytest

from services.audit import note
from services.audit.checkpoint import (
    Checkpoint,
    open_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
)
from services.audit.leaf import leaf_hash
from services.audit.proof import EntryProof, parse_entry_proof, verify_entry
from services.audit.tree import ProofError, node_hash

ORIGIN = "audit.sundby.example/henvend/2026"
KEY = note.Signer(ORIGIN, b"\x05" * 32)
EMPTY = sha256(b"").digest()
HEAD = Checkpoint(ORIGIN, 300, base64.b64decode("CfayUG4EgjpLJD6/ePOTKdqJyvoC7D3YrkLTz1278yo="))


def test_a_checkpoint_is_exactly_three_lines():
    assert HEAD.text() == f"{ORIGIN}\n300\nCfayUG4EgjpLJD6/ePOTKdqJyvoC7D3YrkLTz1278yo=\n"
    assert parse_checkpoint(HEAD.text()) == HEAD


def test_the_empty_log_has_size_zero_and_the_empty_root():
    assert Checkpoint(ORIGIN, 0, EMPTY).text() == (
        f"{ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    )


def test_what_the_log_signed_opens():
    assert open_checkpoint(sign_checkpoint(HEAD, KEY), KEY.verifier) == HEAD


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n300\n",
        HEAD.text() + "extension\n",
        HEAD.text().replace("300", "0300"),
        HEAD.text().replace("300", "+300"),
        HEAD.text().replace("300", "-1"),
        HEAD.text().replace("300", "٣٠٠"),
        HEAD.text().replace("300", ""),
        HEAD.text().replace("Cfay", "Cf-y"),
        f"{ORIGIN}\n300\nAAAA\n",
        "\n300\nCfayUG4EgjpLJD6/ePOTKdqJyvoC7D3YrkLTz1278yo=\n",
        HEAD.text().rstrip("\n"),
    ],
)
def test_anything_else_is_not_a_checkpoint(text):
    with pytest.raises(note.NoteError):
        parse_checkpoint(text)


def test_a_foreign_key_with_the_logs_name_is_not_the_log():
    other = note.Signer(ORIGIN, b"\x06" * 32)

    with pytest.raises(note.NoteError, match="did not sign"):
        open_checkpoint(sign_checkpoint(HEAD, other), KEY.verifier)


def test_a_checkpoint_of_another_origin_is_refused_even_when_our_key_signed_it():
    text = HEAD._replace(origin="other.example/log/2026").text()

    with pytest.raises(note.NoteError, match="another origin"):
        open_checkpoint(KEY.sign(text).serialise(), KEY.verifier)


def test_the_log_signs_only_its_own_origin():
    with pytest.raises(note.NoteError):
        sign_checkpoint(HEAD._replace(origin="other.example/log"), KEY)


def two_leaf_proof():
    leaves = [leaf_hash(b"a"), leaf_hash(b"b")]
    checkpoint = sign_checkpoint(Checkpoint(ORIGIN, 2, node_hash(*leaves)), KEY)
    return leaves, EntryProof(0, (leaves[1],), checkpoint)


def test_an_entry_proof_is_header_index_hashes_blank_line_and_checkpoint():
    leaves, proof = two_leaf_proof()

    text = proof.serialise()

    lines = text.split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 0"]
    assert base64.b64decode(lines[2]) == leaves[1]
    assert not lines[3]
    assert lines[4] == ORIGIN
    assert parse_entry_proof(text) == proof


def test_an_entry_proof_holds_for_its_leaf_only():
    leaves, proof = two_leaf_proof()

    assert verify_entry(proof, leaves[0], KEY.verifier).size == 2
    with pytest.raises(ProofError):
        verify_entry(proof, leaves[1], KEY.verifier)
    with pytest.raises(ProofError):
        verify_entry(proof._replace(entry=1), leaves[0], KEY.verifier)


def test_the_proof_of_a_single_entry_has_no_hashes():
    root = leaf_hash(b"a")
    proof = EntryProof(0, (), sign_checkpoint(Checkpoint(ORIGIN, 1, root), KEY))

    again = parse_entry_proof(proof.serialise())

    assert verify_entry(again, root, KEY.verifier).size == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("@v1", "@v2"),
        ("index 0", "index 00"),
        ("index 0", "index -1"),
        ("index 0\n", ""),
        ("index 0\n", "index 0\nAAAA\n"),
        ("index 0\n", "index 0\n" + "A" * 43 + "=\n" + ("A" * 43 + "=\n") * 63),
    ],
)
def test_a_malformed_proof_is_refused(old, new):
    _, proof = two_leaf_proof()

    with pytest.raises(note.NoteError):
        parse_entry_proof(proof.serialise().replace(old, new, 1))
