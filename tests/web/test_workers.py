"""Several web processes at one port: whichever answers, people see what they did, and a sign-in goes on."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from domain.official import Office
from infra.identity.tenants import Tenant
from infra.platform import child_processes
from infra.platform.child_processes import living
from infra.platform.config import Settings
from services.processes import supervise
from services.processes.supervise import supervised
from tests.provinces.story import COMMUNE, ISSUER, Story
from tests.web.browser import Browser
from tests.web.desks import Desk, Desks, desks, season, workplace
from tests.web.signing import WEB, Provider, begin, come_back

__all__ = ["desks", "season", "workplace"]

pytestmark = pytest.mark.fault

WORKERS = 2


@pytest.fixture(scope="module")
def web(services: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The web process with two workers; it is reached at its port, and people know it by the address of the tests."""
    folder = tmp_path_factory.mktemp("web")
    settings = replace(
        services,
        folder=folder,
        workers=WORKERS,
        public_url=WEB,
        given_secret=services.secret,
        kek=services.key_encryption_key().hex(),
    )
    settings = settings.listening(supervise.kept_port(folder, "web"))
    with supervised(settings, {"web": ("serve",)}):
        asyncio.run(until_all_are_ready(settings))
        yield settings


async def until_all_are_ready(settings: Settings) -> None:
    """Each worker has the port open: as many different ones answer as there are."""
    found: set[int] = set()
    async with asyncio.timeout(60):
        while len(found) < WORKERS:
            try:
                async with client_of(settings) as client:
                    found.add(await worker_of(client))
            except httpx.TransportError:
                await asyncio.sleep(0.1)


@asynccontextmanager
async def client_of(settings: Settings, cookies: httpx.Cookies | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """One kept connection, which one worker answers."""
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=600)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{settings.port}",
        limits=limits,
        cookies=cookies,
        timeout=30,
        headers={"host": urlsplit(WEB).netloc},
    ) as client:
        yield client


async def worker_of(client: httpx.AsyncClient) -> int:
    """The process that holds the other end of this client's connection."""
    answer = await client.get("/healthz")
    sock: socket.socket = answer.extensions["network_stream"].get_extra_info("socket")
    own, server = sock.getsockname()[1], sock.getpeername()[1]
    ends = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inode = next(end[9] for end in ends if (int(end[1][-4:], 16), int(end[2][-4:], 16)) == (server, own))
    for held in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if held.readlink() == Path(f"socket:[{inode}]"):
                return int(held.parts[2])
        except OSError:
            continue
    raise AssertionError("nobody holds the connection")


@asynccontextmanager
async def one_client_each(settings: Settings, cookies: httpx.Cookies) -> AsyncIterator[list[httpx.AsyncClient]]:
    """A client at each worker, all of one browser."""
    found: dict[int, httpx.AsyncClient] = {}
    opened = []
    try:
        while len(found) < WORKERS:
            context = client_of(settings)
            client = await context.__aenter__()
            client._cookies = cookies  # one jar for all
            opened.append(context)
            found.setdefault(await worker_of(client), client)
        yield list(found.values())
    finally:
        for context in opened:
            await context.__aexit__(None, None, None)


async def test_what_a_person_wrote_is_seen_whichever_worker_answers(desks: Desks, season: Story, web: Settings):
    officer = await desks.officer()
    path = f"/ho-so/{season.season}/{COMMUNE}"
    async with one_client_each(web, httpx.Cookies(dict(officer.client.cookies))) as (one, other):
        for number in range(6):
            writer, reader = (one, other) if number % 2 else (other, one)
            said = f"Giải trình lần thứ {number}."
            page = await Desk(writer, officer.house, officer.tenant).open(f"{path}?chi-tieu=TC1.CT1")
            await Desk(writer, officer.house, officer.tenant).send(page, "/giai-trinh", explanation=said)

            seen = await reader.get(f"{officer.home}{path}?chi-tieu=TC1.CT1", headers={"accept": "text/html"})
            listed = await reader.get(f"{officer.home}/viec", headers={"accept": "text/html"})

            assert said in seen.text
            assert listed.status_code == 200
            assert "Bảng tổng hợp đang cập nhật" not in listed.text


