"""A browser without scripts, for walking the pages: what it can do, everybody can do without JavaScript.

It fills only fields that a page offers, chooses only what a page lists, and sends along what the page hides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import httpx2

from infra.platform import process_pool
from tests.acceptance.reading import amiss, text_of

#: Seconds for one answer; the machine may be busy with everything at once. A page that is made apart may have to wait
#: for its process to begin, and is refused in words when it then takes too long.
PATIENCE = process_pool.BEGINNING + process_pool.PATIENCE + 10

#: What is typed into a field, ticked, chosen or pressed; several at once only for ticks.
Typed = str | Iterable[str]


class Unexpected(Exception):
    """A page is not as the story has it; the text says what was expected and what was there."""


class FileToSend(NamedTuple):
    """A file to send: the name it is given, its bytes."""

    name: str
    content: bytes


class FormControl(NamedTuple):
    """One control of a form. `kind` is text, pick (radio, option), tick, button or file; `on`: it would be sent."""

    name: str
    kind: str
    value: str
    on: bool


@dataclass
class HtmlForm:
    """A form as the page has it."""

    id: str
    action: str
    method: str
    fields: list[FormControl] = field(default_factory=list)

    def value(self, name: str) -> str:
        """What would be sent in this field; Unexpected when there is none."""
        for one in self.fields:
            if one.name == name and one.on:
                return one.value
        raise Unexpected(f"expected a value in the field {name} of {self.action}; {self._names()}")

    def filled(self, values: Mapping[str, Typed]) -> list[tuple[str, str]]:
        """What is sent when these fields are filled so. Unexpected for what the form does not offer."""
        fields = list(self.fields)
        for name, typed in values.items():
            wanted = [typed] if isinstance(typed, str) else list(typed)
            mine = [one for one in fields if one.name == name]
            if not mine:
                raise Unexpected(f"expected a field {name} in {self.action}; {self._names()}")
            if all(one.kind == "text" for one in mine):
                offered = [mine[-1]._replace(value=one) for one in wanted]
            elif missing := set(wanted) - {one.value for one in mine}:
                raise Unexpected(f"expected {name} to offer {missing}; it offers {[one.value for one in mine]}")
            else:
                offered = [one._replace(on=one.value in wanted) for one in mine]
            fields = [one for one in fields if one.name != name] + offered
        return [(one.name, one.value) for one in fields if one.on and one.name and one.kind != "file"]

    def _names(self) -> str:
        return "it has " + ", ".join(sorted({one.name for one in self.fields}))


class TableRow(NamedTuple):
    """A row of a table: what its cells say, and where its links lead."""

    cells: tuple[str, ...]
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """An answer, read as somebody would who sees no style: texts, forms, rows of tables, links."""

    url: str
    status: int
    text: str
    forms: tuple[HtmlForm, ...]
    rows: tuple[TableRow, ...]
    links: tuple[str, ...]
    code: str
    content: bytes

    def form(self, verb: str, **hidden: str) -> HtmlForm:
        """The form that posts to `…/verb` and already holds these values."""
        for form in self.acts:
            same = urlsplit(form.action).path.rpartition("/")[2] == verb
            if same and all(FormControl(name, "text", value, on=True) in form.fields for name, value in hidden.items()):
                return form
        offered = sorted({urlsplit(form.action).path for form in self.acts})
        raise Unexpected(f"expected a form to …/{verb} {hidden or ''} on {self.url}; it has {offered}: {self.gist}")

    @property
    def acts(self) -> list[HtmlForm]:
        """The forms that change something."""
        return [form for form in self.forms if form.method == "post"]

    def has_form(self, verb: str) -> bool:
        """Whether the page offers this act."""
        return any(urlsplit(form.action).path.endswith(f"/{verb}") for form in self.acts)

    def lacks(self, verb: str) -> Page:
        """The page itself, if it does not offer this act."""
        if self.has_form(verb):
            raise Unexpected(f"expected no form to …/{verb} on {self.url}: {self.gist}")
        return self

    def row(self, of: str) -> TableRow:
        """The row about this thing: it has a link whose path ends so."""
        for row in self.rows:
            if any(urlsplit(link).path.endswith(of) for link in row.links):
                return row
        raise Unexpected(f"expected a row about {of} on {self.url}; there are {len(self.rows)} rows")

    def link(self, pattern: str) -> str:
        """Where the first link leads whose path matches."""
        for link in self.links:
            if re.search(pattern, link):
                return link
        raise Unexpected(f"expected a link like {pattern} on {self.url}: {self.gist}")

    def says(self, *texts: str) -> Page:
        """The page itself, if it says all of this."""
        for text in texts:
            if text not in self.text:
                raise Unexpected(f"expected {text!r} on {self.url}; it says: {self.gist}")
        return self

    @property
    def said(self) -> str:
        """How it was answered, in short."""
        return f"{self.status} {self.code}: {self.gist}"

    @property
    def gist(self) -> str:
        """The beginning of what the page says."""
        return self.text[:400]


class Browser:
    """One person's browser: cookies of its own; redirects are followed, and pages that go on by themselves."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._http = httpx2.AsyncClient(follow_redirects=True, timeout=PATIENCE, trust_env=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def get(self, address: str, status: int = 200) -> Page:
        """Open a page; Unexpected when it is not answered with this status."""
        answer = await self._gone_on(await self._http.get(urljoin(self._base, address)))
        return _expected(_in_order(_page(answer)), status)

    async def send(
        self,
        page: Page,
        form: HtmlForm,
        values: Mapping[str, Typed] | None = None,
        *,
        refused: str = "",
        **files: FileToSend,
    ) -> Page:
        """Fill a form of the page and send it; `files` by the name of their field. `refused` is the refusal's code."""
        data: dict[str, list[str]] = {}
        for name, value in form.filled(values or {}):
            data.setdefault(name, []).append(value)
        there = urljoin(page.url, form.action or page.url)
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(page.url))
        parts = {name: (file.name, file.content, "application/octet-stream") for name, file in files.items()}
        posted = await self._http.post(there, data=data, files=parts or None, headers={"Origin": origin})
        answer = _in_order(_page(await self._gone_on(posted)))
        if not refused:
            return _expected(answer, 200)
        if answer.code != refused or answer.status < 400:
            raise Unexpected(f"expected the refusal {refused}; {there} answers {answer.said}")
        return answer

    async def _gone_on(self, answer: httpx2.Response) -> httpx2.Response:
        while onward := answer.headers.get("refresh", "").removeprefix("0;url="):
            answer = await self._http.get(urljoin(str(answer.url), onward))
        return answer


