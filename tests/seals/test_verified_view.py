"""What pages say of the last verification of the log: who, when, up to where, against what, and loudly if it failed."""

import pytest

from domain.official import Office
from infra.platform.config import Settings
from services.operations.verify_log import verify_log
from services.seals import verified_view
from tests.provinces.story import COMMUNE, Story
from tests.provinces.telling import put_back
from tests.seals.test_seal_view import sealed
from tests.web.desks import Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

NEVER = "Nhật ký chưa được kiểm tra lại lần nào."
BY_WHOM = "Tài khoản kiểm tra riêng của hệ thống kiểm tra lại nhật ký lúc"
ALARM = "Lần kiểm tra gần nhất: nhật ký không khớp với phần đã xác thực"


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages look it up every time."""
    monkeypatch.setattr(verified_view, "KEPT", 1e-9)


def pages(season: Story) -> list[str]:
    year = season.season
    return [f"/bang/{year}", f"/quyet-dinh/{year}/{COMMUNE}", f"/nhat-ky/{year}/{COMMUNE}"]


async def test_pages_say_when_the_log_was_verified_last_and_are_loud_when_it_did_not_match(
    desks: Desks, season: Story, services: Settings, superuser, forgetful
):
    await season.decided()
    await sealed(desks)
    inspector = await desks.of(Office.INSPECTOR)

    before = [await inspector.open(path) for path in pages(season)]
    matched = await verify_log(services, desks.tenant, None)
    after = [await inspector.open(path) for path in pages(season)]
    await desks.stop_sealing()
    async with put_back(superuser, desks.tenant.id):
        await superuser.execute(
            f"UPDATE {desks.tenant.id}.events SET data = jsonb_set(data, '{{decision_no}}', '\"1/QĐ\"')"
            " WHERE topic = 'recognition.decided' AND season = $1",
            season.season,
        )
        broken = await verify_log(services, desks.tenant, None)
    warned = [await inspector.open(path) for path in pages(season)]
    past = await inspector.open(f"{pages(season)[0]}?asof={matched.facts}")
    await verify_log(services, desks.tenant, None)
    calm = await inspector.open(pages(season)[0])

    assert matched.ok
    assert not broken.ok
    for page in before:
        assert NEVER in page.text
    for page in after:
        assert BY_WHOM in page.text
        assert "khớp với mốc xác thực" in page.text
        assert "chưa so với mốc nào giữ ở nơi khác" in page.text
        assert ALARM not in page.text
    for page in warned:
        assert ALARM in page.text
        assert f"Chỗ đầu tiên: mục nhật ký số {broken.findings[0].position}" in page.text.replace(".", "")
        assert 'role="alert"' in page.html
    assert BY_WHOM not in past.text
    assert ALARM not in past.text + calm.text


async def test_a_process_asks_once_in_a_while(desks: Desks, season: Story, services: Settings):
    inspector = await desks.of(Office.INSPECTOR)
    path = pages(season)[0]

    first = await inspector.open(path)
    await verify_log(services, desks.tenant, None)
    again = await inspector.open(path)

    assert said(first.text) == said(again.text)


def said(text: str) -> str:
    """What stands about it in the page's last line."""
    return text.partition("Lập từ nhật ký")[2].partition("English")[0]
