"""The appraiser at work: the queue, each indicator, what is returned and comes back, the conclusion."""

from datetime import date
from decimal import Decimal

from domain.appraisal import Appraisal, Proposal, appraisal_stream
from domain.assessment import Returned
from domain.measure import Kind, Measured
from domain.official import Office
from services.appraisal import appraise
from services.assessment import assess
from tests.provinces.story import COMMUNE, OTHER, Story
from tests.web.desks import Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

TRAINED = "TC2.CT5"


def appraisal(story: Story, indicator: str = "") -> str:
    return f"/tham-dinh/{story.season}/{COMMUNE}" + (f"?chi-tieu={indicator}" if indicator else "")


async def recorded(story: Story) -> Appraisal:
    return await (await story.appraiser()).look(Appraisal, appraisal_stream(story.season, COMMUNE))


async def test_the_queue_lists_submitted_dossiers_and_says_what_is_still_with_the_communes(desks: Desks, season: Story):
    await season.submitted()
    desk = await desks.appraiser()

    page = await desk.open(f"/tham-dinh/{season.season}")

    assert "1 hồ sơ đang ở bước thẩm định" in page.text
    queue, _, rest = page.text.partition("Còn ở UBND cấp xã")
    assert "Thị trấn Bến Lụa" in queue
    assert "20 0 0 0/20" in queue
    assert "Xã Suối Gấm" in rest


async def test_one_indicator_is_compared_over_all_dossiers_of_the_queue(desks: Desks, season: Story):
    await season.submitted()
    desk = await desks.appraiser()

    page = await desk.open(f"/tham-dinh/{season.season}?chi-tieu={TRAINED}")

    assert "Thị trấn Bến Lụa 2,0 – 1 tệp chưa xét" in page.text


async def test_nobody_but_the_deciding_units_appraiser_sees_queue_or_appraisal(desks: Desks, season: Story):
    await season.submitted()

    for subject in (f"{COMMUNE} {Office.JUSTICE_OFFICER}", Office.INSPECTOR):
        desk = await desks.of(subject)
        assert (await desk.open(f"/tham-dinh/{season.season}")).refused == "not-permitted"
        assert (await desk.open(appraisal(season))).refused == "not-permitted"


async def test_agreeing_goes_on_to_the_next_indicator(desks: Desks, season: Story):
    await season.submitted()
    desk = await desks.appraiser()
    page = await desk.open(appraisal(season))

    page = await desk.send(page, "/dong-y")

    assert "chi-tieu=TC1.CT2" in page.url
    assert (await recorded(season)).values["TC1.CT1"].points == 3


async def test_opening_a_file_is_recorded_by_the_press_and_not_by_looking(desks: Desks, season: Story):
    await season.submitted()
    desk = await desks.appraiser()
    page = await desk.open(appraisal(season, TRAINED))
    assert "đã mở 0/1 tệp" in page.text
    assert "EvidenceOpened" not in " ".join(await season.kinds())

    form = page.form("/mo-minh-chung")
    answer = await desk.client.post(form.action, data=dict(form.fields), headers={"origin": "http://127.0.0.1:8000"})

    assert answer.status_code == 303
    assert (await desk.fetch(answer.headers["location"])).content.startswith(b"%PDF")
    assert "đã mở 1/1 tệp" in (await desk.open(appraisal(season, TRAINED))).text


async def test_another_value_needs_a_reason_and_both_are_kept_when_it_is_missing(desks: Desks, season: Story):
    await season.submitted()
    desk = await desks.appraiser()
    page = await desk.open(appraisal(season, TRAINED))

    page = await desk.send(page, "/cham", value="1,5")
    assert (page.status, page.refused) == (422, "reason-missing")
    assert page.form("/cham").value("value") == "1,5"
    page = await desk.send(page, "/cham", reason="Ba người tập huấn ở năm trước.")

    assert (await recorded(season)).values[TRAINED].points == Decimal("1.5")
    again = await desk.open(appraisal(season, TRAINED))
    assert "Lý do: Ba người tập huấn ở năm trước." in again.text


async def test_a_value_that_is_no_number_or_above_the_maximum_is_refused_and_kept(desks: Desks, season: Story):
    await season.submitted()
    desk = await desks.appraiser()
    page = await desk.open(appraisal(season, TRAINED))

    text = await desk.send(page, "/cham", value="hai", reason="x")
    above = await desk.send(page, "/cham", value="2,5", reason="x", command="")

    assert (text.refused, text.form("/cham").value("value")) == ("not-a-number", "hai")
    assert (above.refused, above.form("/cham").value("value")) == ("score-above-maximum", "2,5")


