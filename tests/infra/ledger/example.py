"""The worked example of the log, byte for byte, and its keys; whoever implements the log elsewhere gets the same."""

from hashlib import sha256
from pathlib import Path

from infra.ledger.leaf import leaf_hash
from infra.ledger.note import KeyKind, SignerKey

FOLDER = Path(__file__).parent / "example"
LEAVES = (FOLDER / "leaves.ndjson").read_bytes().splitlines()
HASHES = [leaf_hash(leaf) for leaf in LEAVES]
POLICY = (FOLDER / "policy.txt").read_bytes()
PROOF = (FOLDER / "position-2.tlog-proof").read_bytes()

ORIGIN = "minhchuan.example/t/17"
LOG = SignerKey(ORIGIN, KeyKind.NOTE, sha256(b"minhchuan example log key").digest())
WITNESS = SignerKey("thanhtra.example/w", KeyKind.COSIGNATURE, sha256(b"minhchuan example witness key").digest())

#: 2026-11-22T08:00:10Z
AT = 1_795_334_410
