from base64 import b64encode

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.proof import Proof
from infra.ledger.tiles import Edge, consistency_proof, inclusion_proof
from infra.ledger.witness_policy import Cosigned, Policy
from tests.infra.ledger.example import AT, HASHES, LEAVES, LOG, ORIGIN, POLICY, PROOF, WITNESS


def test_leaves_hashes_roots_and_consistency_are_those_of_the_example():
    edge, tiles = Edge().grow(HASHES)

    assert [len(leaf) for leaf in LEAVES] == [368, 449, 446]
    assert [one.hex() for one in HASHES] == [
        "c6167d14bba74032949e5e80a283427cd81e7755213372c9b1e43bba1b013484",
        "d964c063ee69a75937d2a541410c0493bcdaf4149ff7d2878d434a0cd0b81031",
        "7a84d022fb364cd9ff1329a7eb3286e7eb6c32f5351ecb11cc527e7c040d83b6",
    ]
    assert b64encode(Edge().grow(HASHES[:2])[0].root()) == b"VD674gI42PujdajyyMyqpt242iRWmHtGIJZdrPdOWsE="
    assert b64encode(edge.root()) == b"DgDscpjUgXk/e7dLs5V+udNC9dIm8RJsHVBCagBDpQQ="
    assert [b64encode(one) for one in consistency_proof(2, 3, dict(tiles))] == [
        b"eoTQIvs2TNn/Eymn6zKG5+tsMvU1HssRzFJ+fAQNg7Y="
    ]


def test_policy_and_cosigned_proof_come_out_byte_for_byte():
    edge, tiles = Edge().grow(HASHES)
    checkpoint = Checkpoint(ORIGIN, 3, edge.root())
    note = checkpoint.sign(LOG).also([WITNESS.sign(checkpoint.text, AT)])

    proof = Proof(1, tuple(inclusion_proof(1, 3, dict(tiles))), note)

    assert bytes(proof) == PROOF
    assert bytes(Policy.read(POLICY)) == POLICY


def test_the_proof_of_the_example_verifies_for_its_leaf_and_for_no_other():
    policy = Policy.read(POLICY)
    proof = Proof.read(PROOF)

    verdict = proof.verify(LEAVES[1], policy)

    assert verdict.witnessed
    assert verdict.checkpoint.size == 3
    assert verdict.cosigned == (Cosigned("thanhtra", AT),)
    assert str(verdict) == "cosigned 1 of 1, quorum 1"