async def test_a_returned_indicator_comes_back_marked_as_changed(desks: Desks, season: Story):
    await season.submitted()
    desk = await desks.appraiser()
    await desk.send(await desk.open(appraisal(season, TRAINED)), "/dong-y")

    page = await desk.open(appraisal(season, TRAINED))
    page = await desk.send(page, "/tra-lai", reason="Thiếu chữ ký", due="25/11/2030")
    assert "đang ở UBND cấp xã: 1" in page.text
    await assess.explain(await season.officer(), season.season, COMMUNE, TRAINED, "Đã ký bổ sung.")
    await assess.resubmit(await season.chairman(), season.season, COMMUNE, date(2024, 2, 1))

    page = await desk.open(appraisal(season, TRAINED))
    assert "đổi từ lần thẩm định trước: 1" in page.text
    assert "Lần trước thẩm định 2,0; sau đó UBND cấp xã đã sửa, cần xét lại." in page.text
    assert "đổi từ lần thẩm định trước" in (await desk.open(f"/tham-dinh/{season.season}?chi-tieu={TRAINED}")).text


async def test_returning_needs_a_reason_and_a_day(desks: Desks, season: Story):
    await season.submitted()
    desk = await desks.appraiser()
    page = await desk.open(appraisal(season, TRAINED))

    no_reason = await desk.send(page, "/tra-lai", due="25/11/2030")
    no_day = await desk.send(page, "/tra-lai", reason="Thiếu chữ ký", due="mai", command="")

    assert no_reason.refused == "reason-missing"
    assert (no_day.refused, no_day.form("/tra-lai").value("due")) == ("not-a-date", "mai")
    assert no_day.form("/tra-lai").value("reason") == "Thiếu chữ ký"


async def test_agreeing_to_all_takes_what_is_the_rules_own_value_with_evidence_and_leaves_the_rest(
    desks: Desks, season: Story
):
    await season.posted()
    await assess.reopen(await season.officer(), season.season, COMMUNE, "Sửa")
    await assess.score_indicator(
        await season.officer(),
        season.season,
        COMMUNE,
        TRAINED,
        {"TC2.CT5.1": Measured(Kind.RATIO_BANDS, numerator=19, denominator=22)},
        Decimal("1.5"),
        "Ba người mới",
    )
    await season.submit_filled()
    desk = await desks.appraiser()

    page = await desk.open(appraisal(season))
    assert "Đồng ý 19 chỉ tiêu đúng quy định, có tài liệu minh chứng" in page.text
    page = await desk.send(page, "/dong-y-het")

    assert "Còn 1 chỉ tiêu chưa xét." in page.text
    assert "Kết quả tự đánh giá khác kết quả tính theo quy định. Lý do: Ba người mới" in page.text


async def test_the_conclusion_is_offered_when_all_is_appraised_and_another_than_the_rules_needs_a_reason(
    desks: Desks, season: Story
):
    await season.submitted()
    desk = await desks.appraiser()
    assert not (await desk.open(appraisal(season))).offers("/ket-luan")
    await season.appraised()

    page = await desk.open(appraisal(season))
    page = await desk.send(page, "/ket-luan", proposal="not-recognise")
    assert page.refused == "reason-missing"
    page = await desk.send(page, "/ket-luan", reason="Đang thanh tra.", on="20/01/2024")

    assert (await recorded(season)).proposal is Proposal.NOT_RECOGNISE
    assert "đề nghị không công nhận" in page.text
    page = await desk.send(page, "/tham-dinh-lai", reason="Thanh tra đã kết luận.")
    assert (await recorded(season)).proposal is None


async def test_an_indicator_that_changed_while_it_was_looked_at_is_not_agreed_to_unseen(desks: Desks, season: Story):
    await season.submitted()
    desk = await desks.appraiser()
    page = await desk.open(appraisal(season, TRAINED))
    await appraise.return_indicator(
        await season.appraiser(), season.season, COMMUNE, TRAINED, "Thiếu", date(2030, 1, 1)
    )
    await assess.explain(await season.officer(), season.season, COMMUNE, TRAINED, "Bổ sung.")
    await assess.resubmit(await season.chairman(), season.season, COMMUNE, date(2024, 2, 1))

    page = await desk.send(page, "/dong-y")

    assert (page.status, page.refused) == (412, "stale")
    assert TRAINED not in (await recorded(season)).values


