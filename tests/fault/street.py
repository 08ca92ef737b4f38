"""A real web process with a province behind it, and requests to it as bytes: what no well-behaved client would send."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from domain.export import Document
from domain.official import COMMUNE_OFFICERS, Office
from infra.identity.tenants import Tenant
from infra.platform.config import Settings
from infra.schema import migrate
from projections.catalogue import PROJECTIONS
from services.council import voting
from services.exports import requests
from services.processes.supervise import kept_port, supervised
from services.web import security
from services.wiring import wired
from tests.provinces.story import COMMUNE, ISSUER, Story, prepared

#: Seconds within which any request is answered.
PATIENCE = 60.0

WEB = "services.processes.serve:application"

#: Those who sign in, by their subject.
PEOPLE = (
    "administrator",
    *(one.value for one in (Office.JUSTICE_DEPARTMENT, Office.PROVINCE_CHAIRMAN, Office.INSPECTOR)),
    *(one.value for one in (Office.DISTRICT_JUSTICE, Office.DISTRICT_CHAIRMAN)),
    *(f"{COMMUNE} {one}" for one in (COMMUNE_OFFICERS[0], Office.JUSTICE_OFFICER, Office.COMMUNE_CHAIRMAN)),
    "police",
)


class Seat(NamedTuple):
    """Somebody signed in: the cookie, and the token of their forms."""

    cookie: str
    csrf: str


class Answer(NamedTuple):
    """What came back; status 0 for nothing that is an answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of the refusal in it, "" for none."""
        for mark in (b'data-code="', b'"code":"'):
            _, found, rest = self.body.partition(mark)
            if found:
                return rest.partition(b'"')[0].decode()
        return ""


@dataclass(frozen=True)
class Street:
    """Where the web process is, and what there is behind it."""

    settings: Settings
    tenant: Tenant
    ids: Mapping[str, str]
    web: int

    async def signed_in(self, subject: str) -> Seat:
        """A new session of this person."""
        async with wired(self.settings) as house:
            name, session = await house.sessions.open(
                tenant=self.tenant.id, issuer=ISSUER, subject=subject, id_token=""
            )
        return Seat(f"{security.Cookies(self.settings.public_url).session}={name}", security.masked(session.csrf))

    async def ask(self, raw: bytes) -> Answer:
        """Send these bytes and read what comes back until the connection ends."""
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_connection(self.settings.host, self.settings.port)
                try:
                    writer.write(raw)
                    try:
                        answered = await reader.read()
                    except ConnectionResetError:  # answered before all of it was read
                        answered = b"HTTP/1.1 499 reset\r\n\r\n"
                finally:
                    writer.close()
        except TimeoutError:
            return Answer(0, {}, b"no answer in time")
        return answer_of(answered)

    async def get(self, path: str, cookie: str = "") -> Answer:
        return await self.ask(request("GET", path.encode(), {b"Cookie": cookie.encode()} if cookie else {}))

    def resident(self) -> int:
        """Bytes of memory that the web's worker and whatever it started have in use."""
        pids = _descendants(self.web)
        return sum(_resident(pid) for pid in pids)


def request(method: str, target: bytes, headers: Mapping[bytes, bytes], body: bytes | None = None) -> bytes:
    """The bytes of a request after which the connection ends."""
    said = {b"Host": b"127.0.0.1", b"Accept": b"text/html", b"Connection": b"close"} | dict(headers)
    if body is not None:
        said.setdefault(b"Content-Length", str(len(body)).encode())
    lines = [method.encode() + b" " + target + b" HTTP/1.1", *(name + b": " + value for name, value in said.items())]
    return b"\r\n".join([*lines, b"", body or b""])


def answer_of(raw: bytes) -> Answer:
    """Read an answer."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    words = first.split(b" ")
    if len(words) < 2 or not words[1].isdigit():
        return Answer(0, {}, raw)
    headers = {}
    for line in lines:
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    return Answer(int(words[1]), headers, body)


@contextmanager
def opened(settings: Settings, target: str = WEB) -> Iterator[Street]:
    """A province with a season that ran to its end, one under way, and this application before it."""
    asyncio.run(migrate.control(settings))
    tenant = prepared(settings)
    settings = replace(settings, workers=1).listening(kept_port(settings.folder, "web"))
    ids = asyncio.run(_told(settings, tenant))
    with supervised(settings, {"projector": ("projector",)}) as supervisor, _served(settings, target) as web:
        supervisor.wait()
        asyncio.run(_caught_up(settings, tenant))
        yield Street(settings, tenant, ids, web)


async def _told(settings: Settings, tenant: Tenant) -> dict[str, str]:
    async with wired(settings) as house:
        story = await Story(house, tenant, "").opened()
        await story.concluded()
        meeting = await story.vote_on_concluded()
        await story.decide()
        await voting.close_meeting(await story.decider(), story.season, meeting)
        await story.under_review()
        work = await story.by(Office.JUSTICE_DEPARTMENT)
        await requests.request_export(work, Document.STANDINGS, story.season)
        entries = (await story.dossier()).entries.values()
        evidence = next(held for entry in entries for held in entry.evidence.values())
        under_way = await Story(house, tenant, "").opened()
        await under_way.score("TC1.CT1")
        return {
            "slug": tenant.slug,
            "season": story.season,
            "commune": COMMUNE,
            "meeting": meeting,
            "number": "1",
            "evidence": str(evidence.id),
            "export": str(requests.export_id(work)),
            "under way": under_way.season,
        }


async def _caught_up(settings: Settings, tenant: Tenant) -> None:
    """The read models of a new province are there only once its log has been folded for the first time."""
    async with wired(settings) as house:
        position = await house.store.position(tenant)
        if not await house.reads.reached(tenant, position, PROJECTIONS, PATIENCE):
            raise TimeoutError("the projector does not keep up")


@contextmanager
def _served(settings: Settings, target: str) -> Iterator[int]:
    """The application at its port, in a process of its own; its log is web.log in the folder."""
    serving = (
        "import sys; from services.processes.serve import granian; granian(sys.argv[1], sys.argv[2], int(sys.argv[3]))"
    )
    with (settings.folder / "web.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", serving, target, settings.host, str(settings.port)],
            env={**os.environ, **settings.environment()},
            stdout=log,
            stderr=log,
        )
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _descendants(pid: int) -> list[int]:
    found, waiting = [], [pid]
    while waiting:
        found.append(one := waiting.pop())
        said = subprocess.run(["ps", "-o", "pid=", "--ppid", str(one)], capture_output=True, text=True, check=False)
        waiting += [int(word) for word in said.stdout.split()]
    return found


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
