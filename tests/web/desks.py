"""People at their desks: the real pages over real parts, read models kept up, each person signed in by the session.

from tests.web.desks import desks, season, workplace   # fixtures, asked for by name
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from litestar import Litestar

from domain.official import Office
from infra.identity.tenants import Tenant
from infra.platform.config import Settings
from projections.catalogue import PROJECTIONS
from services.app import App
from services.processes import sealer
from services.processes.projector import following, projecting
from services.web.app import web_application
from services.wiring import wired
from tests.provinces.story import COMMUNE, ISSUER, Story, prepared
from tests.web.signing import WEB


async def caught_up(house: App, tenant: Tenant) -> None:
    """Wait until the read models hold all that the log holds now."""
    names = tuple(projection.name for projection in PROJECTIONS)
    assert await house.reached(tenant, names, await house.store.position(tenant), 60)


class Page:
    """A page as it came, which is never a crash: its status, its text, the forms in it."""

    def __init__(self, answer: httpx.Response) -> None:
        assert 'data-code="crashed"' not in answer.text, answer.url
        self.status = answer.status_code
        self.html = answer.text
        self.headers = answer.headers
        self.url = str(answer.url)
        parser = _Reader()
        parser.feed(answer.text)
        self.forms = parser.forms
        self.text = " ".join(unescape(" ".join(parser.words)).split())

    @property
    def refused(self) -> str:
        """The code of the refusal that stands on the page, "" for none."""
        _, _, rest = self.html.partition('data-code="')
        return rest.partition('"')[0]

    def form(self, action: str, **holding: str) -> "Form":
        """The form that goes to `action` and holds these hidden values."""
        for form in self.forms:
            if form.action.endswith(action) and set(holding.items()) <= set(form.fields):
                return form
        raise AssertionError((action, [form.action for form in self.forms]))

    def offers(self, action: str) -> bool:
        return any(form.action.endswith(action) for form in self.forms)


@dataclass
class Form:
    """A form: where it goes, and what stands in it."""

    action: str
    fields: list[tuple[str, str]]

    def value(self, name: str) -> str:
        return dict(self.fields)[name]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words: list[str] = []
        self._area = ""
        self._form: Form | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action", ""), [])
            self.forms.append(self._form)
        elif tag == "select":
            self._select = given.get("name", "")
        elif self._form is None:
            return
        elif tag == "input" and "name" in given and given.get("type") != "file":
            if given.get("type") not in {"radio", "checkbox"} or "checked" in given:
                self._form.fields.append((given["name"], given.get("value", "")))
        elif tag == "textarea":
            self._area = given.get("name", "")
            self._form.fields.append((self._area, ""))
        elif tag == "option" and "selected" in given:
            self._form.fields.append((self._select, given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area and self._form is not None:
            name, value = self._form.fields[-1]
            self._form.fields[-1] = (name, value + data)
        else:
            self.words.append(data)


class Desk:
    """One person at work."""

    def __init__(self, client: httpx.AsyncClient, house: App, tenant: Tenant) -> None:
        self.client = client
        self.house = house
        self.tenant = tenant
        self.home = f"/t/{tenant.slug}"

    async def open(self, path: str, **headers: str) -> Page:
        """A page, once the read models hold what others did until now."""
        await caught_up(self.house, self.tenant)
        return Page(await self.client.get(self.home + path, headers={"accept": "text/html", **headers}))

    async def fetch(self, path: str) -> httpx.Response:
        return await self.client.get(path if path.startswith("/t/") else self.home + path)

    async def send(
        self,
        page: Page,
        action: str,
        filled: Mapping[str, Any] | None = None,
        *,
        files: Any = None,
        **fields: str | list[str],
    ) -> Page:
        """Fill the form as a person does, press its button, and go where that leads."""
        form = page.form(action)
        typed = {**(filled or {}), **fields}
        kept = [(name, value) for name, value in form.fields if name not in typed]
        pairs = [
            (name, one) for name, value in typed.items() for one in (value if isinstance(value, list) else [value])
        ]
        data: dict[str, Any] = {}
        for name, value in kept + pairs:
            data.setdefault(name, []).append(value)
        return await self.post(urljoin(page.url, form.action), data, files=files)

    async def post(self, path: str, data: dict[str, Any], files: Any = None, **headers: str) -> Page:
        answer = await self.client.post(
            path, data=data, files=files, headers={"accept": "text/html", "origin": WEB, **headers}
        )
        if answer.status_code == 303:
            answer = await self.client.get(answer.headers["location"], headers={"accept": "text/html"})
        return Page(answer)


class Desks:
    """The people of the workplace, and its sealer at work."""

    def __init__(self, app: Litestar, house: App, tenant: Tenant, services: Settings) -> None:
        self.app = app
        self.house = house
        self.tenant = tenant
        self._open: list[httpx.AsyncClient] = []
        self.start_sealing(services)

    async def of(self, subject: str) -> Desk:
        """The desk of the person who signs in as this subject."""
        sessions = self.house.sessions
        session_id, _ = await sessions.open(tenant=self.tenant.id, issuer=ISSUER, subject=subject, id_token="")
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),  # type: ignore[arg-type]
            base_url=WEB,
            cookies={"session": session_id},
        )
        self._open.append(client)
        return Desk(client, self.house, self.tenant)

    async def officer(self, position: Office = Office.JUSTICE_OFFICER, commune: str = COMMUNE) -> Desk:
        return await self.of(f"{commune} {position}")

    async def chairman(self, commune: str = COMMUNE) -> Desk:
        return await self.officer(Office.COMMUNE_CHAIRMAN, commune)

    async def appraiser(self) -> Desk:
        return await self.of(Office.DISTRICT_JUSTICE)

    async def department(self) -> Desk:
        return await self.of(Office.JUSTICE_DEPARTMENT)

    def start_sealing(self, services: Settings) -> None:
        """The sealer is at work from now on."""
        self._sealing = asyncio.create_task(sealer.run(services, only=[self.tenant.slug]))

    async def stop_sealing(self) -> None:
        """The sealer is down from now on."""
        self._sealing.cancel()
        await asyncio.gather(self._sealing, return_exceptions=True)

    async def close(self) -> None:
        await self.stop_sealing()
        await asyncio.gather(*(client.aclose() for client in self._open))


@pytest.fixture(scope="session")
def workplace(services: Settings) -> Tenant:
    """The invented province with people in office."""
    return prepared(services)


@pytest.fixture
async def desks(services: Settings, workplace: Tenant) -> AsyncIterator[Desks]:
    async with desks_of(services, workplace) as opened:
        yield opened


@asynccontextmanager
async def desks_of(services: Settings, workplace: Tenant) -> AsyncIterator[Desks]:
    """The people of a province at their desks."""

    async def looked_after() -> list[Tenant]:
        return [workplace]  # and not the hundreds of provinces of other tests

    async with (
        wired(replace(services, public_url=WEB)) as house,
        projecting(services) as (projector, _),
        following(projector, looked_after, services.app_url, poll=0.2),
    ):
        await caught_up(house, workplace)  # until its read models are built, every page of it is "being rebuilt"
        here = replace(house, pool=None)  # heavy pages are made here; test_apart.py has them made apart
        opened = Desks(web_application(here), house, workplace, services)
        yield opened
        await opened.close()


@pytest.fixture
async def season(desks: Desks) -> Story:
    """An open season under 25/2021 of this test alone, in which nothing has been entered."""
    opened = await Story(desks.house, desks.tenant, "").opened()
    await caught_up(desks.house, desks.tenant)
    return opened