async def test_the_appraisal_of_a_dossier_that_is_not_submitted_offers_nothing_to_do(desks: Desks, season: Story):
    await season.score(TRAINED, OTHER)
    desk = await desks.appraiser()

    page = await desk.open(f"/tham-dinh/{season.season}/{OTHER}?chi-tieu={TRAINED}")

    assert page.status == 200
    assert not [form for form in page.forms if "/tham-dinh/" in form.action]


# Two appraisers of one unit ---------------------------------------------------------------------------


async def test_a_second_return_from_an_older_page_is_refused_with_its_text_kept_and_voids_no_supplement(
    desks: Desks, season: Story
):
    await season.submitted()
    first, second = await desks.appraiser(), await desks.appraiser()
    pages = [await desk.open(appraisal(season, TRAINED)) for desk in (first, second)]
    await first.send(pages[0], "/tra-lai", reason="Thiếu chữ ký", due="20/12/2030")
    await assess.explain(await season.officer(), season.season, COMMUNE, TRAINED, "Đã ký bổ sung.")

    refused = await second.send(pages[1], "/tra-lai", reason="Thiếu cả danh sách", due="05/12/2030")

    assert (refused.status, refused.refused) == (409, "already-returned")
    assert "hạn đến 20/12/2030" in refused.text
    assert "Nội dung vừa nhập" in refused.text
    assert "Thiếu cả danh sách" in refused.text
    assert "05/12/2030" in refused.text
    entry = (await season.dossier()).entry(TRAINED)
    assert (entry.returned, entry.supplemented) == (Returned("Thiếu chữ ký", date(2030, 12, 20)), True)
    chairman = await desks.chairman()
    page = await chairman.open(f"/ho-so/{season.season}/{COMMUNE}")
    assert (await chairman.send(page, "/gui-lai", on="01/12/2030")).refused == ""


async def test_what_the_commune_sent_back_meanwhile_is_returned_again_only_once_it_was_seen(
    desks: Desks, season: Story
):
    await season.submitted()
    desk = await desks.appraiser()
    old = await desk.open(appraisal(season, TRAINED))
    await desk.send(await desk.open(appraisal(season, TRAINED)), "/tra-lai", reason="Thiếu", due="20/12/2030")
    await assess.explain(await season.officer(), season.season, COMMUNE, TRAINED, "Đã ký bổ sung.")
    await assess.resubmit(await season.chairman(), season.season, COMMUNE, date(2024, 2, 1))

    refused = await desk.send(old, "/tra-lai", reason="Thiếu chữ ký", due="21/12/2030")
    assert (refused.status, refused.refused) == (412, "stale")
    assert refused.form("/tra-lai").value("reason") == "Thiếu chữ ký"
    assert "Đã ký bổ sung." in refused.text
    sent = await desk.send(refused, "/tra-lai")

    assert sent.refused == ""
    assert (await season.dossier()).entry(TRAINED).returned == Returned("Thiếu chữ ký", date(2030, 12, 21))


async def test_of_two_appraisers_the_second_sees_both_values_and_can_send_again(desks: Desks, season: Story):
    await season.submitted()
    first, second = await desks.appraiser(), await desks.appraiser()
    pages = [await desk.open(appraisal(season, TRAINED)) for desk in (first, second)]
    await first.send(pages[0], "/cham", value="1,5", reason="Ba người tập huấn năm trước.")

    agreed = await second.send(pages[1], "/dong-y")
    judged = await second.send(pages[1], "/cham", value="1", reason="Năm người vắng.", command="")

    assert (agreed.status, agreed.refused) == (412, "stale")
    assert (judged.status, judged.refused) == (412, "stale")
    assert "Đang lưu: 1,5. Vừa nhập: 1." in judged.text
    assert "UBND cấp xã vừa sửa chỉ tiêu này" not in judged.text
    assert judged.form("/cham").value("reason") == "Năm người vắng."
    assert (await recorded(season)).values[TRAINED].points == Decimal("1.5")
    await second.send(judged, "/cham")
    assert (await recorded(season)).values[TRAINED].points == Decimal(1)


async def test_a_form_refused_for_another_reason_still_knows_what_its_writer_saw(desks: Desks, season: Story):
    await season.submitted()
    first, second = await desks.appraiser(), await desks.appraiser()
    pages = [await desk.open(appraisal(season, TRAINED)) for desk in (first, second)]
    await first.send(pages[0], "/cham", value="1,5", reason="Ba người tập huấn năm trước.")

    wrong = await second.send(pages[1], "/cham", value="một", reason="Năm người vắng.")
    assert wrong.refused == "not-a-number"
    again = await second.send(wrong, "/cham", value="1")

    assert again.refused == "stale"
    assert (await recorded(season)).values[TRAINED].points == Decimal("1.5")