def _expected(page: Page, status: int) -> Page:
    if page.status != status:
        raise Unexpected(f"expected {status} from {page.url}; it answers {page.said}")
    return page


def _in_order(page: Page) -> Page:
    """The page itself, or the document, if nothing stands in it that should not be in a text for people."""
    said = text_of(page.content) if page.content.startswith(b"%PDF") else page.text
    if wrong := amiss(said):
        raise Unexpected(f"expected {page.url} without {wrong}")
    return page


def _page(answer: httpx2.Response) -> Page:
    html = "text/html" in answer.headers.get("content-type", "")
    reader = _Reader()
    if html:
        reader.feed(answer.text)
        reader.close()
    return Page(
        url=str(answer.url),
        status=answer.status_code,
        text=_plain(reader.texts),
        forms=tuple(reader.all_forms()),
        rows=tuple(reader.rows),
        links=tuple(reader.links),
        code=reader.code,
        content=answer.content,
    )


def _plain(texts: Iterable[str]) -> str:
    return " ".join("".join(texts).split())


class _Reader(HTMLParser):
    """Collects from one page what a `Page` has. Pictures that speak are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.rows: list[TableRow] = []
        self.links: list[str] = []
        self.code = ""
        self._forms: list[HtmlForm] = []
        self._form: HtmlForm | None = None
        self._strays: list[tuple[str, FormControl]] = []
        self._area: tuple[str, list[str]] | None = None
        self._select = ""
        self._options: list[FormControl] = []
        self._cells: list[list[str]] | None = None
        self._row_links: list[str] = []
        self._unread = 0

    def all_forms(self) -> list[HtmlForm]:
        """The forms, with the fields that stand elsewhere on the page but belong to them."""
        by_id = {form.id: form for form in self._forms if form.id}
        for owner, stray in self._strays:
            if owner in by_id:
                by_id[owner].fields.append(stray)
        return self._forms

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: C901 - one flat match over elements
        had = {name: value or "" for name, value in attrs}
        self.code = had.get("data-code", "") or self.code
        if had.get("role") == "img" and "aria-label" in had:
            self._say(f" {had['aria-label']} ")
        match tag:
            case "form":
                self._form = HtmlForm(had.get("id", ""), had.get("action", ""), had.get("method", "get").lower())
                self._forms.append(self._form)
            case "input" | "button":
                self._add(had, self._field(tag, had))
            case "textarea":
                self._area = (had.get("name", ""), [])
            case "select":
                self._select, self._options = had.get("name", ""), []
            case "option":
                self._options.append(FormControl(self._select, "pick", had.get("value", ""), on="selected" in had))
            case "a" if "href" in had:
                self.links.append(had["href"])
                self._row_links.append(had["href"])
            case "tr":
                self._cells, self._row_links = [], []
            case "td" | "th" if self._cells is not None:
                self._cells.append([])
            case "script" | "style":
                self._unread += 1
            case _:
                pass
        if tag in {"p", "li", "div", "td", "th", "h1", "h2", "h3", "dt", "dd", "br", "option", "label", "section"}:
            self._say(" ")

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "form":
                self._form = None
            case "textarea" if self._area is not None:
                name, texts = self._area
                self._area = None
                self._add({}, FormControl(name, "text", "".join(texts).removeprefix("\n"), on=True))
            case "select":
                if self._options and not any(one.on for one in self._options):
                    self._options[0] = self._options[0]._replace(on=True)
                for one in self._options:
                    self._add({}, one)
            case "tr" if self._cells is not None:
                self.rows.append(TableRow(tuple(_plain(cell) for cell in self._cells), tuple(self._row_links)))
                self._cells = None
            case "script" | "style":
                self._unread -= 1
            case _:
                pass

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area[1].append(data)
        elif not self._unread:
            self._say(data)

    def _say(self, text: str) -> None:
        self.texts.append(text)
        if self._cells:
            self._cells[-1].append(text)

    def _field(self, tag: str, had: dict[str, str]) -> FormControl:
        kind = had.get("type", "submit" if tag == "button" else "text")
        name, value = had.get("name", ""), had.get("value", "")
        match kind:
            case "radio":
                return FormControl(name, "pick", had.get("value", "on"), on="checked" in had)
            case "checkbox":
                return FormControl(name, "tick", had.get("value", "on"), on="checked" in had)
            case "submit" | "button":
                return FormControl(name, "button", value, on=False)
            case "file":
                return FormControl(name, "file", "", on=False)
            case _:
                return FormControl(name, "text", value, on=True)

    def _add(self, had: dict[str, str], field: FormControl) -> None:
        if owner := had.get("form"):
            self._strays.append((owner, field))
        elif self._form is not None:
            self._form.fields.append(field)
