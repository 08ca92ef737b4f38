"""A commune at work on its dossier, through the pages: what is typed, what is kept, what is refused."""

import re
from datetime import date
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from domain.assessment import Assessment, Stage
from domain.measure import Answer, Kind, Measured, Outcome
from domain.official import Office
from services.appraisal import appraise
from services.assessment import assess
from services.assessment.dossier_page import last_saved
from services.i18n import Words
from services.season import organise
from tests.provinces.story import COMMUNE, OTHER, PDF, PROVINCE, Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace
from tests.web.signing import WEB

__all__ = ["desks", "season", "workplace"]

TRAINED = "TC2.CT5"
BY_SCRIPT = {"hx-request": "true"}


def dossier(story: Story, indicator: str = "") -> str:
    return f"/ho-so/{story.season}/{COMMUNE}" + (f"?chi-tieu={indicator}" if indicator else "")


async def enter(desk: Desk, story: Story, numerator: str, denominator: str, **more: str) -> Page:
    page = await desk.open(dossier(story, TRAINED))
    return await desk.send(page, "/cham-diem", ratio(numerator, denominator), **more)


def ratio(numerator: str, denominator: str) -> dict[str, str]:
    return {"TC2.CT5.1.numerator": numerator, "TC2.CT5.1.denominator": denominator}


@pytest.mark.parametrize("digits", ["1" + ".234" * 2_000, "+1" + ".234" * 2_000, "−1" + " 234" * 2_000])
async def test_a_count_of_thousands_of_digits_is_no_number_and_stays_in_its_field(
    desks: Desks, season: Story, digits: str
):
    desk = await desks.officer()

    page = await enter(desk, season, digits, "22")

    assert page.status == 422
    assert page.form("/cham-diem").value("TC2.CT5.1.numerator") == digits
    assert not (await season.dossier()).entry(TRAINED).measures


async def test_an_officer_enters_a_ratio_and_the_rule_gives_the_value(desks: Desks, season: Story):
    desk = await desks.officer()

    page = await enter(desk, season, "19", "22")

    assert page.status == 200
    assert "Điểm tính theo quy định: 1,0" in page.text
    assert "19/22 = 86,36%, thuộc mức từ 80% đến dưới 90%" in page.text.replace("\u00a0", " ")
    entry = (await season.dossier()).entry(TRAINED)
    assert entry.measures == {"TC2.CT5.1": Measured(Kind.RATIO_BANDS, numerator=19, denominator=22)}
    assert str(entry.points) == "1"


async def test_save_and_go_on_leads_to_the_next_indicator_that_waits(desks: Desks, season: Story):
    desk = await desks.officer()

    page = await desk.open(dossier(season, TRAINED))

    page = await desk.send(page, "/cham-diem", {**ratio("19", "22"), "di-tiep": "1"})

    assert parse_qs(urlsplit(page.url).query)["chi-tieu"] == ["TC2.CT6"]


async def test_a_ratio_above_one_is_refused_and_what_was_typed_stays_in_its_fields(desks: Desks, season: Story):
    desk = await desks.officer()

    page = await enter(desk, season, "24", "22")

    assert (page.status, page.refused) == (422, "form-invalid")
    assert "Số đạt (24) không được lớn hơn tổng số" in page.text
    assert page.form("/cham-diem").value("TC2.CT5.1.numerator") == "24"
    assert page.form("/cham-diem").value("TC2.CT5.1.denominator") == "22"
    assert "Lỗi:" in page.html.partition("</title>")[0]
    assert not (await season.dossier()).entry(TRAINED).measures


async def test_every_wrong_field_is_named_at_once(desks: Desks, season: Story):
    desk = await desks.officer()

    page = await enter(desk, season, "mười chín", "22", proposed="9,5")

    assert page.refused == "form-invalid"
    assert "Có 2 mục cần sửa" in page.text
    assert "“mười chín” không phải là số" in page.text
    assert 'href="#TC2.CT5.1.numerator"' in page.html
    assert 'href="#proposed"' in page.html
    assert page.form("/cham-diem").value("proposed") == "9,5"


@pytest.mark.parametrize("typed", ["1,5", "1.5", " 1,5 "])
async def test_a_proposed_value_may_be_typed_with_a_comma_or_a_point(desks: Desks, season: Story, typed: str):
    desk = await desks.officer()

    page = await enter(desk, season, "19", "22", proposed=typed, reason="Ba người mới được công nhận tháng 11.")

    assert page.status == 200
    assert str((await season.dossier()).entry(TRAINED).points) == "1.5"
    assert page.form("/cham-diem").value("proposed") == "1,5"


async def test_a_value_other_than_the_rules_needs_a_reason(desks: Desks, season: Story):
    desk = await desks.officer()

    page = await enter(desk, season, "19", "22", proposed="2")

    assert (page.status, page.refused) == (422, "reason-missing")
    assert page.form("/cham-diem").value("proposed") == "2"
    assert not (await season.dossier()).entry(TRAINED).is_scored


async def test_a_score_above_the_maximum_is_refused(desks: Desks, season: Story):
    desk = await desks.officer()
    page = await desk.open(dossier(season, "TC2.CT1"))

    page = await desk.send(page, "/cham-diem", {"TC2.CT1.points": "6,25"})

    assert page.refused == "form-invalid"
    assert "6,25 lớn hơn điểm tối đa 6" in page.text


async def test_nothing_measured_and_nothing_proposed_says_what_is_missing(desks: Desks, season: Story):
    desk = await desks.officer()

    page = await enter(desk, season, "", "")

    assert page.refused == "form-invalid"
    assert "Chưa đủ số liệu để tính" in page.text


