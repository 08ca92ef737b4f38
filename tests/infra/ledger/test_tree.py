from collections.abc import Iterator
from functools import cache
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.ledger.leaf import leaf_hash
from infra.ledger.text import LARGEST, BadProof
from infra.ledger.tiles import (
    Edge,
    TilePlace,
    consistency_path,
    consistency_proof,
    inclusion_path,
    inclusion_proof,
    resolve,
    root,
)
from infra.ledger.tree import EMPTY, node, verify_consistency, verify_inclusion
from tests.infra.ledger.naive import Tree

LEAVES = [b"leaf %d" % number for number in range(300)]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]
NAIVE = Tree(LEAVES)
TILES = dict(Edge().grow(HASHES)[1])

#: The leaves that certificate transparency is tested with, and the roots of the first 1 to 8 of them.
STANDARD = [bytes.fromhex(one) for one in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
STANDARD.append(bytes(range(0x60, 0x70)))
STANDARD_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_the_roots_of_certificate_transparency_come_out():
    hashes = [leaf_hash(leaf) for leaf in STANDARD]

    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Edge().root() == EMPTY
    assert [Edge().grow(hashes[:size])[0].root().hex() for size in range(1, 9)] == STANDARD_ROOTS


@cache
def hash_of(start: int, end: int) -> bytes:
    return resolve([(start, end)], TILES)[0]


def test_every_inclusion_proof_up_to_300_leaves_is_the_naive_one_and_verifies():
    for size in range(1, 301):
        for index in range(size):
            path = [hash_of(*one) for one in inclusion_path(index, size)]

            assert path == NAIVE.path(index, 0, size)
            verify_inclusion(index, size, HASHES[index], path, NAIVE.mth(0, size))


def test_every_consistency_proof_up_to_300_leaves_is_the_naive_one_and_verifies():
    for new in range(1, 301):
        for old in range(1, new + 1):
            proof = [hash_of(*one) for one in consistency_path(old, new)]

            assert proof == NAIVE.proof(old, new)
            verify_consistency(old, NAIVE.mth(0, old), new, NAIVE.mth(0, new), proof)


def test_tiles_of_each_tree_up_to_300_leaves_are_enough_for_its_proofs_and_its_root():
    for size in range(1, 301):
        tiles = dict(Edge().grow(HASHES[:size])[1])

        assert root(size, tiles) == NAIVE.mth(0, size)
        for index in {0, size // 3, size - 1}:
            assert inclusion_proof(index, size, tiles) == NAIVE.path(index, 0, size)
            assert consistency_proof(index + 1, size, tiles) == NAIVE.proof(index + 1, size)


def mutations(proof: list[bytes]) -> Iterator[list[bytes]]:
    """Each hash flipped, doubled, left out, exchanged with its neighbour; one more at either end; another length."""
    for number, one in enumerate(proof):
        before, after = proof[:number], proof[number + 1 :]
        yield [*before, bytes([one[0] ^ 1]) + one[1:], *after]
        yield [*before, one[:-1] + bytes([one[-1] ^ 128]), *after]
        yield [*before, one, one, *after]
        yield [*before, *after]
        yield [*before, one[:-1], *after]
        yield [*before, one + b"\0", *after]
        if after and after[0] != one:
            yield [*before, after[0], one, *after[1:]]
    for stranger in (bytes(32), EMPTY, HASHES[0]):
        yield [*proof, stranger]
        yield [stranger, *proof]
    yield [bytes(32)] * 64


@pytest.mark.parametrize("size", [*range(1, 18), 31, 32, 33, 63, 64, 65])
def test_no_mutated_inclusion_proof_verifies(size: int):
    whole = NAIVE.mth(0, size)
    for index in range(size):
        path = NAIVE.path(index, 0, size)
        for mutated in mutations(path):
            with pytest.raises(BadProof):
                verify_inclusion(index, size, HASHES[index], mutated, whole)
        for other in {*range(-1, size + 2)} - {index}:
            with pytest.raises(BadProof):
                verify_inclusion(other, size, HASHES[index], path, whole)
        for leaf, top in ((HASHES[299], whole), (HASHES[index], EMPTY), (whole, HASHES[index]), (b"", whole)):
            if (leaf, top) != (HASHES[index], whole):
                with pytest.raises(BadProof):
                    verify_inclusion(index, size, leaf, path, top)


@pytest.mark.parametrize("new", [*range(1, 18), 31, 32, 33, 64, 65])
def test_no_mutated_consistency_proof_verifies(new: int):
    whole = NAIVE.mth(0, new)
    for old in range(1, new + 1):
        part = NAIVE.mth(0, old)
        proof = NAIVE.proof(old, new)
        for mutated in mutations(proof):
            with pytest.raises(BadProof):
                verify_consistency(old, part, new, whole, mutated)
        for first, last in ((EMPTY, whole), (part, EMPTY), (b"", whole), (part, whole + b"\0")):
            with pytest.raises(BadProof):
                verify_consistency(old, first, new, last, proof)
        if old < new:
            with pytest.raises(BadProof):
                verify_consistency(old, whole, new, part, proof)
            with pytest.raises(BadProof):
                verify_consistency(new, whole, old, part, proof)


def test_every_tree_continues_the_empty_one_and_itself_without_a_hash():
    verify_consistency(0, EMPTY, 0, EMPTY, [])
    verify_consistency(0, EMPTY, 7, NAIVE.mth(0, 7), [])
    verify_consistency(7, NAIVE.mth(0, 7), 7, NAIVE.mth(0, 7), [])

    for old, first, new, last, proof in (
        (0, EMPTY, 0, NAIVE.mth(0, 7), []),
        (0, NAIVE.mth(0, 7), 7, NAIVE.mth(0, 7), []),
        (0, EMPTY, 7, NAIVE.mth(0, 7), [NAIVE.mth(0, 7)]),
        (7, NAIVE.mth(0, 7), 7, NAIVE.mth(0, 6), []),
        (7, NAIVE.mth(0, 7), 7, NAIVE.mth(0, 7), [NAIVE.mth(0, 7)]),
        (7, NAIVE.mth(0, 7), 0, EMPTY, []),
        (-1, EMPTY, 7, NAIVE.mth(0, 7), []),
    ):
        with pytest.raises(BadProof):
            verify_consistency(old, first, new, last, proof)


def test_a_tree_of_the_largest_size_has_proofs_of_63_hashes_and_a_larger_one_has_none():
    path = [bytes([number]) * 32 for number in range(63)]
    top = HASHES[0]
    for sibling in path:
        top = node(top, sibling)

    verify_inclusion(0, LARGEST, HASHES[0], path, top)
    with pytest.raises(BadProof, match="no leaf"):
        verify_inclusion(0, LARGEST + 1, HASHES[0], path, top)
    with pytest.raises(BadProof, match="63"):
        verify_inclusion(0, LARGEST, HASHES[0], [*path, bytes(32)], top)
    with pytest.raises(BadProof, match="cannot follow"):
        verify_consistency(1, HASHES[0], LARGEST + 1, top, path)


@pytest.fixture(scope="module")
def large() -> tuple[list[bytes], dict[TilePlace, bytes]]:
    random = Random(3)
    hashes = [random.randbytes(32) for _ in range(70_000)]
    return hashes, dict(Edge().grow(hashes)[1])


@given(st.data())
def test_random_trees_prove_what_is_in_them_and_nothing_else(
    large: tuple[list[bytes], dict[TilePlace, bytes]], data: st.DataObject
):
    hashes, tiles = large
    size = data.draw(st.integers(1, 70_000) | st.sampled_from([256, 257, 65_535, 65_536, 65_537]))
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    whole, part = root(size, tiles), root(old, tiles)
    path, proof = inclusion_proof(index, size, tiles), consistency_proof(old, size, tiles)

    verify_inclusion(index, size, hashes[index], path, whole)
    verify_consistency(old, part, size, whole, proof)

    for mutated in mutations(path):
        with pytest.raises(BadProof):
            verify_inclusion(index, size, hashes[index], mutated, whole)
    for mutated in mutations(proof):
        with pytest.raises(BadProof):
            verify_consistency(old, part, size, whole, mutated)
    with pytest.raises(BadProof):
        verify_inclusion(index, size, hashes[index - 1] if size > 1 else EMPTY, path, whole)
