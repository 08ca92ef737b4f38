"""Whom a verifier trusts: log keys, witnesses, and how many of these must have cosigned.

The policy comes from the verifier, never from what is verified. Its file has the lines of c2sp.org/tlog-policy for
logs and witnesses; its quorum is a number, any so many of the witnesses (there: the name of a group of them).
"""

from collections.abc import Iterable

import msgspec

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import KeyKind, Note, VerifierKey
from infra.ledger.text import BadSignature, Invalid, Malformed, read_decimal, read_utf8

POLICY_LIMIT = 64 * 1_024


class QuorumMissed(Invalid):
    """The log has signed, and too few witnesses have."""


class TrustedWitness(msgspec.Struct, frozen=True):
    """A witness under the name that the policy gives it; `url` is where it takes checkpoints, "" when not told."""

    name: str
    key: VerifierKey
    url: str = ""


class Cosigned(msgspec.Struct, frozen=True):
    """A witness that has cosigned, and when, in seconds since 1970."""

    witness: str
    at: int


class PolicyVerdict(msgspec.Struct, frozen=True):
    """What a policy says of a checkpoint that its log has signed: cosigned k of n, where `quorum` are needed."""

    checkpoint: Checkpoint
    cosigned: tuple[Cosigned, ...]
    witnesses: int
    quorum: int

    @property
    def accepted(self) -> bool:
        """The quorum is there, or none is asked for."""
        return len(self.cosigned) >= self.quorum

    @property
    def witnessed(self) -> bool:
        """The quorum is there, and is more than nobody."""
        return self.accepted and self.quorum > 0

    @property
    def at(self) -> int | None:
        """The earliest time that a witness names, in seconds since 1970."""
        return min((one.at for one in self.cosigned), default=None)

    def __str__(self) -> str:
        return f"cosigned {len(self.cosigned)} of {self.witnesses}, quorum {self.quorum}"


class Policy(msgspec.Struct, frozen=True):
    """The log keys that are trusted, the witnesses, and how many of them are enough."""

    logs: tuple[VerifierKey, ...]
    witnesses: tuple[TrustedWitness, ...]
    quorum: int

    @classmethod
    def read(cls, raw: bytes) -> "Policy":  # noqa: C901 - one flat match over the lines of a policy
        """From a policy file. Raises Malformed; a file that leaves the quorum out, or cannot meet it, is no policy."""
        text = read_utf8(raw.replace(b"\t", b" "), POLICY_LIMIT, "policy")
        logs: list[VerifierKey] = []
        witnesses: list[TrustedWitness] = []
        quorums: list[int] = []
        for line in text.split("\n"):
            match [word for word in line.split(" ") if word]:
                case []:
                    pass
                case [comment, *_] if comment.startswith("#"):
                    pass
                case ["log", key] | ["log", key, _]:
                    logs.append(_read_key(key, KeyKind.NOTE))
                case ["witness", name, key]:
                    witnesses.append(TrustedWitness(name, _read_key(key, KeyKind.COSIGNATURE)))
                case ["witness", name, key, url]:
                    witnesses.append(TrustedWitness(name, _read_key(key, KeyKind.COSIGNATURE), url))
                case ["quorum", number]:
                    quorums.append(read_decimal(number, "quorum"))
                case _:
                    raise Malformed(f"policy: {line[:80]!r} is not a line of log, witness or quorum")
        if len(quorums) != 1:
            raise Malformed(f"policy: {len(quorums)} lines of quorum instead of one")
        if not logs:
            raise Malformed("policy: it names no log")
        if quorums[0] > len(witnesses):
            raise Malformed(f"policy: a quorum of {quorums[0]} among {len(witnesses)} witnesses")
        # A cosignature does not say whose name the key goes by, so a key under two names would count twice.
        _once((key.public for key in (*logs, *(one.key for one in witnesses))), "a key")
        _once((one.name for one in witnesses), "a witness")
        return cls(tuple(logs), tuple(witnesses), quorums[0])

    def __bytes__(self) -> bytes:
        return "".join(
            [
                *(f"log {key}\n" for key in self.logs),
                *(f"witness {one.name} {one.key} {one.url}".rstrip() + "\n" for one in self.witnesses),
                f"quorum {self.quorum}\n",
            ]
        ).encode()

    def knows(self, note: Note) -> bool:
        """Whether a line of a log key of this policy stands under it; whether that holds is for `judge` to say.

        A log that has changed its key has checkpoints from before and after that a policy does not know.
        """
        origin = note.text.partition("\n")[0]
        lines = {(one.name, one.id) for one in note.signatures}
        return any((key.name, key.id) in lines for key in self.logs if key.name == origin)

    def judge(self, note: Note) -> PolicyVerdict:
        """Read a checkpoint, and say how far it is cosigned; whether that is enough is for the caller to ask.

        Raises Malformed, or BadSignature when no trusted key of its own log has signed it, or when a signature of
        a key of this policy does not hold.
        """
        checkpoint = Checkpoint.read(note.text)
        signed = {one.key: one for one in note.check((*self.logs, *(one.key for one in self.witnesses)))}
        if not any(key in signed and key.name == checkpoint.origin for key in self.logs):
            raise BadSignature(f"no trusted key of {checkpoint.origin} has signed the checkpoint")
        times = ((one.name, signed[one.key].at) for one in self.witnesses if one.key in signed)
        return PolicyVerdict(
            checkpoint,
            tuple(Cosigned(name, at) for name, at in times if at is not None),
            len(self.witnesses),
            self.quorum,
        )

    def verify(self, note: Note) -> PolicyVerdict:
        """Like `judge`, for who must not go on without the quorum: raises QuorumMissed when it is not there."""
        verdict = self.judge(note)
        if not verdict.accepted:
            raise QuorumMissed(f"checkpoint {verdict.checkpoint.size}: {verdict}")
        return verdict


def _read_key(text: str, kind: KeyKind) -> VerifierKey:
    key = VerifierKey.read(text)
    if key.kind is not kind:
        raise Malformed(f"policy: the key of {key.name} is for {key.kind.name.lower()}, not for {kind.name.lower()}")
    return key


def _once(values: Iterable[object], what: str) -> None:
    listed = list(values)
    if len(set(listed)) < len(listed):
        raise Malformed(f"policy: {what} is listed twice")
