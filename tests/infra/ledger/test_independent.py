"""Software that others wrote for the same formats accepts what ours writes, and refuses what was altered.

`metamorphic_log` (Rust) verifies keys, notes, checkpoints and proofs; `tlog_scales` (Python) verifies cosignatures and
reads tiles and entry bundles. Neither knows of us, nor of the other.
"""

from collections.abc import Callable
from pathlib import Path
from random import Random

import metamorphic_log as rust
import pytest
from cryptography.exceptions import InvalidSignature
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey, VkeySet
from tlog_scales.tlog import Checkpoint as TheirCheckpoint
from tlog_scales.tlog import ConsistencyProof, ConsistencyProofInvalid, InclusionProof, InclusionProofInvalid

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.leaf import leaf_hash
from infra.ledger.note import Note, NoteSignature
from infra.ledger.text import BadProof, Invalid
from infra.ledger.tiles import FULL, Edge, bundle, consistency_proof, inclusion_proof, layout, path, root
from infra.ledger.tree import EMPTY, verify_consistency, verify_inclusion
from infra.ledger.witness_policy import Policy
from tests.infra.ledger.example import AT, LOG, ORIGIN, WITNESS

SIZE = 70_000
LEAVES = [b'{"leaf":%d}' % number for number in range(SIZE)]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]
EDGE, GROWN = Edge().grow(HASHES)
TILES = dict(GROWN)
HEAD = Checkpoint(ORIGIN, SIZE, EDGE.root())
SIGNED = HEAD.sign(LOG)
LOG_KEY, WITNESS_KEY = str(LOG.verifier), str(WITNESS.verifier)


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoint, tiles and entry bundles as plain files at their paths."""
    folder = tmp_path_factory.mktemp("mirror")
    files = {"checkpoint": bytes(SIGNED)}
    for place, width in layout(SIZE):
        files[path(*place, width)] = TILES[place]
        if place.level == 0:
            start = place.number * FULL
            files[path(None, place.number, width)] = bundle(LEAVES[start : start + width])
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def verdict(check: Callable[..., object], *arguments: object) -> bool:
    try:
        check(*arguments)
    except (Invalid, BadProof, rust.VerifyError, InclusionProofInvalid, ConsistencyProofInvalid, InvalidSignature):
        return False
    return True


# Checkpoints ------------------------------------------------------------------------------------------


def test_both_read_our_checkpoint_and_hold_it_for_signed():
    for note in (SIGNED, SIGNED.also([WITNESS.sign(HEAD.text, AT)])):
        text = bytes(note).decode()

        head = rust.checkpoint_verify(text, [LOG_KEY])
        theirs = TheirCheckpoint.from_text(text)
        theirs.verify(Vkey.from_string(LOG_KEY))

        assert (head.origin, head.size, head.root, head.extensions) == (ORIGIN, SIZE, EDGE.root(), [])
        assert (theirs.origin, theirs.size, theirs.root_hash) == (ORIGIN, SIZE, EDGE.root())
        assert theirs.serialize() == text


def test_our_cosignature_holds_for_them_with_its_time():
    theirs = TheirCheckpoint.from_text(bytes(SIGNED.also([WITNESS.sign(HEAD.text, AT)])).decode())
    key = Vkey.from_string(WITNESS_KEY)

    theirs.verify(key)

    ((_, signature),) = VkeySet(key).verify(theirs.signatures, theirs)
    assert int.from_bytes(signature.payload[:8], "big") == AT
    true = WITNESS.sign(HEAD.text, AT)
    forged = Note(HEAD.text, (NoteSignature(true.name, true.id, (AT - 1).to_bytes(8, "big") + true.value[8:]),))
    assert not verdict(TheirCheckpoint.from_text(bytes(forged).decode()).verify, key)


def test_what_we_accept_of_a_thousand_altered_checkpoints_they_accept_too():
    policy = Policy.read(f"log {LOG_KEY}\nquorum 0\n".encode())
    random = Random(11)
    raw = bytes(SIGNED.also([WITNESS.sign(HEAD.text, AT)]))
    accepted = 0
    for _ in range(1_000):
        altered = bytearray(raw)
        place = random.randrange(len(raw))
        match random.randrange(4):
            case 0:
                altered[place] ^= 1 << random.randrange(8)
            case 1:
                del altered[place]
            case 2:
                altered.insert(place, random.choice(b"\n\r\t \0=+A0"))
            case _:
                lines = bytes(raw).split(b"\n")
                altered = bytearray(b"\n".join([*lines, lines.pop(random.randrange(len(lines)))]))
        if verdict(lambda altered=altered: policy.verify(Note.read(bytes(altered)))):
            accepted += 1
            assert rust.checkpoint_verify(altered.decode(), [LOG_KEY]).root == EDGE.root()
    assert 0 < accepted < 500  # the cosignature's line, of a key that this policy does not know


# Proofs -----------------------------------------------------------------------------------------------


def altered(proof: list[bytes], random: Random) -> list[bytes]:
    changed = list(proof)
    place = random.randrange(len(proof)) if proof else 0
    match random.randrange(5) if proof else 4:
        case 0:
            changed[place] = bytes([changed[place][0] ^ 1 << random.randrange(8)]) + changed[place][1:]
        case 1:
            del changed[place]
        case 2:
            changed.insert(place, changed[place])
        case 3:
            changed.reverse()
        case _:
            changed.append(random.randbytes(32))
    return changed


def test_all_three_agree_on_a_thousand_inclusion_proofs_and_a_thousand_altered_ones():
    random = Random(5)
    accepted = 0
    for _ in range(1_000):
        size = random.choice([random.randrange(1, 20), random.randrange(1, SIZE + 1)])
        index = random.randrange(size)
        whole = root(size, TILES)
        right = inclusion_proof(index, size, TILES)
        for proof in (right, altered(right, random)):
            verdicts = {
                verdict(verify_inclusion, index, size, HASHES[index], proof, whole),
                verdict(rust.verify_inclusion, index, size, HASHES[index], proof, whole),
                verdict(InclusionProof(index, size, proof).check, HASHES[index], whole),
            }
            assert verdicts == {proof == right}
            accepted += proof == right
    assert 1_000 <= accepted < 1_100  # a proof of one hash, reversed, is itself


def test_all_three_agree_on_a_thousand_consistency_proofs_and_a_thousand_altered_ones():
    random = Random(6)
    accepted = 0
    for _ in range(1_000):
        new = random.choice([random.randrange(1, 20), random.randrange(1, SIZE + 1)])
        old = random.randrange(1, new + 1)
        first, last = root(old, TILES), root(new, TILES)
        right = consistency_proof(old, new, TILES)
        for proof in (right, altered(right, random)):
            verdicts = {
                verdict(verify_consistency, old, first, new, last, proof),
                verdict(rust.verify_consistency, old, new, proof, first, last),
                verdict(ConsistencyProof(old, new, proof).check, first, last),
            }
            assert verdicts == {proof == right}
            accepted += proof == right
    assert 1_000 <= accepted < 1_100


def test_they_verify_inclusion_and_consistency_under_our_signed_checkpoints():
    text = bytes(SIGNED).decode()
    proof = inclusion_proof(12_345, SIZE, TILES)
    older = bytes(Checkpoint(ORIGIN, 300, root(300, TILES)).sign(LOG)).decode()
    forked = bytes(Checkpoint(ORIGIN, 300, root(299, TILES)).sign(LOG)).decode()
    between = consistency_proof(300, SIZE, TILES)

    rust.checkpoint_verify_inclusion(text, [LOG_KEY], 12_345, HASHES[12_345], proof)
    rust.checkpoint_verify_consistency(older, text, [LOG_KEY], between)

    assert not verdict(rust.checkpoint_verify_inclusion, text, [LOG_KEY], 12_346, HASHES[12_345], proof)
    assert not verdict(rust.checkpoint_verify_inclusion, text, [LOG_KEY], 12_345, HASHES[12_346], proof)
    assert not verdict(rust.checkpoint_verify_consistency, forked, text, [LOG_KEY], between)


# Tiles ------------------------------------------------------------------------------------------------


def test_they_find_the_root_the_proofs_and_the_leaves_in_our_files(mirror: Path):
    reader = TilesReader(LocalBackend(mirror))

    checkpoint = reader.get_checkpoint()

    assert checkpoint.root_hash == reader.calculate_root_hash() == EDGE.root()
    for index in (0, 255, 256, 65_535, 65_536, SIZE - 1):
        assert reader.get_entry(index) == LEAVES[index]
        assert reader.get_inclusion_proof(index, SIZE).node_hashes == inclusion_proof(index, SIZE, TILES)
        assert reader.get_consistency_proof(index + 1, SIZE).node_hashes == consistency_proof(index + 1, SIZE, TILES)


def test_an_altered_tile_leads_them_to_another_root(mirror: Path):
    file = mirror / path(0, SIZE // FULL, SIZE % FULL)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        reader = TilesReader(LocalBackend(mirror))
        checkpoint = reader.get_checkpoint()

        assert reader.calculate_root_hash() != checkpoint.root_hash
        with pytest.raises(InclusionProofInvalid):
            reader.get_inclusion_proof(3, SIZE).check(HASHES[3], checkpoint.root_hash)
    finally:
        file.write_bytes(whole)


def test_all_agree_on_the_empty_tree():
    verify_consistency(0, EMPTY, 5, root(5, TILES), [])
    ConsistencyProof(0, 5, []).check(EMPTY, root(5, TILES))

    for other in (root(1, TILES), bytes(32)):
        assert not verdict(verify_consistency, 0, other, 5, root(5, TILES), [])
        assert not verdict(ConsistencyProof(0, 5, []).check, other, root(5, TILES))
