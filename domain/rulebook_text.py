"""A text of a rulebook that a province keeps in its log, known by its hash, so that whoever was judged by it can be
judged again from the log alone.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

from domain.errors import RulebookTooLarge
from domain.fact import FirstFact, Stream, StreamName
from domain.text import RULEBOOK, clean

#: Of a text in UTF-8. A fact of the log has room for a little more (256 KB).
BYTES = 200 * 1_000


class RulebookText(Stream):
    """One text of a rulebook. It is kept once and never changes."""

    TOPIC = "rulebook-text"

    class Kept(FirstFact):
        """The province keeps this text of the rulebook; `sha256` is the hash of its bytes in UTF-8."""

        TOPIC = "rulebook-text.kept"
        rulebook: str
        sha256: str
        text: str

    def __init__(self, id: UUID, rulebook: str, sha256: str, text: str) -> None:
        self.rulebook = rulebook
        self.sha256 = sha256
        self.text = text


def kept_form(text: str) -> str:
    """The text as it is kept, of which the hash is made: with one kind of line end.

    Raises RulebookTooLarge, SignNotAllowed, MarksPiledUp.
    """
    if (size := len(text.encode(errors="surrogatepass"))) > BYTES:
        raise RulebookTooLarge(size=size // 1_000, limit=BYTES // 1_000)
    return clean(text, "text", RULEBOOK)


def hash_of(text: str) -> str:
    """The SHA-256 of the text in UTF-8, by which it is known."""
    return hashlib.sha256(text.encode()).hexdigest()


def rulebook_text_stream(sha256: str) -> StreamName:
    """The stream of a text that the province keeps."""
    return StreamName("rulebook-text", "", sha256)
