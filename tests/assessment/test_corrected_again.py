"""After a correction of the rulebook, an officer is told why an indicator is to be entered again."""

from tests.provinces.story import COMMUNE, Story
from tests.season.test_correct import adopted, correct
from tests.season.test_corrected_dossiers import LAST, ONE_MORE, with_a_lead
from tests.web.desks import Desk, Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

INDICATOR = "TC5.CT4"


async def corrected(story: Story) -> None:
    """An indicator was entered and supported; a correction leaves it fewer points than were given."""
    await story.score(INDICATOR)
    await story.attach(INDICATOR)
    await with_a_lead(story, await adopted(story, (LAST, ONE_MORE)))


def dossier_of(story: Story) -> str:
    return f"/ho-so/{story.season}/{COMMUNE}?chi-tieu={INDICATOR}"


async def test_the_work_list_says_why_an_indicator_is_to_be_entered_again(desks: Desks, season: Story):
    await corrected(season)

    page = await (await desks.officer()).open("/viec?loai=nhap")

    row = next(one for one in page.html.split("<tr") if f"{season.season}/{COMMUNE}?chi-tieu={INDICATOR}" in one)
    assert "Bộ tiêu chí đã sửa ngày" in row
    assert "theo 1342/STP. Lý do: Đối chiếu." in row


async def test_the_indicator_says_what_to_enter_again_and_its_history_keeps_it(desks: Desks, season: Story):
    # Given an indicator that a correction asks for again
    await corrected(season)
    desk = await desks.officer()

    # Then the page says so at the indicator, and of the dossier as a whole
    page = await desk.open(dossier_of(season))
    assert "Nhập lại số liệu theo bản sửa của bộ tiêu chí" in page.text
    assert "theo 1342/STP. Lý do: Đối chiếu." in page.text
    assert "áp dụng bản sửa của bộ tiêu chí theo 1342/STP" in page.text
    whole = await desk.open(f"/ho-so/{season.season}/{COMMUNE}")
    assert "chỉ tiêu có số liệu hoặc kết quả thay đổi: 5.4" in whole.text

    # When it is entered
    await entered(desk, season)

    # Then only the history still tells of it
    page = await desk.open(dossier_of(season))
    assert "Nhập lại số liệu" not in page.text
    assert "số liệu 5.4 phải nhập lại; kết quả tự đánh giá phải ghi lại. Lý do: Đối chiếu" in page.text


async def test_the_history_names_an_option_that_a_correction_took_away(desks: Desks, season: Story):
    # Given a level that was chosen, and a correction after which the text has no level of this key
    await season.score("TC1.CT1")
    former = "key: a\n                  text: Ban hành đầy đủ"
    await correct(season, await adopted(season, (former, former.replace("key: a", "key: c"))))

    # Then the indicator opens, its history says what was chosen, and another level is to be chosen
    page = await (await desks.officer()).open(f"/ho-so/{season.season}/{COMMUNE}?chi-tieu=TC1.CT1")
    assert page.status == 200
    assert "nhập 1.1.1: mức a" in page.text
    assert "Nhập lại số liệu 1.1.1 theo bản sửa của bộ tiêu chí" in page.text


async def test_a_correction_that_touches_nothing_asks_nobody(desks: Desks, season: Story):
    await season.score("TC2.CT5")
    await season.attach("TC2.CT5")
    await with_a_lead(season, await adopted(season, (LAST, ONE_MORE)))

    page = await (await desks.officer()).open(f"/ho-so/{season.season}/{COMMUNE}?chi-tieu=TC2.CT5")

    assert "theo bản sửa của bộ tiêu chí" not in page.text


async def entered(desk: Desk, story: Story) -> None:
    page = await desk.open(dossier_of(story))
    page = await desk.send(page, "/cham-diem", {f"{INDICATOR}.points": "3"})
    assert page.status == 200, page.refused
