"""A form without its session: what was typed stays, is shown in words, and is sent by who typed it or by nobody."""

import re

import msgspec
import pytest

from infra.identity.sessions import KeptForm, Session
from services.i18n import load_words
from services.web import urls
from services.web.security import unmasked
from services.web.sent_form import in_words
from tests.provinces.story import COMMUNE, PDF, Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

VI = load_words()["vi"]
HTMX = {"hx-request": "true"}


def dossier(story: Story, indicator: str = "TC2.CT5") -> str:
    return f"/ho-so/{story.season}/{COMMUNE}?chi-tieu={indicator}"


async def session_of(desks: Desks, desk: Desk) -> Session:
    session = await desks.house.sessions.find(desk.client.cookies["session"])
    assert session is not None
    return session


async def kept_from(desks: Desks, desk: Desk, page: Page, typed: dict[str, str], *, token: bool = True) -> KeptForm:
    """What is kept of the page's form of an explanation once its session has ended."""
    form = page.form("/giai-trinh")
    mark = unmasked(form.value("csrf")) if token else ""
    fields = {name: value for name, value in form.fields if name not in ("csrf", "command")} | typed
    return KeptForm(form.action, tuple(fields.items()), mark)


async def test_a_page_that_asks_without_a_session_is_not_led_away(desks: Desks, season: Story):
    desk = await desks.officer()
    page = await desk.open(dossier(season))
    form = page.form("/cham-diem")
    desk.client.cookies.clear()
    here = page.url

    calculated = await desk.post(form.action.replace("/cham-diem", "/tinh"), dict(form.fields), **HTMX)
    looked = await desk.open(dossier(season), **HTMX, **{"hx-current-url": here})
    foreign = ("https://evil.example/x", "https://evil.example/t/x", "http://[", "//[/t/[")
    elsewhere = [await desk.open(dossier(season), **HTMX, **{"hx-current-url": one}) for one in foreign]

    for answer in (calculated, looked, *elsewhere):
        assert (answer.status, answer.refused) == (401, "sign-in-needed")
        assert "hx-redirect" not in answer.headers
        assert answer.headers["hx-retarget"] == "#refusal"
        assert "Phiên làm việc đã hết hạn" in answer.text
    assert "tiep=%2Ft%2F" in looked.html
    assert "%3Fchi-tieu%3DTC2.CT5" in looked.html
    assert all("tiep=" not in answer.html for answer in elsewhere)


async def test_what_was_typed_is_offered_to_who_typed_it_with_what_will_be_recorded(desks: Desks, season: Story):
    desk = await desks.officer()
    sessions = desks.house.sessions
    kept = await kept_from(desks, desk, await desk.open(dossier(season)), {"explanation": "Vì chờ văn bản."})
    name = await sessions.keep(kept)
    assert await sessions.claim(name, await session_of(desks, desk))

    page = await desk.open(f"/dang-nhap/gui-lai?giu={name}")
    turned = await desk.post("/ngon-ngu", dict(page.form("/ngon-ngu").fields))
    sent = await desk.send(page, "/giai-trinh")

    assert 'lang="en"' in turned.html
    assert turned.form("/giai-trinh").value("explanation") == "Vì chờ văn bản."
    assert "Việc giải trình chỉ tiêu" in page.text
    assert "Đơn vị cấp xã Thị trấn Bến Lụa" in page.text
    assert "dưới tên người đang đăng nhập: Công chức" in page.text
    assert "Không rõ ai đã nhập" not in page.text
    assert "Chỉ tiêu 2.5" in page.text
    assert "TC2.CT5" not in page.text
    assert "Vì chờ văn bản." in sent.text


@pytest.mark.parametrize("field", ["tep", "file"])
async def test_a_file_of_a_form_without_its_session_is_chosen_again_and_the_form_can_be_finished(
    desks: Desks, season: Story, field: str
):
    desk = await desks.officer()
    sessions = desks.house.sessions
    page = await desk.open(dossier(season))
    action = page.form("/minh-chung").action
    held = desk.client.cookies["session"]
    desk.client.cookies.clear()
    sent = {**dict(page.form("/minh-chung").fields), "TC2.CT5.1.numerator": "19"}

    ended = await desk.post(action, sent, files={field: ("bao-cao.pdf", PDF)})
    kept_fields = msgspec.json.decode(ended.form("/dang-nhap").value("kept_fields"), type=tuple[tuple[str, str], ...])
    desk.client.cookies.set("session", held)
    name = await sessions.keep(KeptForm(action, kept_fields, unmasked(dict(kept_fields)["csrf"])))
    assert await sessions.claim(name, await session_of(desks, desk))
    again = await desk.open(f"/dang-nhap/gui-lai?giu={name}")

    assert (field, "bao-cao.pdf") in kept_fields
    assert 'enctype="multipart/form-data"' in again.html
    assert re.search(rf'<input type="file" id="{field}" name="{field}"', again.html)
    assert (field, "bao-cao.pdf") not in again.form("/minh-chung").fields
    if field == "tep":
        done = await desk.post(action, dict(again.form("/minh-chung").fields), files={field: ("bao-cao.pdf", PDF)})
        assert done.refused == ""
        assert (await season.dossier()).entry("TC2.CT5").evidence


