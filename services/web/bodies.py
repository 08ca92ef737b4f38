"""Bodies of requests, taken in within bounds: how large, how many fields and files, how long, and how many at once.

Whoever asked decides first whether a body is read at all (`services/web/admission.py`, `admit`). A body that is not
complete at once, be it slow or large, is under way and holds one of a number of places; nobody else waits for it.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import ExitStack, aclosing, contextmanager, suppress
from typing import Any, ClassVar, NamedTuple
from urllib.parse import unquote_to_bytes

from litestar.connection import Request
from litestar.datastructures import UploadFile
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
)

from domain.errors import Refused

#: Bytes of a form without its files: of somebody signed in, and of anybody.
FORM_LIMIT = 1_000_000
PUBLIC_FORM_LIMIT = 300_000

#: Fields of a form; the largest has a box for each commune of a province. Files of a form.
MOST_FIELDS = 1_000
MOST_FILES = 4

#: Seconds that any body may take, and the bytes a second that a longer one must keep up from then on: 20 MB may take
#: 34 minutes.
PATIENCE = 20.0
SLOWEST = 10_000

#: A body that is complete within so many seconds and has no more bytes than this needs no place among those under way.
AT_ONCE = 1.0
SMALL = 100_000

#: Bytes of a refused body that are passed over before it is answered: four files of the largest size.
PASSED_OVER = 80_000_000

#: Digits of the announced length of a body: of more it is longer than any that is taken in.
DIGITS = 18

#: Bodies under way in one process, and those of one address. Many officials may share one address.
MOST_BODIES = 256
MOST_FROM_ONE = 32


#: Says in the state of a request whether more of its body is to come.
_HAS_MORE = "body_has_more"


class BodyTooSlow(Refused):
    """The body did not come in time."""

    code: ClassVar[str] = "body-too-slow"


class TooManyBodies(Refused):
    """So many bodies are under way, in all or from this address, that this one has to be sent again later."""

    code: ClassVar[str] = "too-many-bodies"


class BodyTooLarge(Refused):
    """The form has more than `limit` bytes."""

    code: ClassVar[str] = "form-too-large"


class FilesTooLarge(Refused):
    """The form has more bytes than the files that it may bring."""

    code: ClassVar[str] = "file-too-large"


class TooManyFields(Refused):
    """The form has more fields or files than any of our pages."""

    code: ClassVar[str] = "too-many-fields"


class FormUnreadable(Refused):
    """The body is no form, or it broke off."""

    code: ClassVar[str] = "form-unreadable"


#: Refusals of a body of which more may be on its way.
OF_BODIES = (BodyTooLarge, FilesTooLarge, TooManyFields, FormUnreadable)


class SentForm(NamedTuple):
    """What came: the fields as bytes that were decoded, in their order, and the files by field.

    `unreadable` names the first field that is not UTF-8 or holds U+0000, "" for none; there U+FFFD stands for what
    could not be read.
    """

    fields: list[tuple[str, str]]
    files: dict[str, list[UploadFile]]
    unreadable: str


class Bodies:
    """The bodies that are under way in this process."""

    def __init__(self, most: int = MOST_BODIES, from_one: int = MOST_FROM_ONE) -> None:
        self._most = most
        self._from_one = from_one
        self._senders: Counter[str] = Counter()

    @property
    def under_way(self) -> int:
        return self._senders.total()

    @contextmanager
    def place(self, sender: str) -> Iterator[None]:
        """A place for one body of this sender, "" for one who is not known. Raises TooManyBodies."""
        if self._senders.total() >= self._most or (sender and self._senders[sender] >= self._from_one):
            raise TooManyBodies
        self._senders[sender] += 1
        try:
            yield
        finally:
            self._senders[sender] -= 1
            if not self._senders[sender]:
                del self._senders[sender]

    async def chunks(
        self, request: "Request[Any, Any, Any]", sender: str, most: int, too_large: Refused
    ) -> AsyncGenerator[bytes, None]:
        """The body as it comes. Raises `too_large`, BodyTooSlow, TooManyBodies, FormUnreadable when it breaks off."""
        if _announced(request) > most:
            raise too_large
        began, got, more, placed = time.monotonic(), 0, True, False
        left = request.scope["state"]
        with ExitStack() as place:
            while more:
                coming = asyncio.ensure_future(_next(request))
                place.callback(coming.cancel)
                if not placed and (got > SMALL or not await _done(coming, began + AT_ONCE)):
                    place.enter_context(self.place(sender))
                    placed = True
                if not await _done(coming, began + PATIENCE + got / SLOWEST):
                    raise BodyTooSlow
                chunk, more = coming.result()
                left[_HAS_MORE] = more
                got += len(chunk)
                if got > most:
                    raise too_large
                yield chunk

    async def pass_over(self, request: "Request[Any, Any, Any]", sender: str) -> None:
        """Take in what is left of a refused body, and keep nothing: a browser that is cut off while it sends may show
        no answer. Not of one that goes on beyond all bounds.
        """
        if request.scope["state"].get(_HAS_MORE, True):
            with suppress(Refused):
                async with aclosing(self.chunks(request, sender, PASSED_OVER, BodyTooLarge())) as chunks:
                    async for _ in chunks:
                        pass

    async def form(
        self,
        request: "Request[Any, Any, Any]",
        sender: str,
        *,
        text: int,
        in_all: int,
        keep_files: bool = True,
    ) -> SentForm:
        """The form that the request brings, empty when it brings none; at most `text` bytes beside its files.

        Without `keep_files` these are passed over as they come; among the fields stand their names.
        """
        kind, options = request.content_type
        if kind == "application/x-www-form-urlencoded":
            async with aclosing(self.chunks(request, sender, text, BodyTooLarge(limit=text))) as chunks:
                return _urlencoded(b"".join([chunk async for chunk in chunks]))
        if kind == "multipart/form-data":
            too_large = FilesTooLarge() if in_all > text else BodyTooLarge(limit=text)
            async with aclosing(self.chunks(request, sender, in_all, too_large)) as chunks:
                return await _multipart(chunks, options.get("boundary", ""), text, keep_files=keep_files)
        return SentForm([], {}, "")


def readable(text: str) -> bool:
    """Whether a text can be stored: neither U+0000 nor half of a surrogate pair is in it."""
    return "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


# What comes ---------------------------------------------------------------------------------------------


def _announced(request: "Request[Any, Any, Any]") -> int:
    told = request.headers.get("content-length", "")
    return int(told[:DIGITS]) if told.isascii() and told.isdecimal() else 0


async def _next(request: "Request[Any, Any, Any]") -> tuple[bytes, bool]:
    message = await request.receive()
    if message["type"] != "http.request":
        raise FormUnreadable
    return message["body"], message.get("more_body", False)


async def _done(coming: "asyncio.Future[Any]", deadline: float) -> bool:
    """Whether it is done by this moment of the clock; it goes on in either case."""
    if not coming.done():
        await asyncio.wait({coming}, timeout=max(0.0, deadline - time.monotonic()))
    return coming.done()


# What it says -------------------------------------------------------------------------------------------


class _Fields:
    """The fields read so far."""

    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = []
        self.unreadable = ""

    def add(self, name: bytes | str, value: bytes, *, is_utf8: bool = True) -> None:
        if len(self.pairs) == MOST_FIELDS:
            raise TooManyFields(limit=MOST_FIELDS)
        named, clear = _decoded(name) if isinstance(name, bytes) else (name.replace("\0", "\ufffd"), "\0" not in name)
        text, good = _decoded(value)
        if not (clear and good and is_utf8):
            self.unreadable = self.unreadable or named or "?"
        self.pairs.append((named, text))


def _decoded(raw: bytes) -> tuple[str, bool]:
    """The text, and whether all of it could be read."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return raw.decode(errors="replace").replace("\0", "\ufffd"), False
    return text.replace("\0", "\ufffd"), "\0" not in text


