"""The decision through its page: what it rests on, a reason when it differs, signature, publication, revocation."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from domain.export import Document
from domain.measure import Answer
from domain.meeting import Choice
from domain.official import Office
from domain.recognition import Recognition
from infra.pdf.sign import sign
from infra.platform.config import Settings
from infra.transparency.sealer_store import SealerStore
from services.appraisal import appraise
from services.assessment import assess
from services.clock import today
from services.council import voting
from services.documents.reading import AsItStood
from services.exports import requests
from services.operations.publish_policy import publish
from services.processes.worker import WorkerSettings
from services.proof_package import export_evidence, package_on_request
from services.recognition import recognise
from services.recognition.decision_document import DecisionDocument, read_paper, render
from tests.exports.test_exports_page import worked_off
from tests.infra.locked import encrypted
from tests.infra.officials import key_of, officials
from tests.provinces.papers import finished, workshop
from tests.provinces.story import AGENCIES, COMMUNE, DISTRICT, DISTRICT_OFFICES, PDF, TODAY, Story
from tests.recognition.test_recognise import through_the_council
from tests.seals.test_seal_view import sealed
from tests.web.desks import Desk, Desks, Page, desks, season, workplace
from tests.web.signing import WEB

__all__ = ["desks", "season", "workplace"]

CHAIRMAN = Office.DISTRICT_CHAIRMAN.value


def decision(story: Story) -> str:
    return f"/quyet-dinh/{story.season}/{COMMUNE}"


async def decided(story: Story) -> list[Recognition.Decided]:
    return [one.fact for one in await story.facts() if isinstance(one.fact, Recognition.Decided)]


async def decide(desk: Desk, story: Story, result: str = "recognised", **more: str) -> Page:
    page = await desk.open(decision(story))
    return await desk.send(page, "/quyet-dinh", {"result": result, "decision_no": "3301/QĐ-UBND"} | more)


async def test_the_chairman_sees_the_three_results_and_decides(desks: Desks, season: Story):
    await season.voted()
    chairman = await desks.of(CHAIRMAN)

    before = await chairman.open(decision(season))
    page = await decide(chairman, season, on="6/2/2024")

    assert "tổng 100,00/100" in before.text
    assert "5 tán thành, 0 không tán thành" in before.text
    assert "Công nhận đạt chuẩn tiếp cận pháp luật" in page.text
    assert "3301/QĐ-UBND" in page.text
    assert "06/02/2024" in page.text
    assert not page.offers("/quyet-dinh")
    assert len(await decided(season)) == 1


async def test_before_the_vote_nothing_can_be_decided(desks: Desks, season: Story):
    await season.concluded()

    page = await (await desks.of(CHAIRMAN)).open(decision(season))

    assert not page.offers("/quyet-dinh")
    assert "Hội đồng chưa biểu quyết." in page.text


async def test_deciding_against_the_vote_needs_a_reason_and_what_was_typed_stays(desks: Desks, season: Story):
    await season.voted(Choice.AGAINST)
    chairman = await desks.of(CHAIRMAN)

    refused = await decide(chairman, season)
    page = await chairman.send(refused, "/quyet-dinh", reason="Hồ sơ đủ căn cứ, Hội đồng chưa xét bổ sung")

    assert (refused.status, refused.refused) == (422, "reason-missing")
    assert refused.form("/quyet-dinh").value("decision_no") == "3301/QĐ-UBND"
    assert ("result", "recognised") in refused.form("/quyet-dinh").fields
    assert "Lý do quyết định khác Hồ sơ đủ căn cứ, Hội đồng chưa xét bổ sung" in page.text
    (fact,) = await decided(season)
    assert (fact.voted, fact.computed) == ("not-recognised", "recognised")


async def test_a_reason_that_nobody_asked_for_is_a_reason_and_not_a_difference(desks: Desks, season: Story):
    await season.voted()

    page = await decide(await desks.of(CHAIRMAN), season, reason="Hồ sơ đầy đủ, đúng hạn")

    assert "Lý do Hồ sơ đầy đủ, đúng hạn" in page.text
    assert "quyết định khác" not in page.text
    trace = await (await desks.of(Office.INSPECTOR.value)).open(f"/trach-nhiem/{season.season}/{COMMUNE}")
    assert trace.status == 200
    assert "Khác kết quả tính hoặc khác biểu quyết" not in trace.text


async def test_no_reason_helps_against_a_condition_of_the_law(desks: Desks, season: Story):
    await season.submitted()
    for code in ("TC2.CT1", "TC2.CT2", "TC2.CT3", "TC2.CT4", "TC2.CT5", "TC2.CT6"):
        await appraise.appraise_indicator(
            await season.appraiser(), season.season, COMMUNE, code, Decimal(0), "Không có minh chứng"
        )
    await season.appraised()
    await appraise.conclude(await season.appraiser(), season.season, COMMUNE)
    await season.vote_on_concluded()
    chairman = await desks.of(CHAIRMAN)

    page = await decide(chairman, season, reason="Đề nghị của Hội đồng")

    assert (page.status, page.refused) == (409, "against-the-rules")
    assert await decided(season) == []


async def test_a_choice_or_number_that_is_missing_is_named(desks: Desks, season: Story):
    await season.voted()
    chairman = await desks.of(CHAIRMAN)
    page = await chairman.open(decision(season))

    unchosen = await chairman.send(page, "/quyet-dinh", decision_no="1/QĐ")
    unnumbered = await chairman.send(page, "/quyet-dinh", result="recognised")
    undated = await chairman.send(page, "/quyet-dinh", result="recognised", decision_no="1/QĐ", on="hôm qua")

    assert [one.refused for one in (unchosen, unnumbered, undated)] == ["field-missing", "field-missing", "not-a-date"]
    assert undated.form("/quyet-dinh").value("on") == "hôm qua"


async def test_the_decision_is_signed_by_its_document_then_published(desks: Desks, season: Story):
    await season.decided()
    chairman = await desks.of(CHAIRMAN)

    page = await chairman.open(decision(season))
    unsigned = await chairman.send(page, "/ky", files={"file": ("quyet-dinh.pdf", b"hello", "application/pdf")})
    pdf = {"file": ("quyet-dinh.pdf", PDF, "application/pdf")}
    to_come = f"{today() + timedelta(days=1):%d/%m/%Y}"
    not_signed_yet = await chairman.send(unsigned, "/ky", files=pdf, on=to_come)
    page = await chairman.send(unsigned, "/ky", files=pdf)
    not_published_yet = await chairman.send(page, "/cong-bo", place="cổng thông tin điện tử", on=to_come)
    page = await chairman.send(page, "/cong-bo", place="cổng thông tin điện tử", on="7/2/2024")

    for refused in (not_signed_yet, not_published_yet):
        assert (refused.status, refused.refused) == (422, "day-in-the-future")
    assert not_published_yet.form("/cong-bo").value("place") == "cổng thông tin điện tử"
    assert unsigned.refused == "file-type-forbidden"
    assert "07/02/2024, cổng thông tin điện tử" in page.text
    assert not page.offers("/ky")
    kinds = await season.kinds()
    assert kinds[-2:] == ["Recognition.Signed", "Recognition.Published"]


async def test_the_draft_that_nobody_signed_is_not_recorded_as_signed_nor_offered(desks: Desks, season: Story):
    await season.decided()
    chairman = await desks.of(CHAIRMAN)
    work = await season.decider()
    await requests.request_export(work, Document.DECISION, season.season, COMMUNE)
    async with workshop(season.house) as shop:
        draft = await finished(shop, season, requests.export_id(work))

    page = await chairman.open(decision(season))
    offered = page.text
    sent = {"file": ("quyet-dinh.pdf", draft.content, "application/pdf")}
    unsigned = await chairman.send(page, "/ky", files=sent)
    longer = {"file": ("quyet-dinh.pdf", draft.content + b"\n% a note\n", "application/pdf")}
    noted = await chairman.send(unsigned, "/ky", files=longer)
    before = await season.kinds()
    signed = {"file": ("da-ky.pdf", await sign(draft.content, key_of(officials().an)), "application/pdf")}
    page = await chairman.send(noted, "/ky", files=signed)

    assert "SHA-256" not in offered.partition("Ký quyết định")[2].partition("Ngày ký")[0]
    assert [(one.status, one.refused) for one in (unsigned, noted)] == [(422, "not-signed")] * 2
    assert "Tệp này do hệ thống lập và chưa có chữ ký" in unsigned.text
    assert "In ra, ký, đóng dấu rồi quét thành PDF" in unsigned.text
    assert "Recognition.Signed" not in before
    assert not page.offers("/ky")


async def test_a_hash_that_names_no_document_of_this_decision_signs_nothing(desks: Desks, season: Story):
    await season.decided()
    chairman = await desks.of(CHAIRMAN)
    page = await chairman.open(decision(season))

    forged = await chairman.send(page, "/ky", file_made="ab" * 32)
    empty = await chairman.send(page, "/ky")

    assert (forged.status, forged.refused) == (422, "file-not-chosen")
    assert (empty.status, empty.refused) == (422, "file-not-chosen")
    assert "Recognition.Signed" not in await season.kinds()


async def test_only_the_deciding_chairman_is_offered_the_decision(desks: Desks, season: Story):
    await season.voted()

    for subject in (Office.DISTRICT_JUSTICE.value, Office.INSPECTOR.value, f"{COMMUNE} commune-chairman"):
        page = await (await desks.of(subject)).open(decision(season))
        assert page.status == 200
        assert not page.offers("/quyet-dinh"), subject


async def test_the_pdf_is_asked_for_watched_and_taken_away_where_it_is_needed(desks: Desks, season: Story):
    await season.voted()
    chairman = await desks.of(CHAIRMAN)
    await decide(chairman, season, decision_no="3301👍/QĐ-UBND")

    asked = await chairman.send(await chairman.open(decision(season)), "/lap-quyet-dinh")
    part = await chairman.open(f"{decision(season)}?phan=ban-pdf", **{"hx-request": "true"})
    await worked_off(chairman)
    page = await chairman.open(decision(season))
    listed = await chairman.open("/ket-xuat")
    form = page.form("/tai-ve")
    answer = await chairman.client.post(form.action, data=dict(form.fields), headers={"origin": WEB})

    assert asked.url.partition("#")[0].endswith(decision(season))
    assert 'data-state="queued"' in asked.html
    assert not asked.offers("/lap-quyet-dinh")
    assert part.html.lstrip().startswith('<section class="panel mb" id="ban-pdf"')
    assert 'phan=ban-pdf" hx-trigger="every 2s"' in part.html
    assert 'data-state="ready"' in page.html
    assert "1 ký tự không in được: U+1F44D" in page.text
    assert "1 ký tự không in được: U+1F44D" in listed.text
    assert answer.content.startswith(b"%PDF-")


async def test_a_signed_copy_under_a_password_is_refused_with_what_to_do(desks: Desks, season: Story):
    await season.decided()
    chairman = await desks.of(CHAIRMAN)
    page = await chairman.open(decision(season))

    locked = {"file": ("ky.pdf", encrypted("mo", 6), "application/pdf")}
    refused = await chairman.send(page, "/ky", files=locked, on="16/1/2024")

    assert (refused.status, refused.refused) == (415, "file-type-forbidden")
    assert "Quét lại bản giấy, hoặc ký số lại trên tệp PDF không mật khẩu" in refused.text
    assert refused.form("/ky").value("on") == "16/1/2024"


# The dossier that proves itself -----------------------------------------------------------------------

ASK, FILES = "/ho-so-doi-chung", "/minh-chung"


@pytest.fixture
async def decided_and_trusted(desks: Desks, season: Story, services: Settings) -> None:
    """The commune is decided on, and the province has published who signs its log."""
    await season.decided()
    await sealed(desks)
    key = SealerStore(services.seals).key(desks.tenant).verifier
    await publish(desks.house, desks.tenant, f"log {key}\nquorum 0\n".encode())


async def test_the_dossier_is_asked_for_on_the_page_watched_there_and_taken_away(
    desks: Desks, season: Story, decided_and_trusted
):
    inspector = await desks.of(Office.INSPECTOR)

    asked = await inspector.send(await inspector.open(decision(season)), ASK)
    part = await inspector.open(f"{decision(season)}?phan=doi-chung", **{"hx-request": "true"})
    await worked_off(inspector)
    page = await inspector.open(decision(season))

    assert 'data-state="queued"' in asked.html
    assert not asked.offers(ASK)
    assert 'phan=doi-chung" hx-trigger="every 2s"' in part.html
    assert part.html.lstrip().startswith('<section class="panel mt" id="ho-so-doi-chung"')
    assert 'data-state="ready"' in page.html
    assert "hx-trigger" not in page.html
    form = page.form("/tai-ve")
    answer = await inspector.client.post(form.action, data=dict(form.fields), headers={"origin": WEB})
    assert answer.content.startswith(b"%PDF-")
    name = f"ho-so-doi-chung-{season.season}-{COMMUNE}.pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'


async def test_its_evidence_is_asked_for_beside_it_and_whoever_takes_it_is_noted(desks: Desks, season: Story):
    await season.decided()
    inspector = await desks.of(Office.INSPECTOR)

    asked = await inspector.send(await inspector.open(decision(season)), FILES)
    await worked_off(inspector)
    page = await inspector.open(decision(season))
    form = page.form("/tai-ve")
    answer = await inspector.client.post(form.action, data=dict(form.fields), headers={"origin": WEB})
    accesses = await inspector.open(f"/nhat-ky/truy-cap?mua={season.season}&xa={COMMUNE}&viec=mo&chi-tieu=TC1.CT1")

    assert 'data-state="queued"' in asked.html
    assert not asked.offers(FILES)
    name = f"minh-chung-{season.season}-{COMMUNE}.zip"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.content.startswith(b"PK")
    assert "Thanh tra" in accesses.text
    assert f"Lấy cả bộ tệp minh chứng của hồ sơ {name}" in accesses.text
    assert accesses.html.count('data-access="granted"') == 1
    assert "Tệp minh chứng, thị trấn Bến Lụa" in (await inspector.open("/ket-xuat")).text


async def test_evidence_too_large_for_one_file_is_refused_with_what_to_do(
    desks: Desks, season: Story, monkeypatch: pytest.MonkeyPatch
):
    await season.decided()
    inspector = await desks.of(Office.INSPECTOR)
    page = await inspector.open(decision(season))
    monkeypatch.setattr(export_evidence, "EVIDENCE_LIMIT", 10)

    refused = await inspector.send(page, FILES)

    assert (refused.status, refused.refused) == (409, "evidence-too-large")
    assert "Minh chứng của hồ sơ có 1 MB, quá 0 MB" in refused.text
    assert "đề nghị quản trị viên hệ thống lập" in refused.text


async def test_while_the_log_is_not_sealed_the_page_says_so_and_offers_it_again(
    desks: Desks, season: Story, decided_and_trusted, services: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(package_on_request, "WAIT", 0.2)
    monkeypatch.setattr(WorkerSettings, "until_sealed", timedelta())
    inspector = await desks.of(Office.INSPECTOR)
    page = await inspector.open(decision(season))
    await desks.stop_sealing()
    await recognise.sign(await season.decider(), season.season, COMMUNE, "ab" * 32)
    await inspector.send(page, ASK)

    await worked_off(inspector)
    waiting = await inspector.open(decision(season))
    await worked_off(inspector)
    await worked_off(inspector)
    failed = await inspector.open(decision(season))
    desks.start_sealing(services)
    await sealed(desks)
    await inspector.send(failed, ASK)
    await worked_off(inspector)
    ready = await inspector.open(decision(season))

    assert "đang chờ xác thực" in waiting.text
    assert "Đã nhận, chưa xác thực" in waiting.text
    assert 'data-state="failed"' in failed.html
    assert "chưa được xác thực đến lúc yêu cầu" in failed.text
    assert 'data-state="ready"' in ready.html


async def test_who_may_not_see_the_whole_council_is_not_offered_the_dossier(
    desks: Desks, season: Story, decided_and_trusted
):
    officer = await desks.officer()

    page = await officer.open(decision(season))

    assert page.status == 200
    token = page.form("/lap-quyet-dinh").value("csrf")
    for ask in (ASK, FILES):
        assert not page.offers(ask)
        address = f"{officer.home}{decision(season)}{ask}"
        assert (await officer.post(address, {"csrf": token})).refused == "not-permitted"


async def test_the_public_page_offers_no_dossier(desks: Desks, season: Story, decided_and_trusted):
    somebody = await desks.officer()

    page = await somebody.open(f"/cong-khai/{season.season}/{COMMUNE}")

    assert "doi-chung" not in page.html


async def test_the_chairman_corrects_a_number_and_everybody_sees_both(desks: Desks, season: Story):
    await season.decided()
    chairman = await desks.of(CHAIRMAN)
    page = await chairman.open(decision(season))
    slip = {"corrected_no": "14/QĐ-UBND", "document_no": "52/QĐ-UBND", "reason": "Đánh máy nhầm"}

    impossible = await chairman.send(page, "/dinh-chinh", slip, decided_on="31/02/2024")
    later = await chairman.send(page, "/dinh-chinh", slip, decided_on="20/01/2034")
    unexplained = await chairman.send(page, "/dinh-chinh", slip | {"reason": ""})
    corrected = await chairman.send(page, "/dinh-chinh", slip)
    again = await chairman.send(corrected, "/dinh-chinh", slip)

    assert (impossible.status, impossible.refused) == (422, "not-a-date")
    assert (later.status, later.refused) == (422, "day-out-of-range")
    assert unexplained.refused == "reason-missing"
    assert '<a href="#dc-reason">Đến chỗ cần sửa</a>' in unexplained.html
    assert "14/QĐ-UBND" in corrected.text
    assert "Số đã ghi: 41/QĐ-UBND." in corrected.text
    assert again.refused == "nothing-corrected"


async def test_after_a_revocation_the_page_leads_to_a_new_decision_and_keeps_the_earlier_one(
    desks: Desks, season: Story
):
    await season.decided()
    await season.under_review()
    await season.revoke(on=TODAY)
    chairman = await desks.of(CHAIRMAN)

    waiting = await chairman.open(decision(season))
    await appraise.resume(await season.appraiser(), season.season, COMMUNE, "Thẩm định lại sau thu hồi")
    await appraise.conclude(await season.appraiser(), season.season, COMMUNE)
    _, key = await voting.convene(await season.appraiser(), season.season, DISTRICT, TODAY, "Phòng họp 1", [COMMUNE])
    await season.attend(key, *DISTRICT_OFFICES, *AGENCIES)
    await voting.open_vote(await season.decider(), season.season, key, COMMUNE)
    for subject in (*DISTRICT_OFFICES, *AGENCIES):
        await voting.cast_ballot(await season.by(subject), season.season, key, COMMUNE, Choice.FOR)
    await voting.conclude_vote(await season.decider(), season.season, key, COMMUNE)
    page = await decide(chairman, season, on="16/1/2024")
    made = await the_document(season)

    assert not waiting.offers("/quyet-dinh")
    assert "Chưa quyết định lại được" in waiting.text
    assert "lần 2, thay cho quyết định trước" in page.text
    assert "thu hồi theo Quyết định 915/QĐ-UBND" in page.text
    assert not page.offers("/quyet-dinh")
    assert (made.decision_no, made.on) == ("3301/QĐ-UBND", date(2024, 1, 16))
    assert made.replaces is not None
    assert (made.replaces.decision_no, made.replaces.revoked_on) == ("41/QĐ-UBND", TODAY)


async def the_document(story: Story) -> DecisionDocument:
    position = await story.house.store.position(story.tenant)
    work = await story.decider()
    return await read_paper(
        AsItStood(story.house.store, story.tenant, position),
        story.season,
        COMMUNE,
        await work.rulebooks(),
        work.calendar,
    )


async def test_a_decision_on_a_consultation_says_when_the_opinions_were_summed_up(desks: Desks, season: Story):
    await season.consulted()
    chairman = await desks.of(CHAIRMAN)
    page = await chairman.open(decision(season))

    await decide(chairman, season, on="6/2/2024")

    day = f"tổng hợp ngày {TODAY:%d/%m/%Y}"
    assert f"Lấy ý kiến bằng văn bản, {day}" in page.text
    assert "Họp ngày" not in page.text
    printed = " ".join(render(await the_document(season)).split())
    assert f"Căn cứ kết quả lấy ý kiến bằng văn bản, {day}, của Hội đồng" in printed
    assert f"không tổ chức cuộc họp, tổng hợp ngày {TODAY.day} tháng {TODAY.month:02}" in printed
    assert "biểu quyết" not in printed


async def test_a_sanctioned_official_makes_the_condition_not_met_in_plain_words(desks: Desks, season: Story):
    await season.filled()
    officer = await season.officer()
    await assess.declare_veto(officer, season.season, COMMUNE, "C3", Answer.YES, "Quyết định kỷ luật số 9")
    await through_the_council(season)
    chairman = await desks.of(CHAIRMAN)

    page = await chairman.open(decision(season))
    heard = await chairman.open(f"/hop/{season.season}/{DISTRICT}-1")
    await decide(chairman, season, "not-recognised", on="6/2/2024", reason="Theo điều kiện về kỷ luật")

    named = "Điều kiện về kỷ luật (Điều 4 khoản 3 Quyết định số 25/2021/QĐ-TTg)"
    assert f"{named} có cán bộ, công chức bị xử lý không bảo đảm" in page.text
    assert "có xảy ra" not in page.text
    assert "chưa bảo đảm điều kiện" not in heard.text
    assert f"{named}: không bảo đảm Yêu cầu: Trong năm đánh giá, không có cán bộ, công chức" in heard.text
    line = (await the_document(season)).conditions[0]
    assert (line.cells[1], line.result) == ("có trường hợp bị xử lý", "Không bảo đảm")


async def test_a_document_that_is_still_to_come_corrects_nothing_and_upholds_nothing(desks: Desks, season: Story):
    await season.voted()
    chairman = await desks.of(CHAIRMAN)
    page = await decide(chairman, season, "not-recognised", reason="Đang bị điều tra", on="15/1/2024")
    tomorrow = date.today() + timedelta(days=1)  # noqa: DTZ011 - the day of the pages
    typed = {"document_no": "52/QĐ-UBND", "reason": "Lý do", "corrected_no": "14/QĐ-UBND"}
    before = await desks.house.store.position(desks.tenant)

    for action, field in (("/dinh-chinh", "corrected_on"), ("/chap-nhan-khieu-nai", "upheld_on")):
        refused = await chairman.send(page, action, typed | {field: f"{tomorrow:%d/%m/%Y}"})

        assert (refused.status, refused.refused) == (422, "day-in-the-future")
        assert "Ghi ngày việc đã diễn ra" in refused.text
        assert refused.form(action).value("reason") == "Lý do"
    assert await desks.house.store.position(desks.tenant) == before


async def test_an_appeal_is_upheld_on_the_page_of_a_commune_that_was_not_recognised(desks: Desks, season: Story):
    await season.voted()
    chairman = await desks.of(CHAIRMAN)
    page = await decide(chairman, season, "not-recognised", reason="Đang bị điều tra", on="15/1/2024")

    without = await chairman.send(page, "/chap-nhan-khieu-nai", document_no="1502/QĐ-UBND")
    upheld = await chairman.send(page, "/chap-nhan-khieu-nai", document_no="1502/QĐ-UBND", reason="Không vi phạm")

    assert without.refused == "reason-missing"
    assert '<a href="#kn-reason">Đến chỗ cần sửa</a>' in without.html
    assert "theo văn bản 1502/QĐ-UBND" in upheld.text
    assert not upheld.offers("/chap-nhan-khieu-nai")


async def test_a_total_published_rounded_stands_beside_the_exact_one(desks: Desks, season: Story):
    await season.decided_at_99_74()
    chairman = await desks.of(CHAIRMAN)
    page = await chairman.open(decision(season))
    said = {"published_by": "Sở Tư pháp", "document_no": "15/BC-STP", "published_total_on": "10/01/2024"}

    none = await chairman.send(page, "/diem-cong-bo", said)
    words = await chairman.send(page, "/diem-cong-bo", said, total="chín mươi")
    nobody = await chairman.send(page, "/diem-cong-bo", said, total="100", published_by="")
    wrong = await chairman.send(page, "/diem-cong-bo", said, total="98")
    noted = await chairman.send(page, "/diem-cong-bo", said, total="99,7")
    corrected = await chairman.send(noted, "/diem-cong-bo", said, total="100")

    assert (none.status, none.refused, words.refused, nobody.refused) == (
        422,
        "field-missing",
        "not-a-number",
        "field-missing",
    )
    assert wrong.refused == "not-a-rounding"
    assert "98 không phải là 99,74 làm tròn" in wrong.text
    assert "99,74; công bố: 99,7 điểm theo văn bản 15/BC-STP ngày 10/01/2024 của Sở Tư pháp" in noted.text
    assert "99,74; công bố: 100 điểm theo văn bản 15/BC-STP" in corrected.text


async def test_a_published_total_is_noted_of_a_decision_alone(desks: Desks, season: Story):
    await season.voted()

    page = await (await desks.of(CHAIRMAN)).open(decision(season))

    assert not page.offers("/diem-cong-bo")