async def test_what_somebody_else_typed_is_neither_shown_nor_sent(desks: Desks, season: Story):
    officer, chairman = await desks.officer(), await desks.chairman()
    sessions = desks.house.sessions
    kept = await kept_from(desks, officer, await officer.open(dossier(season)), {"explanation": "Vì chờ văn bản."})
    name = await sessions.keep(kept)
    assert await sessions.claim(name, await session_of(desks, chairman))

    page = await chairman.open(f"/dang-nhap/gui-lai?giu={name}")

    assert "Nội dung đã nhập là của người khác" in page.text
    assert "chờ văn bản" not in page.html
    assert not page.offers("/giai-trinh")
    assert await sessions.kept(name, await session_of(desks, officer)) is None


async def test_what_nobody_knows_the_writer_of_says_so_and_can_be_thrown_away(desks: Desks, season: Story):
    desk = await desks.officer()
    sessions = desks.house.sessions
    page = await desk.open(dossier(season))
    name = await sessions.keep(await kept_from(desks, desk, page, {"explanation": "Ai viết?"}, token=False))
    session = await session_of(desks, desk)
    assert await sessions.claim(name, session)

    shown = await desk.open(f"/dang-nhap/gui-lai?giu={name}")
    await desk.send(shown, "/dang-nhap/gui-lai")

    assert "Không rõ ai đã nhập" in shown.text
    assert "Ai viết?" in shown.text
    assert await sessions.kept(name, session) is None


async def test_a_form_opened_by_somebody_else_says_who_is_signed_in_now(desks: Desks, season: Story):
    officer, chairman = await desks.officer(), await desks.chairman()
    form = (await officer.open(dossier(season))).form("/giai-trinh")
    typed = dict(form.fields) | {"explanation": "Vì chờ văn bản."}

    other = await chairman.post(form.action, typed)
    spoilt = await chairman.post(form.action, typed | {"csrf": "x"})

    assert (other.status, other.refused) == (403, "foreign-request")
    assert "đang đăng nhập bằng người khác" in other.text
    assert "Chủ tịch" in other.text
    assert "Vì chờ văn bản." in other.text
    assert spoilt.refused == "foreign-request"
    assert "người khác" not in spoilt.text


@pytest.mark.parametrize(
    ("name", "value", "label", "shown"),
    [
        ("form", "cham-diem", None, None),
        ("chi-tieu", "TC2.CT4", "Chỉ tiêu", "2.4"),
        ("TC2.CT4.1.from_on", "1/2/2024", "2.4.1, Ngày", "1/2/2024"),
        ("TC2.CT4.1.numerator", "19", "2.4.1, ", "19"),
        ("TC2.CT4.1.not_arisen", "1", "2.4.1, Không phát sinh", "có"),
        ("TC2.CT4.1.nobody_knows", "7", "2.4.1", "7"),
        ("nobody-knows", "9", "", "9"),
        ("choice", "other", "Lựa chọn", "Ý kiến khác"),
        ("choice", "for-ever", None, None),
        ("role", "king", None, None),
        ("evidence", "4b1d8a3e-0000-4000-8000-000000000001", None, None),
        ("reason", "", None, None),
    ],
)
def test_fields_are_shown_as_people_call_them(name: str, value: str, label: str | None, shown: str | None):
    lines = in_words([(name, value)], VI)

    if label is None:
        assert lines == []
    else:
        assert lines[0].label.startswith(label)
        assert (lines[0].label == "") is (label == "")
        assert lines[0].value.lower() == (shown or "").lower()