async def test_the_same_form_sent_twice_is_one_command(desks: Desks, season: Story):
    desk = await desks.officer()
    page = await desk.open(dossier(season, TRAINED))

    await desk.send(page, "/cham-diem", ratio("19", "22"))
    facts = len(await season.facts())
    again = await desk.send(page, "/cham-diem", ratio("19", "22"))

    assert again.status == 200
    assert len(await season.facts()) == facts


async def test_an_edit_on_a_stale_version_shows_both_values_and_can_be_sent_again(desks: Desks, season: Story):
    mine, theirs = await desks.officer(), await desks.officer()
    page = await mine.open(dossier(season, TRAINED))
    await enter(theirs, season, "20", "22")

    page = await mine.send(page, "/cham-diem", ratio("19", "22"))

    assert (page.status, page.refused) == (412, "stale")
    assert "19/22" in page.text
    assert "20/22" in page.text
    assert "Measured(" not in page.text
    assert page.form("/cham-diem").value("TC2.CT5.1.numerator") == "19"

    page = await mine.send(page, "/cham-diem")

    assert page.status == 200
    assert (await season.dossier()).entry(TRAINED).measures["TC2.CT5.1"].numerator == 19


@pytest.mark.parametrize("spoilt", ["x", "1e3", "-1", "9" * 40])
async def test_a_spoilt_version_is_a_stale_one(desks: Desks, season: Story, spoilt: str):
    desk = await desks.officer()
    await enter(desk, season, "20", "22")
    page = await desk.open(dossier(season, TRAINED))

    page = await desk.send(page, "/cham-diem", ratio("19", "22"), version=spoilt)

    assert page.refused == "stale"
    assert (await season.dossier()).entry(TRAINED).measures["TC2.CT5.1"].numerator == 20


async def test_two_officers_on_different_indicators_do_not_disturb_each_other(desks: Desks, season: Story):
    mine, theirs = await desks.officer(), await desks.officer()
    page = await mine.open(dossier(season, TRAINED))
    await theirs.send(await theirs.open(dossier(season, "TC2.CT1")), "/cham-diem", {"TC2.CT1.points": "6"})

    page = await mine.send(page, "/cham-diem", ratio("19", "22"))

    assert page.status == 200


async def test_who_only_coordinates_records_data_and_proposes_nothing(desks: Desks, season: Story):
    desk = await desks.officer(Office.OFFICE_STATISTICS)

    page = await enter(desk, season, "19", "22")

    assert page.status == 200
    entry = (await season.dossier()).entry(TRAINED)
    assert entry.measures
    assert not entry.is_scored


@pytest.mark.parametrize("button", [{"di-tiep": "1"}, {}])
async def test_an_empty_form_of_who_coordinates_is_not_said_to_be_saved(
    desks: Desks, season: Story, button: dict[str, str]
):
    desk = await desks.officer(Office.OFFICE_STATISTICS)
    before = len(await season.facts())

    page = await enter(desk, season, "", "", **button)

    assert (page.status, page.refused) == (422, "form-invalid")
    assert "Chưa có gì để lưu" in page.text
    assert "đã lưu" not in page.text.lower()
    assert "da-luu=" not in page.url
    assert len(await season.facts()) == before


async def test_the_buttons_say_when_the_indicator_was_last_saved_whoever_saved_it(desks: Desks, season: Story):
    lead, office = await desks.officer(), await desks.officer(Office.OFFICE_STATISTICS)
    await enter(lead, season, "19", "22")
    await enter(office, season, "20", "22")
    facts = await season.facts()
    scored = next(one for one in facts if isinstance(one.fact, Assessment.IndicatorScored))

    page = await lead.open(dossier(season, TRAINED))

    assert scored.position < facts[-1].position
    assert last_saved(facts, TRAINED) == facts[-1].at != scored.at
    assert last_saved(facts, "TC2.CT1") is None
    assert f"đã lưu {Words('vi', {}).moment(facts[-1].at)}, 1,0" in page.text


async def test_the_language_is_not_changed_where_that_would_lose_what_was_typed(desks: Desks, season: Story):
    desk = await desks.officer()
    page = await desk.open(dossier(season, TRAINED))

    refused = await enter(desk, season, "24", "22")

    assert refused.form("/cham-diem").value("TC2.CT5.1.numerator") == "24"
    assert not refused.offers("/ngon-ngu")
    turned = await desk.post("/ngon-ngu", dict(page.form("/ngon-ngu").fields))
    assert (turned.status, turned.url) == (200, page.url)
    assert 'lang="en"' in turned.html


async def test_what_was_refused_does_not_stand_beside_saved(desks: Desks, season: Story):
    desk = await desks.officer()
    saved = await enter(desk, season, "19", "22")

    refused = await enter(desk, season, "24", "22")

    assert "đã lưu" in saved.text
    assert refused.refused == "form-invalid"
    assert "đã lưu" not in refused.text
    assert "nội dung vừa nhập chưa lưu" in refused.text


async def test_who_neither_leads_nor_coordinates_is_offered_no_form(desks: Desks, season: Story):
    desk = await desks.officer(Office.POLICE_CHIEF)

    page = await desk.open(dossier(season, TRAINED))

    assert not page.offers("/cham-diem")
    assert not page.offers("/minh-chung")
    assert "Công chức phụ trách tư pháp, hộ tịch nhập số liệu của chỉ tiêu này" in page.text


