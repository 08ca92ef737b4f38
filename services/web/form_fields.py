"""Fields of a form: kept as they were typed, read as what they should be.

Everything is normalised to NFC on the way in; what would take too long stays as it came. A field that cannot be read
refuses with the field's name and what was typed, so that the page comes back with the text still in its place. Absent,
empty and invisible are the same.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from litestar.datastructures import UploadFile

from domain.days import must_be_possible
from domain.errors import DayInTheFuture, MarksPiledUp, NotANumber, NotFound, Refused
from domain.text import composed, is_blank
from services.clock import today
from services.web.bodies import SentForm

#: Space between groups of three: plain, unbreakable, narrow, thin.
_SPACE = " \u00a0\u202f\u2009"
#: Digits before the decimal mark are 15 at most, however they are grouped: each such number is exact everywhere.
_NUMBER = re.compile(r"[+\-\u2212]?\d{1,15}([.,]\d{1,6})?", re.ASCII)
_GROUPED = re.compile(
    rf"[+\-\u2212]?[1-9]\d{{0,2}}"
    rf"((\.\d{{3}}){{1,4}}(,\d{{1,6}})?|(,\d{{3}}){{1,4}}(\.\d{{1,6}})?|([{_SPACE}]\d{{3}}){{1,4}}([.,]\d{{1,6}})?)",
    re.ASCII,
)
_TOO_LARGE = re.compile(rf"[+\-\u2212]?(\d{{16,}}|\d{{1,3}}([.,{_SPACE}]\d{{3}}){{5,}})([.,]\d+)?", re.ASCII)
_TOO_PRECISE = re.compile(r"[+\-\u2212]?\d{1,15}[.,]\d{7,}", re.ASCII)
#: A thousand and something, or one and something: both are written so.
_TWO_WAYS = re.compile(r"[+\-\u2212]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
#: A count has no decimals, so a point in it groups; a comma might be the decimal mark in a wrong place.
_GROUPED_COUNT = re.compile(r"[1-9]\d{0,2}\.\d{3}", re.ASCII)
_CELLS = re.compile(r"[\d.,%]+(\s+[\d.,%]+)+", re.ASCII)
_DAY = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})", re.ASCII)
_FIELD_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)


class NotADate(Refused):
    """Text stands where a date belongs; `typed` keeps it, `field` says where."""

    code: ClassVar[str] = "not-a-date"


class NotADayOfYear(Refused):
    """Text stands where a day of every year belongs; `typed` keeps it, `field` says where."""

    code: ClassVar[str] = "not-a-day-of-year"


class FieldMissing(Refused):
    """A field that must be filled is empty; `field` says which."""

    code: ClassVar[str] = "field-missing"


class FileNotChosen(Refused):
    """A form that brings a file came without one; `field` says where it is chosen."""

    code: ClassVar[str] = "file-not-chosen"


class TextUnreadable(Refused):
    """A text is not UTF-8 or holds U+0000; `field` says where. What was typed is kept, with U+FFFD in these places."""

    code: ClassVar[str] = "text-unreadable"


class Typed(Mapping[str, str]):
    """The fields of a form, as typed (NFC, without surrounding space), and the files that came with them."""

    def __init__(
        self,
        fields: list[tuple[str, str]] | None = None,
        files: dict[str, list[UploadFile]] | None = None,
        refusal: Refused | None = None,
    ) -> None:
        self.pairs = fields or []
        self.files = files or {}
        self._last = dict(self.pairs)
        #: Why a field could not be read, None where all could.
        self.refusal = refusal

    @classmethod
    def of(cls, form: SentForm) -> "Typed":
        """The form as it came."""
        refusal: Refused | None = TextUnreadable(field=form.unreadable) if form.unreadable else None
        pairs = []
        for name, value in form.fields:
            try:
                text = composed(value, name)
            except MarksPiledUp as refused:
                refusal, text = refusal or refused, value
            text = text.strip()
            pairs.append((name, "" if is_blank(text) else text))
        return cls(pairs, form.files, refusal)

    def require_readable(self) -> None:
        """Raise TextUnreadable or MarksPiledUp for what cannot be read: nothing is done by half of what was typed."""
        if self.refusal:
            raise self.refusal

    async def close(self) -> None:
        """Let go of the files."""
        for files in self.files.values():
            for file in files:
                await file.close()

    def __getitem__(self, name: str) -> str:
        return self._last[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._last)

    def __len__(self) -> int:
        return len(self._last)

    def text(self, name: str) -> str:
        """The text, "" when absent."""
        return self._last.get(name, "")

    def needed(self, name: str) -> str:
        """The text of a field that must be filled."""
        if not (text := self.text(name)):
            raise FieldMissing(field=name)
        return text

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a field that may come several times (checkboxes), without empty ones."""
        return tuple(value for key, value in self.pairs if key == name and value)

    def decimal(self, name: str) -> Decimal | None:
        """A number as people type it: 87,5 or 87.5 or 1.234,5. None when empty.

        NotANumber for anything else, with a reason where there is one: a share in percent, a number that can be
        read in two ways, several cells pasted at once.
        """
        if not (text := self.text(name)):
            return None
        number = None if text.endswith("%") else read_number(text)
        if number is None:
            raise NotANumber(field=name, typed=text, reason=_why_no_number(text))
        return number

    def whole(self, name: str) -> int | None:
        """A count; thousands may be grouped (1.234). None when empty; NotANumber for anything else.

        1,234 is refused: the comma is the decimal mark, and elsewhere it groups.
        """
        if not (text := self.text(name)):
            return None
        if _GROUPED_COUNT.fullmatch(text):
            return int(text.replace(".", ""))
        number = read_number(text)
        if number is None or text.endswith("%") or number != number.to_integral_value():
            reason = _why_no_number(text) or "not-a-count"
            raise NotANumber(field=name, typed=text, reason="count-two-ways" if reason == "two-ways" else reason)
        return int(number)

    def day(self, name: str) -> date | None:
        """A date as typed (7/2/2024) or as a date field sends it (2024-02-07). None when empty.

        NotADate for what is none, DayOutOfRange for one of a year that cannot be meant.
        """
        if not (text := self.text(name)):
            return None
        day = read_day(text)
        if day is None:
            raise NotADate(field=name, typed=text)
        must_be_possible(day, today(), name, text)
        return day

    def day_gone(self, name: str) -> date | None:
        """The day of something that has happened; otherwise as `day`. DayInTheFuture for one that has not come."""
        if (day := self.day(name)) is not None and day > today():
            raise DayInTheFuture(field=name, day=day, today=today())
        return day

    def needed_day(self, name: str) -> date:
        """A date that must be there; otherwise as `day`."""
        if (day := self.day(name)) is None:
            raise FieldMissing(field=name)
        return day

    def identifier(self, name: str) -> UUID | None:
        """A UUID from a hidden field; None when absent or spoilt."""
        try:
            return UUID(self.text(name))
        except ValueError:
            return None

    def identifiers(self, name: str) -> list[UUID]:
        """All ids of a field that may come several times. NotFound for what is none."""
        try:
            return [UUID(value) for value in self.every(name)]
        except ValueError:
            raise NotFound(kind=name) from None

    def file(self, name: str) -> UploadFile | None:
        """The uploaded file; None when the field was left empty."""
        found = [file for file in self.files.get(name, ()) if file.filename]
        return found[0] if found else None

    def needed_file(self, name: str) -> UploadFile:
        """The uploaded file. Raises FileNotChosen."""
        if (file := self.file(name)) is None:
            raise FileNotChosen(field=name)
        return file


