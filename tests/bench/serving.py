"""How fast do pages and commands answer over HTTP, beside the same server saying hello?

A real web process (granian), projector and Redis; an official signed in with mandates in many communes scores
indicators through the form's own address; a board of 200 communes is read, now and as of a moment. The load comes
from this process over plain sockets on the same cores, so figures are shares of the machine, not of a server alone.
"""

import asyncio
import gzip
import itertools
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from domain.measure import Kind, Measured
from domain.official import Office, person_of
from domain.permissions import Actor
from domain.season import Participant
from infra.identity.tenants import IdentityProvider, Tenant
from infra.platform.config import Settings
from infra.reference.units import Era, units_of
from projections.tables.standings import STANDINGS
from services.administration.administer import NewMandate, enrolling
from services.app import App
from services.assessment import assess
from services.demo.figures import figures
from services.demo.provinces import Dossier
from services.demo.telling import together
from services.operations.create_tenant import NewTenant, as_operator, create_tenant
from services.processes.supervise import kept_port, supervised
from services.season import organise
from services.web import security
from services.wiring import wired
from services.work import CommandResult

COMMUNES = 200
SEASON = "2023"
RATE = 50
SECONDS = 4.0
GRACE = 15.0
AT_ONCE = 16
AT_WORK = 64
SUCCESS = frozenset({200, 204})

#: What may be refused: more questions than one person has, a search text that is too long.
BOUNDED = SUCCESS | {422, 429, 503}

ISSUER, DEPARTMENT = "http://127.0.0.1/nobody", "department"

PROGRAMS = {"web": ("serve",), "projector": ("projector",)}


class Answer(NamedTuple):
    """What a request was answered."""

    status: int
    body: bytes


class Seat(NamedTuple):
    """A signed-in person: the session's cookie and the token for forms."""

    cookie: str
    csrf: str


@dataclass(frozen=True)
class Ground:
    """What the load runs on: a house, a province with a season of 200 scored communes, and people at work in it."""

    house: App
    tenant: Tenant
    address: tuple[str, int]
    leads: dict[str, Seat]
    department: Seat


async def rows(services: Settings) -> list[dict[str, Any]]:
    """http-command, own-write-visible, board-now, asof-page."""
    async with prepared(services) as ground:
        return [*await commands(ground), await own_write(ground), *await boards(ground)]


@asynccontextmanager
async def prepared(services: Settings) -> AsyncIterator[Ground]:
    """The ground, its web process and projector at work."""
    settings = services.listening(kept_port(services.folder, "web"))
    async with wired(settings) as house:
        tenant, communes = await province(house, settings)
        with supervised(settings, PROGRAMS) as supervisor:
            await asyncio.to_thread(supervisor.wait)
            await settled(house, tenant)
            parts = urlsplit(settings.public_url)
            yield Ground(
                house,
                tenant,
                (parts.hostname or "", parts.port or 80),
                {code: await seat(house, settings, tenant, code) for code in communes[:AT_WORK]},
                await seat(house, settings, tenant, DEPARTMENT),
            )


# The rows ---------------------------------------------------------------------------------------------


async def commands(ground: Ground) -> list[dict[str, Any]]:
    """Scoring an indicator: at 50 a second, and as fast as it goes, beside /healthz of the same server."""
    hello = await saturated(ground, lambda: request("GET", "/healthz"))
    scores = scoring(ground)
    steady = await paced(ground, scores)
    most = await saturated(ground, scores)
    return [
        row("http-command", p(steady, 95), "ms p95 at 50/s", "25 ms", p(steady, 95) / 25),
        row("http-command-saturation", most, "commands/s", "hello of the same server", most / hello),
    ]


async def own_write(ground: Ground) -> dict[str, Any]:
    """From the commit to the moment at which a waiting page may go on, at 50 commands a second."""
    waits: list[float] = []
    deeds = deciding(ground)

    async def one() -> None:
        result = await next(deeds)
        begun = time.perf_counter()
        await ground.house.reads.reached(ground.tenant, result.last, [STANDINGS], 2.0)
        waits.append((time.perf_counter() - begun) * 1000)

    await at_rate(one)
    return row("own-write-visible", p(waits, 99), "ms p99 at 50/s", "25 ms", p(waits, 99) / 25)


