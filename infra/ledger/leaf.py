"""The leaf: the bytes of one fact that enter the Merkle tree of its log, in canonical JSON."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from infra.ledger.canonical_json import LARGEST, NotCanonical, check_text, instant

LEAF_LIMIT = 4_096
PAYLOAD_LIMIT = 256 * 1_024

_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"
_IDS = re.compile(f"{_UUID} {_UUID} {_INSTANT} [0-9a-f]{{64}} (?:[0-9a-f]{{64}})?")
_HASHES = re.compile(r"(?:[0-9a-f]{64} )+")
_LOG = re.compile(rb'"log":"([^"\\]*)"')  # within a value a quotation mark would be escaped
_IN_ORDER = msgspec.json.Encoder()  # for what is written down in order already


def leaf(
    *,
    log: str,
    stream: str,
    version: int,
    prev: str,
    topic: str,
    schema: int,
    at: datetime,
    actor: str,
    unit: str,
    command: str,
    payload_sha256: str,
    on_behalf_of: str = "",
    evidence: Sequence[str] = (),
) -> bytes:
    """The bytes of one fact that enter the Merkle tree; every key is always present.

    `prev` is the leaf hash of the stream's fact before, "" for the first. The texts that come from outside
    (actor, unit, on_behalf_of) are checked here, the others are made by us and cannot be wrong.
    """
    spelled = _IN_ORDER.encode(
        {
            "actor": check_text(actor, "actor"),
            "at": instant(at),
            "command": command,
            "evidence": evidence,
            "log": log,
            "on_behalf_of": check_text(on_behalf_of, "on_behalf_of"),
            "payload_sha256": payload_sha256,
            "prev": prev,
            "schema": schema,
            "stream": stream,
            "type": topic,
            "unit": check_text(unit, "unit"),
            "v": 1,
            "version": version,
        }
    )
    if len(spelled) > LEAF_LIMIT:
        raise NotCanonical("leaf", f"{len(spelled)} bytes, more than {LEAF_LIMIT}")
    return spelled


class Leaf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a leaf says; its fields stand in the order of its keys."""

    actor: str
    at: str
    command: str
    evidence: list[str]
    log: str
    on_behalf_of: str
    payload_sha256: str
    prev: str
    schema: int
    stream: str
    type: str
    unit: str
    v: int
    version: int


_LEAF = msgspec.json.Decoder(Leaf)


def read_leaf(spelled: bytes) -> Leaf:
    """What these bytes say, if they are exactly how a leaf is written. Raises NotCanonical."""
    if len(spelled) > LEAF_LIMIT:
        raise NotCanonical("leaf", f"{len(spelled)} bytes, more than {LEAF_LIMIT}")
    try:
        said = _LEAF.decode(spelled)
    except (msgspec.DecodeError, UnicodeDecodeError) as reason:
        raise NotCanonical("leaf", f"not a leaf: {reason}") from None
    if said.v != 1 or not (0 < said.version <= LARGEST and 0 < said.schema <= LARGEST):
        raise NotCanonical("leaf", "of another form than 1, or without version or schema")
    if (said.version > 1) != bool(said.prev):
        raise NotCanonical("leaf", f"version {said.version} with prev {said.prev!r}")
    if not _IDS.fullmatch(f"{said.stream} {said.command} {said.at} {said.payload_sha256} {said.prev}") or (
        said.evidence and not _HASHES.fullmatch(" ".join(said.evidence) + " ")
    ):
        raise NotCanonical("leaf", "a stream, command, moment or hash in another spelling")
    if not spelled.isascii():
        check_text(spelled.decode(), "leaf")
    if _IN_ORDER.encode(said) != spelled:
        raise NotCanonical("leaf", "not the canonical spelling (order, spaces, escapes or a duplicate key)")
    return said


def epoch_of(spelled: bytes) -> str:
    """The origin in a leaf, without reading the rest; "" in what is no leaf."""
    found = _LOG.search(spelled)
    return found[1].decode(errors="replace") if found else ""


def leaf_hash(spelled: bytes) -> bytes:
    """SHA-256(0x00 || leaf), as RFC 6962 hashes a leaf."""
    return hashlib.sha256(b"\x00" + spelled).digest()


def payload_hash(payload: bytes) -> str:
    """Hex SHA-256 of a payload's canonical JSON."""
    return hashlib.sha256(payload).hexdigest()
