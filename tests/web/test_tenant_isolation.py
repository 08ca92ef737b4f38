"""A person of one province meets nothing of another: every address, every act, with every id of the other.

The ids are real: in the other province a season ran until its decision. Both provinces have people of the same names
at the same issuer, so nothing but the check of the session stands between them.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import uuid4

import httpx
import pytest

from domain.export import Document
from domain.official import Office
from infra.identity.tenants import Tenant
from infra.platform.config import Settings
from infra.readmodels.projector import Projector
from projections.catalogue import PROJECTIONS
from services.app import App
from services.council import voting
from services.exports import requests
from services.rulebooks import keep
from services.web import admission, urls
from services.web.app import web_application
from services.web.routes import all_routes
from services.web.security import masked
from services.wiring import wired
from tests.provinces.story import COMMUNE, ISSUER, OTHER, Story, prepared
from tests.web.browser import Browser
from tests.web.signing import WEB

PUBLIC = {
    urls.TENANT,
    urls.SIGN_IN,
    urls.SIGN_IN_RETURN,
    urls.SIGN_OUT,
    urls.REGISTER,
    urls.PUBLIC,
    urls.PUBLIC + "/gop-y",
}
#: Of no province: the choice of one, what every page needs, and what an operator asks.
OUTSIDE = {urls.PROVINCES, urls.HEALTH, urls.READY, urls.LANGUAGE, urls.STATIC + "/{name:path}"}


class Route(NamedTuple):
    """One address with one method. `parameters` are the names in its path besides the province."""

    method: str
    path: str
    parameters: frozenset[str]
    public: bool

    def filled(self, slug: str, ids: dict[str, str]) -> str:
        parts = self.path.split("/")
        names = [part[1:-1].partition(":")[0] if part.startswith("{") else "" for part in parts]
        return "/".join(
            slug if name == "slug" else ids[name] if name else part for part, name in zip(parts, names, strict=True)
        )


def routes() -> Iterator[Route]:
    for handler in all_routes():
        for path in handler.paths:
            for method in handler.http_methods - {"HEAD"}:  # which is answered as GET
                names = {part[1:-1].partition(":")[0] for part in path.split("/") if part.startswith("{")}
                yield Route(method, path, frozenset(names - {"slug"}), bool(handler.opt.get("public")))


#: A rulebook that ships.
RULEBOOK = "qd-25-2021"

INSIDE = [route for route in routes() if route.path.startswith(urls.TENANT) and not route.public]

#: What is there only for whoever asked for it or cast it: to everybody else of the province it is not there either.
ONE_S_OWN = [
    route
    for route in INSIDE
    if route.parameters & {"export", "position", "sha256"}
    or route.path in (urls.MEETING + "/bien-nhan", urls.DOSSIER + "/bien-ban-hop")  # of a meeting that was not held
]


#: What every province has by the same name: a rulebook that ships. Which text of it a province keeps is its own.
OF_EVERYBODY = {"rulebook", "ending"}


#: Those who have anything to do with a season, a dossier, a meeting.
PEOPLE = [
    "administrator",
    Office.JUSTICE_DEPARTMENT,
    Office.DISTRICT_JUSTICE,
    Office.DISTRICT_CHAIRMAN,
    f"{COMMUNE} {Office.JUSTICE_OFFICER}",
    f"{COMMUNE} {Office.COMMUNE_CHAIRMAN}",
]


def code_of(answer: httpx.Response) -> str:
    """The code of the refusal that stands on the page."""
    return answer.text.partition('data-code="')[2].partition('"')[0]


@dataclass(frozen=True)
class Neighbours:
    """Somebody signed in at home, and the province next door with its ids."""

    browser: Browser
    home: Tenant
    abroad: Tenant
    ids: dict[str, str]
    house: App

    async def ask(self, route: Route, slug: str, csrf: str = "", *, htmx: bool = False) -> httpx.Response:
        path = route.filled(slug, self.ids)
        headers = {"hx-request": "true"} if htmx else {}
        if route.method == "GET":
            return await self.browser.get(path, **headers)
        form = {**self.ids, "csrf": csrf, "indicator": "TC1.CT1", "reason": "lý do"}
        return await self.browser.post(path, form, **headers)

    async def sign_in(self, who: str) -> str:
        """Sign this person in at home; the token of the session."""
        session_id, session = await self.house.sessions.open(
            tenant=self.home.id, issuer=ISSUER, subject=who, id_token="token"
        )
        self.browser.client.cookies.set("session", session_id)
        return masked(session.csrf)

    async def positions(self) -> tuple[int, int]:
        store = self.house.store
        return await store.position(self.home), await store.position(self.abroad)


@pytest.fixture(scope="module")
def told(services: Settings) -> tuple[Tenant, Tenant, dict[str, str]]:
    """Two provinces with the same people; in the second, a season that ran to its decision."""
    home, abroad = prepared(services), prepared(services)

    async def tell() -> dict[str, str]:
        async with wired(services) as house:
            story = await Story(house, abroad, "").opened()
            await story.concluded()
            meeting = await story.vote_on_concluded()
            await story.decide()
            entries = (await story.dossier()).entries.values()
            evidence = next(held for entry in entries for held in entry.evidence.values())
            await voting.close_meeting(await story.decider(), story.season, meeting)
            await voting.issue_minutes(await story.decider(), story.season, meeting, evidence.sha256, "3/BB-HĐ")
            await story.under_review()
            work = await story.by(Office.JUSTICE_DEPARTMENT)
            await requests.request_export(work, Document.STANDINGS, story.season)
            text = f"# {abroad.id}\n{house.rulebooks.written(house.rulebooks.newest(RULEBOOK).sha256)}"
            await keep.keep_text(await story.by(Office.JUSTICE_DEPARTMENT), text)
            projector = Projector(house.database, house.store, PROJECTIONS)
            for tenant in (home, abroad):
                await projector.catch_up(tenant)
            await projector.close()
            return {
                "season": story.season,
                "commune": COMMUNE,
                "meeting": meeting,
                "number": "1",
                "evidence": str(evidence.id),
                "export": str(requests.export_id(work)),
                "position": "1",
                "rulebook": RULEBOOK,
                "ending": "yaml",
                "sha256": keep.text_hash(text),
            }

    return home, abroad, asyncio.run(tell())


@pytest.fixture
async def neighbours(
    services: Settings, told: tuple[Tenant, Tenant, dict[str, str]]
) -> AsyncIterator[tuple[Neighbours, str]]:
    """The administrator of the first province, signed in there; and the token of that session."""
    home, abroad, ids = told
    async with wired(replace(services, public_url=WEB)) as house:
        session_id, session = await house.sessions.open(
            tenant=home.id, issuer=ISSUER, subject="administrator", id_token="token"
        )
        app = web_application(house)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=WEB) as client:  # type: ignore[arg-type]
            client.cookies.set("session", session_id)
            yield Neighbours(Browser(client), home, abroad, ids, house), masked(session.csrf)


def test_every_address_is_inside_a_province_or_open_on_purpose():
    public = {route.path for route in routes() if route.public}

    assert public == PUBLIC | OUTSIDE
    assert all(route.path.startswith(urls.TENANT) for route in routes() if route.path not in OUTSIDE)


async def test_every_address_of_another_province_does_not_exist(neighbours: tuple[Neighbours, str]):
    there, csrf = neighbours
    before = await there.positions()

    for route in INSIDE:
        answer = await there.ask(route, there.abroad.slug, csrf)
        assert answer.status_code == 404, route
        assert there.abroad.id not in answer.text

    assert await there.positions() == before


async def test_what_was_typed_into_the_tab_of_another_province_is_shown_to_be_copied(
    neighbours: tuple[Neighbours, str],
):
    there, csrf = neighbours
    before = await there.positions()
    form = {"csrf": csrf, "chi-tieu": "TC1.CT1", "explanation": "Danh sách lưu ở xã."}

    answer = await there.browser.post(f"/t/{there.abroad.slug}/ho-so/{there.ids['season']}/{COMMUNE}/giai-trinh", form)

    assert answer.status_code == 404
    assert "Chưa ghi nhận gì. Chép lại từ đây nếu cần." in answer.text
    assert "Danh sách lưu ở xã." in answer.text
    assert there.abroad.id not in answer.text
    assert await there.positions() == before


async def test_the_check_of_the_session_is_what_holds(
    neighbours: tuple[Neighbours, str], monkeypatch: pytest.MonkeyPatch
):
    """The canary: without it the same requests do come in."""
    there, csrf = neighbours
    monkeypatch.setattr(admission, "belongs", lambda *_: True)

    answers = [(route, await there.ask(route, there.abroad.slug, csrf)) for route in INSIDE if route.method == "GET"]

    let_in = {route.path for route, answer in answers if answer.status_code == 200}
    assert {urls.SEASONS, urls.SEASON, urls.BOARD, urls.MORE} <= let_in


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "fragment"])
@pytest.mark.parametrize("who", PEOPLE)
async def test_ids_of_another_province_are_nothing_at_home(neighbours: tuple[Neighbours, str], who: str, *, htmx: bool):
    there, _ = neighbours
    csrf = await there.sign_in(who)
    before = await there.positions()

    for route in INSIDE:
        if route.parameters - OF_EVERYBODY:
            answer = await there.ask(route, there.home.slug, csrf, htmx=htmx)
            assert (answer.status_code, code_of(answer)) == (404, "not-found"), (route, answer.text)

    assert await there.positions() == before


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "fragment"])
@pytest.mark.parametrize("who", PEOPLE)
async def test_in_a_season_of_one_s_own_a_foreign_commune_or_meeting_is_as_unknown_as_none(
    neighbours: tuple[Neighbours, str], who: str, *, htmx: bool
):
    there, _ = neighbours
    csrf = await there.sign_in(who)
    own = await Story(there.house, there.home, "").opened([OTHER])
    foreign = {**there.ids, "season": own.season}
    nowhere = {**foreign, "commune": "00000", "meeting": "000-9", "evidence": str(uuid4()), "export": str(uuid4())}
    nowhere["sha256"] = "0" * 64

    for route in INSIDE:
        if route.parameters - {"season"} - OF_EVERYBODY:
            answers = [
                await replace(there, ids=ids).ask(route, there.home.slug, csrf, htmx=htmx) for ids in (foreign, nowhere)
            ]
            assert [one.status_code for one in answers] == [404, 404], (route, answers[0].text)
            assert code_of(answers[0]) == code_of(answers[1]), route


async def test_the_same_ids_are_there_for_whoever_belongs(neighbours: tuple[Neighbours, str]):
    """The canary: they are ids of something, so the 404 above is about the province."""
    there, _ = neighbours
    session_id, _ = await there.house.sessions.open(
        tenant=there.abroad.id, issuer=ISSUER, subject="justice-department", id_token="token"
    )
    there.browser.client.cookies.set("session", session_id)

    for route in INSIDE:
        if route.method == "GET" and route.parameters and route not in ONE_S_OWN:
            answer = await there.ask(route, there.abroad.slug)
            assert answer.status_code in {200, 303, 403, 409}, (route, answer.text)  # 409: not yet, not unknown


async def test_nobody_sees_a_page_inside_without_signing_in(neighbours: tuple[Neighbours, str]):
    there, _ = neighbours
    there.browser.client.cookies.clear()

    for route in INSIDE:
        answer = await there.ask(route, there.abroad.slug)
        assert answer.status_code == (303 if route.method == "GET" else 401), route
        if route.method == "GET":
            assert answer.headers["location"].startswith(f"/t/{there.abroad.slug}/dang-nhap")