def test_what_two_forms_hold_that_were_sent_together_is_said_once():
    lines = in_words([("chi-tieu", "TC2.CT3"), ("explanation", "a\nb"), ("chi-tieu", "TC2.CT3")], VI)

    assert [line.value for line in lines] == ["2.3", "a\nb"]


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/t/x/ho-so/2023/99001/minh-chung", "/t/x/ho-so/2023/99001"),
        ("/t/x/ho-so/2023/99001/minh-chung/go", "/t/x/ho-so/2023/99001"),
        ("/t/x/ho-so/2023/99001", "/t/x/ho-so/2023/99001"),
        ("/t/x/hop/2023/990-1/ghi-phieu", "/t/x/hop/2023/990-1"),
        ("/t/x/mua/lap-ke-hoach", "/t/x/mua"),
        ("/t/x/mua/2023/mo", "/t/x/mua/2023"),
        ("/t/x/quan-tri/giao-nhiem-vu", "/t/x/quan-tri"),
        ("/t/x/quan-tri/du-lieu-ca-nhan/huy", "/t/x/quan-tri/du-lieu-ca-nhan"),
        ("/t/x/thanh-tra/xem-xet/2023/99001/1/ket-luan", "/t/x/thanh-tra/xem-xet/2023/99001/1"),
        ("/t/x/khong-co/2023", ""),
        ("/t/x", ""),
        ("/", ""),
    ],
)
def test_the_page_of_a_form_is_known_from_where_it_is_sent(path: str, page: str):
    assert urls.page_of(path) == page


@pytest.mark.parametrize(
    ("path", "said", "named"),
    [
        ("/t/x/ho-so/2023/99001/cham-diem", "ho-so/cham-diem", {"season": "2023", "commune": "99001"}),
        ("/t/x/hop/2023/990-1/ghi-phieu", "hop/ghi-phieu", {"season": "2023", "meeting": "990-1"}),
        ("/t/x/mua/lap-ke-hoach", "mua/lap-ke-hoach", {}),
        ("/t/x/mua/2023/mo", "mua/mo", {"season": "2023"}),
        ("/t/x/thanh-tra/xem-xet/2023/mo", "thanh-tra/xem-xet/mo", {"season": "2023"}),
        ("/t/x/ket-xuat/4b1d8a3e-0000-4000-8000-000000000001/huy", "ket-xuat/huy", {}),
        ("/t/x", "", {}),
    ],
)
def test_an_address_says_what_is_done_and_where(path: str, said: str, named: dict[str, str]):
    assert urls.read(path) == (said, named)


async def test_what_was_recorded_in_place_brings_along_all_that_it_changed(desks: Desks, season: Story):
    desk = await desks.officer()
    form = (await desk.open(dossier(season))).form("/giai-trinh")

    answer = await desk.post(form.action, {**dict(form.fields), "explanation": "Vì chờ văn bản."}, **HTMX)

    for place in ("tien-do", "den-phieu", "phieu", "luc-luu", "refusal"):
        assert f'id="{place}"' in answer.html
    assert answer.html.count("hx-swap-oob") >= 5
    assert "<html" not in answer.html
    assert answer.refused == ""


@pytest.mark.parametrize("has_note", [True, False], ids=["with a note that evidence lacks", "without"])
async def test_all_that_is_brought_along_has_its_place_on_the_page(desks: Desks, season: Story, *, has_note: bool):
    desk = await desks.officer()
    page = await desk.open(dossier(season))
    if has_note:
        numbers = {"TC2.CT5.1.numerator": "19", "TC2.CT5.1.denominator": "22"}
        page = await desk.send(page, "/cham-diem", numbers)
    form = page.form("/giai-trinh")

    answer = await desk.post(form.action, {**dict(form.fields), "explanation": "Vì chờ văn bản."}, **HTMX)

    brought = re.findall(r'id="([^"]+)"[^>]* hx-swap-oob', answer.html)
    assert ("chưa có minh chứng" in page.text) is has_note
    assert "thieu-TC2.CT5" in brought
    assert [one for one in brought if page.html.count(f'id="{one}"') != 1] == []


async def test_a_file_that_was_not_chosen_is_asked_for_at_its_field(desks: Desks, season: Story):
    desk = await desks.officer()
    form = (await desk.open(dossier(season))).form("/minh-chung")

    page = await desk.post(form.action, dict(form.fields))
    part = await desk.post(form.action, dict(form.fields), **HTMX)

    assert page.refused == "file-not-chosen"
    assert '<a href="#tep">' in page.html
    assert 'id="tep" name="tep"' in page.html
    assert 'aria-invalid="true" aria-describedby="loi-tep tep-h"' in page.html
    assert 'id="loi-tep"' in page.html
    assert 'data-field="tep"' in part.html


async def test_a_reason_that_is_missing_is_asked_for_at_its_field(desks: Desks, season: Story):
    desk = await desks.officer()
    page = await desk.open(dossier(season))
    numbers = {"TC2.CT5.1.numerator": "19", "TC2.CT5.1.denominator": "22"}

    refused = await desk.send(page, "/cham-diem", numbers, proposed="2")

    assert refused.refused == "reason-missing"
    assert '<a href="#reason">' in refused.html
    assert 'id="reason" name="reason" rows="2" aria-invalid="true" aria-describedby="loi-reason"' in refused.html
