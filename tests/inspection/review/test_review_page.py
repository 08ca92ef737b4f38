"""A review through its pages: opened, heard, found, determined, proposed, concluded; then everybody reads it."""

import pytest

from domain.official import Office
from domain.recognition import Recognition
from domain.review import Ground, Review
from services.clock import today
from services.inspection.review import conduct_review
from services.recognition import recognise
from tests.provinces.story import COMMUNE, OTHER, TODAY, Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

INSPECTOR, CHAIRMAN = Office.INSPECTOR.value, Office.DISTRICT_CHAIRMAN.value
OFFICER = f"{COMMUNE} {Office.JUSTICE_OFFICER}"

#: A last day to explain that is far ahead.
LATER = f"31/12/{today().year + 5}"


def listed(story: Story) -> str:
    return f"/thanh-tra/xem-xet/{story.season}"


def review(story: Story, number: int = 1) -> str:
    return f"/thanh-tra/xem-xet/{story.season}/{COMMUNE}/{number}"


async def open_review(desk: Desk, story: Story, **more: str) -> Page:
    page = await desk.open(f"{listed(story)}?xa={COMMUNE}")
    filled = {
        "ground": "false-evidence",
        "statement": "Danh sách không khớp sổ gốc",
        "document_no": "21/QĐ-TTr",
        "document_on": "2/4/2024",
    }
    return await desk.send(page, "/mo", filled | more)


async def position_of(story: Story, kind: str) -> int:
    mine = [one for one in await story.facts() if one.stream.subject == COMMUNE]
    return [one.position for one in mine if type(one.fact).__qualname__ == kind][-1]


async def officer_in(page: Page, story: Story) -> str:
    """The choice that names the justice officer of the commune."""
    before, _, _ = page.html.partition(f">Người {OFFICER} – Công chức phụ trách tư pháp, hộ tịch")
    return before.rpartition('value="')[2].partition('"')[0]


@pytest.fixture
async def published(season: Story) -> Story:
    await season.decided()
    await recognise.sign(await season.decider(), season.season, COMMUNE, "ab" * 32)
    await recognise.publish(await season.decider(), season.season, COMMUNE, "Cổng", TODAY)
    return season


async def test_a_review_goes_from_its_ground_to_the_public_page(desks: Desks, published: Story):
    inspector, chairman, officer = await desks.of(INSPECTOR), await desks.of(CHAIRMAN), await desks.of(OFFICER)
    scored = await position_of(published, "Assessment.IndicatorScored")

    page = await open_review(inspector, published, references=f"#{scored}")
    who = await officer_in(page, published)
    page = await inspector.send(page, "/hoi", official=who, question="Danh sách lập từ đâu?", due=LATER)
    work = await officer.open("/viec")
    mine = await officer.open(review(published))
    mine = await officer.send(mine, "/giai-trinh", explanation="Theo số người được mời")
    page = await inspector.open(review(published))
    page = await inspector.send(page, "/xac-minh", finding="Sổ gốc có 13 chữ ký", references=f"{scored}")
    page = await inspector.send(page, "/ghi-chu", marked=f"#{scored}", note="Chưa đối chiếu sổ")
    page = await inspector.send(page, "/trach-nhiem", official=who, act=f"#{scored}", degree="direct", basis="Điều 7")
    page = await inspector.send(page, "/kien-nghi", ruling="revoked", reason="Tiêu chí 2 dưới một nửa")
    waiting = await chairman.open("/viec")
    before = await chairman.house.store.position(chairman.tenant)
    page = await chairman.open(review(published))
    page = await chairman.send(page, "/ket-luan", ruling="revoked", decision_no="915/QĐ-UBND", on="15/5/2024")

    assert "Giải trình theo yêu cầu của Thanh tra" in work.text
    assert "Theo số người được mời" in mine.text
    assert "Kết luận việc xem xét lại" in waiting.text
    assert "Thu hồi quyết định công nhận" in page.text
    assert "trách nhiệm trực tiếp" in page.text
    assert "Người kết luận cũng là người đã ra quyết định công nhận." in page.text
    assert "Chưa đối chiếu sổ" not in page.text
    assert "Chưa đối chiếu sổ" in (await inspector.open(review(published))).text

    public = f"/cong-khai/{published.season}/{COMMUNE}"
    told = await chairman.open(public)
    assert "Quyết định công nhận đã bị thu hồi" in told.text
    assert "915/QĐ-UBND" in told.text
    assert "Tiêu chí 2 dưới một nửa" in told.text
    for path in (f"/quyet-dinh/{published.season}/{COMMUNE}", f"/bang/{published.season}"):
        now, then = await inspector.open(path), await inspector.open(f"{path}?asof={before}")
        assert "hu hồi" in now.text, path
        assert "đã bị thu hồi" not in then.text, path
        assert "Đã thu hồi" not in then.text, path
    assert "Chờ Chủ tịch UBND" in (await inspector.open(f"{review(published)}?asof={before}")).text


