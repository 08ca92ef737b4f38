"""The rates of a province through their page: set by a document from a day on, withdrawn where they were mistaken."""

from datetime import date
from uuid import uuid4

import pytest

from domain.rate import RateName
from domain.rates import Rates, rates_stream
from tests.provinces.story import Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

PAGE = "/quan-tri/muc-chi"
WHOLE = {
    "rate-name": "mediation-team-month",
    "dong": "100.000",
    "from_on": "01/07/2024",
    "document_no": "12/2024/NQ-HĐND",
    "document_on": "20/06/2024",
    "issuer": "Hội đồng nhân dân tỉnh",
    "article": "Điều 2",
}


@pytest.fixture
async def administrator(desks: Desks) -> Desk:
    return await desks.of("administrator")


async def set_rate(desk: Desk, **typed: str) -> Page:
    return await desk.send(await desk.open(f"{PAGE}?nam=2024"), "/dat", {**WHOLE, **typed})


async def rates_of(story: Story) -> dict[tuple[RateName, date], int]:
    rates = await story.house.system(story.tenant, uuid4()).find(Rates, rates_stream())
    return {(one.name, one.from_on): one.dong for one in rates.held.values()} if rates else {}


async def test_two_days_of_effect_in_one_year_are_shown_with_the_months_of_each(administrator: Desk):
    assert "150.000 đồng" in (await administrator.open(f"{PAGE}?nam=2024")).text

    page = await set_rate(administrator)

    assert "150.000 đồng từ tháng 01 đến tháng 06; 100.000 đồng từ tháng 07 đến tháng 12" in page.text
    assert "Hội đồng nhân dân tỉnh, số 12/2024/NQ-HĐND ngày 20/06/2024, Điều 2" in page.text
    assert "Thông tư số 56/2023/TT-BTC, Điều 5 khoản 1" in page.text


async def test_a_rate_that_was_mistaken_is_withdrawn_with_a_reason(administrator: Desk, season: Story):
    page = await set_rate(administrator, from_on="01/07/2021", dong="15")
    form = page.form("/rut")

    refused = await administrator.send(page, "/rut")
    assert (refused.status, refused.refused) == (422, "field-missing")
    data = dict(form.fields) | {"reason": "Ghi nhầm đơn vị tính", "command": str(uuid4())}
    page = await administrator.post(f"{administrator.home}{PAGE}/rut", data)

    assert "Lý do rút: Ghi nhầm đơn vị tính" in page.text
    assert (RateName.TEAM_MONTH, date(2021, 7, 1)) not in await rates_of(season)
    again = await administrator.post(f"{administrator.home}{PAGE}/rut", data | {"command": str(uuid4())})
    assert (again.status, again.refused) == (409, "change-settled")


@pytest.mark.parametrize(
    ("typed", "status", "refusal"),
    [
        ({"dong": "150.001"}, 409, "rate-out-of-bounds"),
        ({"dong": "0"}, 409, "rate-out-of-bounds"),
        ({"dong": ""}, 422, "field-missing"),
        ({"dong": "một trăm"}, 422, "not-a-number"),
        ({"rate-name": "mediation-case-successful", "dong": "400.001"}, 409, "rate-out-of-bounds"),
        ({"rate-name": "unknown"}, 422, "field-missing"),
        ({"from_on": ""}, 422, "field-missing"),
        ({"from_on": "31/02/2024"}, 422, "not-a-date"),
        ({"from_on": "01/01/0024"}, 422, "day-out-of-range"),
        ({"document_no": ""}, 422, "field-missing"),
        ({"document_on": ""}, 422, "field-missing"),
        ({"document_on": "31/12/2031"}, 422, "day-in-the-future"),
        ({"issuer": ""}, 422, "field-missing"),
        ({"article": "x" * 501}, 422, "text-too-long"),
    ],
)
async def test_a_rate_that_cannot_be_is_refused_and_nothing_is_recorded(
    administrator: Desk, season: Story, typed: dict[str, str], status: int, refusal: str
):
    before = await rates_of(season)

    page = await set_rate(administrator, **{"from_on": "01/03/2020", **typed})

    assert (page.status, page.refused) == (status, refusal)
    assert await rates_of(season) == before
    assert page.form("/dat").value("document_no") == {**WHOLE, **typed}["document_no"]


async def test_a_second_rate_from_the_same_day_is_refused(administrator: Desk):
    await set_rate(administrator, from_on="01/09/2022")

    page = await set_rate(administrator, from_on="01/09/2022", dong="90.000")

    assert (page.status, page.refused) == (409, "rate-already-set")


async def test_officers_of_communes_do_not_set_rates(desks: Desks, season: Story):
    officer = await desks.officer()

    page = await officer.open(PAGE)

    assert (page.status, page.refused) == (403, "not-permitted")


async def test_a_rate_of_one_month_names_that_month_and_each_fee_is_called_by_itself(administrator: Desk):
    await set_rate(administrator, dong="90.000", from_on="01/12/2024")
    page = await administrator.open(f"{PAGE}?nam=2024")

    assert "90.000 đồng tháng 12" in page.text
    assert "Thù lao hòa giải viên, một vụ, việc hòa giải không thành" in page.text
    assert "từ tháng 12" not in page.text