def _urlencoded(body: bytes) -> SentForm:
    fields = _Fields()
    if body.count(b"&") >= MOST_FIELDS:
        raise TooManyFields(limit=MOST_FIELDS)
    for pair in body.split(b"&"):
        if pair:
            name, _, value = pair.replace(b"+", b" ").partition(b"=")
            fields.add(unquote_to_bytes(name), unquote_to_bytes(value))
    return SentForm(fields.pairs, {}, fields.unreadable)


async def _multipart(chunks: AsyncIterator[bytes], boundary: str, most: int, *, keep_files: bool) -> SentForm:
    fields, files = _Fields(), dict[str, list[UploadFile]]()
    try:
        with PushMultipartParser(
            boundary.encode(), max_segment_count=MOST_FIELDS + MOST_FILES, max_segment_size=float("inf")
        ) as parser:
            await _parts(parser, chunks, fields, files, most, keep_files=keep_files)
    except BaseException as reason:
        for held in files.values():
            for file in held:
                await file.close()
        if isinstance(reason, ParserLimitReached):
            raise TooManyFields(limit=MOST_FIELDS) from None
        if isinstance(reason, MultipartError):
            raise FormUnreadable from None
        raise
    return SentForm(fields.pairs, files, fields.unreadable)


async def _parts(
    parser: PushMultipartParser,
    chunks: AsyncIterator[bytes],
    fields: _Fields,
    files: dict[str, list[UploadFile]],
    most: int,
    *,
    keep_files: bool,
) -> None:
    """Sort the parts of the body into fields and files as they come."""
    sorting = _Sorting(fields, files, most, keep_files=keep_files)
    async for chunk in chunks:
        for event in parser.parse(chunk) if chunk and not parser.closed else ():
            await sorting.take(event)
    for held in files.values():
        for one in held:
            await one.seek(0)


class _Sorting:
    """The part of a body that is being read. Raises BodyTooLarge, TooManyFields."""

    def __init__(self, fields: _Fields, files: dict[str, list[UploadFile]], most: int, *, keep_files: bool) -> None:
        self._fields = fields
        self._files = files
        self._most = most
        self._keep_files = keep_files
        self._part: MultipartSegment | None = None
        self._file: UploadFile | None = None
        self._text = bytearray()
        self._length = 0
        self._count = 0

    async def take(self, event: MultipartSegment | bytes | None) -> None:
        """Take the head of a part, some of its content, or its end (None)."""
        if isinstance(event, MultipartSegment):
            self._begin(event)
        elif self._part is None:
            return
        elif event is None:
            if not self._part.filename:
                self._fields.add(self._part.name, bytes(self._text), is_utf8=_is_utf8(self._part.charset))
        elif self._file is not None:
            await self._file.write(event)
        elif not self._part.filename:
            self._length += len(event)
            if self._length > self._most:
                raise BodyTooLarge(limit=self._most)
            self._text += event

    def _begin(self, part: MultipartSegment) -> None:
        self._part, self._file, self._text = part, None, bytearray()
        if not part.filename:
            return
        self._count += 1
        if self._count > MOST_FILES:
            raise TooManyFields(limit=MOST_FILES)
        if self._keep_files:
            self._file = UploadFile(part.content_type or "", part.filename, headers=dict(part.headerlist))
            self._files.setdefault(part.name, []).append(self._file)
        else:
            self._fields.add(part.name, part.filename.encode(errors="replace"))


def _is_utf8(charset: str | None) -> bool:
    return (charset or "utf-8").lower().replace("_", "-") in {"utf-8", "utf8", "us-ascii", "ascii"}