async def test_what_is_missing_is_named_and_what_was_typed_stays(desks: Desks, published: Story):
    inspector = await desks.of(INSPECTOR)

    refused = await open_review(inspector, published, document_no="")
    undated = await open_review(inspector, published, document_on="hôm qua")
    spoilt = await open_review(inspector, published, references="mười")
    elsewhere = await open_review(inspector, published, references="1")

    assert (refused.status, refused.refused) == (422, "field-missing")
    assert refused.form("/mo").value("statement") == "Danh sách không khớp sổ gốc"
    assert [one.refused for one in (undated, spoilt, elsewhere)] == ["not-a-date", "not-a-number", "not-in-the-dossier"]
    assert "Mục nhật ký số 1 không thuộc hồ sơ này" in elsewhere.text
    assert not [one for one in await published.facts() if isinstance(one.fact, Review.Opened)]


async def test_a_ground_is_reviewed_once(desks: Desks, published: Story):
    inspector = await desks.of(INSPECTOR)
    await open_review(inspector, published)

    again = await open_review(inspector, published)
    other = await open_review(inspector, published, ground="complaint")

    assert (again.status, again.refused) == (409, "ground-reviewed")
    assert "Đã có việc xem xét lại số 1 với căn cứ này (minh chứng không đúng)" in again.text
    assert other.url.endswith(review(published, 2))


async def test_without_a_recognition_or_a_mandate_no_review_is_opened(desks: Desks, published: Story):
    inspector = await desks.of(INSPECTOR)
    page = await inspector.open(f"{listed(published)}?xa={COMMUNE}")

    undecided = await open_review(inspector, published, commune=OTHER)
    elsewhere = await desks.of(OFFICER)
    token = (await elsewhere.open("/them")).form("/dang-xuat").value("csrf")
    sent = {**dict(page.form("/mo").fields), "csrf": token, "ground": "flag", "statement": "x"}
    dated = {"document_no": "1/QĐ", "document_on": "2/4/2024"}
    unasked = await elsewhere.post(f"{elsewhere.home}{listed(published)}/mo", sent | dated)

    assert (undecided.status, undecided.refused) == (409, "nothing-to-review")
    assert (unasked.status, unasked.refused) == (403, "not-permitted")
    assert not [one for one in await published.facts() if isinstance(one.fact, Review.Opened)]


async def test_an_empty_choice_is_named_in_its_own_form(desks: Desks, published: Story):
    await published.under_review()
    inspector = await desks.of(INSPECTOR)
    page = await inspector.open(review(published))

    nobody = await inspector.send(page, "/hoi", question="Danh sách lập từ đâu?", due=LATER)
    unheard = await inspector.send(
        page, "/trach-nhiem", official=await officer_in(page, published), act="1", degree="direct", basis="Điều 7"
    )

    assert nobody.refused == "field-missing"
    assert nobody.html.count('id="loi-official"') == 1
    assert nobody.form("/hoi").value("question") == "Danh sách lập từ đâu?"
    assert unheard.refused == "not-in-the-dossier"


async def test_only_who_may_is_offered_an_act(desks: Desks, published: Story):
    await published.under_review()
    acts = ("/hoi", "/xac-minh", "/trach-nhiem", "/ghi-chu", "/kien-nghi", "/ket-luan", "/giai-trinh")

    offered = {
        subject: [act for act in acts if (await (await desks.of(subject)).open(review(published))).offers(act)]
        for subject in (INSPECTOR, CHAIRMAN, OFFICER)
    }

    assert offered == {INSPECTOR: list(acts[:5]), CHAIRMAN: [], OFFICER: []}
    assert not (await (await desks.of(CHAIRMAN)).open(listed(published))).offers("/mo")


