from hashlib import sha256

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.audit import tree
from services.audit.leaf import leaf_hash
from services.audit.tiles import TileId, tiles_at

# The inputs, roots and proofs of the Certificate Transparency reference tests (merkletree).
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def naive_root(hashes):
    """RFC 6962 section 2.1, word for word."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return sha256(b"\x01" + naive_root(hashes[:k]) + naive_root(hashes[k:])).digest()


def numbered(size):
    return [leaf_hash(str(i).encode()) for i in range(size)]


def built(hashes, *, steps=()):
    """Edge and every tile a log keeps when it grows to each of `steps`, then to the end."""
    edge, tiles, start = tree.Edge(), {}, 0
    for end in [*sorted(steps), len(hashes)]:
        edge, new = tree.grow(edge, hashes[start:end])
        tiles |= new
        start = end
    return edge, tiles


def at(size, tiles):
    """The tiles as a tree of `size` sees them: partial tiles are prefixes of wider ones."""
    widest = {}
    for tile, data in tiles.items():
        place = (tile.level, tile.number)
        if len(data) > len(widest.get(place, b"")):
            widest[place] = data
    return {t: widest[t.level, t.number][: t.width * 32] for t in tiles_at(size)}


def inclusion(index, size, tiles):
    return tree.prove(tree.inclusion_spans(index, size), size, at(size, tiles))


def consistency(old, new, tiles):
    return tree.prove(tree.consistency_spans(old, new), new, at(new, tiles))


def test_the_empty_tree_has_the_hash_of_nothing_as_its_root():
    assert tree.Edge().root().hex() == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_of_the_certificate_transparency_tree(size):
    edge, tiles = built([leaf_hash(leaf) for leaf in LEAVES[:size]])

    assert edge.root().hex() == ROOTS[size - 1]
    assert tree.root_of_tree(size, at(size, tiles)).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_the_inclusion_proofs_of_the_certificate_transparency_tree(index, size):
    _, tiles = built([leaf_hash(leaf) for leaf in LEAVES])

    proof = inclusion(index, size, tiles)

    assert [digest.hex() for digest in proof] == INCLUSION[index, size]
    root = bytes.fromhex(ROOTS[size - 1])
    tree.verify_inclusion(index, size, root, leaf_hash(LEAVES[index]), proof)


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_the_consistency_proofs_of_the_certificate_transparency_tree(old, new):
    _, tiles = built([leaf_hash(leaf) for leaf in LEAVES])

    proof = consistency(old, new, tiles)

    assert [digest.hex() for digest in proof] == CONSISTENCY[old, new]
    roots = [bytes.fromhex(ROOTS[size - 1]) for size in (old, new)]
    tree.verify_consistency(old, new, *roots, proof)


sizes = st.integers(0, 700)


@given(sizes, st.lists(st.integers(0, 700), max_size=5))
@example(256, [])
@example(257, [255, 256])
@example(512, [256])
def test_growing_in_any_steps_gives_the_tree_of_the_definition(size, steps):
    hashes = numbered(size)

    edge, tiles = built(hashes, steps=[s for s in steps if s <= size])

    assert edge.root() == naive_root(hashes)
    assert set(tiles_at(size)) <= set(tiles)
    assert tree.root_of_tree(size, at(size, tiles)) == naive_root(hashes)


@pytest.mark.slow
@given(st.integers(1, 700), st.data())
def test_every_entry_is_proved_and_no_other_leaf_is(size, data):
    index = data.draw(st.integers(0, size - 1))
    hashes = numbered(size)
    edge, tiles = built(hashes)

    proof = inclusion(index, size, tiles)

    tree.verify_inclusion(index, size, edge.root(), hashes[index], proof)
    with pytest.raises(tree.ProofError):
        tree.verify_inclusion(index, size, edge.root(), leaf_hash(b"other"), proof)
    with pytest.raises(tree.ProofError):
        tree.verify_inclusion(index, size, edge.root(), hashes[index], [*proof, hashes[0]])
    if proof:
        with pytest.raises(tree.ProofError):
            tree.verify_inclusion(index, size, edge.root(), hashes[index], proof[:-1])


@pytest.mark.slow
@given(st.integers(0, 700), st.data())
def test_a_tree_begins_with_every_smaller_one_and_with_no_other(size, data):
    old = data.draw(st.integers(0, size))
    hashes = numbered(size)
    edge, tiles = built(hashes)
    before, after = naive_root(hashes[:old]), edge.root()

    proof = consistency(old, size, tiles)

    tree.verify_consistency(old, size, before, after, proof)
    with pytest.raises(tree.ProofError):
        tree.verify_consistency(old, size, before, after, [*proof, after])
    if old:
        with pytest.raises(tree.ProofError):
            tree.verify_consistency(old, size, leaf_hash(b"other"), after, proof)
    if 0 < old < size:
        with pytest.raises(tree.ProofError):
            tree.verify_consistency(old, size, before, leaf_hash(b"other"), proof)
        with pytest.raises(tree.ProofError):
            tree.verify_consistency(old, size, before, after, proof[:-1])


def test_every_flipped_bit_of_a_proof_is_noticed():
    hashes = numbered(11)
    edge, tiles = built(hashes)
    for index in range(11):
        proof = inclusion(index, 11, tiles)
        for place in range(len(proof)):
            bad = list(proof)
            bad[place] = bytes([bad[place][0] ^ 1]) + bad[place][1:]
            with pytest.raises(tree.ProofError):
                tree.verify_inclusion(index, 11, edge.root(), hashes[index], bad)


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0)])
def test_there_is_no_proof_for_an_entry_outside_the_tree(index, size):
    with pytest.raises(tree.ProofError):
        tree.inclusion_spans(index, size)
    with pytest.raises(tree.ProofError):
        tree.verify_inclusion(index, size, b"", b"", [])


def test_a_tree_does_not_begin_with_a_larger_one():
    with pytest.raises(tree.ProofError):
        tree.consistency_spans(6, 5)
    with pytest.raises(tree.ProofError):
        tree.verify_consistency(6, 5, b"", b"", [])


def test_two_roots_for_one_size_are_never_consistent():
    with pytest.raises(tree.ProofError, match="two roots"):
        tree.verify_consistency(3, 3, leaf_hash(b"a"), leaf_hash(b"b"), [])


def test_size_zero_with_a_root_is_refused():
    with pytest.raises(tree.ProofError, match="empty root"):
        tree.verify_consistency(0, 3, leaf_hash(b"a"), leaf_hash(b"b"), [])


def test_seventy_thousand_leaves_have_the_tiles_of_the_specification():
    hashes = [i.to_bytes(32, "big") for i in range(70_000)]

    edge, tiles = built(hashes)

    assert TileId(0, 272, 256) in tiles
    assert TileId(0, 273, 112) in tiles
    assert TileId(1, 0, 256) in tiles
    assert TileId(1, 1, 17) in tiles
    assert TileId(2, 0, 1) in tiles
    assert set(tiles_at(70_000)) == set(tiles)
    assert tree.root_of_tree(70_000, tiles) == edge.root()
    proof = inclusion(69_999, 70_000, tiles)
    tree.verify_inclusion(69_999, 70_000, edge.root(), hashes[-1], proof)
