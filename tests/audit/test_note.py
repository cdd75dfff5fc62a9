import base64
from hashlib import sha256

import pytest

from services.audit import note

NAME = "audit.example.dk/kommune-test/2026"
TEXT = f"{NAME}\n300\nCfayUG4EgjpLJD6/ePOTKdqJyvoC7D3YrkLTz1278yo=\n"

# The example of Go's golang.org/x/mod/sumdb/note documentation.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNI"
    "uGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def signer(name=NAME, seed=7):
    return note.Signer(name, bytes([seed]) * 32)


def test_gos_example_key_and_note_are_ours_too():
    go = note.parse_secret(GO_SECRET)

    assert go.verifier.vkey == GO_VKEY
    assert go.secret == GO_SECRET
    signed = go.sign(GO_NOTE.split("\n\n", maxsplit=1)[0] + "\n")
    assert signed.serialise() == GO_NOTE
    assert note.verified_by(note.parse_note(GO_NOTE), [note.parse_vkey(GO_VKEY)])


def test_the_key_id_of_the_format_papers_example():
    verifier = note.parse_vkey(f"{NAME}+66d9f468+AULVNmMGX8NTLto2VKmSdGLX8TvXT4+UYWJS/4DTUtdu")

    assert verifier.key_id.hex() == "66d9f468"
    wanted = sha256(NAME.encode() + b"\n\x01" + verifier.public).digest()[:4]
    assert verifier.key_id == wanted


def test_a_note_is_text_blank_line_and_a_line_with_dash_name_and_blob():
    raw = signer().sign(TEXT).serialise().encode()

    head, _, line = raw.partition(b"\n\n")
    assert head + b"\n" == TEXT.encode()
    assert line.startswith(b"\xe2\x80\x94 " + NAME.encode() + b" ")
    assert line.endswith(b"\n")
    blob = base64.b64decode(line.split()[-1])
    assert len(blob) == 68
    assert blob[:4] == signer().verifier.key_id


def test_signing_twice_gives_the_same_bytes():
    assert signer().sign(TEXT) == signer().sign(TEXT)


def test_a_changed_text_is_rejected():
    signed = signer().sign(TEXT)
    forged = signed._replace(text=TEXT.replace("300", "301"))

    with pytest.raises(note.NoteError, match="bad"):
        note.verified_by(forged, [signer().verifier])


def test_unknown_keys_are_ignored_even_with_a_known_name():
    signed = signer(seed=8).sign(TEXT)

    assert note.verified_by(signed, [signer().verifier]) == ()


def test_a_known_key_signing_twice_is_rejected():
    signed = signer().sign(TEXT)
    doubled = signed._replace(signatures=signed.signatures * 2)

    with pytest.raises(note.NoteError, match="twice"):
        note.verified_by(doubled, [signer().verifier])


def test_one_public_key_counts_once_under_two_names():
    one, two = signer("a.example/w"), signer("b.example/w")
    signed = one.sign(TEXT)
    both = signed._replace(signatures=signed.signatures + two.sign(TEXT).signatures)

    assert len(note.verified_by(both, [one.verifier, two.verifier])) == 1


def test_a_cosignature_binds_its_time():
    witness = signer("witness.example/w", 9)
    verifier = note.Verifier("witness.example/w", note.COSIGNATURE_V1, witness.verifier.public)
    line = witness.cosign(TEXT, 1_790_000_000)
    signed = note.Note(TEXT, (line,))

    assert note.verified_by(note.parse_note(signed.serialise()), [verifier]) == (verifier,)
    assert line.signature[:8] == (1_790_000_000).to_bytes(8, "big")
    later = line._replace(signature=(1_790_000_001).to_bytes(8, "big") + line.signature[8:])
    with pytest.raises(note.NoteError, match="bad"):
        note.verified_by(note.Note(TEXT, (later,)), [verifier])


def test_a_hundred_signatures_are_accepted_and_no_more():
    lines = tuple(signer(f"w{i}.example", i + 1).sign(TEXT).signatures[0] for i in range(101))

    assert len(note.parse_note(note.Note(TEXT, lines[:100]).serialise()).signatures) == 100
    with pytest.raises(note.NoteError, match="more than 100"):
        note.parse_note(note.Note(TEXT, lines).serialise())


def test_the_text_ends_at_the_last_blank_line():
    text = "one\n\ntwo\n"

    assert note.parse_note(signer().sign(text).serialise()).text == text


GOOD = signer().sign(TEXT).serialise()


@pytest.mark.parametrize(
    "raw",
    [
        "",
        TEXT,
        TEXT + "\n",
        GOOD.rstrip("\n"),
        GOOD.replace("— ", "- "),
        GOOD.replace("— ", "—"),
        GOOD.replace("300\n", "300\r\n"),
        GOOD.replace("300", "\t300"),
        GOOD + "\n",
        GOOD.replace("==\n", "\n") if "==\n" in GOOD else GOOD[:-3] + "\n",
        GOOD[:-3] + "B=\n",
        GOOD.replace("— " + NAME, "— a+b"),
        GOOD.replace("— " + NAME, "— a\u00a0b"),
        GOOD.encode() + b"\xff\n",
        TEXT + "\n— " + NAME + " AAAA\n",
        TEXT + "\n— " + NAME + " QUJDREVGR_==\n",
    ],
)
def test_a_malformed_note_is_refused(raw):
    with pytest.raises(note.NoteError):
        note.parse_note(raw)


def test_base64_that_spells_the_same_bytes_otherwise_is_refused():
    assert base64.b64decode("QUJDRF==") == base64.b64decode("QUJDRA==")

    with pytest.raises(note.NoteError, match="canonical"):
        note.canonical_base64("QUJDRF==")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "name+00000000",
        GO_VKEY.replace("c74f20a3", "c74f20a4"),
        GO_VKEY.replace("c74f20a3", "C74F20A3"),
        GO_VKEY[:-4],
        GO_VKEY.replace("PeterNeumann", "Peter Neumann"),
        GO_VKEY.replace("+ARpc", "+CRpc"),
    ],
)
def test_a_malformed_verifier_key_is_refused(key):
    with pytest.raises(note.NoteError):
        note.parse_vkey(key)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\nb", "a\x01b"])
def test_names_without_spaces_and_plus_only(name):
    with pytest.raises(note.NoteError):
        note.Signer.generate(name)
