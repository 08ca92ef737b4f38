"""Checkpoints (c2sp.org/tlog-checkpoint): which log, how many leaves, which root, in three lines that get signed."""

import msgspec

from infra.ledger.note import Note, SignerKey
from infra.ledger.text import Malformed, base64, read_decimal, read_hash
from infra.ledger.tree import EMPTY


class Checkpoint(msgspec.Struct, frozen=True):
    """The head of a log: `size` leaves, so positions 1 to `size`."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def read(cls, text: str) -> "Checkpoint":
        """From the text of a note. Raises Malformed, also for extension lines, which nobody audits."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise Malformed("a checkpoint has three lines: origin, size and root")
        if not lines[0]:
            raise Malformed("a checkpoint without an origin")
        found = cls(lines[0], read_decimal(lines[1], "tree size"), read_hash(lines[2], "root"))
        if found.size == 0 and found.root != EMPTY:
            raise Malformed("a checkpoint of an empty tree with a root that is not the empty tree's")
        return found

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64(self.root)}\n"

    def sign(self, *keys: SignerKey) -> Note:
        """The signed checkpoint; the same keys give the same bytes."""
        return Note(self.text, tuple(key.sign(self.text) for key in keys))
