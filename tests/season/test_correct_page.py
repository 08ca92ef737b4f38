"""The preview of a correction, and its form."""

import re

from domain.season import Season, season_stream
from services.i18n import indicator_number
from services.season import organise
from tests.provinces.story import COMMUNE, OTHER, TODAY, Story
from tests.season.test_correct import adopted
from tests.season.test_corrected_dossiers import ADDED, LAST, ONE_MORE, with_a_lead
from tests.web.desks import Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]


async def opened(desks: Desks) -> Story:
    return await Story(desks.house, desks.tenant, "", "qd-25-2021").opened([COMMUNE])


async def sha256_of(story: Story) -> str:
    season = await (await story.as_administrator()).look(Season, season_stream(story.season))
    return season.rulebook_sha256


async def test_a_correction_is_offered_previewed_and_applied(desks: Desks):
    story = await opened(desks)
    await story.score("TC2.CT5")
    desk = await desks.department()
    path = f"/mua/{story.season}"
    wording = ("name: Ban hành văn bản", "name: Ban hành các văn bản")
    sha256 = await adopted(story, wording, ("at_least: 90", "at_least: 86"))

    assert "Xem trước và áp dụng bản sửa" in (await desk.open(path)).text
    page = await desk.open(f"{path}/ban-sua")
    assert "Nội dung sửa" in page.text
    assert "chỉ lời văn: không ai phải nhập lại" in page.text
    page = await desk.send(page, "/ap-dung-ban-sua", reason="Đối chiếu với văn bản gốc", document_no="1342/STP")

    assert "Đã áp dụng bản sửa bộ tiêu chí" in page.text
    assert await sha256_of(story) == sha256
    assert "Không có bản sửa nào để áp dụng" in (await desk.open(f"{path}/ban-sua")).text


async def test_the_preview_counts_what_has_no_original_text_as_the_rulebook_does_and_lists_no_sources(desks: Desks):
    story = await opened(desks)
    desk = await desks.department()
    sourced = ("document: Quyết định", "document: Nghị quyết")
    sha256 = await adopted(story, sourced, ("step: posted, calendar_days: 5", "step: posted, calendar_days: 6"))
    text = (await (await story.as_administrator()).rulebooks()).text(sha256)

    page = await desk.open(f"/mua/{story.season}/ban-sua")

    assert f"Bản sửa còn {len(text.unverified)} giá trị chưa có văn bản gốc để đối chiếu" in page.text
    rows = re.findall(r'<th scope="row">(.*?)</th>\s*<td[^>]*>(.*?)</td>\s*<td[^>]*>(.*?)</td>', page.html, re.DOTALL)
    assert "thời hạn: niêm yết công khai" in page.text
    assert [what for what, before, after in rows if before == after] == []


async def test_what_moved_since_the_preview_shows_it_again(desks: Desks):
    story = await opened(desks)
    former = await sha256_of(story)
    desk = await desks.department()
    await adopted(story)
    page = await desk.open(f"/mua/{story.season}/ban-sua")
    await story.score("TC2.CT5")

    refused = await desk.send(page, "/ap-dung-ban-sua", reason="Đối chiếu", document_no="1342/STP")

    assert (refused.status, refused.refused) == (412, "stale")
    assert "Nội dung sửa" in refused.text
    assert await sha256_of(story) == former


async def test_a_year_that_was_closed_since_the_preview_says_so_and_stays(desks: Desks):
    story = await opened(desks)
    former = await sha256_of(story)
    desk = await desks.department()
    await adopted(story)
    page = await desk.open(f"/mua/{story.season}/ban-sua")
    await organise.close_season(await story.as_administrator(), story.season, TODAY)

    refused = await desk.send(page, "/ap-dung-ban-sua", reason="Đối chiếu", document_no="1342/STP")

    assert (refused.status, refused.refused) == (409, "out-of-order")
    assert "Đợt đánh giá đã kết thúc nên không làm được việc này" in refused.text
    assert "Làm các bước trước đó" not in refused.text
    assert await sha256_of(story) == former


async def test_a_correction_without_its_document_is_refused_and_keeps_what_was_typed(desks: Desks):
    story = await opened(desks)
    desk = await desks.department()
    await adopted(story)
    page = await desk.open(f"/mua/{story.season}/ban-sua")

    refused = await desk.send(page, "/ap-dung-ban-sua", reason="Đối chiếu", document_no="")

    assert refused.status == 422
    assert refused.form("/ap-dung-ban-sua").value("reason") == "Đối chiếu"

    refused = await desk.send(page, "/ap-dung-ban-sua", reason=" ", document_no="1342/STP")
    assert refused.refused == "reason-missing"
    assert '<a href="#reason">Đến chỗ cần sửa</a>' in refused.html
    assert refused.form("/ap-dung-ban-sua").value("document_no") == "1342/STP"


