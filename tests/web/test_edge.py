"""What reaches the pages from outside: how it is asked, what cannot be read, how much, and what is left of it."""

import asyncio
import gc
import re
import weakref
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from litestar import Litestar

from domain.assessment import Assessment
from domain.official import Office
from services.clock import today
from services.web import bodies, urls
from services.web.app import web_application
from services.web.bodies import Bodies, TooManyBodies
from services.web.request_target import LOOKING
from services.web.routes import all_routes
from services.web.security import origin_of
from services.web.typed_text import ECHOED
from services.web.visit import Visit
from tests.provinces.story import COMMUNE, ISSUER, Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace
from tests.web.signing import WEB

__all__ = ["desks", "season", "workplace"]

URLENCODED = "application/x-www-form-urlencoded"
HTML = {"accept": "text/html", "origin": WEB}

#: Where the commune's officer explains an indicator, and a form that would do it.
EXPLAINED = f"/ho-so/{{season}}/{COMMUNE}/giai-trinh"


@pytest.fixture
async def officer(desks: Desks) -> Desk:
    return await desks.officer()


@pytest.fixture
async def nobody(desks: Desks) -> AsyncIterator[Desk]:
    transport = httpx.ASGITransport(app=desks.app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=WEB) as client:
        yield Desk(client, desks.house, desks.tenant)


async def token(desk: Desk, season: Story) -> str:
    page = await desk.open(f"/ho-so/{season.season}/{COMMUNE}?chi-tieu=TC1.CT1")
    return page.form("/giai-trinh").value("csrf")


async def explanations(season: Story) -> list[object]:
    return [one.fact for one in await season.facts() if isinstance(one.fact, Assessment.Explained)]


# How it is asked --------------------------------------------------------------------------------------


@pytest.mark.parametrize("back", ["//[", "//a\u2100b", "/\u1ead", "/x\x01y"])
async def test_whatever_stands_in_an_address_to_go_back_to_is_no_crash(nobody: Desk, back: str):
    answer = await nobody.client.post("/ngon-ngu", data={"to": "en", "back": back}, headers=HTML)

    assert answer.status_code in {303, 422}
    assert answer.headers.get("location", "/").isascii()


async def test_who_has_to_sign_in_first_is_led_back_to_an_address_in_any_letters(nobody: Desk, desks: Desks):
    answer = await nobody.client.get(f"/t/{desks.tenant.slug}/bang/\u1ead%3F")

    assert answer.status_code == 303
    assert answer.headers["location"].endswith(
        quote(f"/t/{desks.tenant.slug}/bang/{quote(chr(0x1EAD) + '?')}", safe="")
    )


async def test_the_head_of_a_page_is_that_of_the_page_without_a_body(nobody: Desk, desks: Desks, season: Story):
    inspector = await desks.of(Office.INSPECTOR.value)
    paths = ["/", "/healthz", "/readyz", desks.app.state.assets.url("app.css")]
    inside = [f"{desks.tenant.slug}/cong-khai", f"{desks.tenant.slug}/bang/{season.season}"]

    for path in [*paths, *(f"/t/{one}" for one in inside)]:
        page = await inspector.client.get(path, headers={"accept-encoding": "identity"})
        head = await inspector.client.head(path, headers={"accept-encoding": "identity"})

        assert (page.status_code, head.status_code, head.content) == (200, 200, b""), path
        assert head.headers["content-type"] == page.headers["content-type"]


def test_whatever_can_be_looked_at_has_a_head():
    for handler in all_routes():
        if "GET" in handler.http_methods:
            only = {"GET"} if urls.SIGN_IN_RETURN in handler.paths else set(LOOKING)
            assert handler.http_methods == only, handler.paths


