"""Erasing what somebody said, through the pages: who may, what it takes, and what every page shows afterwards."""

from collections.abc import AsyncIterator
from copy import copy
from dataclasses import replace
from uuid import UUID, uuid4

import httpx
import pytest

from domain.official import Office
from infra.platform.config import Settings
from services.assessment import assess
from services.clock import today
from services.council.meeting_view import receipt_code
from services.web.app import web_application
from services.web.security import masked
from services.wiring import wired
from tests.provinces.story import COMMUNE, Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace
from tests.web.signing import WEB

__all__ = ["desks", "season", "workplace"]

TEXT, ANSWER = "Ông Mẫu ở ấp 3 nói sai", "Đã in lại khổ lớn."
ERASED = "đã hủy dữ liệu cá nhân ngày 11/03/2024 theo 52/QĐ-STP"
AWAY = "kho khóa dữ liệu cá nhân không trả lời"


@pytest.fixture
async def comment(season: Story) -> UUID:
    """A comment on the posted result, answered; and one that stays."""
    await season.posted(until=today())
    for text in (TEXT, "Một ý khác"):
        work = season.house.system(season.tenant, uuid4())
        await assess.receive_comment(work, season.season, COMMUNE, text)
    first, _ = (await season.dossier()).comments
    await assess.answer_comment(await season.officer(), season.season, COMMUNE, first, ANSWER)
    return first


@pytest.fixture
async def administrator(desks: Desks) -> Desk:
    return await desks.of("administrator")


def books(story: Story, **asked: str) -> str:
    return f"/quan-tri/du-lieu-ca-nhan?nam={story.season}&xa={COMMUNE}" + "".join(f"&{k}={v}" for k, v in asked.items())


async def shred(desk: Desk, story: Story, comment: UUID, **fields: str) -> Page:
    page = await desk.open(books(story))
    filled = {"order_no": "52/QĐ-STP", "reason": "Người gửi yêu cầu xóa", "on": "11/03/2024", **fields}
    form = page.form("/huy", comment=str(comment))
    return await desk.post(form.action, {**dict(form.fields), **filled})


async def test_the_administrator_finds_a_comment_by_its_code_and_erases_it(
    administrator: Desk, season: Story, comment: UUID
):
    tabs = await administrator.open("/quan-tri")
    one = await administrator.open(books(season, ma=receipt_code(comment).lower()))
    none = await administrator.open(books(season, ma="AAAA-AAAA"))

    after = await shred(administrator, season, comment)

    assert "/quan-tri/du-lieu-ca-nhan" in tabs.html
    assert (TEXT in one.text, "Một ý khác" in one.text) == (True, False)
    assert "Không có ý kiến góp ý nào" in none.text
    assert after.status == 200
    assert ERASED in after.text
    assert TEXT not in after.html
    assert "Một ý khác" in after.text
    assert [dict(form.fields)["comment"] for form in after.forms if form.action.endswith("/huy")] != [str(comment)]
    assert not any(("comment", str(comment)) in form.fields for form in after.forms)


async def test_every_page_says_when_and_by_which_order_also_as_of_before(
    desks: Desks, administrator: Desk, season: Story, comment: UUID
):
    inspector = await desks.of(Office.INSPECTOR.value)
    before = await inspector.house.store.position(inspector.tenant)
    pages = [
        f"/ho-so/{season.season}/{COMMUNE}",
        f"/nhat-ky/{season.season}/{COMMUNE}",
        f"/cong-khai/{season.season}/{COMMUNE}?ma={receipt_code(comment)}",
        f"/ho-so/{season.season}/{COMMUNE}?asof={before}",
        f"/nhat-ky/{season.season}/{COMMUNE}?asof={before}",
    ]
    for path in pages:
        assert TEXT in (await inspector.open(path)).text, path

    await shred(administrator, season, comment)

    for path in pages:
        page = await inspector.open(path)
        assert page.status == 200
        assert ERASED in page.text, path
        assert TEXT not in page.html, path
        assert ANSWER in page.text, path


async def test_in_english_it_says_the_same(desks: Desks, administrator: Desk, season: Story, comment: UUID):
    await shred(administrator, season, comment)
    inspector = await desks.of(Office.INSPECTOR.value)
    inspector.client.cookies.set("language", "en")

    page = await inspector.open(f"/ho-so/{season.season}/{COMMUNE}")

    assert "personal data erased on 11/03/2024 by 52/QĐ-STP" in page.text


async def test_the_trail_tells_who_erased_by_which_order_and_why(
    desks: Desks, administrator: Desk, season: Story, comment: UUID
):
    await shred(administrator, season, comment)

    page = await (await desks.of(Office.INSPECTOR.value)).open(f"/nhat-ky/{season.season}/{COMMUNE}?loai=subject")

    assert page.html.count('<tr role="row" id="p') == 1
    assert "Quản trị" in page.text
    assert "Hủy dữ liệu cá nhân của một ý kiến góp ý ngày 11/03/2024 theo 52/QĐ-STP" in page.text
    assert "Lý do: Người gửi yêu cầu xóa" in page.text


