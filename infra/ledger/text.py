"""Numbers, hashes and texts as the formats of c2sp.org write them: one spelling each, and reasons of refusals."""

import re
from base64 import b64decode, b64encode
from binascii import Error

#: What a tree size, an index or a timestamp may be at most.
LARGEST = 2**63 - 1

#: Hashes that a proof may have: enough for every tree of 2^62 leaves.
HASHES = 63

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class Invalid(ValueError):
    """What was handed in does not hold. The text says why, in English, for operators and verifiers."""


class Malformed(Invalid):
    """It is not written in its format, or says two things that cannot both be."""


class BadSignature(Invalid):
    """A signature by a key that we know does not hold, or no key that had to sign has."""


class BadProof(Invalid):
    """The hashes do not lead from what is claimed to the root."""


def read_decimal(text: str, what: str) -> int:
    """A number from 0 to 2^63 - 1 without sign, spaces or leading zeroes."""
    if not _DECIMAL.fullmatch(text) or int(text) > LARGEST:
        raise Malformed(f"{what}: {text[:80]!r} is not a canonical decimal up to 2^63 - 1")
    return int(text)


def base64(raw: bytes) -> str:
    return b64encode(raw).decode()


def read_base64(text: str, what: str) -> bytes:
    """Standard base64 with its padding, in the one spelling that its bytes have."""
    try:
        raw = b64decode(text, validate=True)
    except (Error, ValueError):
        raw = b""
    if base64(raw) != text:
        raise Malformed(f"{what}: {text[:80]!r} is not canonical base64")
    return raw


def read_hash(text: str, what: str) -> bytes:
    """A SHA-256 in base64."""
    raw = read_base64(text, what)
    if len(raw) != 32:
        raise Malformed(f"{what}: {len(raw)} bytes are not a SHA-256")
    return raw


def read_hashes(lines: list[str]) -> tuple[bytes, ...]:
    """The hashes of a proof, one a line."""
    if len(lines) > HASHES:
        raise Malformed(f"a proof of {len(lines)} hashes, more than {HASHES}")
    return tuple(read_hash(line, "hash of a proof") for line in lines)


def read_utf8(raw: bytes, limit: int, what: str) -> str:
    """Text of at most so many bytes, without control characters but line ends (so without CR)."""
    if len(raw) > limit:
        raise Malformed(f"{what}: {len(raw)} bytes, more than {limit}")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Malformed(f"{what}: not UTF-8") from None
    if control := _CONTROL.search(text):
        raise Malformed(f"{what}: holds the control character {control[0]!r}")
    return text