async def test_who_asks_for_the_head_of_a_file_has_not_opened_it(desks: Desks, officer: Desk, season: Story):
    await season.attach("TC1.CT1")
    (held,) = (await season.dossier()).entries["TC1.CT1"].evidence.values()
    path = f"{officer.home}/ho-so/{season.season}/{COMMUNE}/minh-chung/{held.id}"
    inspector = await desks.of(Office.INSPECTOR.value)
    accesses = f"/nhat-ky/truy-cap?mua={season.season}"

    head = await officer.client.head(path)
    after_head = await inspector.open(accesses)
    await officer.client.get(path)
    after_all = await inspector.open(accesses)

    assert head.status_code == 200
    opened = [page.html.count('data-access="granted"') for page in (after_head, after_all)]
    assert opened == [0, 1]


async def test_a_wrong_method_is_told_which_are_right(nobody: Desk):
    refused = await nobody.client.delete(nobody.home + "/cong-khai", headers=HTML)
    asked = await nobody.client.options(nobody.home + "/viec")

    assert (refused.status_code, sorted(refused.headers["allow"].split(", "))) == (405, ["GET", "HEAD", "OPTIONS"])
    assert (asked.status_code, asked.headers["allow"], asked.content) == (204, "GET, HEAD, OPTIONS", b"")


async def test_every_answer_says_its_charset_once(nobody: Desk, desks: Desks):
    for path in ("/", "/healthz", "/nowhere", nobody.home + "/cong-khai", desks.app.state.assets.url("app.css")):
        answer = await nobody.client.get(path, headers={"accept": "text/html"})

        assert answer.headers["content-type"].count("charset=utf-8") == 1, path


async def test_somebody_signed_in_sees_what_is_not_there_in_their_own_frame(
    officer: Desk, nobody: Desk, desks: Desks, season: Story
):
    paths = ["/nowhere", officer.home + "/khong-co", f"{officer.home}/mua/{season.season}/khong-co", "/t/nowhere/viec"]

    for path in paths:
        here = Page(await officer.client.get(path, headers={"accept": "text/html"}))
        there = Page(await nobody.client.get(path, headers={"accept": "text/html"}))

        assert (here.status, here.refused) == (404, "not-found"), path
        assert f'href="{officer.home}/viec"' in here.html
        assert "Không tìm thấy" in there.text or "Không tìm thấy trang" in there.text
        assert desks.tenant.name not in there.text


async def test_where_people_use_https_browsers_are_told_to_keep_to_it(desks: Desks):
    for public_url, said in (("https://minhchuan.example", "max-age=31536000"), (WEB, None)):
        app = web_application(replace(desks.house, settings=replace(desks.house.settings, public_url=public_url)))
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=WEB) as client:
            answers = [await client.get(path) for path in ("/", "/nowhere", "/healthz")]

        assert {one.headers.get("strict-transport-security") for one in answers} == {said}


def test_the_scheme_is_part_of_an_origin():
    assert origin_of("https://A.example:443") == origin_of("https://a.example") == "https://a.example"
    assert origin_of("http://a.example") not in {origin_of("https://a.example"), origin_of("http://a.example:8080")}
    assert origin_of("http://[::1]:8000/x") == "http://[::1]:8000"
    assert {origin_of(one) for one in ("null", "", "//a.example", "http://", "http://[", "http://a:x")} == {""}


async def test_a_form_of_the_same_host_by_another_scheme_is_foreign(nobody: Desk):
    sent = {"accept": "text/html", "origin": WEB.replace("http://", "https://")}
    answer = await nobody.client.post("/ngon-ngu", data={"to": "en"}, headers=sent)

    assert (answer.status_code, Page(answer).refused) == (403, "foreign-request")


# What cannot be read ----------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", ["%00", "a%00b"])
async def test_nobody_has_what_lies_at_an_address_with_nul(nobody: Desk, officer: Desk, broken: str):
    inside = [f"{officer.home}/{part}/{broken}" for part in ("bang", "mua", "hoi-dong", "phat-lai", "dau-hieu")]

    for path in [f"/t/{broken}/cong-khai", f"{nobody.home}/cong-khai/{broken}/{broken}", *inside]:
        answer = Page(await officer.client.get(path, headers={"accept": "text/html"}))

        assert (answer.status, answer.refused) == (404, "not-found"), path


