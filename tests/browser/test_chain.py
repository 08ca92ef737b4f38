"""The chain of responsibility fits the office's screen and the phone, whatever stands in its table."""

import pytest

from services.demo.provinces import BINH_PHUOC, TINH_MAU
from tests.browser.conftest import Open
from tests.browser.house import MIDDLE, RETURNED, Told
from tests.browser.looking import keep, overflowing
from tests.browser.places import INSPECTOR, OF_BINH_PHUOC, OF_MAU, WIDTHS, Somebody, at

pytestmark = [pytest.mark.slow_browser, pytest.mark.asyncio(loop_scope="session")]

#: A long name of an office, of a file, of a document: with spaces and without. Cells that never wrap hold a moment.
LENGTHEN = """() => {
  const long = "Phó Giám đốc phụ trách Trung tâm dịch vụ sự nghiệp công cấp huyện ";
  const whole = "BaoCaoKetQuaTuyenTruyenPhoBienGiaoDucPhapLuatNam2023_ban_ky_so.signed.pdf ";
  for (const cell of document.querySelectorAll(".chain tbody th, .chain tbody td:not(.nw)")) cell.prepend(long, whole);
}"""


@pytest.mark.parametrize(
    ("who", "path"),
    [
        (OF_BINH_PHUOC, at(BINH_PHUOC, "trach-nhiem", "25435")),
        (OF_MAU, at(TINH_MAU, "trach-nhiem", "99007")),
        (OF_MAU, at(TINH_MAU, "trach-nhiem", "99010")),
        (INSPECTOR, at(MIDDLE, "trach-nhiem", RETURNED)),
    ],
)
@pytest.mark.parametrize("is_long", [False, True], ids=["as told", "with long texts"])
async def test_the_chain_of_a_dossier_is_never_wider_than_the_screen(
    house: Told, open_as: Open, who: Somebody, path: str, *, is_long: bool
):
    page = await open_as(who)
    await page.goto(house.address(path))
    if is_long:
        await page.evaluate(LENGTHEN)

    for width, height in WIDTHS.items():
        await page.set_viewport_size({"width": width, "height": height})
        await keep(page, f"chain-{path.replace('/', '-')}-{is_long}-{width}")
        assert await overflowing(page) == [], width