async def test_a_ratio_without_a_rule_for_nothing_arising_says_what_to_do_before_anybody_presses(
    desks: Desks, season: Story
):
    silent = await (await desks.officer()).open(dossier(season, TRAINED))

    assert "Nếu không phát sinh (0/0): để trống số liệu, nhập kết quả tự đánh giá ở ô bên dưới" in silent.text


async def test_the_dossier_of_another_commune_is_not_shown(desks: Desks, season: Story):
    desk = await desks.officer(commune=OTHER)

    page = await desk.open(dossier(season))

    assert (page.status, page.refused) == (403, "not-permitted")


async def test_what_the_rule_gives_is_computed_while_typing_and_nothing_is_recorded(desks: Desks, season: Story):
    desk = await desks.officer()
    form = (await desk.open(dossier(season, TRAINED))).form("/cham-diem")
    typed = dict(form.fields) | {"TC2.CT5.1.numerator": "21", "TC2.CT5.1.denominator": "22"}

    page = await desk.post(
        form.action.replace("/cham-diem", "/tinh"), typed, **{"hx-request": "true", "hx-target": "tinh"}
    )

    assert "Điểm tính theo quy định: 2,0" in page.text
    assert "<form" not in page.html
    assert not (await season.dossier()).entry(TRAINED).measures


# Evidence ---------------------------------------------------------------------------------------------


async def upload(desk: Desk, story: Story, name: str, content: bytes, indicator: str = TRAINED) -> Page:
    page = await desk.open(dossier(story, indicator))
    return await desk.send(page, "/minh-chung", files={"tep": (name, content)})


async def test_a_file_is_attached_listed_and_handed_out_as_it_came(desks: Desks, season: Story):
    desk = await desks.officer()

    page = await upload(desk, season, "Biên bản tập huấn.pdf", PDF)

    assert "Biên bản tập huấn.pdf" in page.text
    (held,) = (await season.dossier()).entry(TRAINED).evidence.values()
    answer = await desk.fetch(f"/ho-so/{season.season}/{COMMUNE}/minh-chung/{held.id}")
    assert answer.content == PDF
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("rong.pdf", b"", "file-empty"),
        ("trang.pdf", b"<!doctype html><script>alert(1)</script>", "file-type-forbidden"),
        ("hinh.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "file-type-forbidden"),
        ("bao-cao\u202efdp.exe", PDF, "file-name-hostile"),
        ("x" * 300 + ".pdf", PDF, "file-name-hostile"),
    ],
)
async def test_a_file_that_cannot_be_evidence_is_refused_and_nothing_is_kept(
    desks: Desks, season: Story, name: str, content: bytes, code: str
):
    desk = await desks.officer()

    page = await upload(desk, season, name, content)

    assert page.refused == code
    assert not (await season.dossier()).entry(TRAINED).evidence


async def test_numbers_typed_beside_a_file_come_back_when_the_file_was_sent_with_them(desks: Desks, season: Story):
    desk = await desks.officer()
    form = (await desk.open(dossier(season, TRAINED))).form("/cham-diem")
    typed = dict(form.fields) | ratio("19", "22") | {"reason": "theo sổ"}

    page = await desk.post(
        form.action.replace("/cham-diem", "/minh-chung"), typed, files={"tep": ("Biên bản tập huấn.pdf", PDF)}
    )

    assert "Biên bản tập huấn.pdf" in page.text
    assert "số liệu đang nhập chưa lưu" in page.text
    form = page.form("/cham-diem")
    assert (form.value("TC2.CT5.1.numerator"), form.value("reason")) == ("19", "theo sổ")
    entry = (await season.dossier()).entry(TRAINED)
    assert (len(entry.evidence), entry.measures) == (1, {})

    page = await desk.send(page, "/cham-diem")

    assert (await season.dossier()).entry(TRAINED).measures["TC2.CT5.1"].numerator == 19
    assert "Đã lưu chỉ tiêu 2.5" in page.text


@pytest.mark.parametrize(("name", "content", "code"), [("a.pdf", b"", "file-empty"), ("", b"", "file-not-chosen")])
async def test_numbers_typed_beside_a_file_that_is_refused_come_back_too(
    desks: Desks, season: Story, name: str, content: bytes, code: str
):
    desk = await desks.officer()
    form = (await desk.open(dossier(season, TRAINED))).form("/cham-diem")
    typed = dict(form.fields) | ratio("19", "22")

    page = await desk.post(form.action.replace("/cham-diem", "/minh-chung"), typed, files={"tep": (name, content)})

    assert page.refused == code
    assert page.form("/cham-diem").value("TC2.CT5.1.numerator") == "19"


async def test_saving_an_indicator_without_evidence_says_so_and_leads_back_to_it(desks: Desks, season: Story):
    desk = await desks.officer()
    page = await desk.open(dossier(season, TRAINED))

    page = await desk.send(page, "/cham-diem", ratio("19", "22"), **{"di-tiep": "1"})

    assert "Đã lưu chỉ tiêu 2.5; chưa có minh chứng" in page.text
    assert f'href="{desk.home}{dossier(season, TRAINED)}#minh-chung"' in page.html

    await upload(desk, season, "a.pdf", PDF)
    page = await desk.send(await desk.open(dossier(season, TRAINED)), "/cham-diem", ratio("20", "22"))

    assert "Đã lưu chỉ tiêu 2.5" in page.text
    assert "chưa có minh chứng" not in page.text


async def test_a_file_that_is_too_large_is_refused_with_its_limit(desks: Desks, season: Story):
    desk = await desks.officer()

    page = await upload(desk, season, "to.pdf", PDF + bytes(20_100_000))

    assert (page.status, page.refused) == (413, "file-too-large")
    assert not (await season.dossier()).entry(TRAINED).evidence


