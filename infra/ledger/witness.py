"""A witness as a function (c2sp.org/tlog-witness): what it answers to a log that asks for a cosignature.

It cosigns a checkpoint only when that provably continues the one it cosigned last. Whoever runs it must, in one
transaction per origin: read the last checkpoint, `answer`, store what the answer says to keep, and only then send.
"""

from collections.abc import Iterable
from http import HTTPStatus

import msgspec

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import NOTE_LIMIT, KeyKind, Note, SignerKey, VerifierKey
from infra.ledger.text import BadProof, BadSignature, Malformed, base64, read_decimal, read_hashes, read_utf8
from infra.ledger.tree import EMPTY, verify_consistency

REQUEST_LIMIT = NOTE_LIMIT + 64 * 1_024

#: The type of an answer that tells the size the log should have asked from.
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"


class Request(msgspec.Struct, frozen=True):
    """A log asks to have its checkpoint cosigned, and proves that it continues the one of `old` leaves."""

    old: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint

    @classmethod
    def of(cls, old: int, proof: Iterable[bytes], note: Note) -> "Request":
        return cls(old, tuple(proof), note, Checkpoint.read(note.text))

    @classmethod
    def read(cls, raw: bytes) -> "Request":
        """From the body of an add-checkpoint call. Raises Malformed."""
        head, gap, note = read_utf8(raw, REQUEST_LIMIT, "request").partition("\n\n")
        first, *hashes = head.split("\n")
        if not gap or not first.startswith("old "):
            raise Malformed("not a request: it begins with the old size and has an empty line above its checkpoint")
        old = read_decimal(first.removeprefix("old "), "old size")
        request = cls.of(old, read_hashes(hashes), Note.read(note.encode()))
        if old > request.checkpoint.size:
            raise Malformed(f"an old size of {old} above the checkpoint's {request.checkpoint.size}")
        return request

    def __bytes__(self) -> bytes:
        return "".join(f"{line}\n" for line in (f"old {self.old}", *map(base64, self.proof), "")).encode() + bytes(
            self.note
        )


class WitnessAnswer(msgspec.Struct, frozen=True):
    """What to send, and what to store before it is sent.

    `keep` is the checkpoint to store as the last cosigned one; `evidence` is a note that its log has signed and
    could not show to continue what it signed before, to be kept for whoever asks.
    """

    status: HTTPStatus
    body: str
    type: str = TEXT_TYPE
    keep: Checkpoint | None = None
    evidence: Note | None = None


class Witness(msgspec.Struct, frozen=True):
    """The key of a witness, and the keys of the logs that it knows; a log's name is its origin."""

    key: SignerKey
    logs: tuple[VerifierKey, ...]

    def __post_init__(self) -> None:
        if self.key.kind is not KeyKind.COSIGNATURE:
            raise Malformed(f"the key of {self.key.name} is not for cosignatures")

    def answer(self, request: Request, last: Checkpoint | None, now: int) -> WitnessAnswer:
        """Answer a request. `last` is the checkpoint of that origin cosigned last; `now` is in seconds since 1970."""
        asked = request.checkpoint
        keys = [key for key in self.logs if key.name == asked.origin]
        if not keys:
            return WitnessAnswer(HTTPStatus.NOT_FOUND, f"unknown log {asked.origin}\n")
        try:
            signed = request.note.check(keys)
        except BadSignature as reason:
            return WitnessAnswer(HTTPStatus.FORBIDDEN, f"{reason}\n")
        if not signed:
            return WitnessAnswer(HTTPStatus.FORBIDDEN, f"no trusted key of {asked.origin} has signed the checkpoint\n")

        last = last or Checkpoint(asked.origin, 0, EMPTY)
        if request.old != last.size:
            return WitnessAnswer(HTTPStatus.CONFLICT, f"{last.size}\n", SIZE_TYPE)
        try:
            verify_consistency(last.size, last.root, asked.size, asked.root, request.proof)
        except BadProof as reason:
            return WitnessAnswer(HTTPStatus.UNPROCESSABLE_ENTITY, f"{reason}\n", evidence=request.note)
        return WitnessAnswer(HTTPStatus.OK, self.key.sign(asked.text, now).line, keep=asked)
