"""A whole inspection in a browser: a flag, the paper struck out, who answers for it, the review, the revocation."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from playwright.async_api import Page

from domain.official import Office
from domain.review import Ground
from projections.analysis.flags import Sign
from projections.catalogue import PROJECTIONS
from services.demo import provider_of
from services.demo.provinces import COPIED_FROM, FALSE_EVIDENCE, TINH_MAU
from services.demo.telling import StoryBuilder, take_in, tell_all
from services.operations.create_tenant import as_operator
from tests.acceptance.inspection import SEEN
from tests.browser.conftest import Open
from tests.browser.house import Told
from tests.browser.looking import keep
from tests.browser.places import holder

pytestmark = [pytest.mark.slow_browser, pytest.mark.asyncio(loop_scope="session")]

COMMUNE, CODE = FALSE_EVIDENCE
#: Tỉnh Mẫu once more, for this story takes a recognition back: the commune with the false paper, and whose it was.
STORY = replace(
    TINH_MAU,
    slug="mau-thanh-tra",
    dossiers=tuple(one for one in TINH_MAU.dossiers if one.commune in (COMMUNE, COPIED_FROM)),
)
ROOT, YEAR = f"/t/{STORY.slug}", STORY.year
REVIEW = f"{ROOT}/thanh-tra/xem-xet/{YEAR}/{COMMUNE}/1"
REASON = "Minh chứng của chỉ tiêu 2.5 không đúng thực tế"


@pytest_asyncio.fixture(loop_scope="session")
async def recognised(house: Told) -> AsyncIterator[StoryBuilder]:
    async with as_operator(house.house.settings) as operator:
        teller = await take_in(house.house, operator, STORY, provider_of(house.house.settings, STORY))
    await tell_all(teller)
    yield teller


async def send(page: Page, verb: str, **filled: str) -> None:
    """Fill the form that goes to `verb` and press its button; `ruling` is chosen, all else typed."""
    form = page.locator(f'form[action$="/{verb}"]')
    for name, value in filled.items():
        field = form.locator(f'[name="{name}"]')
        if name == "ruling":
            await form.locator(f'[name="ruling"][value="{value}"]').check()
        elif name == "official":
            await field.select_option(label=value)
        else:
            await field.fill(value)
    async with page.expect_navigation():
        await form.locator("button").last.click()


async def said(page: Page) -> str:
    """What the page says of the commune: its row on a page of many, else all of it."""
    rows = page.locator("main tbody tr").filter(has=page.locator(f'a[href*="/{YEAR}/{COMMUNE}"]'))
    found = await (page.locator("main") if COMMUNE in page.url else rows).inner_text()
    return " ".join(found.split())


async def test_from_a_flag_to_a_revocation_and_back_to_what_stood_before(
    house: Told, open_as: Open, recognised: StoryBuilder
):
    inspector = await open_as(holder(STORY, Office.INSPECTOR))
    lead = await open_as(holder(STORY, Office.JUSTICE_OFFICER, COMMUNE))
    chairman, anybody = await open_as(holder(STORY, Office.DISTRICT_CHAIRMAN, STORY.decided_by)), await open_as(None)

    async def settled() -> int:
        position = await house.house.store.position(recognised.tenant)
        assert await house.house.reads.reached(recognised.tenant, position, PROJECTIONS, 60)
        return position

    # Given a flag: one paper lies in two communes
    await settled()
    await inspector.goto(house.address(f"{ROOT}/dau-hieu/{YEAR}?xa={COMMUNE}"))
    flag = inspector.locator(f'[id="{COMMUNE}-{Sign.FILE_IN_SEVERAL_COMMUNES}"]')
    attached = (await flag.locator("a.pos").first.inner_text()).strip()

    # When the paper is struck out, then the commune would have missed the standard
    await inspector.locator("section", has=flag).get_by_role("link", name="Thử giả định").click()
    await inspector.locator("#h-tc ~ details summary").click()
    await inspector.locator(f'a[href$="?bo={attached.lstrip("#").replace(".", "")}"]').first.click()
    result = await inspector.locator("#h-kq + table").inner_text()
    assert "80,5" in result
    assert "78,5" in result
    assert "chưa đạt chuẩn" in result
    await keep(inspector, "inspection-what-if")

    # When the inspector asks who answers for it, then the chain says who, and who did not look
    await inspector.goto(house.address(f"{ROOT}/ho-so/{YEAR}/{COMMUNE}?chi-tieu={CODE}"))
    await inspector.get_by_role("link", name="Người thực hiện chỉ tiêu này").click()
    proposed = inspector.locator("table.chain tbody tr").first
    officer = (await proposed.locator("b").first.inner_text()).strip()
    assert "không mở" in await inspector.locator("table.chain").first.inner_text()
    await keep(inspector, "inspection-trace")

    # When the review is opened from there, then its form knows what led to it
    await proposed.get_by_role("link", name="Mở việc xem xét lại").click()
    form = inspector.locator('form[action$="/mo"]')
    assert await form.locator('[name="commune"]').input_value() == COMMUNE
    assert await form.locator('[name="ground"]:checked').input_value() == Ground.FALSE_EVIDENCE
    assert await form.locator('[name="references"]').input_value() == attached.replace(".", "")
    await keep(inspector, "inspection-form")
    statement = "Danh sách tập huấn ghi 22/22 người, sổ đăng ký lớp học chỉ có 13 người ký tên."
    await send(inspector, "mo", statement=statement, document_no="21/QĐ-TTr", document_on="02/04/2024")

    # And the officer is heard, something is found, and revocation proposed
    await send(inspector, "hoi", official=officer, question="Danh sách lập từ đâu?", due="31/12/2031")
    await settled()
    await lead.goto(house.address(f"{ROOT}/viec"))
    await lead.locator(f'a[href*="{REVIEW}"]').first.click()
    await send(lead, "giai-trinh", explanation="Danh sách lập theo giấy mời")
    await inspector.goto(house.address(REVIEW))
    assert "Danh sách lập theo giấy mời" in await inspector.locator("main").inner_text()
    await send(inspector, "xac-minh", finding="Danh sách không đúng với sổ", references=attached)
    await send(inspector, "kien-nghi", ruling="revoked", reason=REASON)

    # When the chairman revokes
    before = await settled()
    await chairman.goto(house.address(f"{ROOT}/viec"))
    await chairman.locator(f'a[href*="{REVIEW}"]').first.click()
    await send(chairman, "ket-luan", ruling="revoked", decision_no="0915/QĐ-UBND")
    await settled()

    # Then everybody reads it, with the reason; and as of before, every page still shows what stood
    await anybody.goto(house.address(f"{ROOT}/cong-khai/{YEAR}/{COMMUNE}"))
    assert REASON in await said(anybody)
    for place in SEEN:
        await sees(anybody if place.startswith("cong-khai") else inspector, house, place, before)


async def sees(page: Page, house: Told, place: str, before: int) -> None:
    """The place says that the recognition was taken back, and as of before that it stands."""
    stood, revoked = SEEN[place]
    await page.goto(house.address(f"{ROOT}/{place}"))
    assert revoked in await said(page), place
    await page.goto(house.address(f"{ROOT}/{place}{'&' if '?' in place else '?'}asof={before}"))
    then = await said(page)
    assert stood in then, place
    assert revoked not in then, place