@pytest.mark.parametrize("path", ["/cong-khai?tim=a%00", "/cong-khai?a%00b=1", "/nhat-ky?mua=%00", "/viec?asof=%00"])
async def test_a_parameter_with_nul_is_refused_in_words(desks: Desks, path: str):
    inspector = await desks.of(Office.INSPECTOR.value)

    page = await inspector.open(path)

    assert (page.status, page.refused) == (400, "address-unreadable")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [(b"m%E1%BB%99t%00hai", "một�hai"), (b"m%FFt", "m�t"), (b"m\xfft", "m�t"), (b"%ED%A0%80", "���")],
    ids=["nul", "not utf-8", "raw bytes", "half a pair"],
)
async def test_a_text_that_cannot_be_read_comes_back_and_nothing_is_recorded(
    officer: Desk, season: Story, sent: bytes, shown: str
):
    await season.score("TC1.CT1")
    csrf = await token(officer, season)

    page = Page(
        await officer.client.post(
            officer.home + EXPLAINED.format(season=season.season) + "?chi-tieu=TC1.CT1",
            content=b"chi-tieu=TC1.CT1&csrf=" + quote(csrf).encode() + b"&explanation=" + sent,
            headers={**HTML, "content-type": URLENCODED},
        )
    )

    assert (page.status, page.refused) == (422, "text-unreadable")
    assert page.form("/giai-trinh").value("explanation") == shown
    assert await explanations(season) == []


@pytest.mark.parametrize("multipart", [False, True])
async def test_a_text_of_piled_up_marks_comes_back_and_nothing_is_recorded(
    officer: Desk, season: Story, *, multipart: bool
):
    await season.score("TC1.CT1")
    csrf = await token(officer, season)
    piled = "a" + "\u0301\u0323" * 74_000
    fields = {"chi-tieu": "TC1.CT1", "csrf": csrf, "explanation": piled}
    path = officer.home + EXPLAINED.format(season=season.season) + "?chi-tieu=TC1.CT1"
    sent = {"files": {name: (None, value) for name, value in fields.items()}} if multipart else {"data": fields}

    page = Page(await officer.client.post(path, headers=HTML, **sent))

    assert (page.status, page.refused) == (422, "marks-piled-up")
    assert page.form("/giai-trinh").value("explanation") == piled
    assert await explanations(season) == []


async def test_a_text_of_piled_up_marks_from_anybody_is_refused_wherever_it_goes(nobody: Desk, season: Story):
    await season.posted(until=today())
    piled = "a" + "\u0301\u0323" * 20_000
    comment = f"{nobody.home}/cong-khai/{season.season}/{COMMUNE}/gop-y"

    said = Page(await nobody.client.post(comment, data={"text": piled}, headers=HTML))
    inside = Page(
        await nobody.client.post(nobody.home + EXPLAINED.format(season=season.season), data={"x": piled}, headers=HTML)
    )
    language = Page(await nobody.client.post("/ngon-ngu", data={"to": "vi", "x": piled}, headers=HTML))

    assert (said.status, said.refused) == (422, "marks-piled-up")
    assert (inside.status, inside.refused) == (401, "sign-in-needed")
    assert (language.status, language.refused) == (422, "marks-piled-up")


BOUNDARY = "x"


def part(name: str, value: bytes, more: str = "") -> bytes:
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n{more}\r\n'.encode() + value + b"\r\n"