async def test_who_does_not_run_the_season_sees_no_preview(desks: Desks):
    story = await opened(desks)
    desk = await desks.officer()

    assert (await desk.open(f"/mua/{story.season}/ban-sua")).status == 403


async def test_a_commune_that_was_withdrawn_neither_counts_nor_hinders(desks: Desks):
    story = await Story(desks.house, desks.tenant, "", "qd-25-2021").opened([COMMUNE, OTHER])
    work = await story.as_administrator()
    await organise.withdraw_participant(work, story.season, OTHER, "Sáp nhập", "9/NQ")
    desk = await desks.department()
    sha256 = await adopted(story, ("at_least: 90", "at_least: 86"))

    page = await desk.open(f"/mua/{story.season}/ban-sua")
    await desk.send(page, "/ap-dung-ban-sua", reason="Đối chiếu với văn bản gốc", document_no="1342/STP")

    assert "1 đơn vị không đổi kết quả" in page.text
    assert await sha256_of(story) == sha256


async def test_what_is_missing_after_a_correction_is_asked_for_where_the_dossier_is(desks: Desks):
    # Given a dossier that is posted, one that is with the appraiser, and a text that asks both for two indicators
    story = await Story(desks.house, desks.tenant, "", "qd-25-2021").opened([COMMUNE, OTHER])
    await story.posted(COMMUNE)
    await story.submitted(OTHER)
    sha256 = await adopted(story, (LAST, ONE_MORE))
    page = await (await desks.department()).open(f"/mua/{story.season}/ban-sua")

    # When the season goes over
    await with_a_lead(story, sha256)

    # Then the preview said who is asked
    assert f"{indicator_number(ADDED)} nhập chỉ tiêu mới" in page.text
    assert "1 hồ sơ đã tổng hợp, niêm yết hoặc gửi báo cáo: đơn vị mở lại hồ sơ để nhập." in page.text
    assert "1 hồ sơ đang thẩm định: người thẩm định trả lại chỉ tiêu để đơn vị nhập." in page.text

    # And the commune finds it among its tasks and at the form that takes its sheet back
    officer, dossier = await desks.officer(), f"/ho-so/{story.season}/{COMMUNE}"
    work = await officer.open("/viec")
    assert f'href="{officer.home}{dossier}#mo-lai"><b> Mở lại hồ sơ để nhập lại 2 chỉ tiêu' in work.html
    page = await officer.open(dossier)
    assert "Bộ tiêu chí đã sửa: mở lại hồ sơ để nhập lại" in page.text
    await officer.send(page, "/mo-lai", reason="Bộ tiêu chí đã sửa")
    editor = await officer.open(f"{dossier}?chi-tieu={ADDED}")
    assert "Chỉ tiêu mới theo bản sửa của bộ tiêu chí" in editor.text
    assert "Lý do: Đối chiếu" in editor.text

    # And the appraiser finds it on the page of the dossier, with the way to give it back
    appraiser, appraisal = await desks.appraiser(), f"/tham-dinh/{story.season}/{OTHER}"
    page = await appraiser.open(appraisal)
    assert "2 chỉ tiêu phải nhập lại vì bộ tiêu chí đã sửa" in page.text
    editor = await appraiser.open(f"{appraisal}?chi-tieu={ADDED}")
    assert "Trả lại chỉ tiêu này để UBND cấp xã nhập lại." in editor.text
    await appraiser.send(editor, "/tra-lai", reason="Bộ tiêu chí đã sửa")
    page = await appraiser.open(appraisal)
    assert "1 chỉ tiêu phải nhập lại vì bộ tiêu chí đã sửa" in page.text


async def test_what_the_council_has_voted_on_is_said_before_anybody_fills_in_the_form(desks: Desks):
    story = await opened(desks)
    await story.voted()
    await adopted(story, (LAST, ONE_MORE))

    page = await (await desks.department()).open(f"/mua/{story.season}/ban-sua")

    assert "Hội đồng đã biểu quyết 1 đơn vị phải thẩm định lại" in page.text
    assert not page.offers("/ap-dung-ban-sua")


async def test_a_correction_that_changes_sources_only_says_so(desks: Desks):
    story = await opened(desks)
    desk = await desks.department()
    await adopted(story, ("document: Quyết định", "document: Nghị quyết"))

    page = await desk.open(f"/mua/{story.season}/ban-sua")

    assert "Chỉ đổi nguồn của các giá trị" in page.text
    assert '<th scope="col">Đang áp dụng' not in page.html
    assert "Không ai phải nhập lại" in page.text
