"""Canonical JSON and the leaf: the exact bytes that stand for a fact in the tamper-evident log.

One fact has one spelling, so that anybody can compute its hash again, in any language, years later:
sorted keys of `[a-z0-9_]+`, no spaces, text in Unicode NFC, numbers only as integers of at most 53 bits.
What has another spelling is refused, never repaired: what a person was shown is what gets hashed.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

LEAF_LIMIT = 4_096
PAYLOAD_LIMIT = 256 * 1_024
DEPTH_LIMIT = 16
LARGEST = 2**53 - 1

_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"
_IDS = re.compile(f"{_UUID} {_UUID} {_INSTANT} [0-9a-f]{{64}} (?:[0-9a-f]{{64}})?")
_HASHES = re.compile(r"(?:[0-9a-f]{64} )+")
_KEY = re.compile(r"[a-z0-9_]+")
_LOG = re.compile(rb'"log":"([^"\\]*)"')  # within a value a quotation mark would be escaped
_ENCODER = msgspec.json.Encoder(order="sorted")
_IN_ORDER = msgspec.json.Encoder()  # for what is written down in order already


class NotCanonical(ValueError):
    """The value has no canonical spelling; `path` says where, `reason` why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path or 'document'}: {reason}")
        self.path = path
        self.reason = reason


def canonical(document: Any) -> bytes:
    """The one spelling of a document of dicts, lists, strings and integers.

    Raises NotCanonical for anything else: floats, booleans, null, other keys, text that is not NFC or
    holds U+0000 or a lone surrogate, larger integers, deeper nesting.
    """
    _check(document, "", 1)
    return _ENCODER.encode(document)


def encode_checked(document: Any) -> bytes:
    """Like `canonical`, for a document whose every value was checked while it was built."""
    return _ENCODER.encode(document)


def parse(text: bytes | str) -> Any:
    """Read canonical JSON strictly: the text must be the canonical spelling of what it says.

    So a duplicate key, a space, another order or another escape is refused, as is all that `canonical` refuses.
    """
    raw = text.encode() if isinstance(text, str) else text
    try:
        document = msgspec.json.decode(raw)
    except msgspec.DecodeError as reason:
        raise NotCanonical("", f"not JSON: {reason}") from None
    if canonical(document) != raw:
        raise NotCanonical("", "not the canonical spelling (order, spaces, escapes or a duplicate key)")
    return document


def check_text(text: str, path: str = "") -> str:
    """The text itself, when it may enter the log."""
    if "\0" in text:
        raise NotCanonical(path, "text holds U+0000")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise NotCanonical(path, "text holds a lone surrogate") from None
        if not unicodedata.is_normalized("NFC", text):
            raise NotCanonical(path, "text is not in Unicode NFC")
    return text


def check_integer(number: int, path: str = "") -> int:
    """The number itself, when every JSON reader keeps it exactly."""
    if not -LARGEST <= number <= LARGEST:
        raise NotCanonical(path, f"{number} is beyond 2^53 - 1")
    return number


def instant(moment: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS.ffffffZ`; the moment must know its zone."""
    if moment.tzinfo is None:
        raise NotCanonical("", "a moment without a time zone")
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def _check(value: Any, path: str, depth: int) -> None:
    if depth > DEPTH_LIMIT:
        raise NotCanonical(path, f"nested deeper than {DEPTH_LIMIT}")
    kind = type(value)
    if kind is str:
        check_text(value, path)
    elif kind is int:
        check_integer(value, path)
    elif kind is dict:
        for key, item in value.items():
            if type(key) is not str or not _is_key(key):
                raise NotCanonical(path, f"key {key!r} is not of [a-z0-9_]+")
            _check(item, f"{path}.{key}" if path else key, depth + 1)
    elif kind in (list, tuple):
        for number, item in enumerate(value):
            _check(item, f"{path}[{number}]", depth + 1)
    else:
        raise NotCanonical(path, f"{kind.__name__} has no canonical spelling")


@lru_cache(maxsize=1_000)
def _is_key(key: str) -> bool:
    return _KEY.fullmatch(key) is not None


# The leaf ---------------------------------------------------------------------------------------------


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
