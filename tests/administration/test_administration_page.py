"""The administrator's books through their page: people with mandates, units, rulebooks."""

from datetime import timedelta
from uuid import uuid4

import pytest

from domain.official import Office, Official, official_stream
from domain.unit import Unit, unit_stream
from services.clock import today
from tests.provinces.story import DISTRICT, Story
from tests.web.desks import Desk, Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

PEOPLE, PLACES, RULES = "/quan-tri", "/quan-tri?phan=don-vi", "/quan-tri?phan=bo-tieu-chi"


@pytest.fixture
async def administrator(desks: Desks) -> Desk:
    return await desks.of("administrator")


async def test_a_person_is_enrolled_with_a_mandate_and_may_sign_in(desks: Desks, administrator: Desk):
    subject = f"new-{uuid4().hex[:8]}"

    page = await administrator.open(PEOPLE)
    page = await administrator.send(
        page,
        "/ghi-danh",
        name=f"Trần Thị {subject}",
        subject=subject,
        position=Office.INSPECTOR,
        unit="99",
        decision_no="7/QĐ",
        valid_from="1/1/2020",
    )

    assert f"Trần Thị {subject}" in page.text
    assert "Công chức Thanh tra tỉnh, tỉnh Mẫu" in page.text
    newcomer = await (await desks.of(subject)).open(PEOPLE)
    assert (newcomer.status, newcomer.refused) == (403, "not-permitted")


async def test_a_mandate_without_position_or_decision_is_refused_and_the_name_stays(administrator: Desk):
    page = await administrator.open(PEOPLE)

    page = await administrator.send(page, "/ghi-danh", name="Lê Văn Thử", subject="nobody", unit=DISTRICT)

    assert (page.status, page.refused) == (422, "field-missing")
    assert page.form("/ghi-danh").value("name") == "Lê Văn Thử"


async def test_a_mandate_that_is_ended_gives_no_right_any_more(desks: Desks, administrator: Desk, season: Story):
    subject = f"leaver-{uuid4().hex[:8]}"
    await season.enrol(subject, Office.INSPECTOR, "99")
    person = season.person(subject)
    assert (await (await desks.of(subject)).open("/viec")).status == 200

    page = await administrator.open(f"{PEOPLE}?ai={person}")
    yesterday = f"{today() - timedelta(days=1):%d/%m/%Y}"
    await administrator.send(page, "/thoi-nhiem-vu", on=yesterday, decision_no="9/QĐ")

    official = await (await season.as_administrator()).look(Official, official_stream(person))
    (mandate,) = official.mandates.values()
    assert mandate.valid_to == today() - timedelta(days=1)
    assert (await (await desks.of(subject)).open("/viec")).status == 403


async def test_people_are_found_by_what_is_typed_without_marks(administrator: Desk):
    page = await administrator.open(f"{PEOPLE}?tim=suoi gam")

    assert "xã Suối Gấm" in page.text
    assert "thị trấn Bến Lụa" not in page.text


async def test_a_unit_is_added_classified_and_merged(administrator: Desk, season: Story):
    code = f"9{uuid4().int % 10**6:06}"

    page = await administrator.open(PLACES)
    page = await administrator.send(
        page, "/them-don-vi", code=code, name="Xã Bờ Tre", unit_type="Xã", level="commune", parent=DISTRICT
    )
    page = await administrator.send(page, "/xep-loai", unit_class="II", decision_no="5/QĐ")
    page = await administrator.send(page, "/doi-ten", name="Xã Bờ Tre Mới", on="1/3/2024", decision_no="6/QĐ")
    page = await administrator.send(page, "/sap-nhap", into="99001", on="1/7/2025", decision_no="7/NQ")

    assert "nhập vào thị trấn Bến Lụa" in page.text
    unit = await (await season.as_administrator()).look(Unit, unit_stream(code))
    assert (unit.name, unit.unit_class, str(unit.ended_on)) == ("Xã Bờ Tre Mới", "II", "2025-07-01")


@pytest.mark.parametrize(
    ("code", "refused"),
    [("9" * 6_000, "text-too-long"), ("a/b", "code-invalid"), ('<xss-"1', "code-invalid")],
    ids=["endless", "path", "markup"],
)
async def test_a_code_that_is_none_is_refused_and_stays_in_the_form(administrator: Desk, code: str, refused: str):
    page = await administrator.open(PLACES)

    page = await administrator.send(
        page, "/them-don-vi", code=code, name="Xã Mới", unit_type="Xã", level="commune", parent=DISTRICT
    )

    assert (page.status, page.refused) == (422, refused)
    assert page.form("/them-don-vi").value("code") == code


async def test_a_rulebook_shows_what_was_unverified_when_it_was_adopted(administrator: Desk):
    page = await administrator.open(RULES)

    assert page.text.count("đang áp dụng") == 3
    assert "chưa đối chiếu" in page.text
    assert "council.quorum" in page.text


async def test_the_books_are_closed_to_those_who_do_not_keep_them(desks: Desks):
    for subject in (Office.INSPECTOR.value, Office.DISTRICT_JUSTICE.value):
        page = await (await desks.of(subject)).open(PEOPLE)
        assert (page.status, page.refused) == (403, "not-permitted")
    department = await (await desks.department()).open(PEOPLE)
    assert department.status == 200
    assert not department.offers("/ghi-danh")


async def test_a_unit_that_was_divided_goes_part_by_part_and_ends_for_everything_else(administrator: Desk):
    code = f"9{uuid4().int % 10**6:06}"
    page = await administrator.open(PLACES)
    page = await administrator.send(
        page, "/them-don-vi", code=code, name="Xã Bãi Dâu", unit_type="Xã", level="commune", parent=DISTRICT
    )

    on, decision = "1/7/2025", "7/NQ"
    page = await administrator.send(page, "/sap-nhap", into="99001", on=on, decision_no=decision, extent="part")
    page = await administrator.send(page, "/sap-nhap", into="99004", on=on, decision_no=decision, extent="part")
    again = await administrator.send(page, "/sap-nhap", into="99007", on="2/7/2025", decision_no="8/NQ")

    assert "một phần nhập vào thị trấn Bến Lụa, một phần nhập vào xã Suối Gấm" in page.text
    assert not page.offers("/doi-ten")
    assert not page.offers("/xep-loai")
    assert (again.status, again.refused) == (409, "unit-ended")


async def test_nobody_is_offered_a_mandate_for_themselves(desks: Desks, administrator: Desk, season: Story):
    mine = await administrator.open(f"{PEOPLE}?ai={season.person('administrator')}")
    another = await administrator.open(f"{PEOPLE}?ai={season.person(Office.INSPECTOR.value)}")

    assert not mine.offers("/giao-nhiem-vu")
    assert another.offers("/giao-nhiem-vu")


async def test_a_mandate_with_reversed_days_is_refused_at_its_field(administrator: Desk, season: Story):
    page = await administrator.open(f"{PEOPLE}?ai={season.person(Office.INSPECTOR.value)}")

    fields = {"position": "inspector", "unit": "99", "decision_no": "7/QĐ"}
    refused = await administrator.send(page, "/giao-nhiem-vu", fields, valid_from="1/12/2026", valid_to="1/1/2026")

    assert (refused.status, refused.refused) == (422, "period-reversed")
    assert "Ngày kết thúc 01/01/2026 trước ngày bắt đầu 01/12/2026" in refused.text
