"""Proof downloads: the proof that an act is in the log, or until there is one our signed promise.

A promise holds the leaf, its place and a time. A log whose checkpoint after that time does not have the leaf there
convicts whoever keeps it, so that not even the newest acts can be dropped without leaving evidence in other hands. The
key of promises is not the key of checkpoints; a policy names it as another log, and it can vouch for no checkpoint.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from infra.identity.tenants import Tenant
from infra.ledger.canonical_json import NotCanonical, instant, parse
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.epoch import covers
from infra.ledger.leaf import leaf_hash
from infra.ledger.note import KeyKind, Note, SignerKey
from infra.ledger.proof import PROOF_LIMIT, Proof
from infra.ledger.text import Invalid, Malformed, base64, read_base64, read_decimal
from infra.ledger.tiles import inclusion_path, inclusion_proof, places
from infra.ledger.tree import verify_inclusion
from infra.ledger.witness_policy import Policy, PolicyVerdict
from infra.log.stored_facts import leaf_of
from infra.platform.database import Connection, Database
from infra.transparency.checkpoints import last_note
from infra.transparency.proofs import NotSealed, last_two
from infra.transparency.sealer import read_tiles
from infra.transparency.sealer_store import KeyOwner
from services.seals.published_trust import published_trust
from services.seals.trusted_policy import read_handed_in, read_trust
from services.seals.verify_answer import LAST_SECOND, WORDS, ExitCode
from services.visible import shown

#: Within this time after a receipt was handed out its leaf is in the log.
TERM = timedelta(seconds=60)


class ProofDownload(NamedTuple):
    """A file to take home, and how its name ends."""

    suffix: str
    content: bytes


class Promise(msgspec.Struct, frozen=True):
    """This leaf stands at `index` (from 0) of the log `origin`, at the latest at `by` (seconds since 1970)."""

    origin: str
    index: int
    leaf: bytes
    by: int

    @property
    def text(self) -> str:
        return f"{named(self.origin)}\nindex {self.index}\nleaf {base64(self.leaf)}\nby {self.by}\n"

    @classmethod
    def read(cls, text: str) -> Promise:
        """From the text of a note. Raises Malformed."""
        match text.split("\n"):
            case [name, index, leaf, by, ""] if (
                name.endswith(_RECEIPT) and index[:6] == "index " and leaf[:5] == "leaf " and by[:3] == "by "
            ):
                origin = name.removesuffix(_RECEIPT)
                return cls(
                    origin,
                    read_decimal(index[6:], "index"),
                    read_base64(leaf[5:], "leaf"),
                    read_decimal(by[3:], "time"),
                )
        raise Malformed("not a promise: the lines are its name, index, leaf and by")


_RECEIPT = "/receipt"


def named(origin: str) -> str:
    """The name of the key of promises of a log."""
    return origin + _RECEIPT


def key_of(secret: str, tenant: KeyOwner) -> SignerKey:
    """The key of promises of a log: the same in every web process, and derived from what only these know."""
    name = named(tenant.log)
    return SignerKey(name, KeyKind.NOTE, HKDF(SHA256(), 32, None, name.encode()).derive(secret.encode()))


async def make_proof_download(database: Database, secret: str, tenant: Tenant, position: int) -> ProofDownload:
    """What to take home of the fact at this position.

    The proof under the last checkpoint that the province's policy accepts (the last signed, where it has none), with
    the leaf in its extra line; the promise where no checkpoint covers it. Raises Invalid when the log is not what was
    signed.
    """
    async with database.reading(tenant) as connection:
        leaf = await leaf_of(connection, tenant, position)
        note = await _checkpoint(connection, tenant)
        head = Checkpoint.read(note.text) if note else None
        if note is None or head is None or head.size < position:
            return ProofDownload("promise", bytes(promised(secret, tenant, position, leaf)))
        index = position - 1
        tiles = await read_tiles(connection, tenant, places(inclusion_path(index, head.size)))
    hashes = inclusion_proof(index, head.size, tiles)
    verify_inclusion(index, head.size, leaf_hash(leaf), hashes, head.root)
    return ProofDownload("tlog-proof", bytes(Proof(index, tuple(hashes), note, leaf)))


def promised(secret: str, tenant: KeyOwner, position: int, leaf: bytes) -> Note:
    """Our promise, signed, that this leaf is in the log within the term."""
    by = int(time.time() + TERM.total_seconds())
    text = Promise(tenant.log, position - 1, leaf, by).text
    return Note(text, (key_of(secret, tenant).sign(text),))


async def _checkpoint(connection: Connection, tenant: Tenant) -> Note | None:
    trust = await published_trust(connection, tenant)
    if trust is not None:
        with suppress(NotSealed):
            return (await last_two(connection, tenant, trust.policy))[0].note
    return await last_note(connection, tenant)


# Verifying, offline -----------------------------------------------------------------------------------


class ProofResult(NamedTuple):
    """What a receipt is worth; `leaf` is the act, as the log has it."""

    answer: ExitCode
    reason: str = ""
    leaf: Mapping[str, Any] | None = None
    verdict: PolicyVerdict | None = None
    by: int | None = None


def verify(raw: bytes, policy: Policy) -> ProofResult:
    """What a receipt is worth by this policy: a proof is, a promise is not yet."""
    try:
        if raw.startswith(b"c2sp.org/"):
            proof = Proof.read(raw)
            verdict = proof.verify(proof.extra or b"", policy)
            answer = ExitCode.VALID if verdict.witnessed else ExitCode.UNWITNESSED
            return ProofResult(answer, leaf=_told(proof.extra or b"", verdict.checkpoint.origin), verdict=verdict)
        note = Note.read(raw)
        promise = Promise.read(note.text)
        if not note.check([key for key in policy.logs if key.name == named(promise.origin)]):
            return ProofResult(
                ExitCode.INVALID, f"no key of the policy for the promises of {promise.origin} has signed it"
            )
        return ProofResult(ExitCode.PROMISED, leaf=_told(promise.leaf, promise.origin), by=promise.by)
    except Invalid as reason:
        return ProofResult(ExitCode.INVALID, str(reason))


def _told(leaf: bytes, origin: str) -> Mapping[str, Any]:
    """What the leaf says, when it may stand in this log. Raises Malformed."""
    try:
        said = parse(leaf)
    except NotCanonical as reason:
        raise Malformed(f"the leaf: {reason}") from None
    if not isinstance(said, dict):
        raise Malformed("the leaf is no act")
    if not covers(origin, str(said.get("log"))):
        raise Malformed(f"an act of another log, {str(said.get('log'))[:80]!r}")
    return said


def lines(found: ProofResult) -> Iterator[str]:
    """The answer, Vietnamese and English line by line."""
    yield " / ".join(WORDS[found.answer])
    if found.reason:
        yield f"  Lý do / reason: {found.reason}"
    if found.leaf is not None:
        yield f"  {found.leaf['type']}, {found.leaf['at']}, {found.leaf['actor']}, {found.leaf['log']}"
    if found.verdict is not None:
        yield f"  Tính đến điểm kiểm / as of checkpoint {found.verdict.checkpoint.size}: {found.verdict}"
    if found.by is not None:
        by = instant(datetime.fromtimestamp(min(found.by, LAST_SECOND), UTC))
        yield f"  Hứa có trong nhật ký trước {by}; sau đó hãy xin bằng chứng"
        yield f"  Promised to be in the log by {by}; ask for the proof after that"


def run(given: argparse.Namespace) -> int:
    """`minhchuan verify-receipt FILE --policy FILE`."""
    trust = read_trust(given.policy)
    found = verify(read_handed_in(given.file, PROOF_LIMIT), trust.policy)
    for line in lines(found):
        print(shown(line))
    return int(found.answer)
