import pytest

from services.audit import tree
from services.audit.checkpoint import Checkpoint, open_checkpoint
from services.audit.leaf import leaf_hash
from services.audit.ports import SignerRefusedError
from services.audit.signer import load_signer
from tests.audit.conftest import ORIGIN
from tests.audit.test_tree import built, consistency, naive_root

HASHES = [leaf_hash(str(i).encode()) for i in range(40)]
OTHER = [leaf_hash(str(i).encode()) for i in range(100, 140)]


def head(size, hashes=HASHES):
    return Checkpoint(ORIGIN, size, naive_root(hashes[:size]))


def proof(old, new, hashes=HASHES):
    return consistency(old, new, built(hashes[:new])[1])


def test_signing_the_same_head_again_gives_the_same_note(tmp_path):
    first = load_signer(tmp_path, ORIGIN).sign(head(7), [])

    assert load_signer(tmp_path, ORIGIN).sign(head(7), []) == first
    verifier = load_signer(tmp_path, ORIGIN).verifier
    assert open_checkpoint(first, verifier) == head(7)


def test_a_continuation_is_signed(tmp_path):
    signer = load_signer(tmp_path, ORIGIN)
    signer.sign(head(7), [])

    signer.sign(head(30), proof(7, 30))

    assert load_signer(tmp_path, ORIGIN).last() == head(30)


@pytest.mark.parametrize(
    ("next_head", "next_proof"),
    [
        (head(6), []),
        (head(7, OTHER), []),
        (head(30), []),
        (head(30), proof(8, 30)),
        (head(30, OTHER), proof(7, 30, OTHER)),
        (Checkpoint("other.example/log", 30, head(30).root), proof(7, 30)),
        (Checkpoint(ORIGIN, 0, tree.EMPTY_ROOT), []),
    ],
    ids=["smaller", "other root", "no proof", "wrong proof", "other history", "origin", "empty"],
)
def test_whatever_is_no_continuation_is_refused_and_forgotten(tmp_path, next_head, next_proof):
    signer = load_signer(tmp_path, ORIGIN)
    signer.sign(head(7), [])

    with pytest.raises(SignerRefusedError):
        signer.sign(next_head, next_proof)

    assert signer.last() == head(7)


def test_a_damaged_memory_is_no_excuse_to_begin_anew(tmp_path):
    load_signer(tmp_path, ORIGIN).sign(head(7), [])
    (tmp_path / "head.json").write_text('{"size": 7')

    with pytest.raises(SignerRefusedError, match="damaged"):
        load_signer(tmp_path, ORIGIN).sign(head(8), proof(7, 8))


def test_the_key_is_for_its_owner_only(tmp_path):
    load_signer(tmp_path, ORIGIN)
    assert (tmp_path / "log.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "log.key").chmod(0o640)

    with pytest.raises(SignerRefusedError, match="chmod 600"):
        load_signer(tmp_path, ORIGIN)


def test_a_lost_key_is_not_replaced_by_a_new_one(tmp_path):
    load_signer(tmp_path, ORIGIN).sign(head(7), [])
    (tmp_path / "log.key").unlink()

    with pytest.raises(SignerRefusedError, match="gone"):
        load_signer(tmp_path, ORIGIN)


def test_a_key_of_another_log_is_refused(tmp_path):
    load_signer(tmp_path, ORIGIN)

    with pytest.raises(SignerRefusedError, match="not of"):
        load_signer(tmp_path, ORIGIN.replace("2026", "2027"))
