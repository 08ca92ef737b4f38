"""The dossier that proves a decision is asked for on its page, made meanwhile and taken away: at a desk, by phone."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from services.demo.provinces import BINH_PHUOC
from tests.browser.conftest import Open
from tests.browser.house import Told
from tests.browser.looking import Noise, keep, overflowing, violations
from tests.browser.places import OF_BINH_PHUOC, at

pytestmark = [pytest.mark.slow_browser, pytest.mark.asyncio(loop_scope="session")]

DECISION = at(BINH_PHUOC, "quyet-dinh", "25435")
PATIENCE = 60_000


@pytest.mark.parametrize("width", [1366, 360])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_the_dossier_is_asked_for_and_taken_away(
    house: Told, open_as: Open, tmp_path: Path, *, scripts: bool, width: int
):
    page = await open_as(OF_BINH_PHUOC, width=width, scripts=scripts)
    noise = Noise(page)
    part = page.locator("#ho-so-doi-chung")
    await page.goto(house.address(DECISION))

    await part.get_by_role("button", name="Lập").click()
    await page.wait_for_url("**#ho-so-doi-chung")
    await keep(page, f"decision-dossier-asked-{width}-{scripts}")
    if not scripts:
        while await part.get_by_role("link", name="Cập nhật trạng thái").count():
            await page.wait_for_timeout(500)
            await page.reload()
    await expect(part.locator("[data-state=ready]")).to_be_visible(timeout=PATIENCE)
    await keep(page, f"decision-dossier-ready-{width}-{scripts}")
    assert noise.heard == []  # so far: to Chromium a page that turns out to be a file is one that failed
    async with page.expect_download() as started:
        await part.get_by_role("button", name="Tải về").click()
    file = tmp_path / (await started.value).suggested_filename
    await (await started.value).save_as(file)

    assert file.name == f"ho-so-doi-chung-{BINH_PHUOC.year}-25435.pdf"
    assert file.read_bytes().startswith(b"%PDF-")
    assert await overflowing(page) == []
    if scripts:
        assert await violations(page) == []
