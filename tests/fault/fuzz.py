"""Hostile requests to every address, by everybody: `python -m tests.fault.fuzz --requests 20000 --seed 7`.

A real web process with a province behind it. The addresses come from the application, the forms from its pages, the
names of fields and parameters from both and from the source; what stands in them is what people and attackers send that
no rule foresees. Every request is made of the seed and its number alone, so that one can be asked again.

Prints what came by status and each server error with the request; status 1 when there was one.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple
from urllib.parse import quote_from_bytes
from uuid import UUID

from infra.platform import embedded
from infra.platform.config import read_settings
from services.web import urls
from services.web.routes import all_routes
from tests.fault.street import PEOPLE, WEB, Answer, Seat, Street, opened, request
from tests.web.desks import _Reader

#: Requests at a time.
AT_ONCE = 6

#: What a server may say with 503: that it has enough for now.
BUSY = {"too-many-bodies", "too-many-questions", "questions-waiting", "question-failed"}

METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND")

#: Pages without a form to fill that take long to make.
SLOW = (urls.SIGN_OUT, urls.WHAT_IF_SEASON, urls.FLAGS, urls.REPLAY_SEASON, urls.TRACE)

#: After these the session is gone.
ENDING = (urls.SIGN_OUT, urls.MORE + "/ket-thuc-phien")

_NAMES = re.compile(
    r"""(?:typed|visit)\.(?:text|needed|every|decimal|whole|day|day_gone|needed_day|file|query|queries|identifier)\("([^"]+)"""
)

HOSTILE: tuple[bytes, ...] = (
    b"",
    b" ",
    b"\0",
    b"a\0b",
    b"\xff\xfe\xe1",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\x80",
    "\ufffe".encode(),
    "\uffff".encode(),
    "a\u202eb".encode(),
    "a\u200b\u2060b".encode(),
    b"a" + "\u0301".encode() * 800,
    b"a" + "\u0301\u0323".encode() * 12_000,
    b"1" + b".234" * 2_000,
    b"+1" + b".234" * 2_000,
    b"1 " + b"234 " * 2_000,
    b"\x01\x02\x1b[2J",
    b"a\r\nSet-Cookie: x=y",
    b"\n",
    b"\t",
    "😀".encode() * 50,
    "ế".encode() * 300,
    "Đắk Lắk".encode(),
    b"x" * 120,
    b"x" * 4_500,
    b"word " * 2_000,
    b"x" * 70_000,
    b"0" * 5_000,
    b"9" * 400,
    b"-1",
    b"0",
    b"1",
    b"131",
    b"#131",
    b"2147483648",
    b"9223372036854775807",
    b"9223372036854775808",
    b"18446744073709551616",
    b"1e309",
    b"1e-400",
    b"NaN",
    b"-Infinity",
    b"0.0000001",
    b"1.234.567,89",
    b"99999999999999999,5",
    b"95%",
    "１２".encode(),
    "٣".encode(),
    "²".encode(),
    b"0x10",
    b"1_000",
    b"--1",
    b"+5",
    "−5".encode(),
    b"10000",
    b"99999",
    b"2024",
    b"1001",
    b"0001-01-01",
    b"9999-12-31",
    b"0001-01-01T00:00:00+14:00",
    b"9999-12-31T23:59:59.999999-12:00",
    b"10000-01-01",
    b"2024-01-01T00:00:00",
    b"2024-01-02T00:00:00+07:00",
    b"31/02/2024",
    b"1/1/0001",
    b"31/12/9999",
    b"2024-W01-1",
    b"20240101",
    b"24:00 1/1/2024",
    b"00:00 1/1/0001",
    b"29/2/2023",
    b"h\xc3\xb4m qua",
    b"-0001-01-01",
    b"tu=0001-01-01T00:00:00%2B14:00",
    b"tu=2024-01-01T00:00:00&den=2024-01-02T00:00:00%2B07:00",
    b"tu=x&den=9999-12-31",
    b"'",
    b"'; DROP TABLE events; --",
    b"%",
    b"%00",
    b"%zz",
    b"%(x)s",
    b"%s",
    b"{{7*7}}",
    b"{0}",
    b"$1",
    b"\\",
    b"\\x00",
    b"../../etc/passwd",
    b"//evil.example",
    b"https://evil.example/",
    b"javascript:alert(1)",
    b"<script>alert(1)</script>",
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"[" * 3_000,
    b'{"a":' * 800,
    b'[["x","\\u0000"]]',
    b'[["x","\\ud800"]]',
    b'"\\ud83d"',
    b"00000000-0000-0000-0000-000000000000",
    b"ffffffff-ffff-ffff-ffff-ffffffffffff",
    b"{00000000-0000-0000-0000-000000000000}",
    b"system",
    b"TC1.CT1",
    b"TC9.CT99",
    b"99001",
    b"990-1",
    b"99001/1",
    b"for",
    b"recorded",
    b"effective",
    b"*",
    b"&=;#?",
)

FILES = (
    (b"a.pdf", b"application/pdf", b"%PDF-1.7\n% a page\n"),
    (b"a\0.pdf", b"application/pdf", b"%PDF-1.7\n"),
    ("a\u202efdp.exe".encode(), b"application/pdf", b"MZ"),
    (b"../../x.docx", b"application/zip", b"PK\x03\x04" + b"\0" * 200),
    (b"x" * 3_000 + b".png", b"image/png", b"\x89PNG\r\n\x1a\n"),
    (b"\xff.pdf", b"text/plain; charset=zip", b""),
    (b"a.xlsx", b"\xff", b"PK\x05\x06" + b"\0" * 18),
)


class Route(NamedTuple):
    """An address of the application."""

    path: str
    methods: tuple[str, ...]


class Form(NamedTuple):
    """A form that stands on a page: who sees it, where it goes, what is in it."""

    subject: str
    action: str
    fields: tuple[tuple[str, str], ...]


class Sent(NamedTuple):
    """A request of the run."""

    number: int
    subject: str
    raw: bytes
    #: Whether whoever sent it has to sign in anew.
    ends: bool


class Fault(NamedTuple):
    """A request that was answered as none may be."""

    sent: Sent
    answer: Answer

    def __str__(self) -> str:
        shown = self.sent.raw[:900].decode("latin-1").encode("unicode_escape").decode()
        who = self.sent.subject or "nobody"
        return f"#{self.sent.number} by {who}: {self.answer.status} {self.answer.code}\n    {shown}"


@dataclass
class Run:
    """What came of all requests."""

    seed: int
    statuses: Counter[int] = field(default_factory=Counter)
    busy: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)


def routes(extra: Iterable[Route] = ()) -> list[Route]:
    """Every address that the application has."""
    found = [Route(path, tuple(sorted(one.http_methods))) for one in all_routes() for path in sorted(one.paths)]
    return [*found, *extra]


def names() -> list[str]:
    """The fields and parameters that the source asks for."""
    folder = Path(urls.__file__).parent
    found = {name for path in folder.rglob("*.py") for name in _NAMES.findall(path.read_text())}
    return sorted(found | {"asof", "clock", "csrf", "command", "version", "tu", "den", "tim", "ai"})


class Hostile:
    """Makes requests."""

    def __init__(self, street: Street, known: Sequence[Route], forms: Sequence[Form], seed: int) -> None:
        self.street = street
        self.routes = known
        self.forms = forms
        self.names = names()
        self.seed = seed
        self.seats: dict[str, Seat] = {}

    def make(self, number: int) -> Sent:
        """The request of this number; always the same but for tokens."""
        random = Random(f"{self.seed}/{number}")
        subject = random.choice(("", *PEOPLE)) if random.random() < 0.9 else random.choice(PEOPLE)
        route = random.choice(self.routes)
        method = random.choice(route.methods) if random.random() < 0.85 else random.choice(METHODS)
        form = None
        if random.random() < 0.35 and self.forms:
            form = random.choice(self.forms)
            subject, method = form.subject, "POST"
            target = quote_from_bytes(form.action.encode(), safe="/%?&=").encode()
        else:
            target = self._path(random, route.path)
        if random.random() < 0.5:
            target += (b"&" if b"?" in target else b"?") + self._pairs(random, self._few(random))
        seat = self.seats.get(subject)
        headers = self._headers(random, seat)
        body = None
        if method in {"POST", "PUT", "PATCH"} or random.random() < 0.03:
            body = self._body(random, form, seat, headers)
        ends = any(target.startswith(path.replace("{slug:str}", self.street.tenant.slug).encode()) for path in ENDING)
        return Sent(number, subject, request(method, target, headers, body), ends)

    def _value(self, random: Random) -> bytes:
        if random.random() < 0.25:
            return random.choice(list(self.street.ids.values())).encode()
        value = random.choice(HOSTILE)
        if random.random() < 0.1:
            value += random.choice(HOSTILE)
        return value

    def _path(self, random: Random, path: str) -> bytes:
        if random.random() < 0.03:
            return b"/" + quote_from_bytes(self._value(random), safe="/%").encode()
        hostile = random.random() < 0.5
        parts = []
        for part in path.split("/"):
            if not part.startswith("{"):
                parts.append(part.encode())
                continue
            name = part[1:-1].partition(":")[0]
            true = self.street.ids.get(name, "x")
            if name == "season" and random.random() < 0.4:
                true = self.street.ids["under way"]
            at_risk = hostile and random.random() < (0.1 if name == "slug" else 0.5)
            value = self._value(random)[:20_000] if at_risk else true.encode()
            parts.append(quote_from_bytes(value, safe="%" if random.random() < 0.1 else "").encode())
        return b"/".join(parts)

    def _few(self, random: Random) -> list[tuple[bytes, bytes]]:
        few = [(random.choice(self.names).encode(), self._value(random)) for _ in range(random.randint(1, 4))]
        if random.random() < 0.05:
            few.append((self._value(random), self._value(random)))
        return [(name, value[:20_000]) for name, value in few]

    def _pairs(self, random: Random, pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
        raw = random.random() < 0.1
        made = b"&".join(
            quote_from_bytes(name).encode() + b"=" + quote_from_bytes(value).encode() for name, value in pairs
        )
        return re.sub(rb"[\x00-\x20\x7f]", b"", bytes(b"&".join(b"=".join(pair) for pair in pairs))) if raw else made

    def _headers(self, random: Random, seat: Seat | None) -> dict[bytes, bytes]:
        headers: dict[bytes, bytes] = {b"Origin": self.street.settings.public_url.encode()}
        headers[b"Host"] = f"{self.street.settings.host}:{self.street.settings.port}".encode()
        if seat:
            headers[b"Cookie"] = seat.cookie.encode()
        if random.random() < 0.2:
            headers[b"HX-Request"] = b"true"
        if random.random() < 0.2:
            headers[b"Accept"] = random.choice((b"application/json", b"*/*", b"text/html"))
        if random.random() < 0.2:
            name = random.choice(
                (
                    b"Accept",
                    b"Accept-Encoding",
                    b"Accept-Language",
                    b"Content-Type",
                    b"Cookie",
                    b"Host",
                    b"Origin",
                    b"Range",
                    b"Sec-Fetch-Site",
                    b"User-Agent",
                    b"X-Forwarded-For",
                    b"X-Forwarded-Proto",
                    b"If-None-Match",
                    b"HX-Request",
                )
            )
            value = re.sub(rb"[\x00\r\n]", b"", self._value(random))[:8_000]
            headers[name] = headers.get(name, b"") + b"; language=" + value if name == b"Cookie" else value
        return headers

    def _body(self, random: Random, form: Form | None, seat: Seat | None, headers: dict[bytes, bytes]) -> bytes:
        fields = [(name.encode(), value.encode()) for name, value in form.fields] if form else self._few(random)
        for _ in range(random.randint(0, 3)):
            if fields:
                place = random.randrange(len(fields))
                fields[place] = (fields[place][0], self._value(random))
        if random.random() < 0.2:
            fields += self._few(random)
        if seat and random.random() < 0.95:
            fields = [pair for pair in fields if pair[0] != b"csrf"] + [(b"csrf", seat.csrf.encode())]
        if random.random() < 0.7:
            command = str(UUID(int=random.getrandbits(128))).encode()
            fields = [pair for pair in fields if pair[0] != b"command"] + [(b"command", command)]
        chance = random.random()
        if chance < 0.6:
            headers[b"Content-Type"] = b"application/x-www-form-urlencoded"
            return self._pairs(random, fields)
        if chance < 0.95:
            return self._multipart(random, fields, headers)
        headers[b"Content-Type"] = random.choice(
            (b"application/json", b"text/plain", b"multipart/form-data", b"\xff", b"")
        )
        return self._value(random)

    def _multipart(self, random: Random, fields: Iterable[tuple[bytes, bytes]], headers: dict[bytes, bytes]) -> bytes:
        edge = random.choice((b"x", b"----WebKitFormBoundary7MA4YWxk", b"a b", b"'"))
        headers[b"Content-Type"] = b"multipart/form-data; boundary=" + edge
        body = b""
        for name, value in fields:
            more = b""
            if random.random() < 0.1:
                charset = random.choice(
                    (b"utf-8", b"tcvn-5712", b"zip", b"utf-16", b"idna", b"\xff", b"undefined", b"")
                )
                more = b"Content-Type: text/plain; charset=" + charset + b"\r\n"
            body += b"--" + edge + b'\r\nContent-Disposition: form-data; name="' + name + b'"\r\n' + more + b"\r\n"
            body += value + b"\r\n"
        for _ in range(random.choice((0, 0, 1, 1, 6))):
            name, kind, content = random.choice(FILES)
            body += (
                b"--" + edge + b'\r\nContent-Disposition: form-data; name="' + random.choice((b"tep", b"file", b"x"))
            )
            body += b'"; filename="' + name + b'"\r\nContent-Type: ' + kind + b"\r\n\r\n" + content + b"\r\n"
        body += b"--" + edge + b"--\r\n"
        if random.random() < 0.15:
            place = random.randrange(len(body))
            body = body[:place] + random.choice((b"", b"\0", b"\r\n", b"\xff", b"--" + edge)) + body[place + 1 :]
        return body[: random.randrange(len(body))] if random.random() < 0.1 else body


async def forms_of(street: Street, known: Sequence[Route], seats: dict[str, Seat]) -> list[Form]:
    """The forms that stand on the pages, each once for somebody who sees it."""
    found: dict[tuple[str, tuple[str, ...]], Form] = {}
    looked_at = [
        (subject, re.sub(r"\{(\w+):\w+\}", lambda one, true=true: true.get(one[1], "x"), route.path))  # type: ignore[misc] # the default has no type
        for subject in PEOPLE
        for true in (street.ids, {**street.ids, "season": street.ids["under way"]})
        for route in known
        if "GET" in route.methods and route.path.startswith(urls.TENANT) and not route.path.startswith(SLOW)
    ]
    waiting = iter(dict.fromkeys(looked_at))

    async def looking() -> None:
        for subject, path in waiting:
            asked = f"{path}?chi-tieu=TC1.CT1" if "/ho-so/" in path or "/tham-dinh/" in path else path
            reader = _Reader()
            reader.feed((await street.get(asked, seats[subject].cookie)).body.decode(errors="replace"))
            for form in reader.forms:
                if form.action.startswith("/t/") and not form.action.endswith("/dang-xuat"):
                    key = (form.action, tuple(name for name, _ in form.fields))
                    found.setdefault(key, Form(subject, form.action, tuple(form.fields)))

    await asyncio.gather(*(looking() for _ in range(AT_ONCE)))
    return sorted(found.values())


async def send_all(street: Street, known: Sequence[Route], numbers: Iterable[int], seed: int) -> Run:
    """Send the requests of these numbers."""
    seats = {subject: await street.signed_in(subject) for subject in PEOPLE}
    hostile = Hostile(street, known, await forms_of(street, known, seats), seed)
    hostile.seats = seats
    run = Run(seed)
    waiting = iter(numbers)

    async def sending() -> None:
        for number in waiting:
            sent = hostile.make(number)
            answer = await street.ask(sent.raw)
            run.statuses[answer.status] += 1
            if answer.status == 503:
                run.busy[answer.code or sent.raw.partition(b" HTTP")[0][:100].decode("latin-1")] += 1
            if is_fault(answer):
                run.faults.append(Fault(sent, answer))
            if sent.ends and sent.subject:
                seats[sent.subject] = await street.signed_in(sent.subject)

    await asyncio.gather(*(sending() for _ in range(AT_ONCE)))
    return run


def is_fault(answer: Answer) -> bool:
    """Whether the server failed: no answer, or an error of its own that is not "enough for now"."""
    return answer.status == 0 or (
        answer.status >= 500 and not (answer.status == 503 and (answer.code in BUSY or not answer.body))
    )


def told(run: Run, seconds: float) -> list[str]:
    """What is printed."""
    counted = ", ".join(f"{status}: {count}" for status, count in sorted(run.statuses.items()))
    lines = [f"seed {run.seed}: {run.statuses.total()} requests in {seconds:.0f} s", f"  by status  {counted}"]
    lines += [f"  enough for now  {count} × {code}" for code, count in run.busy.most_common()]
    lines += [f"  {fault}" for fault in sorted(run.faults)[:40]]
    return [*lines, f"  server errors  {len(run.faults)}"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fault.fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=20_000, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=7, help="of what is sent; default: %(default)s")
    parser.add_argument("--first", type=int, default=0, help="the number to begin with; default: %(default)s")
    parser.add_argument("--folder", type=Path, help="where everything lies afterwards; default: a fresh one")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="minhchuan-fuzz-"))
    print(f"{given.requests} requests, seed {given.seed}, in {folder}", flush=True)
    with embedded.services(read_settings(folder, {}), durable=False) as settings, opened(settings, WEB) as street:
        begun = time.monotonic()
        numbers = range(given.first, given.first + given.requests)
        run = asyncio.run(send_all(street, routes(), numbers, given.seed))
        print(*told(run, time.monotonic() - begun), sep="\n")
    if not run.faults and not given.folder:
        shutil.rmtree(folder)
    return int(bool(run.faults))


if __name__ == "__main__":
    sys.exit(main())
