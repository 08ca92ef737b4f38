"""Canonical JSON: the exact bytes that stand for a document in the tamper-evident log.

One document has one spelling, so that anybody can compute its hash again, in any language, years later:
sorted keys of `[a-z0-9_]+`, no spaces, text in Unicode NFC, numbers only as integers of at most 53 bits.
What has another spelling is refused, never repaired: what a person was shown is what gets hashed.
"""

import re
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

DEPTH_LIMIT = 16
LARGEST = 2**53 - 1

_KEY = re.compile(r"[a-z0-9_]+")
_ENCODER = msgspec.json.Encoder(order="sorted")


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