async def test_a_form_that_is_too_large_to_be_read_says_so_and_leads_back_to_the_indicator_that_was_open(
    desks: Desks, season: Story
):
    desk = await desks.officer()
    form = (await desk.open(dossier(season, TRAINED))).form("/cham-diem")
    there = f"{desk.home}{dossier(season, TRAINED)}"
    files = {"tep": ("to.pdf", PDF + bytes(21_000_000))}

    page = await desk.post(
        form.action.replace("/cham-diem", "/minh-chung"), dict(form.fields), files=files, referer=f"{WEB}{there}"
    )
    reloaded = await desk.open(f"/ho-so/{season.season}/{COMMUNE}/minh-chung")
    lured = await desk.open(
        f"/ho-so/{season.season}/{COMMUNE}/minh-chung", referer="https://evil.example/x?chi-tieu=TC1.CT1"
    )

    assert (page.status, page.refused) == (413, "file-too-large")
    assert "20 MB" in page.text
    assert "chưa được đọc nên không giữ lại" in page.text
    assert f'href="{there}">Về trang có biểu mẫu' in page.html
    assert reloaded.status == lured.status == 405
    for one in (reloaded, lured):
        assert f'href="{desk.home}/ho-so/{season.season}/{COMMUNE}">Về trang có biểu mẫu' in one.html


#: A compound file as Word wrote it before 2007: its directory names the stream of the text.
OLD_WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + "WordDocument".encode("utf-16-le").ljust(512, b"\0")


async def test_no_file_chosen_says_so(desks: Desks, season: Story):
    desk = await desks.officer()
    page = await desk.open(dossier(season, TRAINED))

    page = await desk.send(page, "/minh-chung", files={"tep": ("", b"")})

    assert (page.status, page.refused) == (422, "file-not-chosen")
    assert "Chọn tệp trước khi tải lên" in page.text
    assert "Nhập vào ô" not in page.text


@pytest.mark.parametrize(
    ("name", "content", "advice"),
    [
        ("cu.doc", OLD_WORD, "Mở bằng Word, chọn Lưu thành (Save As) .docx"),
        ("anh.heic", b"\0\0\0\x18ftypheic\0\0\0\0heic" + bytes(64), "Tương thích nhất"),
        ("rong.pdf", b"", ""),
        ("a/b.pdf", PDF, ""),
    ],
)
async def test_a_file_that_is_refused_is_asked_for_again_at_its_field_and_says_what_to_send_instead(
    desks: Desks, season: Story, name: str, content: bytes, advice: str
):
    desk = await desks.officer()
    form = (await desk.open(dossier(season, TRAINED))).form("/minh-chung")
    files = {"tep": (name, content)}

    page = await desk.post(form.action, dict(form.fields), files=files)
    part = await desk.post(form.action, dict(form.fields), files=files, **{"hx-request": "true"})

    assert 'aria-invalid="true" aria-describedby="loi-tep tep-h"' in page.html
    assert 'data-field="tep"' in part.html
    assert 'tabindex="-1"' in part.html
    assert advice in page.text
    assert advice in part.text


async def test_the_same_file_twice_is_refused_and_may_support_another_indicator(desks: Desks, season: Story):
    desk = await desks.officer()
    await upload(desk, season, "a.pdf", PDF)

    assert (await upload(desk, season, "b.pdf", PDF)).refused == "evidence-already-attached"

    page = await desk.open(dossier(season, "TC2.CT6"))
    (held,) = (await season.dossier()).entry(TRAINED).evidence.values()
    page = await desk.send(page, "/minh-chung/dung-lai", evidence=f"{TRAINED} {held.id}")
    assert "Cũng dùng ở 2.5" in page.text
    assert held.id in (await season.dossier()).entry("TC2.CT6").evidence


async def test_a_file_is_handed_out_only_to_those_who_may_see_the_dossier_and_while_it_is_part_of_it(
    desks: Desks, season: Story
):
    await season.attach(TRAINED)
    (held,) = (await season.dossier()).entry(TRAINED).evidence.values()
    address = f"{dossier(season)}/minh-chung/{held.id}"
    before = await desks.house.store.position(desks.tenant)
    await assess.withdraw_evidence(await season.officer(), season.season, COMMUNE, TRAINED, held.id, "Nhầm tệp")
    desk = await desks.officer()

    assert (await (await desks.officer(commune=OTHER)).open(address)).status == 403
    assert (await desk.open(f"{dossier(season)}/minh-chung/{uuid4()}")).status == 404
    assert (await desk.open(address)).status == 404
    assert (await desk.fetch(f"{address}?asof={before}")).content == PDF


async def test_a_file_that_was_changed_or_is_gone_is_said_so_with_a_reference_and_never_handed_out(
    desks: Desks, season: Story
):
    content = PDF + season.season.encode()
    await season.attach(TRAINED, content=content)
    (held,) = (await season.dossier()).entry(TRAINED).evidence.values()
    address = f"{dossier(season)}/minh-chung/{held.id}"
    desk = await desks.officer()
    place = (await season.officer()).files._place(held.sha256)
    assert (await desk.open(address)).status == 200
    place.chmod(0o600)

    place.write_bytes(content.replace(b"page", b"pale"))
    damaged = await desk.open(address)
    place.unlink()
    missing = await desk.open(address)

    for page, code in ((damaged, "file-damaged"), (missing, "file-missing")):
        assert (page.status, page.refused) == (500, code)
        assert re.search(r"Số hiệu [0-9A-F]{8}\b", page.text)
        assert held.sha256 not in page.html
        assert "pale" not in page.text


