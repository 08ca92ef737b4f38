"""The dossier that proves a decision, and its evidence, are asked for on its page, made meanwhile and taken away: at a
desk, by phone.
"""

import re
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
async def test_the_dossier_and_its_evidence_are_asked_for_and_taken_away(
    house: Told, open_as: Open, tmp_path: Path, *, scripts: bool, width: int
):
    page = await open_as(OF_BINH_PHUOC, width=width, scripts=scripts)
    noise = Noise(page)
    part = page.locator("#ho-so-doi-chung")
    await page.goto(house.address(DECISION))

    await part.get_by_role("button", name=re.compile("Lập (bộ hồ sơ|lại)")).click()
    await page.wait_for_url("**#ho-so-doi-chung")
    if await (evidence := part.get_by_role("button", name="Lập tệp ZIP")).count():  # as of the decision: made once
        await evidence.click()
        await page.wait_for_url("**#minh-chung")
    await keep(page, f"decision-dossier-asked-{width}-{scripts}")
    if not scripts:
        while await part.get_by_role("link", name="Cập nhật trạng thái").count():
            await page.wait_for_timeout(500)
            await page.reload()
    await expect(part.locator("[data-state=ready]")).to_have_count(2, timeout=PATIENCE)
    await keep(page, f"decision-dossier-ready-{width}-{scripts}")
    assert noise.heard == []  # so far: to Chromium a page that turns out to be a file is one that failed
    for name, begins in (("ho-so-doi-chung", b"%PDF-"), ("minh-chung", b"PK")):
        async with page.expect_download() as started:
            await part.get_by_role("button", name=f"Tải về {name}").click()
        file = tmp_path / (await started.value).suggested_filename
        await (await started.value).save_as(file)

        assert file.stem == f"{name}-{BINH_PHUOC.year}-25435"
        assert file.read_bytes().startswith(begins)
    assert await overflowing(page) == []
    if scripts:
        assert await violations(page) == []
