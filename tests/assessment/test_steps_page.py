"""The commune's steps through the pages: what is filled in, what is refused, what stands there afterwards."""

import pytest

from domain.assessment import Stage
from domain.commune_steps import NAMED_GROUPS, Treatment
from domain.measure import Answer
from domain.official import Office
from services.assessment import assess
from tests.provinces.steps import DAY, StepsStory
from tests.provinces.story import COMMUNE, PDF
from tests.web.desks import Desks, caught_up, desks, workplace

__all__ = ["desks", "workplace"]

RECORD = {"record": ("biên bản.pdf", PDF, "application/pdf")}
ATTENDED = {group.value: "2" for group in NAMED_GROUPS}


@pytest.fixture
async def season(desks: Desks) -> StepsStory:
    """A season whose text names the steps, its sheet brought together."""
    opened = StepsStory(desks.house, desks.tenant, "")
    await opened.opened()
    await caught_up(desks.house, desks.tenant)
    return opened


def dossier(story: StepsStory) -> str:
    return f"/ho-so/{story.season}/{COMMUNE}"


async def brought_together(story: StepsStory, occurred: Answer = Answer.NO) -> None:
    await story.filled()
    await assess.declare_veto(await story.officer(), story.season, COMMUNE, "C3", occurred, "Công văn 6")
    await assess.consolidate(await story.officer(), story.season, COMMUNE, DAY)


async def test_a_result_is_posted_at_two_places_and_late_entry_is_said(desks: Desks, season: StepsStory):
    await brought_together(season)
    desk = await desks.officer()
    page = await desk.open(dossier(season))

    short = await desk.send(
        page,
        "/niem-yet-cac-noi",
        office_on="2/1/2024",
        office_until="7/1/2024",
        portal_place="xamau.example.vn/12",
        portal_on="2/1/2024",
        portal_until="4/1/2024",
    )
    assert short.refused == "posting-too-short"
    done = await desk.send(short, "/niem-yet-cac-noi", portal_until="7/1/2024")

    assert (await season.dossier()).stage is Stage.POSTED
    assert "xamau.example.vn/12" in done.text
    assert "sau ngày bắt đầu niêm yết" in done.text


async def test_an_opinion_on_paper_is_taken_up_then_the_meeting_agrees_and_the_request_goes_out(
    desks: Desks, season: StepsStory
):
    await brought_together(season)
    await season.display_again()
    desk = await desks.officer()
    page = await desk.open(dossier(season))
    page = await desk.send(
        page,
        "/ghi-y-kien",
        opinion="Số liệu hòa giải chưa đúng",
        sender="person",
        sender_name="Bà Tư",
        received_on="5/1/2024",
    )
    (comment,) = (await season.dossier()).comments
    page = await desk.send(page, "/tra-loi", comment=str(comment), answer="Đã sửa", treatment=Treatment.TAKEN_UP)

    unrecorded = await desk.send(page, "/hop-thong-nhat", ATTENDED, met_on="8/1/2024")
    early = await desk.send(unrecorded, "/hop-thong-nhat", ATTENDED, met_on="7/1/2024", files=RECORD)
    page = await desk.send(early, "/hop-thong-nhat", ATTENDED, met_on="8/1/2024", files=RECORD)

    assert (unrecorded.refused, early.refused) == ("file-not-chosen", "posting-unfinished")
    assert "Thống nhất: đủ điều kiện đề nghị công nhận." in page.text
    chairman = await desks.chairman()
    page = await chairman.send(await chairman.open(dossier(season)), "/gui", document_no="2/TTr-UBND", on="9/1/2024")
    assert (await season.dossier()).stage is Stage.SUBMITTED


async def test_a_commune_that_does_not_meet_reports_and_the_deciding_chairman_lists_it(
    desks: Desks, season: StepsStory
):
    await brought_together(season, Answer.YES)
    await season.display_again()
    await season.agreed()
    chairman = await desks.chairman()
    page = await chairman.open(dossier(season))
    page = await chairman.send(page, "/gui-bao-cao", document_no="2/BC-UBND", on="9/1/2024")

    decider = await desks.of(Office.DISTRICT_CHAIRMAN)
    page = await decider.open(f"/quyet-dinh/{season.season}/{COMMUNE}")
    page = await decider.send(page, "/danh-sach", list_no="108/QĐ-UBND", listed_on="6/2/2024")

    public = await decider.open(f"/cong-khai/{season.season}/{COMMUNE}")

    assert (await season.dossier()).stage is Stage.LISTED
    assert "không đề nghị công nhận" in public.text
    assert "Trong danh sách kèm Quyết định 108/QĐ-UBND" in page.text


async def test_opinion_sheets_are_tallied_line_by_line(desks: Desks, season: StepsStory):
    desk = await desks.officer()
    page = await desk.open(f"{dossier(season)}/phieu-lay-y-kien")

    wrong = await desk.send(
        page,
        "/ghi",
        handed_out="100",
        collected="90",
        form_1="Câu lạc bộ pháp luật",
        effective_1="85",
        not_effective_1="10",
    )
    assert (wrong.status, wrong.refused) == (422, "sheets-tally-invalid")
    assert wrong.form("/ghi").value("form_1") == "Câu lạc bộ pháp luật"
    page = await desk.send(wrong, "/ghi", effective_1="80")

    assert "Phát ra 100 phiếu, thu về 90 phiếu." in page.text