async def test_a_file_sent_by_script_brings_the_evidence_alone_and_leaves_the_editor_as_it_is(
    desks: Desks, season: Story
):
    desk = await desks.officer()
    form = (await desk.open(dossier(season, TRAINED))).form("/minh-chung")

    page = await desk.post(form.action, dict(form.fields), files={"tep": ("a.pdf", PDF)}, **{"hx-request": "true"})

    assert "a.pdf" in page.text
    assert page.offers("/minh-chung")
    assert not page.offers("/cham-diem")
    sheet = page.html.partition('id="phieu"')[2]
    assert 'hx-swap-oob="true"' in sheet.partition(">")[0]
    assert "<input" not in sheet
    assert "<textarea" not in sheet


async def test_a_file_refused_by_script_says_why_and_touches_no_form(desks: Desks, season: Story):
    desk = await desks.officer()
    form = (await desk.open(dossier(season, TRAINED))).form("/minh-chung")

    page = await desk.post(form.action, dict(form.fields), files={"tep": ("a.pdf", b"")}, **{"hx-request": "true"})

    assert page.refused == "file-empty"
    assert page.headers["hx-retarget"] == "#refusal"
    assert not page.forms


async def test_a_file_is_taken_off_only_with_a_reason(desks: Desks, season: Story):
    desk = await desks.officer()
    page = await upload(desk, season, "nham.pdf", PDF)

    refused = await desk.send(page, "/minh-chung/go")
    page = await desk.send(page, "/minh-chung/go", reason="Nhầm tệp của năm trước")

    assert refused.refused == "reason-missing"
    assert not (await season.dossier()).entry(TRAINED).evidence
    assert "gỡ bỏ tệp nham.pdf. Lý do: Nhầm tệp của năm trước" in page.text


async def test_an_explanation_stands_in_for_a_file(desks: Desks, season: Story):
    desk = await desks.officer()
    await enter(desk, season, "19", "22")
    page = await desk.open(dossier(season, TRAINED))

    page = await desk.send(page, "/giai-trinh", explanation="Danh sách lưu tại Phòng Tư pháp.")

    assert "Danh sách lưu tại Phòng Tư pháp." in page.text
    assert (await season.dossier()).entry(TRAINED).is_supported


@pytest.mark.parametrize(
    ("explanation", "code"),
    [("Đ" * 140_000, "text-too-long"), ("mã\u202esố", "sign-not-allowed")],
    ids=["too-long", "reversed"],
)
async def test_an_explanation_that_the_log_does_not_take_is_refused_in_words_and_stays_on_the_page(
    desks: Desks, season: Story, explanation: str, code: str
):
    desk = await desks.officer()
    page = await desk.open(dossier(season, TRAINED))

    page = await desk.send(page, "/giai-trinh", explanation=explanation)

    assert (page.status, page.refused) == (422, code)
    assert page.form("/giai-trinh").value("explanation") == explanation
    assert "Giải trình" in page.text
    assert (await season.dossier()).entry(TRAINED).explanation is None


# Steps ------------------------------------------------------------------------------------------------


async def test_the_overview_names_what_is_missing_and_offers_no_step_that_cannot_be_taken(desks: Desks, season: Story):
    await season.score(TRAINED)
    desk = await desks.officer()

    page = await desk.open(dossier(season))

    assert "thiếu minh chứng hoặc giải trình" in page.text
    assert "chưa chấm" in page.text
    assert not page.offers("/tong-hop")
    assert not page.offers("/gui")


async def test_a_dossier_goes_from_conditions_to_submission_by_the_right_people(desks: Desks, season: Story):
    for code in season.codes:
        await season.score(code)
        await season.attach(code)
    desk, chairman = await desks.officer(), await desks.chairman()

    page = await desk.open(dossier(season))
    assert not page.offers("/tong-hop")
    for changed in ({"occurred": "maybe"}, {"basis": "\u200b"}):
        refused = await desk.send(page, "/dieu-kien", {"occurred": "no", "basis": "Phòng Nội vụ"} | changed)
        assert (refused.status, refused.refused) == (422, "field-missing")
    page = await desk.send(page, "/dieu-kien", occurred="no", basis="Phòng Nội vụ, công văn 118/NV")
    assert "Điều kiện về kỷ luật (Điều 4 khoản 3 Quyết định số 25/2021/QĐ-TTg): bảo đảm" in page.text
    page = await desk.send(page, "/tong-hop", on="02/01/2024")
    days = {f"{one}_on": "2/1/2024" for one in ("office", "portal")}
    days |= {f"{one}_until": "12/1/2024" for one in ("office", "portal")}
    page = await desk.send(page, "/niem-yet-cac-noi", days, portal_place="xamau.example.vn/12")
    assert "xamau.example.vn/12" in page.text
    assert not page.offers("/gui")
    await season.agree()

    page = await chairman.send(await chairman.open(dossier(season)), "/gui", document_no="45/TTr", on="16/01/2024")

    assert "Gửi ngày 16/01/2024, Tờ trình số 45/TTr" in page.text
    assert (await season.dossier()).stage is Stage.SUBMITTED