def read_number(text: str) -> Decimal | None:
    """The number that people mean; None when it is none, or could be two.

    One comma or one point is a decimal mark; groups of three need at least two separators (1.234.567), a decimal
    mark besides (1.234,5), or a space (1 234). Of 1.234 nobody can tell. A sign of percent may follow.
    """
    bare = text.removesuffix("%").strip()
    if _TWO_WAYS.fullmatch(bare):
        return None
    if _NUMBER.fullmatch(bare):
        plain = bare.replace(",", ".")
    elif _GROUPED.fullmatch(bare):
        bare = re.sub(f"[{_SPACE}]", "", bare)
        mark = "," if bare.rfind(",") > bare.rfind(".") else "."
        if bare.count(mark) > 1:
            plain = bare.replace(mark, "")
        else:
            plain = bare.replace("." if mark == "," else ",", "").replace(mark, ".")
    else:
        return None
    return Decimal(plain.replace("\u2212", "-"))


def _why_no_number(text: str) -> str:
    """The reason of NotANumber, "" where there is nothing to say but that it is none."""
    if _TOO_LARGE.fullmatch(text):
        return "too-large"
    if _TOO_PRECISE.fullmatch(text):
        return "too-precise"
    if _TWO_WAYS.fullmatch(text):
        return "two-ways"
    if text.endswith("%") and read_number(text) is not None:
        return "a-share"
    return "several-cells" if _CELLS.fullmatch(text) else ""


def read_day(text: str) -> date | None:
    """The day that people mean, day first; None when there is no such day."""
    try:
        if found := _DAY.fullmatch(text):
            day, month, year = (int(part) for part in found.groups())
            return date(year, month, day)
        # Not `date.fromisoformat`, which takes 20261128 and 2026-W48-6 too: nobody types days so.
        if found := _FIELD_DAY.fullmatch(text):
            return date(*(int(part) for part in found.groups()))
    except ValueError:
        pass
    return None