async def boards(ground: Ground) -> list[dict[str, Any]]:
    """The board of 200 communes now and as of a moment, and its weight."""
    path = f"/t/{ground.tenant.slug}/bang/{SEASON}"
    position = await ground.house.store.position(ground.tenant)
    async with connection(ground.address) as send:
        body = (await send(get(ground, path))).body
        await send(get(ground, f"{path}?asof={position - 50}"))  # starts the process that makes the pages of the past
    now = await paced(ground, lambda: get(ground, path), rate=10)
    then = await paced(ground, lambda: get(ground, f"{path}?asof={position - 50}"), rate=5)
    packed = len(gzip.compress(body, 5)) / 1000
    return [
        row("board-now", p(now, 95), "ms p95", "40 ms", p(now, 95) / 40),
        row("board-weight", packed, "kB gzipped", "75 kB", packed / 75),
        row("asof-board-page", p(then, 50), "ms p50 over HTTP", "300 ms", p(then, 50) / 300),
    ]


def row(name: str, value: float, unit: str, against: str, ratio: float) -> dict[str, Any]:
    return {"name": name, "value": round(value, 2), "unit": unit, "against": against, "ratio": round(ratio, 3)}


def p(times: list[float], percentile: int) -> float:
    return statistics.quantiles(times, n=100)[percentile - 1]


# The ground -------------------------------------------------------------------------------------------


async def province(house: App, settings: Settings) -> tuple[Tenant, list[str]]:
    """Hà Nội with 200 communes in a season, each scored, and one official who leads everything everywhere."""
    async with as_operator(settings) as operator:
        new = NewTenant(
            slug=f"bench-{uuid4().hex[:6]}",
            province_code="01",
            era=Era.UNTIL_2025,
            rulebooks=("qd-25-2021",),
            provider=IdentityProvider(ISSUER, "bench"),
        )
        tenant = await create_tenant(house, operator, new)
    communes = [unit.code for unit in units_of("01", Era.UNTIL_2025) if unit.level == "commune"][:COMMUNES]
    await enrol(house, tenant, DEPARTMENT, Office.JUSTICE_DEPARTMENT, "01")
    await together(enrol(house, tenant, code, Office.OFFICE_STATISTICS, code) for code in communes)
    department = await actor(house, tenant, DEPARTMENT)

    rulebook = house.rulebooks.newest("qd-25-2021")
    parents = {unit.code: unit.parent or "" for unit in units_of("01", Era.UNTIL_2025)}
    taking_part = [Participant(code, parents[code]) for code in communes]
    await organise.plan_season(house.work(tenant, department, uuid4()), int(SEASON), rulebook.id, taking_part)
    matrix = [(one.code, Office.OFFICE_STATISTICS, ()) for one in rulebook.indicators]
    await organise.assign_indicators(house.work(tenant, department, uuid4()), SEASON, matrix)
    await organise.open_season(house.work(tenant, department, uuid4()), SEASON)
    told = figures(rulebook, house.calendar, Dossier(communes[0]), int(SEASON))

    async def fill(code: str) -> None:
        lead = await actor(house, tenant, code)
        for one in told:
            work = house.work(tenant, lead, uuid4())
            await assess.score_indicator(work, SEASON, code, one.indicator, one.measures)

    await together((fill(code) for code in communes), at_once=32)
    return tenant, communes


async def enrol(house: App, tenant: Tenant, subject: str, position: Office, unit: str) -> None:
    """One person with one mandate."""
    mandate = NewMandate(position, unit, date(2020, 1, 1), "1/QĐ-UBND")
    await enrolling(house.system(tenant, uuid4()), subject, ISSUER, subject, mandates=[mandate])


async def actor(house: App, tenant: Tenant, subject: str) -> Actor:
    """Who acts under this name."""
    found = await house.people.actor(tenant, person_of(tenant.id, ISSUER, subject), date(2023, 1, 1))
    assert found is not None
    return found


async def seat(house: App, settings: Settings, tenant: Tenant, subject: str) -> Seat:
    """A session of this person."""
    sessions = house.sessions
    session, found = await sessions.open(tenant=tenant.id, issuer=ISSUER, subject=subject, id_token="")
    return Seat(f"{security.Cookies(settings.public_url).session}={session}", security.masked(found.csrf))


async def settled(house: App, tenant: Tenant) -> None:
    """Until the read models hold everything."""
    position = await house.store.position(tenant)
    while not await house.reads.reached(tenant, position, [STANDINGS], 5.0):
        pass


