"""The proof that a person takes home (c2sp.org/tlog-proof): where a leaf stands, and the checkpoint that covers it.

With the leaf and a policy it verifies anywhere, without us.
"""

import msgspec

from infra.ledger.leaf import leaf_hash
from infra.ledger.note import NOTE_LIMIT, Note
from infra.ledger.text import Malformed, base64, read_base64, read_decimal, read_hashes, read_utf8
from infra.ledger.tree import verify_inclusion
from infra.ledger.witness_policy import Policy, PolicyVerdict

PROOF_LIMIT = NOTE_LIMIT + 64 * 1_024

_HEAD = "c2sp.org/tlog-proof@v1"


class Proof(msgspec.Struct, frozen=True):
    """The leaf at `index` (from 0; position - 1) is in the tree of the checkpoint. `extra` is vouched for by nobody."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: Note
    extra: bytes | None = None

    @classmethod
    def read(cls, raw: bytes) -> "Proof":
        """From a .tlog-proof file, if this is exactly how it is written. Nothing is verified. Raises Malformed."""
        head, gap, note = read_utf8(raw, PROOF_LIMIT, "proof").partition("\n\n")
        first, *lines = head.split("\n")
        if first != _HEAD or not gap:
            raise Malformed(f"not a proof: it begins with {_HEAD} and has an empty line above its checkpoint")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = read_base64(lines.pop(0).removeprefix("extra "), "extra data")
        if not lines or not lines[0].startswith("index "):
            raise Malformed("a proof without its index")
        index = read_decimal(lines.pop(0).removeprefix("index "), "index")
        return cls(index, read_hashes(lines), Note.read(note.encode()), extra)

    def __bytes__(self) -> bytes:
        lines = [
            _HEAD,
            *([] if self.extra is None else [f"extra {base64(self.extra)}"]),
            f"index {self.index}",
            *map(base64, self.hashes),
        ]
        return "".join(f"{line}\n" for line in (*lines, "")).encode() + bytes(self.checkpoint)

    def verify(self, leaf: bytes, policy: Policy) -> PolicyVerdict:
        """The leaf is in the log, as far as the policy asks. Raises Malformed, BadSignature, QuorumMissed, BadProof."""
        verdict = policy.verify(self.checkpoint)
        head = verdict.checkpoint
        verify_inclusion(self.index, head.size, leaf_hash(leaf), self.hashes, head.root)
        return verdict