@pytest.mark.parametrize("missing", ["order_no", "reason"])
async def test_without_order_or_reason_it_stays_and_so_does_what_was_typed(
    administrator: Desk, season: Story, comment: UUID, missing: str
):
    page = await shred(administrator, season, comment, **{missing: " "})

    kept = page.form("/huy", comment=str(comment))
    assert (page.status, page.refused) == (422, "field-missing")
    assert kept.value("order_no" if missing == "reason" else "reason") in ("52/QĐ-STP", "Người gửi yêu cầu xóa")
    assert TEXT in page.text
    assert '<details class="mt" open>' in page.html


@pytest.mark.parametrize("who", [Office.JUSTICE_DEPARTMENT.value, f"{COMMUNE} {Office.COMMUNE_CHAIRMAN}"])
async def test_nobody_else_sees_the_page_or_erases(desks: Desks, season: Story, comment: UUID, who: str):
    desk = await desks.of(who)

    page = await desk.open(books(season))
    session = await desks.house.sessions.find(desk.client.cookies["session"])
    assert session

    assert (page.status, page.refused) == (403, "not-permitted")
    sent = await desk.post(
        f"{desk.home}/quan-tri/du-lieu-ca-nhan/huy",
        {
            "csrf": masked(session.csrf),
            "nam": season.season,
            "xa": COMMUNE,
            "comment": str(comment),
            "order_no": "1",
            "reason": "x",
        },
    )
    assert (sent.status, sent.refused) == (403, "not-permitted")
    assert (await season.house.keys.find(season.tenant, [comment])).keys() == {comment}


@pytest.mark.parametrize(
    ("days", "language", "said"),
    [
        (35, "vi", "được giữ 35 ngày; khóa đã hủy còn trong các bản đó đến hết thời gian này"),
        (None, "vi", "chưa được khai báo; khóa đã hủy có thể còn trong các bản đó"),
        (35, "en", "are kept for 35 days; until then a destroyed key is still in them"),
        (None, "en", "It was not stated for how long backups of the keys' database are kept"),
    ],
)
async def test_before_erasing_it_is_said_for_how_long_backups_may_hold_the_key(
    services: Settings, desks: Desks, season: Story, comment: UUID, days: int | None, language: str, said: str
):
    async with wired(replace(services, public_url=WEB, keys_kept_days=days)) as house:
        opened = copy(desks)
        opened.app, opened.house = web_application(house), house
        administrator = await opened.of("administrator")
        administrator.client.cookies.set("language", language)

        page = await administrator.open(books(season))

    assert page.offers("/huy")
    assert said in page.text


# Without the database of keys -------------------------------------------------------------------------


@pytest.fixture
async def keyless(services: Settings, desks: Desks) -> AsyncIterator[Desks]:
    """The same people at pages whose database of keys does not answer."""
    away = replace(services, public_url=WEB, keys_url="postgresql://keyholder@127.0.0.1:1/minhchuan_keys")
    async with wired(away) as house:
        opened = copy(desks)
        opened.app, opened.house = web_application(house), house
        yield opened


async def test_while_the_keys_are_away_the_pages_say_so_and_all_else_is_there(
    keyless: Desks, season: Story, comment: UUID
):
    inspector = await keyless.of(Office.INSPECTOR.value)

    for path in (
        f"/ho-so/{season.season}/{COMMUNE}",
        f"/nhat-ky/{season.season}/{COMMUNE}",
        f"/cong-khai/{season.season}/{COMMUNE}?ma={receipt_code(comment)}",
        f"/bang/{season.season}",
    ):
        page = await inspector.open(path)
        assert page.status == 200, path
        assert (AWAY in page.text) is not path.startswith("/bang"), path
        assert TEXT not in page.html
        assert ANSWER in page.text or path.startswith("/bang"), path


async def test_while_the_keys_are_away_a_comment_waits_in_its_field(keyless: Desks, season: Story, comment: UUID):
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=keyless.app, client=("203.0.113.77", 4711)),  # type: ignore[arg-type]
        base_url=WEB,
    )
    async with client:
        passer_by = Desk(client, keyless.house, keyless.tenant)
        page = await passer_by.open(f"/cong-khai/{season.season}/{COMMUNE}")
        sent = await passer_by.send(page, "/gop-y", text="Chưa gửi được.")

    assert (sent.status, sent.refused) == (503, "keys-unavailable")
    assert sent.form("/gop-y").value("text") == "Chưa gửi được."
    assert len((await season.dossier()).comments) == 2