def scoring(ground: Ground) -> Callable[[], bytes]:
    """Forms that score an indicator, each another value of another commune."""
    turns = itertools.count()
    leads = list(ground.leads.items())

    def form() -> bytes:
        turn = next(turns)
        code, seat = leads[turn % len(leads)]
        points = Decimal(turn // len(leads) % 16) / 4
        fields = {
            "csrf": seat.csrf,
            "command": str(uuid4()),
            "chi-tieu": "TC2.CT1",
            "TC2.CT1.points": str(points),
        }
        body = urlencode(fields).encode()
        return request(
            "POST",
            f"/t/{ground.tenant.slug}/ho-so/{SEASON}/{code}/cham-diem",
            f"Cookie: {seat.cookie}\r\nHX-Request: true\r\nContent-Type: application/x-www-form-urlencoded\r\n",
            body,
        )

    return form


def deciding(ground: Ground) -> Iterator[Awaitable[CommandResult]]:
    """The same, as use cases in this process."""
    leads = list(ground.leads)

    async def one(turn: int) -> CommandResult:
        code = leads[turn % len(leads)]
        measured = {"TC2.CT2": Measured(Kind.POINTS, points=Decimal(turn // len(leads) % 8) / 4)}
        work = ground.house.work(ground.tenant, await actor(ground.house, ground.tenant, code), uuid4())
        return await assess.score_indicator(work, SEASON, code, "TC2.CT2", measured)

    return (one(turn) for turn in itertools.count())


# The load ---------------------------------------------------------------------------------------------


async def paced(ground: Ground, make: Callable[[], bytes], rate: int = RATE, seconds: float = SECONDS) -> list[float]:
    """Answer times in milliseconds at so many requests a second, each on a kept connection.

    A request that has to wait for one waits as its sender does. What is not answered when the GRACE is over counts as
    answered then.
    """
    times: list[float] = []
    free: asyncio.LifoQueue[Callable[[bytes], Awaitable[Answer]]] = asyncio.LifoQueue()
    async with connections(ground, AT_ONCE) as senders:
        for sender in senders:
            free.put_nowait(sender)

        async def one() -> None:
            asked = make()
            begun = time.perf_counter()
            try:
                send = await free.get()
                await send(asked)
            finally:
                times.append((time.perf_counter() - begun) * 1000)
            free.put_nowait(send)

        await at_rate(one, rate, seconds)
    return times


async def at_rate(deed: Callable[[], Coroutine[Any, Any, None]], rate: int = RATE, seconds: float = SECONDS) -> None:
    """Begin the deed so many times a second, whether or not the last has ended; break off what takes too long."""
    begun = time.perf_counter()
    running = []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        running.append(asyncio.create_task(deed()))
    done, late = await asyncio.wait(running, timeout=GRACE)
    for task in late:
        task.cancel()
    await asyncio.wait(running)
    for task in done:
        task.result()


async def saturated(ground: Ground, make: Callable[[], bytes]) -> float:
    """Answers a second when 16 clients ask again as soon as they are answered."""
    done = 0
    end = time.perf_counter() + SECONDS

    async def client(send: Callable[[bytes], Awaitable[Answer]]) -> None:
        nonlocal done
        while time.perf_counter() < end:
            await send(make())
            done += 1

    async with connections(ground, AT_ONCE) as senders:
        begun = time.perf_counter()
        await asyncio.gather(*(client(send) for send in senders))
        return done / (time.perf_counter() - begun)


def get(ground: Ground, path: str) -> bytes:
    return request("GET", path, f"Cookie: {ground.department.cookie}\r\n")


def request(method: str, path: str, headers: str = "", body: bytes = b"") -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}{length}\r\n".encode() + body


@asynccontextmanager
async def connections(ground: Ground, count: int) -> AsyncIterator[list[Callable[[bytes], Awaitable[Answer]]]]:
    """So many kept connections."""
    opened = [connection(ground.address) for _ in range(count)]
    senders = [await one.__aenter__() for one in opened]
    try:
        yield senders
    finally:
        for one in opened:
            await one.__aexit__(None, None, None)


@asynccontextmanager
async def connection(
    address: tuple[str, int], taken: frozenset[int] = SUCCESS
) -> AsyncIterator[Callable[[bytes], Awaitable[Answer]]]:
    """Sends a request and reads its whole answer. A status that is not taken stops the measuring.

    The server ends a connection that was idle for long; then another one is opened, as browsers do.
    """
    reader, writer = await asyncio.open_connection(*address)

    async def send(asked: bytes) -> Answer:
        nonlocal reader, writer
        if reader.at_eof():
            writer.close()
            reader, writer = await asyncio.open_connection(*address)
        writer.write(asked)
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        lower = head.lower()
        body = b""
        if b"content-length: " in lower:
            body = await reader.readexactly(int(lower.split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0]))
        if status not in taken:
            raise AssertionError(f"{status}: {asked[:120]!r} {body[:600]!r}")
        return Answer(status, body)

    try:
        yield send
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
