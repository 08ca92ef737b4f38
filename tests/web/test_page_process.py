"""Heavy pages made by a process beside the web process: the same pages, bounded for each person, nobody held up."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import islice
from typing import Any

import httpx
import pytest
from litestar import Litestar

from domain.official import Office
from infra.platform.config import Settings
from infra.platform.process_pool import Pool
from services.web.app import web_application
from services.web.heavy_limit import AT_ONCE
from services.wiring import pool_of
from tests.provinces.story import COMMUNE, Story
from tests.web.desks import Desk, Desks, desks, season, workplace
from tests.web.signing import WEB

__all__ = ["desks", "season", "workplace"]


@pytest.fixture
async def pool(services: Settings) -> AsyncIterator[Pool]:
    pool = pool_of(replace(services, public_url=WEB), patience=600)  # tests stop the process, and machines are busy
    yield pool
    await pool.close()


@pytest.fixture
def apart(desks: Desks, pool: Pool) -> Litestar:
    """The application whose heavy pages are made apart."""
    return web_application(replace(desks.house, pool=pool))


async def at(app: Litestar, desk: Desk) -> Desk:
    """The same person before this application."""
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),  # type: ignore[arg-type]
        base_url=WEB,
        cookies=desk.client.cookies,
    )
    return Desk(client, desk.house, desk.tenant)


def heavy(season: Story) -> list[str]:
    return [
        f"/gia-dinh/{season.season}/{COMMUNE}?tap=3",
        f"/gia-dinh/{season.season}?nguong=C1:85",
        f"/dau-hieu/{season.season}",
        f"/phat-lai/{season.season}",
        f"/nhat-ky?mua={season.season}&tim=de+xuat",
        f"/bang/{season.season}?asof=2100-01-01",
        f"/cong-khai?nam={season.season}&asof=2100-01-01",
    ]


async def test_each_heavy_page_is_the_same_made_apart(desks: Desks, season: Story, apart: Litestar, pool: Pool):
    await season.voted()
    here = await desks.of(Office.INSPECTOR.value)
    there = await at(apart, here)

    for path in heavy(season):
        one, other = await here.open(path), await there.open(path)

        assert (one.status, other.status) == (200, 200), path
        assert other.text == one.text
        assert {**other.headers, "content-length": ""} == {**one.headers, "content-length": ""}
    assert len(pool.pids) == 1


async def test_what_is_refused_there_is_refused_here_in_the_same_words(desks: Desks, season: Story, apart: Litestar):
    officer = await desks.officer()
    there = await at(apart, officer)

    for path in (f"/phat-lai/{season.season}", "/gia-dinh/2999", f"/bang/{season.season}?asof=nonsense"):
        one, other = await officer.open(path), await there.open(path)

        assert one.status >= 400, path
        assert (other.status, other.refused) == (one.status, one.refused)


async def test_who_is_not_signed_in_is_led_to_the_sign_in_and_no_process_starts(
    apart: Litestar, pool: Pool, desks: Desks
):
    nobody = await at(apart, await desks.of("nobody"))
    nobody.client.cookies.clear()

    answer = await nobody.client.get(f"{nobody.home}/dau-hieu/2023")

    assert answer.status_code in {303, 401}
    assert pool.pids == []


async def test_a_flag_is_set_aside_through_the_process_beside(desks: Desks, season: Story, apart: Litestar):
    await season.decided()
    there = await at(apart, await desks.of(Office.INSPECTOR.value))
    page = await there.open(f"/dau-hieu/{season.season}?xa={COMMUNE}")
    before = len([one for one in page.forms if one.action.endswith("/bo-qua")])

    after = await there.send(page, "/bo-qua", reason="Đã xem hồ sơ giấy")

    assert (after.status, after.refused) == (200, "")
    assert "Đã xem hồ sơ giấy" in after.text
    assert before > 0


async def test_a_person_waits_for_a_few_at_a_time_and_others_are_not_held(
    desks: Desks, season: Story, apart: Litestar, pool: Pool
):
    await season.voted()
    greedy = await at(apart, await desks.of(Office.INSPECTOR.value))
    other = await at(apart, await desks.department())
    await other.open(f"/dau-hieu/{season.season}")
    path = f"{greedy.home}/gia-dinh/{season.season}/{COMMUNE}?tap=3"

    os.kill(pool.pids[0], signal.SIGSTOP)
    asked = {asyncio.create_task(greedy.client.get(path, headers={"accept": "text/html"})) for _ in range(20)}
    refused = [await one for one in islice(asyncio.as_completed(asked), 20 - AT_ONCE)]
    light = await other.fetch(f"/bang/{season.season}")
    waiting = [one for one in asked if not one.done()]
    os.kill(pool.pids[0], signal.SIGCONT)
    made = [await one for one in waiting]
    mine = await other.fetch(f"/dau-hieu/{season.season}")

    assert {one.status_code for one in refused} == {429}
    assert all(int(one.headers["retry-after"]) > 0 for one in refused)
    assert "quá nhiều trang cần tính toán lâu" in refused[0].text
    assert [one.status_code for one in made] == [200] * AT_ONCE  # they waited while the others were refused
    assert (light.status_code, mine.status_code) == (200, 200)


async def test_a_killed_process_is_replaced_while_people_wait(desks: Desks, season: Story, apart: Litestar, pool: Pool):
    inspector = await at(apart, await desks.of(Office.INSPECTOR.value))
    await inspector.open(f"/dau-hieu/{season.season}")
    asked = asyncio.create_task(inspector.fetch(f"/dau-hieu/{season.season}?xem=tat-ca"))
    await asyncio.sleep(0)

    os.kill(pool.pids[0], signal.SIGKILL)

    assert (await asked).status_code == 200


async def test_the_question_of_a_browser_that_went_away_is_given_up(
    desks: Desks, season: Story, apart: Litestar, pool: Pool
):
    inspector = await desks.of(Office.INSPECTOR.value)
    gone = asyncio.Event()
    coming: list[Any] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if coming:
            return coming.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        pass

    path = f"{inspector.home}/gia-dinh/{season.season}/{COMMUNE}"
    scope: Any = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"tap=3",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
        "headers": [(b"cookie", f"session={inspector.client.cookies['session']}".encode())],
        "state": {},
    }
    asked = asyncio.create_task(apart(scope, receive, send))
    while pool.asked == 0 and not asked.done():  # noqa: ASYNC110 - the pool tells nobody
        await asyncio.sleep(0.01)

    gone.set()
    await asked

    assert pool.asked == 0
    assert (await (await at(apart, inspector)).open(f"/dau-hieu/{season.season}")).status == 200
