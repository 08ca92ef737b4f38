"""Nothing of later: over random histories, every page as of a position is the page of a province that ends there.

A province and its twin have the same history, but the twin's ends at the position. Whatever the province's pages, as
of that position, say beyond the twin's, they know from the future. So it is by the effective clock, where the twin ends
with the last fact of a dossier that had taken effect by a day.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from random import Random
from typing import TypeAlias
from uuid import UUID, uuid4

import httpx
import pytest
from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler

from domain.official import Office
from domain.unit import Level
from infra.identity.tenants import Tenant, Tenants
from infra.platform.config import Settings
from projections.fold import fold
from projections.tables.tallies import TALLIES
from services.administration.administer import NewMandate, NewUnit, enrolling, registering
from services.app import App
from services.case.case_cache import effective_past
from services.clock import VIETNAM
from services.processes.projector import projecting
from services.web import urls
from services.web.app import web_application
from services.web.handlers import page
from services.web.routes import all_routes
from services.web.visit import PageResponse, Visit
from services.wiring import wired
from tests.infra.logs import write
from tests.projections.histories import ACTS, COMMUNES, DAY, SEASONS, UNIT, Province, rate, tell
from tests.web.signing import WEB

ISSUER, SUBJECT = "https://sso.example", "everybody"
PROVINCE = "70"
MANY = 500
DOSSIER = SEASONS[1], COMMUNES[0]

#: One person who may see everything: what is compared is what pages know, not whom they let in.
HELD = (
    (Office.INSPECTOR, PROVINCE),
    (Office.ADMINISTRATOR, PROVINCE),
    (Office.JUSTICE_DEPARTMENT, PROVINCE),
    (Office.DISTRICT_JUSTICE, UNIT),
)

#: What two provinces never share: ids, tokens, and the clock of the server.
OWN = (
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    r'name="csrf" value="[^"]*"',
    r"\d\d:\d\d(:\d\d)? \d\d/\d\d/\d{4}",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.0-9]*(\+00:00|Z)?",
    r'class="pastbar".*?</div>',  # by the effective clock it says how many facts are not shown
)


@page("/t/{slug:str}/chim-hoang-yen")
async def canary(visit: Visit) -> PageResponse:
    """A page that forgets the moment: it shows how far the log is today."""
    return Response(f"{await visit.app.store.position(visit.tenant)}", media_type="text/html")


@dataclass(frozen=True)
class Twins:
    """The two provinces, seen as of the position at which one of them ends."""

    client: httpx.AsyncClient
    whole: Tenant
    ended: Tenant
    moment: str

    async def differ(self, path: str) -> bool:
        """Whether the page of the province is not that of its twin."""
        whole, ended = [await self._seen(tenant, path) for tenant in (self.whole, self.ended)]
        assert whole[0] < HTTPStatus.INTERNAL_SERVER_ERROR or "file-missing" in whole[1], path
        return whole != ended

    async def _seen(self, tenant: Tenant, path: str) -> tuple[int, str]:
        asof = f"{'&' if '?' in path else '?'}asof={self.moment}"
        answer = await self.client.get(f"/t/{tenant.slug}{path}{asof}", headers={"accept": "text/html"})
        text = answer.text.replace(tenant.slug, "SLUG").replace(tenant.log, "LOG").replace(tenant.id, "ID")
        for pattern in OWN:
            text = re.sub(pattern, "OWN", text, flags=re.DOTALL)
        return answer.status_code, text


def paths_of(history: Province) -> list[str]:
    """Every page with a past, for each season, and communes, meetings and files that the whole history knows."""
    meetings = {season: [] for season in SEASONS}  # type: dict[str, list[str]]
    for row in fold(TALLIES, history.log).values():
        meetings[row.season].append(row.meeting)
    found = []
    for pattern in patterns():
        for season in SEASONS:
            for commune in COMMUNES[:2]:
                for meeting in meetings[season][:2]:
                    filled = pattern.replace("{season:str}", season).replace("{commune:str}", commune)
                    filled = filled.replace("{meeting:str}", meeting).replace("{evidence:str}", str(UUID(int=1)))
                    filled = filled.replace("{number:str}", "1").replace("{position:str}", "1")
                    assert "{" not in filled, filled
                    found += [filled, f"{filled}?chi-tieu=TC1.CT1"] if "{commune:str}" in pattern else [filled]
    return list(dict.fromkeys(found))


def patterns() -> list[str]:
    """The addresses of all pages of a province that show something recorded."""
    routes = [one for one in all_routes() if isinstance(one, HTTPRouteHandler) and one.opt.get("past")]
    return sorted(path.removeprefix(urls.TENANT) for one in routes for path in one.paths)


def a_history(seed: int, tenant: str) -> Province:
    """A long random history; in it nobody rates as met what the rulebook gives points for."""
    chance, acts = Random(seed), [act for act in ACTS if act is not rate]
    return tell([(chance.choice(acts), chance.randrange(2**30)) for _ in range(MANY)], tenant)


async def a_province(registry: Tenants, house: App, seed: int, end: int | None = None) -> tuple[Tenant, Province]:
    """A province in which somebody may see everything, with a long history or so many commands of it."""
    tenant = await registry.create(slug=f"twin-{uuid4().hex}", province_code=PROVINCE, name="Tỉnh Song Sinh")
    history, founded = a_history(seed, tenant.id).on_days_of_their_own(Random(seed)), tell([], tenant.id)
    begun = len(founded.commands)
    await write(house.store, tenant, history.commands[:begun])
    await registering(house.system(tenant, uuid4()), [NewUnit(PROVINCE, "Tỉnh Song Sinh", "tỉnh", Level.PROVINCE)])
    mandates = [NewMandate(position, unit, date(2015, 1, 1), "1/QĐ") for position, unit in HELD]
    await enrolling(house.system(tenant, uuid4()), "Người xem", ISSUER, SUBJECT, mandates=mandates)
    await write(house.store, tenant, history.commands[begun:end])
    return tenant, history


Ending: TypeAlias = Callable[[App, Tenant, Province], Awaitable[tuple[int, str]]]


def at_a_share(seed: int) -> Ending:
    """The twin ends with a share of the commands, and is seen as of its last position."""

    async def ending(house: App, whole: Tenant, history: Province) -> tuple[int, str]:
        end = int(len(history.commands) * Random(seed).uniform(0.3, 0.9))
        return end, str(await house.store.position(whole) - sum(map(len, history.commands[end:])))

    return ending


async def with_what_took_effect(house: App, whole: Tenant, history: Province) -> tuple[int, str]:
    """The twin ends with the command in which the dossier came as far as it had come on a day: the one on which it had
    come furthest of those with something in effect that lies beyond.
    """
    noons = [datetime.combine(DAY + timedelta(days=days), time(12), VIETNAM) for days in range(len(history.log) // 20)]
    pasts = [past for noon in noons if (past := await effective_past(house, whole, noon, *DOSSIER)) and past.missed]
    past = max(pasts, key=lambda one: one.position)
    position = past.position - (await house.store.position(whole) - len(history.log))
    end = sum(command[0].position <= position for command in history.commands)
    return end, f"{past.moment:%d/%m/%Y}&clock=effective"


@asynccontextmanager
async def twins(
    services: Settings, registry: Tenants, seed: int, ending: Ending
) -> AsyncIterator[tuple[Twins, Province]]:
    async with wired(replace(services, public_url=WEB)) as house, projecting(services) as (projector, _):
        whole, history = await a_province(registry, house, seed)
        end, moment = await ending(house, whole, history)
        ended, _ = await a_province(registry, house, seed, end)
        for tenant in (whole, ended):
            await projector.catch_up(tenant)
        app: Litestar = web_application(house)
        app.register(canary)
        jar = httpx.Cookies()
        for tenant in (whole, ended):
            session, _ = await house.sessions.open(tenant=tenant.id, issuer=ISSUER, subject=SUBJECT, id_token="")
            jar.set("session", session, path=f"/t/{tenant.slug}")
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=WEB, cookies=jar) as client:
            yield Twins(client, whole, ended, moment), history


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_page_as_of_a_position_knows_what_came_later(services, tenants: Tenants, seed: int):
    async with twins(services, tenants, seed, at_a_share(seed)) as (both, history):
        paths = paths_of(history)

        leaks = [path for path in paths if await both.differ(path)]

    assert leaks == []


async def test_no_page_of_a_dossier_knows_what_took_effect_later(services, tenants: Tenants):
    async with twins(services, tenants, 3, with_what_took_effect) as (both, history):
        paths = [path for path in paths_of(history) if "/".join(DOSSIER) in path]

        leaks = [path for path in paths if await both.differ(path)]

    assert len(paths) > 10
    assert leaks == []


async def test_a_page_that_ignores_the_moment_is_found(services, tenants: Tenants):
    async with twins(services, tenants, 1, at_a_share(1)) as (both, _):
        assert await both.differ("/chim-hoang-yen")