async def test_a_review_that_is_not_there_has_no_page(desks: Desks, published: Story):
    await published.under_review()
    inspector = await desks.of(INSPECTOR)

    for number in ("2", "0", "5", "x", "99999999999999999999"):
        assert (await inspector.open(f"/thanh-tra/xem-xet/{published.season}/{COMMUNE}/{number}")).status == 404
    assert (await inspector.open("/thanh-tra/xem-xet/1900")).status == 404


async def test_nothing_is_said_of_a_review_whose_number_has_thousands_of_digits(desks: Desks, published: Story):
    await published.under_review()
    inspector = await desks.of(INSPECTOR)
    forms = [form for form in (await inspector.open(review(published))).forms if f"/{COMMUNE}/1/" in form.action]

    for form in forms:
        filled = {**dict(form.fields), "finding": "một nhận định", "explanation": "một giải trình"}
        page = await inspector.post(form.action.replace("/1/", f"/{'1' * 5_000}/"), filled)
        assert (page.status, page.refused) == (404, "not-found")
    assert len(forms) > 1


async def test_other_communes_do_not_see_it(desks: Desks, published: Story):
    await published.under_review()
    other = await desks.of(f"99004 {Office.JUSTICE_OFFICER}")

    page = await other.open(review(published))
    overview = await other.open(listed(published))

    assert (page.status, page.refused) == (403, "not-permitted")
    assert "Chưa có việc xem xét lại nào" in overview.text


async def test_who_was_asked_sees_it_from_wherever_they_work_now(desks: Desks, published: Story):
    await published.under_review()
    elsewhere = f"99004 {Office.JUSTICE_OFFICER}"
    person = published.person(elsewhere)
    actor = await published.house.people.actor(published.tenant, person, TODAY)
    assert actor is not None
    await conduct_review.ask_official(
        await published.inspector(), published.season, COMMUNE, 1, person, actor.mandates[0].id, "?", TODAY
    )

    page = await (await desks.of(elsewhere)).open(review(published))

    assert page.status == 200
    assert page.offers("/giai-trinh")


async def test_a_confirmed_recognition_stays_on_the_public_page(desks: Desks, published: Story):
    await published.under_review(Ground.COMPLAINT)
    inspector, chairman = await desks.of(INSPECTOR), await desks.of(CHAIRMAN)
    page = await inspector.open(review(published))
    await inspector.send(page, "/kien-nghi", ruling="revoked", reason="Sai sót nhỏ")

    page = await chairman.open(review(published))
    refused = await chairman.send(page, "/ket-luan", ruling="confirmed", decision_no="915/QĐ-UBND")
    page = await chairman.send(refused, "/ket-luan", reason="Không ảnh hưởng kết quả")

    assert (refused.status, refused.refused) == (422, "reason-missing")
    assert "Giữ nguyên quyết định công nhận" in page.text
    assert "Đạt chuẩn tiếp cận pháp luật" in (await chairman.open(f"/cong-khai/{published.season}/{COMMUNE}")).text
    assert not [one for one in await published.facts() if isinstance(one.fact, Recognition.Revoked)]


async def test_the_trail_tells_the_review_but_not_the_text_of_notes(desks: Desks, published: Story):
    await published.under_review()
    decided = await position_of(published, "Recognition.Decided")
    await conduct_review.add_note(await published.inspector(), published.season, COMMUNE, 1, decided, "Xem lại GHI-CHÚ")
    await published.revoke()

    page = await (await desks.of(OFFICER)).open(f"/nhat-ky/{published.season}/{COMMUNE}")

    assert "Mở việc xem xét lại công nhận ngày" in page.text
    assert "căn cứ: minh chứng không đúng" in page.text
    assert "Kết luận việc xem xét lại ngày 15/05/2024: thu hồi quyết định công nhận" in page.text
    assert "Đánh dấu mục nhật ký #" in page.text
    assert "GHI-CHÚ" not in page.text


async def test_a_press_repeated_is_one_finding(desks: Desks, published: Story):
    await published.under_review()
    inspector = await desks.of(INSPECTOR)
    page = await inspector.open(review(published))

    for _ in range(2):
        await inspector.send(page, "/xac-minh", finding="Hai lớp, một sổ")

    found = [one.fact for one in await published.facts() if isinstance(one.fact, Review.FindingRecorded)]
    assert [one.text for one in found] == ["Sổ gốc có 13 chữ ký", "Hai lớp, một sổ"]