MULTIPART = {
    "an unknown charset": (part("text", b"a", "Content-Type: text/plain; charset=tcvn-5712\r\n"), 422),
    "a charset that is none": (part("text", b"a", "Content-Type: text/plain; charset=zip\r\n"), 422),
    "no utf-8": (part("text", b"\xff\xfe\xe1"), 422),
    "utf-8 by its name": (part("text", b"a", "Content-Type: text/plain; charset=UTF-8\r\n"), None),
    "no name": (b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n", 422),
    "no header": (b"--x\r\n\r\na\r\n", 400),
    "a header in another charset": (b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\na\r\n', 400),
}


@pytest.mark.parametrize("kind", MULTIPART)
@pytest.mark.parametrize("ended", [True, False], ids=["ended", "broken off"])
async def test_a_multipart_form_is_read_or_refused(nobody: Desk, season: Story, kind: str, *, ended: bool):
    await season.posted(until=today())
    body, status = MULTIPART[kind]
    path = f"{nobody.home}/cong-khai/{season.season}/{COMMUNE}/gop-y"

    answer = await nobody.client.post(
        path,
        content=body + (b"--x--\r\n" if ended else b""),
        headers={**HTML, "content-type": f"multipart/form-data; boundary={BOUNDARY}"},
    )

    assert answer.status_code == (status or 303 if ended else 400), answer.text


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; b"])
async def test_a_multipart_form_without_a_boundary_is_refused(nobody: Desk, kind: str):
    answer = await nobody.client.post("/ngon-ngu", content=b"--\r\n", headers={**HTML, "content-type": kind})

    assert (answer.status_code, Page(answer).refused) == (400, "form-unreadable")


@pytest.mark.parametrize("name", ["tu", "den"])
@pytest.mark.parametrize(
    "typed", ["0001-01-01", "9999-12-31", "9999-12-31T23:59:59.999999", "hôm qua", "-1", "32/1/2024"]
)
async def test_a_filter_that_is_not_understood_is_marked_on_the_page(
    desks: Desks, season: Story, name: str, typed: str
):
    inspector = await desks.of(Office.INSPECTOR.value)

    for path in ("/nhat-ky", "/nhat-ky/truy-cap"):
        page = await inspector.open(f"{path}?{name}={quote(typed)}")

        assert (page.status, page.refused) == (422, "not-a-date"), path
        assert dict(page.form(path).fields)[name] == typed
        assert f'id="loi-{name}"' in page.html


# How much ---------------------------------------------------------------------------------------------


async def send(desk: Desk, path: str, content: bytes, kind: str = URLENCODED) -> Page:
    return Page(await desk.client.post(path, content=content, headers={**HTML, "content-type": kind}))


async def test_a_form_has_no_more_fields_than_our_largest_page(nobody: Desk):
    page = await send(nobody, "/ngon-ngu", b"a=1&" * 5_000)

    assert (page.status, page.refused) == (413, "too-many-fields")


async def test_parts_of_a_form_are_counted_too(nobody: Desk):
    many = part("a", b"1") * (bodies.MOST_FIELDS + 10) + b"--x--\r\n"
    page = await send(nobody, "/ngon-ngu", many, f"multipart/form-data; boundary={BOUNDARY}")

    assert (page.status, page.refused) == (413, "too-many-fields")


async def test_nobody_sends_as_much_as_somebody_signed_in(nobody: Desk, officer: Desk, season: Story):
    much = b"a=" + b"1" * (bodies.PUBLIC_FORM_LIMIT + 1)

    theirs = await send(nobody, "/ngon-ngu", much)
    inside = await send(officer, officer.home + EXPLAINED.format(season=season.season), much)

    assert (theirs.status, theirs.refused) == (413, "form-too-large")
    assert inside.refused == "foreign-request"


async def test_what_is_only_shown_again_is_bounded(nobody: Desk):
    page = await send(nobody, nobody.home + "/viec/x", b"a=1")
    ended = await send(nobody, nobody.home + "/quan-tri/them-don-vi", b"a=" + b"<" * 290_000)

    assert page.status == 404
    assert ended.status == 401
    assert len(ended.html) < 10 * ECHOED
    assert "quá dài" in ended.text


#: Bytes that are more than any form may bring.
BEYOND = 23_000_000


class Reading:
    """A body of which nobody asks for more than they are meant to have; how much of it was asked for."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.left > 0:
            chunk = b"x" * min(self.left, 10_000)
            self.left -= len(chunk)
            self.taken += len(chunk)
            yield chunk


async def taken(app: Litestar, path: str, method: str = "POST", **headers: str) -> tuple[int, int]:
    """The status of the answer to a body beyond any limit, and how many of its bytes were taken."""
    sent = Reading(BEYOND)
    pieces = aiter(sent)
    status: list[int] = []
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.1", 1),
        "server": ("127.0.0.1", 8000),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
    }

    async def receive() -> Any:
        chunk = await anext(pieces, b"")
        return {"type": "http.request", "body": chunk, "more_body": bool(chunk)}

    async def answer(message: Any) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])

    await app(scope, receive, answer)  # type: ignore[arg-type]
    return status[0], sent.taken


async def test_a_body_is_not_read_before_it_is_known_whose_and_what_for_it_is(desks: Desks, season: Story):
    upload = f"/t/{desks.tenant.slug}/ho-so/{season.season}/{COMMUNE}/minh-chung"
    form = {"content_type": f"multipart/form-data; boundary={BOUNDARY}"}
    stranger = await desks.house.sessions.open(
        tenant=desks.tenant.id, issuer="https://id.example", subject="nobody", id_token=""
    )

    assert await taken(desks.app, "/nowhere", **form) == (404, 0)
    assert await taken(desks.app, "/t/nowhere/viec", **form) == (405, 0)
    assert await taken(desks.app, upload, "PUT", **form) == (405, 0)
    assert await taken(desks.app, upload, **form, origin="https://elsewhere.example") == (403, 0)
    assert await taken(desks.app, upload, **form, cookie=f"session={stranger[0]}") == (403, 0)
    assert await taken(desks.app, upload, content_type=URLENCODED, content_length="20000000") == (413, 0)


def taking_files() -> list[str]:
    """The addresses to which files are sent."""
    return [
        path
        for handler in all_routes()
        for path in handler.paths
        if "POST" in handler.http_methods and (handler.resolve_request_max_body_size() or 0) > bodies.FORM_LIMIT
    ]


async def test_a_file_over_the_limit_is_heard_to_its_end_so_that_the_browser_shows_the_answer(
    desks: Desks, season: Story
):
    """A browser that is cut off while it sends shows that the connection was closed, and not why."""
    form = {"content_type": f"multipart/form-data; boundary={BOUNDARY}"}
    officer, _ = await desks.house.sessions.open(
        tenant=desks.tenant.id, issuer=ISSUER, subject=f"{COMMUNE} {Office.JUSTICE_OFFICER}", id_token=""
    )
    signed_in = {**form, "cookie": f"session={officer}"}
    values = {"slug": desks.tenant.slug, "season": season.season, "commune": COMMUNE, "meeting": "1"}

    assert len(taking_files()) >= 8
    for pattern in taking_files():
        path = re.sub(r"{(\w+):str}", lambda place: values.get(place[1], "x"), pattern)
        for announced in ({"content_length": str(BEYOND)}, {}):
            assert await taken(desks.app, path, **signed_in, **announced) == (413, BEYOND), path
    beyond = str(bodies.PASSED_OVER + 1)
    assert await taken(desks.app, path, **signed_in, content_length=beyond) == (413, 0)


async def test_bodies_of_one_sender_leave_room_for_others():
    bodies = Bodies(most=3, from_one=2)

    with bodies.place("a"), bodies.place("a"):
        with pytest.raises(TooManyBodies), bodies.place("a"):
            pass
        with bodies.place("b"), pytest.raises(TooManyBodies), bodies.place("c"):
            pass
        with bodies.place("c"):
            assert bodies.under_way == 3
    assert bodies.under_way == 0


async def test_of_senders_that_are_not_known_nobody_stands_for_all():
    bodies = Bodies(most=3, from_one=1)

    with bodies.place(""), bodies.place(""), bodies.place("a"):
        assert bodies.under_way == 3


class Halting:
    """A connection that sends the first bytes of a form and then nothing more."""

    headers = {"content-length": "1000"}  # noqa: RUF012 - nobody changes it
    content_type = (URLENCODED, dict[str, str]())

    def __init__(self) -> None:
        self._messages: Iterator[bytes] = iter([b"a=1"])
        self.scope: dict[str, Any] = {"state": {}}

    async def receive(self) -> dict[str, Any]:
        for body in self._messages:
            return {"type": "http.request", "body": body, "more_body": True}
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_body_that_does_not_come_is_given_up_and_its_place_is_free_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bodies, "AT_ONCE", 0.0)
    monkeypatch.setattr(bodies, "PATIENCE", 0.05)
    taking = Bodies()

    with pytest.raises(bodies.BodyTooSlow):
        await taking.form(Halting(), "192.0.2.1", text=1_000, in_all=1_000)  # type: ignore[arg-type]

    assert taking.under_way == 0
    await asyncio.sleep(0)  # what was waited for is cancelled
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_while_all_places_are_taken_a_slow_body_is_refused_with_when_to_come_again(
    monkeypatch: pytest.MonkeyPatch, desks: Desks
):
    monkeypatch.setattr(desks.app.state.site, "bodies", Bodies(most=0))
    monkeypatch.setattr(bodies, "SMALL", 0)

    async def slowly() -> AsyncIterator[bytes]:
        yield b"to=en"
        yield b"&back=/"

    transport = httpx.ASGITransport(app=desks.app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=WEB) as client:
        answer = await client.post("/ngon-ngu", content=slowly(), headers={**HTML, "content-type": URLENCODED})

    assert (answer.status_code, Page(answer).refused) == (503, "too-many-bodies")
    assert answer.headers["retry-after"] == "10"


# What is left of it -----------------------------------------------------------------------------------


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Nothing is found to be garbage: what is let go of is let go of by the last who held it."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def test_a_request_is_let_go_of_when_it_is_answered(
    monkeypatch: pytest.MonkeyPatch, desks: Desks, officer: Desk, nobody: Desk, season: Story, uncollected: None
):
    seen: list[weakref.ref[Visit]] = []
    begin = Visit.__init__

    def beginning(visit: Visit, *args: Any) -> None:
        begin(visit, *args)
        seen.append(weakref.ref(visit))

    monkeypatch.setattr(Visit, "__init__", beginning)
    dossier = f"{officer.home}/ho-so/{season.season}/{COMMUNE}"
    csrf = await token(officer, season)

    for desk, path in (
        (officer, "/nowhere"),
        (officer, dossier),
        (officer, officer.home + "/viec?asof=x"),
        (nobody, "/"),
        (nobody, dossier),
        (nobody, officer.home + "/cong-khai"),
    ):
        await desk.client.get(path, headers={"accept": "text/html"})
    for desk, path, fields in (
        (officer, dossier + "/giai-trinh", {"csrf": csrf, "explanation": ""}),
        (officer, dossier + "/giai-trinh", {"csrf": "x"}),
        (nobody, dossier + "/giai-trinh", {"explanation": "x"}),
        (nobody, "/ngon-ngu", {"to": "en"}),
    ):
        await desk.client.post(path, data=fields, headers=HTML)
    files = {"tep": ("a.pdf", b"%PDF-1.7\n" + b"x" * 2_000_000)}
    await officer.client.post(dossier + "/minh-chung", data={"csrf": csrf}, files=files, headers=HTML)
    await asyncio.sleep(0)

    assert len(seen) > 10
    assert [visit() for visit in seen] == [None] * len(seen)