async def test_a_heavy_page_is_made_apart_behind_the_real_server(desks: Desks, season: Story, web: Settings):
    inspector = await desks.of(Office.INSPECTOR.value)
    async with client_of(web, httpx.Cookies(dict(inspector.client.cookies))) as client:
        page = await Desk(client, inspector.house, inspector.tenant).open(f"/bang/{season.season}?asof=2100-01-01")

    assert (page.status, page.refused) == (200, "")


async def test_a_sign_in_begun_at_one_worker_ends_at_the_other(
    web: Settings, provider: Provider, provinces: list[Tenant], calm: None
):
    slug = provinces[0].slug
    for turn in range(2):
        async with one_client_each(web, httpx.Cookies()) as clients:
            first, second = clients if turn else clients[::-1]
            begun = Browser(first)
            begun.origin = WEB
            answer = await provider.consent(await begin(begun, slug))

            back = await come_back(Browser(second), slug, answer)

            assert back.status_code == 303
            assert back.headers["location"] == f"/t/{slug}/viec"
            for client in clients:
                page = await client.get(f"/t/{slug}/viec", headers={"accept": "text/html"})
                assert page.status_code != 303  # nobody keeps this province's tables, but the person is known


async def test_a_session_that_ended_has_ended_at_every_worker(desks: Desks, season: Story, web: Settings):
    house = desks.house
    session, _ = await house.sessions.open(tenant=desks.tenant.id, issuer=ISSUER, subject="administrator", id_token="")
    async with one_client_each(web, httpx.Cookies({"session": session})) as (one, other):
        signed_out = await one.get(f"/t/{desks.tenant.slug}/viec", headers={"accept": "text/html"})
        await house.sessions.end(session)
        after = await other.get(f"/t/{desks.tenant.slug}/viec", headers={"accept": "text/html"})

    assert signed_out.status_code != 303
    assert after.status_code == 303


async def test_a_worker_that_was_killed_is_replaced_and_the_other_goes_on(web: Settings):
    async with client_of(web) as client:
        killed = await worker_of(client)
    os.kill(killed, signal.SIGKILL)
    await until_gone([killed])

    assert await first_answer(web) == 200
    await until_all_are_ready(web)


async def first_answer(settings: Settings) -> int:
    """The status of the first answer; a connection that the killed worker had taken is cut, and another one tried."""
    async with asyncio.timeout(60):
        while True:
            try:
                async with client_of(settings) as client:
                    return (await client.get("/healthz")).status_code
            except httpx.TransportError:
                await asyncio.sleep(0.1)


def test_nothing_is_left_when_the_parent_is_killed(services: Settings, tmp_path: Path):
    settings = replace(services, folder=tmp_path, workers=WORKERS).listening(supervise.kept_port(tmp_path, "web"))
    supervisor = supervise.Supervisor(settings, {"web": ("serve",)})
    supervisor.start("web")
    supervisor.wait()
    parent = child_processes.marked(supervisor.mark("web"))
    assert parent is not None
    group = [pid for pid in members(parent.pid) if pid != parent.pid]

    os.kill(parent.pid, signal.SIGKILL)

    asyncio.run(until_gone(group))
    assert len(group) >= WORKERS
    supervisor.stop("web")


def test_a_server_ends_though_its_worker_was_not_ready_to_be_told(tmp_path: Path):
    port = supervise.kept_port(tmp_path, "web")
    program = (
        f"from services.processes.serve import granian; granian('tests.web.unready:application', '127.0.0.1', {port})"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as server:
        try:
            assert server.stdout
            assert server.stdout.readline() == "begun\n"

            server.terminate()

            assert server.wait(60) == 0
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)


def members(group: int) -> list[int]:
    """The processes of a group."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            found.append(int(folder.name))
    return found


async def until_gone(pids: list[int]) -> None:
    async with asyncio.timeout(30):
        while any(living(pid) for pid in pids):  # noqa: ASYNC110 - other processes tell nobody
            await asyncio.sleep(0.05)
