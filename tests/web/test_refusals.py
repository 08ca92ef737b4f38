"""How a refused act is answered: in words, with what was typed, as a page, a fragment or a problem."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import redirect_stderr
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import ClassVar
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec
import pytest
import structlog

from domain.errors import FileNameHostile, FileTypeForbidden, NotANumber, ReasonMissing, Stale
from infra.encryption.cipher import Encryption
from infra.identity.sessions import Sessions, connect
from infra.identity.tenants import Tenant
from infra.log.group_commit import CommandResult, OutcomeUnknown
from infra.platform import embedded
from services.app import App
from services.i18n import load_words
from services.processes.logging_setup import structured_logs
from services.web import app as web
from services.web import urls
from services.web.app import web_application
from services.web.handlers import act, page
from services.web.refusals import explain
from services.web.render import TEMPLATES, Renderer
from services.web.security import masked
from services.web.visit import PageResponse, Visit
from tests.infra.storage.test_files import REFUSED
from tests.web.browser import Browser
from tests.web.signing import OFFICIAL, WEB, Provider, browsing

SHEET = """{% extends "base.html" %}{% block title %}Phiếu{% endblock %}{% block main %}<h1>Phiếu {{ season }}</h1>
<form method="post" action="{{ url.season(season) }}/cham">{{ parts.hidden(version=3) }}
<div class="field">{{ parts.fault("points") }}
<input id="points" name="points" {{ parts.tied("points") }} value="{{ typed.points|default("9,0", true) }}"></div>
</form>{% endblock %}"""


@page(urls.SEASON)
async def sheet(visit: Visit, season: str) -> PageResponse:
    return await visit.page("sheet.html", season=season)


@act(urls.SEASON + "/cham", again=sheet)
async def score(visit: Visit, season: str) -> PageResponse:
    points = visit.typed.decimal("points")
    if points is None:
        raise ReasonMissing(act="score")
    if points > 10:
        raise Stale(yours=points, theirs="8,0")
    assert visit.version == 3
    return visit.see(visit.url.season(season, points=points, command=visit.command))


@act(urls.SEASON + "/khong-trang")
async def alone(visit: Visit, season: str) -> PageResponse:
    raise NotANumber(field="points", typed=visit.typed.text("points"))


@act(urls.SEASON + "/vang/{which:str}")
async def away(visit: Visit, season: str, which: str) -> PageResponse:
    raise AWAY[which]


@page(urls.SEASON + "/vang")
async def gone(visit: Visit, season: str) -> PageResponse:
    raise AWAY["gone"]


AWAY = {
    "broken": OutcomeUnknown("connection was closed in the middle of operation"),
    "full": asyncpg.DiskFullError('could not extend file "base/1/2": No space left on device'),
    "gone": ConnectionRefusedError(111, "Connection refused"),
    "hung": TimeoutError("no answer in time"),
}


@act(urls.SEASON + "/hong")
async def broken(visit: Visit, season: str) -> PageResponse:
    raise ZeroDivisionError("secret detail")


class Pages:
    """A tiny site of one page and its acts, behind the real door."""

    path: ClassVar[str] = "/mua/2023"

    def __init__(self, browser: Browser, tenant: Tenant, csrf: str) -> None:
        self.browser = browser
        self.at = f"/t/{tenant.slug}{self.path}"
        self.csrf = csrf

    async def send(self, verb: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        sent = {"csrf": self.csrf, "version": "3", **fields}
        return await self.browser.post(f"{self.at}/{verb}", sent, **headers)


@pytest.fixture
async def pages(
    app: App, provinces: list[Tenant], provider: Provider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[Pages]:
    (tmp_path / "sheet.html").write_text(SHEET)
    monkeypatch.setattr(web, "all_routes", lambda: [sheet, score, alone, away, gone, broken])
    monkeypatch.setattr(web, "Renderer", lambda words, assets: Renderer(words, assets, [*TEMPLATES, tmp_path]))
    session_id, session = await app.sessions.open(
        tenant=provinces[0].id, issuer=provider.issuers[0], subject=OFFICIAL, id_token="token"
    )
    pages = web_application(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=pages), base_url=WEB) as client:  # type: ignore[arg-type]
        client.cookies.set("session", session_id)
        yield Pages(Browser(client), provinces[0], masked(session.csrf))


async def test_what_was_typed_stands_in_its_field_beside_the_reason(pages: Pages):
    answer = await pages.send("cham", {"points": "chín rưỡi"})

    assert answer.status_code == 422
    assert 'value="chín rưỡi"' in answer.text
    assert "“chín rưỡi” không phải là số" in answer.text
    assert 'href="#points"' in answer.text
    assert 'aria-invalid="true" aria-describedby="loi-points"' in answer.text
    assert "<title>Lỗi: Phiếu" in answer.text


async def test_what_was_typed_cannot_become_a_part_of_the_page(pages: Pages):
    answer = await pages.send("cham", {"points": '"><script>alert(1)</script>'})

    assert "<script>alert" not in answer.text
    assert "&#34;&gt;&lt;script&gt;" in answer.text


async def test_both_values_of_a_stale_edit_are_shown(pages: Pages):
    answer = await pages.send("cham", {"points": "87,5"})

    assert answer.status_code == 412
    assert "Đang lưu: 8,0. Vừa nhập: 87,5." in answer.text


async def test_an_act_that_was_recorded_is_said_so_though_redis_went_away_meanwhile(
    app: App, provinces: list[Tenant], provider: Provider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    with embedded.in_use(server := embedded.Redis(tmp_path)) as url:

        @act(urls.SEASON + "/xong")
        async def recorded(visit: Visit, season: str) -> PageResponse:
            await asyncio.to_thread(server.stop)
            result = CommandResult(uuid4(), 7, 7, repeated=False, at=datetime.now(UTC))
            return await visit.done(result, to=visit.url.season(season))

        redis = connect(url)
        sessions = Sessions(redis, Encryption("a secret of at least thirty-two characters", "sessions"))
        session_id, session = await sessions.open(
            tenant=provinces[0].id, issuer=provider.issuers[0], subject=OFFICIAL, id_token=""
        )
        monkeypatch.setattr(web, "all_routes", lambda: [recorded])
        async with browsing(replace(app, sessions=sessions)) as browser:
            browser.client.cookies.set("session", session_id)
            path = f"/t/{provinces[0].slug}/mua/2023/xong"

            answer = await browser.post(path, {"csrf": masked(session.csrf)})

        await redis.aclose()

    assert answer.status_code == 303


async def test_an_act_that_went_well_leads_to_the_page(pages: Pages):
    command = uuid4()

    answer = await pages.send("cham", {"points": "9,5", "command": str(command)})

    assert answer.status_code == 303
    assert answer.headers["location"] == f"{pages.at}?points=9.5&command={command}"
    assert isinstance(command, UUID)


async def test_htmx_gets_the_reason_alone_and_away_from_the_form(pages: Pages):
    answer = await pages.send("cham", {"points": "x"}, **{"hx-request": "true"})

    assert answer.status_code == 422
    assert answer.headers["hx-retarget"] == "#refusal"
    assert 'data-code="not-a-number"' in answer.text
    assert "<input" not in answer.text


async def test_without_a_page_of_its_own_the_reason_has_one_with_what_was_typed(pages: Pages):
    answer = await pages.send("khong-trang", {"points": "chín"})

    assert answer.status_code == 422
    assert "<dd>chín</dd>" in answer.text
    assert pages.csrf not in answer.text


async def test_a_program_gets_a_problem_with_the_code_and_the_place(pages: Pages):
    answer = await pages.send("khong-trang", {"points": "x"}, accept="application/json")

    problem = msgspec.json.decode(answer.content)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["code"], problem["status"], problem["errors"][0]["pointer"]) == ("not-a-number", 422, "#/points")


async def test_our_own_fault_shows_a_number_that_the_log_knows_and_no_more(pages: Pages):
    logged = StringIO()
    with redirect_stderr(logged):
        structured_logs()
        try:
            answer = await pages.send("hong", {"points": "giữ lại"})
        finally:
            structlog.reset_defaults()

    entry = next(json.loads(line) for line in logged.getvalue().splitlines() if "crashed" in line)
    assert answer.status_code == 500
    assert f"Số hiệu {entry['reference']}" in answer.text
    assert "ZeroDivisionError" in entry["exception"]
    assert "secret detail" not in answer.text
    assert "giữ lại" in answer.text


async def test_who_only_looked_is_not_told_of_something_that_was_sent(pages: Pages):
    answer = await pages.browser.get(f"{pages.at}/vang")

    assert (answer.status_code, 'data-code="database-away"' in answer.text) == (503, True)
    assert "Chưa gửi hay ghi gì" in answer.text


@pytest.mark.parametrize("which", AWAY)
async def test_while_the_database_is_away_nobody_is_told_that_nothing_was_recorded(pages: Pages, which: str):
    logged = StringIO()
    with redirect_stderr(logged):
        structured_logs()
        try:
            answer = await pages.send(f"vang/{which}", {"points": "giữ lại"})
        finally:
            structlog.reset_defaults()

    (entry,) = (json.loads(line) for line in logged.getvalue().splitlines())
    assert answer.status_code == 503
    assert 'data-code="database-away"' in answer.text
    assert "không ghi hai lần" in answer.text
    assert "giữ lại" in answer.text
    assert "Chưa ghi nhận gì" not in answer.text
    assert "/ngon-ngu" not in answer.text
    assert entry["reason"] == str(AWAY[which])


async def test_while_the_database_is_away_the_same_command_can_be_sent_again_from_the_page(pages: Pages):
    command = str(uuid4())

    answer = await pages.send("vang/full", {"points": "giữ\nlại", "command": command})
    unnumbered = await pages.send("vang/full", {"points": "9"})
    looking = await pages.browser.get(f"{pages.at}/vang")

    form = answer.text.partition(f'action="{pages.at}/vang/full"')[2].partition("</form>")[0]
    assert f'name="command" value="{command}"' in form
    assert 'name="points" value="giữ\nlại"' in form
    assert "Gửi lại</button>" in form
    assert "Gửi lại</button>" not in unnumbered.text
    assert "Tải lại trang này" in looking.text
    assert f'href="{pages.at}">Về trang có biểu mẫu' in answer.text


async def test_a_hostile_address_is_one_line_in_the_log(pages: Pages):
    logged = StringIO()
    with redirect_stderr(logged):
        structured_logs()
        try:
            await pages.browser.post(f"{pages.at}%0d%0a%1b[31mforged/khong-trang", {"csrf": pages.csrf})
        finally:
            structlog.reset_defaults()

    lines = logged.getvalue().splitlines()
    assert len(lines) == 1
    assert "forged" in json.loads(lines[0])["path"]
    assert "\x1b" not in logged.getvalue()


async def test_too_large_a_form_is_refused_in_words(pages: Pages):
    answer = await pages.send("cham", {"points": "9" * 1_100_000})

    assert answer.status_code == 413
    assert "form-too-large" in answer.text


async def test_what_does_not_exist_and_what_is_asked_wrongly(pages: Pages):
    missing = await pages.browser.get("/nowhere")
    wrong = await pages.browser.get(f"{pages.at}/cham")

    assert (missing.status_code, "not-found" in missing.text) == (404, True)
    assert (wrong.status_code, "method-not-allowed" in wrong.text) == (405, True)


async def test_every_answer_carries_the_protecting_headers(pages: Pages):
    answers = [
        await pages.browser.get(pages.at),
        await pages.browser.get("/nowhere"),
        await pages.send("cham", {"points": "x"}),
        await pages.send("hong", {}),
    ]

    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


async def test_pages_hold_no_inline_style_or_script(pages: Pages):
    text = (await pages.browser.get(pages.at)).text

    assert " style=" not in text
    assert " on" + "click" not in text
    assert "<script>" not in text


# Files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["vi", "en"])
def test_each_refused_type_of_file_has_a_sentence_and_says_what_to_send_instead(language: str):
    words = load_words()[language]
    found = {found for _, found in REFUSED.values()}

    said = {one: explain(FileTypeForbidden(found=one), words) for one in found}

    assert len({one.sentence for one in said.values()}) == len(found)
    assert len({one.advice for one in said.values() if "JPEG, PNG" not in one.advice}) > len(found) / 2
    for kind in ("PDF", "JPEG", "PNG", "TIFF", ".docx", ".xlsx", ".odt"):
        assert kind in said["unknown"].advice


def test_an_iphone_s_owner_is_told_where_to_choose_jpeg():
    said = explain(FileTypeForbidden(found="heic"), load_words()["vi"])

    assert said.sentence == "Ảnh HEIC của iPhone không được nhận"
    assert "Tương thích nhất" in said.advice
    assert "JPEG" in said.advice


def test_what_makes_a_name_hostile_is_named():
    said = explain(FileNameHostile(reason="hidden-characters", characters=("U+202E", "U+0007")), load_words()["vi"])

    assert said.sentence == "Tên tệp có ký tự không nhìn thấy hoặc đảo chiều chữ: U+202E, U+0007"
    assert said.advice == "Đổi tên tệp rồi tải lại."
