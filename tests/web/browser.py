"""A browser without JavaScript: follows links, fills the forms that it finds, says where it comes from."""

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import httpx


def onward(page: httpx.Response) -> str:
    """Where a page goes on to by itself."""
    assert page.status_code == 200, page.text
    return str(page.headers["refresh"]).removeprefix("0;url=")


class Form:
    """A form of a page: where it goes, and what stands in it."""

    def __init__(self, attributes: dict[str, str]) -> None:
        self.action = attributes.get("action", "")
        self.method = attributes.get("method", "get").lower()
        self.fields: list[tuple[str, str]] = []


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given))
        elif tag == "input" and self.forms and "name" in given:
            ticked = given.get("type") not in {"radio", "checkbox"} or "checked" in given
            if ticked and given.get("type") != "file":
                self.forms[-1].fields.append((given["name"], given.get("value", "")))


def forms_of(page: httpx.Response) -> list[Form]:
    """The forms of a page, in order."""
    parser = _Forms()
    parser.feed(page.text)
    return parser.forms


class Browser:
    """One person's browser at the pages under test."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.origin = str(client.base_url).rstrip("/")

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers={"accept": "text/html", **headers})

    async def post(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        sent = {"accept": "text/html", "origin": self.origin, **headers}
        return await self.client.post(path, data=fields, headers={name: value for name, value in sent.items() if value})

    async def submit(self, page: httpx.Response, action: str, **fields: Any) -> httpx.Response:
        """Fill the first form of the page that goes to `action`, and send it."""
        form = next(form for form in forms_of(page) if form.action.endswith(action))
        return await self.post(urljoin(str(page.url), form.action), dict(form.fields) | fields)

    def cookie(self, name: str) -> str | None:
        return self.client.cookies.get(name)