async def test_where_no_meeting_is_asked_for_the_chairman_sends_after_the_posting(desks: Desks):
    season = await Story(desks.house, desks.tenant, "", "qd-619-2017").opened()
    await season.posted(until=date(2024, 1, 15))
    desk, chairman = await desks.officer(), await desks.chairman()
    page = await desk.open(dossier(season))
    assert "Tại Trụ sở, đến hết ngày 15/01/2024" in page.text
    assert not page.offers("/gui")

    early = await chairman.send(await chairman.open(dossier(season)), "/gui", document_no="45/TTr", on="10/01/2024")
    assert early.refused == "posting-unfinished"
    assert "Gửi sau khi hết niêm yết: người dân còn góp ý đến hết ngày đó." in early.text
    assert "từ ngày 16/01/2024, sau khi hết niêm yết" in early.text
    page = await chairman.send(await chairman.open(dossier(season)), "/gui", document_no="45/TTr", on="16/01/2024")

    assert "Gửi ngày 16/01/2024, Tờ trình số 45/TTr" in page.text
    assert (await season.dossier()).stage is Stage.SUBMITTED


async def test_a_date_that_is_none_is_refused_and_kept(desks: Desks, season: Story):
    await season.filled()
    desk = await desks.officer()

    page = await desk.send(await desk.open(dossier(season)), "/tong-hop", on="31/02/2024")

    assert page.refused == "not-a-date"
    assert page.form("/tong-hop").value("on") == "31/02/2024"


async def test_comments_are_answered_before_the_chairman_may_submit(desks: Desks, season: Story):
    await season.posted()
    await assess.receive_comment(
        desks.house.system(desks.tenant, (await season.by("99001 police-chief")).command_id),
        season.season,
        COMMUNE,
        "Số hòa giải thành nhiều hơn thực tế.",
        date(2024, 1, 10),
    )
    desk, chairman = await desks.officer(), await desks.chairman()

    assert not (await chairman.open(dossier(season))).offers("/gui")
    page = await desk.open(dossier(season))
    assert "Số hòa giải thành nhiều hơn thực tế." in page.text
    await desk.send(page, "/tra-loi", answer="Đã đối chiếu sổ theo dõi của 5 tổ hòa giải.")

    assert not (await chairman.open(dossier(season))).offers("/gui")
    await season.agree()
    assert (await chairman.open(dossier(season))).offers("/gui")


async def test_a_returned_indicator_says_why_and_until_when_and_only_it_can_be_changed(desks: Desks, season: Story):
    await season.submitted()
    due = (await season.appraiser()).today.replace(year=2030)
    await appraise.return_indicator(
        await season.appraiser(), season.season, COMMUNE, TRAINED, "Thiếu danh sách có chữ ký", due
    )
    desk, chairman = await desks.officer(), await desks.chairman()

    page = await desk.open(dossier(season, TRAINED))
    assert f"Bị trả lại để bổ sung, hạn {due:%d/%m/%Y}" in page.text
    assert "Thiếu danh sách có chữ ký" in page.text
    assert not (await desk.open(dossier(season, "TC2.CT6"))).offers("/cham-diem")
    await upload(desk, season, "ky.pdf", PDF + b"signed")
    page = await chairman.send(await chairman.open(dossier(season)), "/gui-lai", on="20/01/2024")

    assert "Gửi lại sau bổ sung ngày 20/01/2024" in page.text
    assert (await season.dossier()).stage is Stage.SUBMITTED


async def test_a_sheet_is_reopened_with_a_reason(desks: Desks, season: Story):
    await season.posted()
    desk = await desks.officer()

    page = await desk.send(await desk.open(dossier(season)), "/mo-lai", reason="Nhập nhầm số vụ hòa giải")

    assert page.status == 200
    assert (await season.dossier()).stage is Stage.COLLECTING


# Other rulebooks, other moments -----------------------------------------------------------------------


async def test_a_rulebook_of_levels_never_speaks_of_points(desks: Desks):
    story = await Story(desks.house, desks.tenant, "", "qd-27-2025").opened(decided_by=PROVINCE)
    await story.score("TC1.CT1")
    desk = await desks.officer()

    pages = [await desk.open(dossier(story)), *[await desk.open(dossier(story, code)) for code in story.codes]]

    assert {page.status for page in pages} == {200}
    assert not [page.url for page in pages if "điểm" in page.html.lower()]


async def test_met_and_not_met_are_proposed_by_the_measured_data_or_with_a_reason(desks: Desks):
    story = await Story(desks.house, desks.tenant, "", "qd-27-2025").opened(decided_by=PROVINCE)
    desk = await desks.officer()
    page = await desk.open(dossier(story, "TC1.CT1"))
    data = {"TC1.CT1.1.numerator": "9", "TC1.CT1.1.denominator": "10"}

    page = await desk.send(page, "/cham-diem", data)
    assert (await story.dossier()).entry("TC1.CT1").outcome is Outcome.NOT_MET
    page = await desk.send(page, "/cham-diem", proposed="met")
    assert page.refused == "reason-missing"
    page = await desk.send(page, "/cham-diem", reason="Một văn bản do cấp tỉnh sửa đổi.")

    assert page.status == 200
    assert (await story.dossier()).entry("TC1.CT1").outcome is Outcome.MET


async def test_nothing_arisen_is_ticked_where_the_rulebook_allows_it(desks: Desks):
    story = await Story(desks.house, desks.tenant, "", "qd-27-2025").opened(decided_by=PROVINCE)
    desk = await desks.officer()
    page = await desk.open(dossier(story, "TC1.CT1"))

    page = await desk.send(page, "/cham-diem", {"TC1.CT1.1.not_arisen": "1"})

    assert "Không phát sinh trong năm" in page.text
    assert (await story.dossier()).entry("TC1.CT1").outcome is Outcome.MET


