from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.proof import Proof
from infra.ledger.text import BadProof, Invalid, Malformed
from infra.ledger.tiles import Edge, inclusion_proof
from infra.ledger.witness_policy import Policy, QuorumMissed
from tests.infra.ledger import refused
from tests.infra.ledger.example import HASHES, LEAVES, LOG, ORIGIN, POLICY, PROOF

TRUST = Policy.read(POLICY)
TEXT = PROOF.decode()
HASH = TEXT.split("\n")[2]


@pytest.mark.parametrize(("raw", "reason"), refused.PROOFS)
def test_a_proof_that_is_not_written_as_proofs_are_is_refused_with_the_reason(raw: bytes, reason: str):
    with pytest.raises(Malformed, match=reason):
        Proof.read(raw)


def test_extra_data_is_kept_and_vouched_for_by_nobody():
    proof = Proof.read(TEXT.replace("index", "extra aGVsbG8=\nindex", 1).encode())

    assert proof.extra == b"hello"
    assert bytes(proof) == TEXT.replace("index", "extra aGVsbG8=\nindex", 1).encode()
    assert proof.verify(LEAVES[1], TRUST).witnessed


def test_the_only_leaf_of_a_log_is_proven_without_a_hash():
    head = Checkpoint(ORIGIN, 1, HASHES[0])
    raw = bytes(Proof(0, (), head.sign(LOG)))

    assert Proof.read(raw).verify(LEAVES[0], Policy.read(f"log {LOG.verifier}\nquorum 0\n".encode())).accepted
    assert raw.startswith(b"c2sp.org/tlog-proof@v1\nindex 0\n\nminhchuan.example/t/17\n1\n")


def test_another_leaf_index_order_or_number_of_hashes_proves_nothing():
    proof = Proof.read(PROOF)
    first, second = proof.hashes

    for index, hashes, leaf in (
        (1, proof.hashes, LEAVES[0]),
        (1, proof.hashes, LEAVES[1] + b" "),
        (0, proof.hashes, LEAVES[1]),
        (2, proof.hashes, LEAVES[1]),
        (3, proof.hashes, LEAVES[1]),
        (1, (second, first), LEAVES[1]),
        (1, (first,), LEAVES[1]),
        (1, (), LEAVES[1]),
        (1, (first, second, second), LEAVES[1]),
    ):
        with pytest.raises(BadProof):
            Proof(index, hashes, proof.checkpoint).verify(leaf, TRUST)


def test_a_proof_without_the_quorum_is_refused_even_when_its_hashes_lead_to_the_root():
    edge, tiles = Edge().grow(HASHES)
    unwitnessed = Proof(1, tuple(inclusion_proof(1, 3, dict(tiles))), Checkpoint(ORIGIN, 3, edge.root()).sign(LOG))

    with pytest.raises(QuorumMissed):
        unwitnessed.verify(LEAVES[1], TRUST)
    assert not unwitnessed.verify(LEAVES[1], Policy.read(POLICY.replace(b"quorum 1", b"quorum 0"))).witnessed


def verifies(raw: bytes) -> bool:
    try:
        return Proof.read(raw).verify(LEAVES[1], TRUST).witnessed
    except Invalid:
        return False


def test_every_changed_missing_or_added_byte_of_a_proof_undoes_it():
    assert verifies(PROOF)

    for place, byte in enumerate(PROOF):
        for bit in (1, 4, 32, 128):
            assert not verifies(PROOF[:place] + bytes([byte ^ bit]) + PROOF[place + 1 :]), place
        assert not verifies(PROOF[:place] + PROOF[place + 1 :]), place
        assert not verifies(PROOF[:place] + b"\n" + PROOF[place:]), place
        assert not verifies(PROOF[:place] + b"\r" + PROOF[place:]), place


@given(st.data())
def test_whatever_is_made_of_a_proof_is_read_exactly_or_refused(data: st.DataObject):
    lines = data.draw(st.lists(st.sampled_from(TEXT.split("\n")) | st.text(max_size=12), max_size=14))
    raw = "\n".join(lines).encode("utf-8", "surrogatepass")

    with suppress(Malformed):
        assert bytes(Proof.read(raw)) == raw
