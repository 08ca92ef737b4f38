"""What people get while Redis or PostgreSQL is away: each kind of page, how it is answered, and in what time.

    .venv/bin/python -m tests.fault.away

starts a house of its own in a new folder, takes one service away after the other, prints what was answered, and looks
whether everything is as before once the service is back. It takes about a minute.
"""

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from uuid import uuid4

import httpx
from redis.asyncio import Redis

from infra.platform import child_processes, database, embedded, probe
from infra.platform.config import Settings, read_settings
from infra.schema import migrate
from services.processes.supervise import PROGRAMS, kept_port, supervised
from services.wiring import wired
from tests.web.signing import OFFICIAL, Provider, settle

#: Seconds after which a page counts as not answered: twice what it may wait for the database.
PATIENCE = 2 * database.PATIENCE
TYPED = "điều đã nhập trước khi gửi"
NOWHERE = "http://127.0.0.1:9"


class Answer(NamedTuple):
    """How a page was answered; status 0 is not at all. `code` is that of the refusal on it."""

    fault: str
    page: str
    status: int
    code: str
    keeps: bool
    seconds: float

    def __str__(self) -> str:
        said = f"{self.status} {self.code}" if self.status else "no answer"
        return f"{self.fault:22} {self.page:36} {said:22} {self.seconds:6.2f} s"


@dataclass(frozen=True)
class House:
    """Running pages, and the cookie of somebody who is signed in."""

    settings: Settings
    slug: str
    cookie: str

    @property
    def pages(self) -> Mapping[str, Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]]:
        """One of each kind."""
        home, cookie = f"/t/{self.slug}", {"cookie": f"session={self.cookie}"}
        sent = {"handle": "x", "reason": TYPED, "csrf": "x"}
        return {
            "/healthz": lambda http: http.get("/healthz"),
            "/readyz": lambda http: http.get("/readyz"),
            "public page": lambda http: http.get(f"{home}/cong-khai"),
            "public page, signed in": lambda http: http.get(f"{home}/cong-khai", headers=cookie),
            "page of somebody signed in": lambda http: http.get(f"{home}/them", headers=cookie),
            "form of somebody signed in": lambda http: http.post(
                f"{home}/them/ket-thuc-phien", data=sent, headers=cookie
            ),
            "sign-in, its page": lambda http: http.get(f"{home}/dang-nhap"),
            "sign-in, its button": lambda http: http.post(f"{home}/dang-nhap"),
            "sign-out": lambda http: http.post(f"{home}/dang-xuat", data={"csrf": "x"}, headers=cookie),
        }

    async def asked(self, fault: str) -> list[Answer]:
        """All pages, each by itself, once nothing is remembered of what services answered before."""
        await asyncio.sleep(probe.FRESH)
        headers = {"accept": "text/html", "origin": self.settings.public_url}
        async with httpx.AsyncClient(
            base_url=self.settings.public_url, headers=headers, timeout=PATIENCE, trust_env=False
        ) as http:
            return [await answered(fault, name, http, ask) for name, ask in self.pages.items()]


async def answered(
    fault: str, page: str, http: httpx.AsyncClient, ask: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]
) -> Answer:
    begun = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await ask(http)
    except (httpx.TransportError, TimeoutError):
        return Answer(fault, page, 0, "", keeps=False, seconds=time.monotonic() - begun)
    code = re.search(r'data-code="([^"]+)"', answer.text)
    took = time.monotonic() - begun
    return Answer(fault, page, answer.status_code, code[1] if code else "", keeps=TYPED in answer.text, seconds=took)


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    """A house with services of its own in this folder: a province, and an inspector who is signed in."""
    with embedded.services(read_settings(folder, {}), durable=False) as found:
        await migrate.control(found)
        settings = found.listening(kept_port(folder, "web"))
        province = Provider([NOWHERE], [f"tinh-{uuid4().hex[:8]}"])
        (tenant,) = await settle(settings, province)
        async with wired(settings) as wiring:
            cookie, _ = await wiring.sessions.open(tenant=tenant.id, issuer=NOWHERE, subject=OFFICIAL, id_token="")
        programs = {name: PROGRAMS[name] for name in ("web", "projector")}
        with supervised(settings, programs) as supervisor:
            await asyncio.to_thread(supervisor.wait)
            running = House(settings, tenant.slug, cookie)
            await recovered(running)
            yield running


async def recovered(running: House) -> list[Answer]:
    """Ask until everything is as it should be without any fault; what was answered then, or at the end of patience."""
    for _ in range(100):
        answers = await running.asked("none")
        if [one.status for one in answers] == [200, 200, 200, 200, 200, 403, 200, 403, 403]:
            break
        await asyncio.sleep(0.2)
    return answers


# Faults -----------------------------------------------------------------------------------------------


@asynccontextmanager
async def stopped(running: House, service: str) -> AsyncIterator[None]:
    """The service and its children neither run nor end: as on a machine that hangs."""
    found = child_processes.marked(running.settings.folder / f"{service}.pid")
    assert found
    pids = [found.pid, *children(found.pid)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@asynccontextmanager
async def cut_off(running: House) -> AsyncIterator[None]:
    """Redis runs, but nobody reaches it any more, and all its connections are cut."""
    redis = embedded.Redis(running.settings.folder)
    client: Redis = Redis.from_url(running.settings.redis_url)
    await client.ping()
    place = redis.data / redis.socket
    place.rename(place.with_suffix(".away"))
    await client.client_kill_filter(_type="normal", skipme=True)
    await client.aclose()
    try:
        yield
    finally:
        place.with_suffix(".away").rename(place)


FAULTS: Mapping[str, Callable[[House], AbstractAsyncContextManager[None]]] = {
    "Redis stopped": lambda running: stopped(running, "redis"),
    "Redis out of reach": cut_off,
    "PostgreSQL stopped": lambda running: stopped(running, "postgres"),
}


async def measure(folder: Path) -> dict[str, list[Answer]]:
    """The answers without a fault, under each fault, and after each of them."""
    async with house(folder) as running:
        found = {"none": await running.asked("none")}
        for name, fault in FAULTS.items():
            async with fault(running):
                found[name] = await running.asked(name)
            found[f"after: {name}"] = [one._replace(fault=f"after: {name}") for one in await recovered(running)]
    return found


def main() -> None:
    """Print all of it."""
    with TemporaryDirectory(prefix="minhchuan-away-") as folder:
        for answers in asyncio.run(measure(Path(folder))).values():
            print(*answers, sep="\n", end="\n\n")


if __name__ == "__main__":
    main()