@pytest.mark.parametrize("rulebook", ["qd-619-2017", "qd-25-2021", "qd-27-2025"])
async def test_every_indicator_of_every_rulebook_can_be_shown_and_saved_as_it_stands(desks: Desks, rulebook: str):
    unit = PROVINCE if rulebook == "qd-27-2025" else "990"
    story = await Story(desks.house, desks.tenant, "", rulebook).opened(decided_by=unit)
    desk = await desks.officer()

    for code in story.codes:
        await story.score(code)
        await desk.send(await desk.open(dossier(story, code)), "/cham-diem")
        version = (await story.dossier()).version
        page = await desk.send(await desk.open(dossier(story, code)), "/cham-diem")
        assert page.status == 200, (code, page.refused, page.text[:300])
        assert (await story.dossier()).version == version, code


async def test_the_past_shows_what_was_there_and_lets_nobody_write(desks: Desks, season: Story):
    desk = await desks.officer()
    await enter(desk, season, "19", "22")
    then = (await season.facts())[-1].position
    await enter(desk, season, "21", "22")

    past = await desk.open(f"{dossier(season, TRAINED)}&asof={then}")
    now = await desk.open(dossier(season, TRAINED))

    assert 'class="past"' in past.html
    assert "19/22" in past.text
    assert "21/22" not in past.text
    assert not past.offers("/cham-diem")
    assert not past.offers("/minh-chung")
    assert "21/22" in now.html or now.form("/cham-diem").value("TC2.CT5.1.numerator") == "21"


async def test_as_of_the_last_position_the_dossier_reads_as_it_does_today(desks: Desks, season: Story):
    await season.submitted()
    desk = await desks.of(Office.INSPECTOR)
    last = await desks.house.store.position(desks.tenant)

    past = await desk.open(f"{dossier(season, TRAINED)}&asof={last}")
    now = await desk.open(dossier(season, TRAINED))

    def sheet(page: Page) -> str:
        return page.html.partition('id="phieu"')[2].partition("</section>")[0].replace(f"&amp;asof={last}", "")

    assert sheet(past).replace(f"?asof={last}", "") == sheet(now)


async def coordinated(season: Story) -> None:
    """The police coordinate one indicator, which the justice officer leads; nobody else has any."""
    await organise.assign_indicators(
        await season.as_administrator(),
        season.season,
        [(code, Office.JUSTICE_OFFICER, [Office.POLICE_CHIEF] if code == TRAINED else []) for code in season.codes],
    )


async def test_a_coordinator_s_task_ends_when_the_data_stand_and_the_lead_is_told_to_propose(
    desks: Desks, season: Story
):
    await coordinated(season)
    police, lead = await desks.officer(Office.POLICE_CHIEF), await desks.officer()
    page = await police.open(dossier(season, TRAINED))
    assert "cần nhập" in page.text

    page = await police.send(page, "/cham-diem", ratio("19", "22"), **{"di-tiep": "1"})

    assert "chi-tieu" not in parse_qs(urlsplit(page.url).query)  # nothing else waits: back to the steps
    assert "Đã lưu chỉ tiêu 2.5" in page.text
    assert "cần nhập" not in page.text
    assert "Phối hợp nhập số liệu" not in (await police.open("/viec")).text
    assert "2.5 Đã có số liệu: ghi điểm tự chấm" in (await lead.open("/viec")).text
    assert "cần ghi kết quả" in (await lead.open(dossier(season))).text


async def test_after_the_last_indicator_of_the_lead_save_and_go_on_leads_back_to_the_steps(desks: Desks, season: Story):
    await season.filled()
    desk = await desks.officer()
    page = await desk.open(dossier(season, TRAINED))
    assert "Lưu và về các bước" in page.text

    page = await desk.send(page, "/cham-diem", ratio("19", "22"), **{"di-tiep": "1"})

    assert "chi-tieu" not in parse_qs(urlsplit(page.url).query)
    assert page.offers("/tong-hop")


async def test_what_was_returned_is_sent_again_only_with_something_new(desks: Desks, season: Story):
    await season.submitted()
    due = (await season.appraiser()).today.replace(year=2030)
    await appraise.return_indicator(await season.appraiser(), season.season, COMMUNE, TRAINED, "Thiếu chữ ký", due)
    chairman, officer = await desks.chairman(), await desks.officer()

    page = await chairman.open(dossier(season))
    assert not page.offers("/gui-lai")
    assert "Còn 1 chỉ tiêu chưa bổ sung" in page.text
    await upload(officer, season, "ky.pdf", PDF + b"signed")

    assert "đã bổ sung" in (await officer.open(dossier(season))).text
    assert (await chairman.open(dossier(season))).offers("/gui-lai")


async def test_an_officer_who_enters_data_is_not_offered_what_inspectors_look_for(desks: Desks, season: Story):
    for desk, offered in ((await desks.officer(), False), (await desks.of(Office.INSPECTOR.value), True)):
        page = await desk.open(dossier(season, TRAINED))
        for place in ("/gia-dinh/", "/phat-lai/", "/dau-hieu/", "/trach-nhiem/"):
            assert (place in page.html.partition('id="lich-su"')[2]) is offered, place


# Several people on one dossier ------------------------------------------------------------------------


async def test_an_explanation_of_somebody_else_is_shown_before_it_is_replaced(desks: Desks, season: Story):
    mine, theirs = await desks.officer(), await desks.officer()
    page = await mine.open(dossier(season, TRAINED))
    await theirs.send(await theirs.open(dossier(season, TRAINED)), "/giai-trinh", explanation="Danh sách lưu ở xã.")

    page = await mine.send(page, "/giai-trinh", explanation="Không phát sinh.")

    assert (page.status, page.refused) == (412, "stale")
    assert "Đang lưu: Danh sách lưu ở xã.. Vừa nhập: Không phát sinh." in page.text
    assert page.form("/giai-trinh").value("explanation") == "Không phát sinh."
    await mine.send(page, "/giai-trinh")
    assert (await season.dossier()).entry(TRAINED).explanation == "Không phát sinh."


