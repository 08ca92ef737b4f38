"""Bounds of texts: for each kind of text its length and its signs, and the kind of each field.

`Stream` asks before a fact is made, never when one is read: a rule that is tightened later makes no old log unreadable.
Limits count characters of the text as it is recorded; fields of one line take their `maxlength` from here.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, NamedTuple

from domain.errors import CodeInvalid, MarksPiledUp, NumberTooLarge, SignNotAllowed, TextTooLong, TooMany


class TextKind(NamedTuple):
    """What is asked of a text: at most `limit` characters, lines or one line, and its form where it is a code."""

    limit: int
    lines: bool = False
    form: re.Pattern[str] | None = None


#: Of a unit: the national code, or another short one. Not "." and "..", which addresses do without.
CODE = TextKind(20, form=re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]*"))
#: Of what a rulebook or the program itself names: an indicator, a part, an option, a meeting, a season.
KEY = TextKind(100)
#: Of a document.
NUMBER = TextKind(100)
#: Of a person, a unit, an agency.
NAME = TextKind(200)
FILE_NAME = TextKind(255)
#: A place, a document and its article, who confirms something.
LINE = TextKind(500)
#: A reason, an explanation, a finding, an answer.
PROSE = TextKind(20_000, lines=True)
#: What anybody may write about a posted result.
COMMENT = TextKind(4_000, lines=True)
#: What programs write and people do not type: hashes, a sealed value, a checkpoint, a witness policy.
HASH = TextKind(128)
RULEBOOK = TextKind(200_000, lines=True)
WRITTEN = TextKind(100_000, lines=True)

#: Characters of a key or mark that PostgreSQL takes into an index, whatever they are and whatever stands beside them.
INDEXED = 200

#: Items of a list in one fact, and the largest whole number: every reader of JSON keeps it exactly.
MANY = 1_000
LARGEST = 2**53 - 1

#: The kind of each field of a fact or of a value within one, by its name.
KINDS: dict[str, TextKind] = {
    "acknowledged": LINE,
    "address": LINE,
    "agency": NAME,
    "answer": PROSE,
    "article": LINE,
    "asked": WRITTEN,
    "base_sha256": HASH,
    "basis": LINE,
    "outside_term_by": LINE,
    "body": NAME,
    "by": KEY,
    "checked": KEY,
    "checkpoint": WRITTEN,
    "code": CODE,
    "commit": HASH,
    "commune": CODE,
    "condition": KEY,
    "contents": KEY,
    "ct": WRITTEN,
    "decided_by": CODE,
    "decision_no": NUMBER,
    "document": LINE,
    "document_no": NUMBER,
    "explanation": PROSE,
    "flag": KEY,
    "former_sha256": HASH,
    "from_indicator": KEY,
    "ground": PROSE,
    "indicator": KEY,
    "indicators": KEY,
    "into": CODE,
    "issuer": LINE,
    "item": CODE,
    "items": CODE,
    "kind": KEY,
    "leaf_hash": HASH,
    "media_type": KEY,
    "meeting": KEY,
    "name": NAME,
    "number": NUMBER,
    "note": PROSE,
    "official": NAME,
    "option": KEY,
    "order_no": NUMBER,
    "ordered_by": NAME,
    "origin": LINE,
    "page": KEY,
    "parent": CODE,
    "part": KEY,
    "path": LINE,
    "place": LINE,
    "predecessor_origin": LINE,
    "predecessor_root": HASH,
    "previous": WRITTEN,
    "province": NAME,
    "province_code": CODE,
    "published_by": NAME,
    "question": PROSE,
    "reason": PROSE,
    "reported_by": CODE,
    "review": KEY,
    "rulebook": KEY,
    "rulebook_sha256": HASH,
    "season": KEY,
    "sender_name": NAME,
    "sha256": HASH,
    "source": LINE,
    "state_sha256": HASH,
    "statement": PROSE,
    "still_left_out": KEY,
    "subject": LINE,
    "successor_origin": LINE,
    "text": PROSE,
    "title": NAME,
    "unit": CODE,
    "unit_class": KEY,
    "unit_type": NAME,
    "unprinted": KEY,
    "unverified": LINE,
    "value": LINE,
    "vkey_sha256": HASH,
    "yaml": WRITTEN,
}

#: Where a fact means something else by the name; and what people know the field by.
ELSEWHERE: dict[tuple[str, str], tuple[TextKind, str]] = {
    ("assessment.evidence-attached", "name"): (FILE_NAME, "file"),
    ("assessment.indicator-measured", "text"): (PROSE, "note"),
    ("assessment.opinion-sheets-tallied", "name"): (LINE, "form"),
    ("assessment.result-agreed", "name"): (FILE_NAME, "file"),
    ("export.failed", "reason"): (KEY, "reason"),
    ("export.finished", "name"): (FILE_NAME, "file"),
    ("policy.published", "text"): (WRITTEN, "policy"),
    ("review.explanation-given", "text"): (PROSE, "explanation"),
    ("review.finding-recorded", "text"): (PROSE, "finding"),
    ("review.note-added", "text"): (PROSE, "note"),
    ("rulebook-draft.commented", "text"): (PROSE, "comment"),
    ("rulebook-draft.value-changed", "article"): (LINE, "source_article"),
    ("rulebook-draft.value-changed", "document"): (LINE, "source_document"),
    ("rulebook-draft.value-changed", "number"): (NUMBER, "source_number"),
    ("rulebook-draft.value-changed", "page"): (KEY, "source_page"),
    ("rulebook-text.kept", "text"): (RULEBOOK, "text"),
}

#: Nobody sees them, and names are copied with them from other documents: dropped from what stands on one line.
_UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u2060\ufeff\U000e0000-\U000e007f]")

#: What is an emoji, or will be one.
_EMOJI = "[\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\U0001fc00-\U0001fffd]"

#: Joiners within one emoji (a family), and the letters that make a flag of a black one, are part of what is seen.
_JOINED = re.compile(
    f"(?:(?<={_EMOJI})|(?<=\ufe0f))\u200d(?={_EMOJI})|(?<=\U0001f3f4)[\U000e0020-\U000e007e]{{1,10}}\U000e007f"
)

#: What is drawn as nothing: white space, marks that nobody sees, letters and signs that stand for an empty place.
_BLANK = re.compile(
    "[\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u2064\u2800\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\U000e0000-\U000e0fff]*"
)

#: Marks that stand on one letter at most (Unicode's Stream-Safe Text Format, UAX #15). No language needs a third of it.
MARKS = 30

#: A sign that normalising moves: a combining one, or one that is made of such. There is none beyond these planes.
MARK = (
    "["
    + "".join(
        sign for sign in map(chr, range(0x300, 0x20000)) if unicodedata.combining(unicodedata.normalize("NFD", sign)[0])
    )
    + "]"
)
_PILE = re.compile(f"(?<!{MARK}){MARK}{{{MARKS + 1}}}")

_LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029]")
#: Controls, surrogates, noncharacters, and what turns the direction of the text around it: each makes a reader, a
#: terminal or a file see something else than what is recorded.
_FORBIDDEN = re.compile(
    "[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)


def rule_of(topic: str, field: str) -> tuple[TextKind, str]:
    """The kind of a field, and its name in a refusal. LookupError where nobody has said the kind: say it above."""
    return ELSEWHERE.get((topic, field)) or (KINDS[field], field)


def clean(text: str, field: str, kind: TextKind) -> str:
    """The text as it is recorded: one kind of line end, and no invisible marks where it stands on one line.

    Raises SignNotAllowed, MarksPiledUp, TextTooLong, CodeInvalid, each with this `field`.
    """
    if text.isascii() and text.isprintable():
        cleaned = text
    elif kind.lines:
        cleaned = _LINE_ENDS.sub("\n", text)
        allow_signs(cleaned.replace("\n", "").replace("\t", ""), field)
    else:  # a code stays as it is: the name of a stream was made of it
        cleaned = text if kind.form else composed(drop_marks(text), field)
        allow_signs(cleaned, field)
    if len(cleaned) > kind.limit:
        raise TextTooLong(field=field, limit=kind.limit, length=len(cleaned))
    if kind.form and not kind.form.fullmatch(cleaned):
        raise CodeInvalid(field=field, typed=text, limit=kind.limit)
    return cleaned


def composed(text: str, field: str) -> str:
    """The text in NFC. Raises MarksPiledUp with this `field`.

    Whatever comes from outside is normalised here alone: the marks on one letter are sorted, and that takes a time that
    grows with the square of their number, minutes for a form of nothing else.
    """
    if text.isascii():
        return text
    if _PILE.search(text):
        raise MarksPiledUp(field=field, limit=MARKS)
    return unicodedata.normalize("NFC", text)


def is_blank(text: str) -> bool:
    """Whether nothing of the text is seen: whoever needs one has none."""
    return _BLANK.fullmatch(text) is not None


def drop_marks(text: str) -> str:
    """The text without the marks that nobody sees; what joins the parts of an emoji stays."""
    joining = {at for found in _JOINED.finditer(text) for at in range(*found.span())}
    return _UNSEEN.sub(lambda mark: mark[0] if mark.start() in joining else "", text)


def forbidden(text: str) -> tuple[str, ...]:
    """The signs that no text on one line may hold, by name (`U+202E`), each once."""
    return tuple(f"U+{ord(sign):04X}" for sign in dict.fromkeys(_FORBIDDEN.findall(text)))


def allow_signs(text: str, field: str) -> None:
    """Raise SignNotAllowed for the first sign that no text on one line may hold."""
    if found := forbidden(text):
        raise SignNotAllowed(field=field, sign=found[0])


def bounded(text: str) -> str:
    """The text itself; of one that is too long for an index its beginning and its SHA-256, so that it stays its own."""
    if len(text) <= INDEXED:
        return text
    return f"{text[: INDEXED // 2]}~{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}"


def cleaned(topic: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a fact is to say, with every text in it as it is recorded.

    Texts within lists and values are looked at too, each by the name of its own field. Raises what `clean` does,
    NumberTooLarge, TooMany.
    """
    return {field: _cleaned(topic, field, value) for field, value in values.items()}


def _cleaned(topic: str, field: str, value: Any) -> Any:
    if type(value) is str:  # a StrEnum is one of our own words
        kind, called = rule_of(topic, field)
        return clean(value, called, kind) if value else value
    if type(value) is int:
        if not -LARGEST <= value <= LARGEST:
            raise NumberTooLarge(field=field, limit=LARGEST)
        return value
    if type(value) is tuple:
        if len(value) > MANY:
            raise TooMany(field=field, limit=MANY, count=len(value))
        return tuple(_cleaned(topic, field, item) for item in value)
    if names := fields_of(value):
        before = {name: getattr(value, name) for name in names}
        after = cleaned(topic, before)
        return value if before == after else replace(value, **after)
    return value


def fields_of(value: object) -> tuple[str, ...]:
    """The names of a dataclass's fields, in their order; none for another value."""
    return _fields(type(value))  # type: ignore[arg-type]  # every class can be hashed


@cache
def _fields(kind: type[object]) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind)) if is_dataclass(kind) else ()
