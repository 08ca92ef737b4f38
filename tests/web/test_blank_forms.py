"""Every form of the pages, sent blank by people who may and people who may not: refused in words, nothing recorded."""

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest

from domain.official import Office
from services.web import urls
from services.web.routes import all_routes
from tests.provinces.story import AGENCIES, COMMUNE, Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

#: Who has some right to some of the acts, and an inspector, who has none of those of officers.
PEOPLE = {
    "administrator": "administrator",
    "department": Office.JUSTICE_DEPARTMENT,
    "deciding chairman": Office.DISTRICT_CHAIRMAN,
    "appraiser": Office.DISTRICT_JUSTICE,
    "council member": AGENCIES[0],
    "commune's justice officer": f"{COMMUNE} {Office.JUSTICE_OFFICER}",
    "commune's chairman": f"{COMMUNE} {Office.COMMUNE_CHAIRMAN}",
    "inspector": Office.INSPECTOR,
}

#: Acts that ask for nothing but that somebody who may do them presses the button, in the year as it stands here.
PRESSED = (
    urls.APPRAISAL + "/dong-y-het",
    urls.MEETING + "/diem-danh",
    urls.MEETING + "/ket-thuc",
    urls.SEASON + "/phan-cong",
    urls.SEASON + "/dat-han",
    urls.SEASON + "/ket-thuc",
)

#: What a refusal is answered with: nothing of the server's own.
REFUSED = frozenset({400, 403, 404, 409, 413, 422})

#: Acts of a person's own session, which record nothing.
OF_THE_SESSION = (urls.SIGN_OUT, urls.MORE + "/ket-thuc-phien", urls.SIGN_IN)


def acts() -> Iterator[str]:
    """The addresses of a province at which something can be done."""
    for handler in all_routes():
        if "POST" in handler.http_methods:
            for path in handler.paths:
                if path.startswith(urls.TENANT) and not path.startswith(OF_THE_SESSION):
                    yield path


async def token(desk: Desk) -> str:
    """The token of the person's forms."""
    page = await desk.open("/them")
    return next(form.value("csrf") for form in page.forms if "csrf" in dict(form.fields))


async def blank(desk: Desk, path: str, csrf: str, story: Story, meeting: str) -> Page:
    """What the form at this address is answered when nothing was filled in."""
    values = {
        "slug": desk.tenant.slug,
        "season": story.season,
        "commune": COMMUNE,
        "meeting": meeting,
        "rulebook": story.rulebook_id,
        "number": "1",
        "export": str(uuid4()),
    }
    filled = re.sub(r"{(\w+):str}", lambda place: values[place[1]], path)
    return await desk.post(filled, {"csrf": csrf, "command": str(uuid4())})


@pytest.mark.parametrize("who", PEOPLE)
async def test_a_blank_form_is_refused_in_words_and_records_nothing(desks: Desks, season: Story, who: str):
    # Given a year under way, in which a council has met
    meeting = await season.voted()
    desk = await desks.of(PEOPLE[who])
    csrf = await token(desk)

    for path in acts():
        # When somebody sends the form of an act without a word in it
        before = await desks.house.store.position(desks.tenant)
        page = await blank(desk, path, csrf, season, meeting)

        # Then it is refused in a sentence, and the log is as it was
        if page.status == 200 and who != "inspector":
            assert path in PRESSED
            continue
        assert (page.status in REFUSED, page.refused != "") == (True, True), (path, page.status)
        assert page.text != page.text.encode("ascii", "ignore").decode(), path
        assert 'lang="vi"' in page.html, path
        assert await desks.house.store.position(desks.tenant) == before, path


async def test_whose_council_it_is_not_is_told_so_before_any_field_is_judged(desks: Desks, season: Story):
    meeting = await season.voted()
    inspector = await desks.of(Office.INSPECTOR)
    csrf = await token(inspector)

    for act in ("/thanh-lap", "/thay", "/trieu-tap", "/lay-y-kien"):
        page = await blank(inspector, urls.COUNCIL + act, csrf, season, meeting)
        assert (page.status, page.refused) == (403, "not-permitted")


async def test_what_is_missing_is_named_as_the_form_calls_it_and_linked(desks: Desks, season: Story):
    meeting = await season.voted()
    chairman = await desks.of(Office.DISTRICT_CHAIRMAN)

    page = await blank(chairman, urls.DECISION + "/quyet-dinh", await token(chairman), season, meeting)

    assert "Chưa nhập đủ nội dung bắt buộc: Kết quả" in page.text
    assert "Nhập nội dung còn thiếu rồi gửi lại." in page.text


async def test_who_is_not_offered_a_form_is_not_told_to_fill_it_in(desks: Desks, season: Story):
    meeting = await season.voted()
    inspector = await desks.of(Office.INSPECTOR)

    page = await blank(inspector, urls.DECISION + "/quyet-dinh", await token(inspector), season, meeting)

    assert "Trang này không có biểu mẫu đó: việc do người khác thực hiện, hoặc đã qua bước này." in page.text
    assert "Nhập nội dung còn thiếu" not in page.text


async def test_a_state_is_never_said_by_its_code(desks: Desks, season: Story):
    meeting = await season.voted()
    chairman = await desks.of(Office.DISTRICT_CHAIRMAN)

    page = await blank(chairman, urls.DECISION + "/lap-quyet-dinh", await token(chairman), season, meeting)

    assert "Chưa làm được bước này (chưa có quyết định)" in page.text