async def test_one_person_saves_an_explanation_by_script_as_often_as_they_like(desks: Desks, season: Story):
    desk = await desks.officer()
    page = await desk.open(dossier(season, TRAINED))

    for text in ("Danh sách lưu ở xã.", "Danh sách lưu ở huyện.", "Danh sách lưu ở tỉnh."):
        form = page.form("/giai-trinh")
        page = await desk.post(form.action, {**dict(form.fields), "explanation": text}, **BY_SCRIPT)
        assert (page.status, page.refused) == (200, "")

    assert (await season.dossier()).entry(TRAINED).explanation == text


async def test_a_form_that_a_script_left_in_place_gets_the_version_that_was_shown_beside_it(
    desks: Desks, season: Story
):
    desk = await desks.officer()
    form = (await desk.open(dossier(season, TRAINED))).form("/giai-trinh")
    await assess.explain(await season.officer(), season.season, COMMUNE, TRAINED, "Danh sách lưu ở xã.")

    page = await desk.post(form.action, {**dict(form.fields), "explanation": "Không phát sinh."}, **BY_SCRIPT)

    assert page.refused == "stale"
    version = (await season.dossier()).version
    swapped = f"""outerHTML:form[action="{form.action}"] [name="version"]"""
    assert f"""name="version" value="{version}" hx-swap-oob='{swapped}'""" in page.html
    again = {**dict(form.fields), "explanation": "Không phát sinh.", "version": str(version), "command": ""}
    assert (await desk.post(form.action, again, **BY_SCRIPT)).status == 200


async def test_a_survey_of_somebody_else_is_not_replaced_unseen(desks: Desks):
    story = await Story(desks.house, desks.tenant, "", "qd-619-2017").opened()
    mine, theirs = await desks.officer(), await desks.officer()
    page, other = await mine.open(dossier(story)), await theirs.open(dossier(story))
    await theirs.send(other, "/hai-long", satisfied="80", asked="100", handed_out="120")

    refused = await mine.send(page, "/hai-long", satisfied="95", asked="100", handed_out="120")

    assert refused.refused == "stale"
    assert "Đang lưu: 80, 100. Vừa nhập: 95, 100." in refused.text
    assert (await story.dossier()).satisfaction == (80, 100)


async def test_a_condition_declared_meanwhile_is_shown_and_what_was_chosen_stays_chosen(desks: Desks, season: Story):
    mine = await desks.officer()
    page = await mine.open(dossier(season))
    (condition,) = season.rulebook.vetoes
    await assess.declare_veto(await season.officer(), season.season, COMMUNE, condition.code, Answer.YES, "Kết luận 3")

    page = await mine.send(page, "/dieu-kien", occurred="no", basis="Công văn 5")

    assert page.refused == "stale"
    assert "Xác nhận: Kết luận 3" in page.text
    assert (await season.dossier()).vetoes == {condition.code: Answer.YES}
    form = page.form("/dieu-kien")
    assert [value for name, value in form.fields if name == "occurred"] == ["no"]
    assert form.value("basis") == "Công văn 5"


async def test_a_comment_answered_meanwhile_is_not_answered_again_and_the_text_is_listed(desks: Desks, season: Story):
    await season.posted()
    await assess.receive_comment(await season.officer(), season.season, COMMUNE, "Thiếu bảng tin", date(2024, 1, 3))
    mine, theirs = await desks.officer(), await desks.officer()
    page, other = await mine.open(dossier(season)), await theirs.open(dossier(season))
    await theirs.send(other, "/tra-loi", answer="Đã treo lại.")

    page = await mine.send(page, "/tra-loi", answer="Sẽ kiểm tra.")

    assert page.refused == "stale"
    assert "Nội dung vừa nhập" in page.text
    assert "Trả lời Sẽ kiểm tra." in page.text
    (answer,) = (await season.dossier()).comments.values()
    assert answer == "Đã treo lại."


async def test_what_was_typed_while_the_sheet_was_brought_together_is_listed_to_be_copied(desks: Desks, season: Story):
    await season.filled()
    desk = await desks.officer()
    page = await desk.open(dossier(season, TRAINED))
    await assess.consolidate(await season.officer(), season.season, COMMUNE, date(2024, 1, 2))

    explained = await desk.send(page, "/giai-trinh", explanation="Danh sách lưu tại Phòng Tư pháp.")
    scored = await desk.send(page, "/cham-diem", ratio("19", "22"), proposed="1,5", reason="Ba người mới.", command="")
    wrong = await desk.send(page, "/cham-diem", ratio("24", "22"), reason="Ba người mới.", command="")

    for answer in (explained, scored, wrong):
        assert answer.refused == "assessment-locked"
        assert "Chưa ghi nhận gì. Chép lại từ đây nếu cần." in answer.text
        assert "còn nguyên bên dưới" not in answer.text
        assert "Đến chỗ cần sửa" not in answer.text
    assert "Giải trình Danh sách lưu tại Phòng Tư pháp." in explained.text
    assert "Lý do Ba người mới." in scored.text
    assert "2.5.1, Số đạt yêu cầu 19" in scored.text
    assert "2.5.1, Số đạt yêu cầu 24" in wrong.text
