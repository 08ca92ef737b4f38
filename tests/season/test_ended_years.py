"""Forms that were left open in a browser while the year ended, was given up, or was corrected in a second tab."""

from collections.abc import Awaitable, Callable
from urllib.parse import urljoin

import pytest

from domain.official import Office
from services.season import organise
from tests.provinces.story import AGENCIES, COMMUNE, Story
from tests.season.test_correct import adopted
from tests.web.desks import Desk, Desks, Form, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

#: What the end of a year does not end: reading and what is read away, the person's own session, and reviews.
GOES_ON = ("/ngon-ngu", "/dang-xuat", "/ket-xuat", "/them", "/tiep-tuc", "/phat-lai", "/thanh-tra")


async def closed(story: Story) -> None:
    await organise.close_season(await story.as_administrator(), story.season)


async def cancelled(story: Story) -> None:
    await organise.cancel_season(await story.as_administrator(), story.season, "Thôi", "1/UBND")


def pages_of(story: Story, meeting: str) -> dict[str, list[str]]:
    """The pages with forms of a year, by who works with them."""
    year, dossier = story.season, f"{story.season}/{COMMUNE}"
    return {
        "administrator": [f"/mua/{year}"],
        f"{COMMUNE} {Office.JUSTICE_OFFICER}": [f"/ho-so/{dossier}", f"/ho-so/{dossier}?chi-tieu=TC1.CT1"],
        f"{COMMUNE} {Office.COMMUNE_CHAIRMAN}": [f"/ho-so/{dossier}"],
        Office.DISTRICT_JUSTICE: [f"/tham-dinh/{dossier}", f"/hoi-dong/{year}", f"/hop/{year}/{meeting}?xem=hop"],
        Office.DISTRICT_CHAIRMAN: [f"/hop/{year}/{meeting}?xem=hop", f"/quyet-dinh/{dossier}", f"/hoi-dong/{year}"],
        AGENCIES[0]: [f"/hop/{year}/{meeting}?xem=phieu"],
    }


async def left_open(desks: Desks, story: Story, meeting: str) -> list[tuple[Desk, Page, Form]]:
    """Every form of the year, by who has it before them."""
    found = []
    for who, paths in pages_of(story, meeting).items():
        desk = await desks.of(who)
        for path in paths:
            page = await desk.open(path)
            assert page.status == 200, (who, path)
            found += [(desk, page, form) for form in page.forms if not any(one in form.action for one in GOES_ON)]
    return found


async def until_asked(story: Story) -> str:
    return await story.vote_open()


async def until_voted(story: Story) -> str:
    return await story.voted()


@pytest.mark.parametrize("end", [closed, cancelled])
@pytest.mark.parametrize("until", [until_asked, until_voted], ids=["a vote is open", "everybody has voted"])
async def test_no_form_of_a_year_that_ended_meanwhile_records_anything(
    desks: Desks, season: Story, until: Callable[[Story], Awaitable[str]], end: Callable[[Story], Awaitable[None]]
):
    forms = await left_open(desks, season, await until(season))
    assert len(forms) >= 20
    await end(season)
    before = await desks.house.store.position(desks.tenant)

    accepted = []
    for desk, page, form in forms:
        filled = {name: value or "1" for name, value in form.fields}
        answer = await desk.post(urljoin(page.url, form.action), filled)
        after = await desks.house.store.position(desks.tenant)
        if after != before or not (400 <= answer.status < 500 and answer.refused):
            accepted.append((form.action, answer.status, answer.refused, after - before))
        before = after
    assert accepted == [], "\n".join(map(str, accepted))


async def test_a_form_of_a_dossier_that_was_sent_meanwhile_changes_nothing_of_it(desks: Desks, season: Story):
    await season.filled()
    forms = []
    for who in (f"{COMMUNE} {Office.JUSTICE_OFFICER}", f"{COMMUNE} {Office.COMMUNE_CHAIRMAN}"):
        desk = await desks.of(who)
        for query in ("", "?chi-tieu=TC1.CT1"):
            page = await desk.open(f"/ho-so/{season.season}/{COMMUNE}{query}")
            forms += [(desk, page, form) for form in page.forms if "/ho-so/" in form.action]
    await season.submit_filled()
    before = (await season.dossier()).version

    for desk, page, form in forms:
        answer = await desk.post(urljoin(page.url, form.action), {name: value or "1" for name, value in form.fields})
        assert 400 <= answer.status < 500, form.action
        assert answer.refused, form.action

    assert (await season.dossier()).version == before


async def test_a_correction_that_was_applied_in_another_tab_is_not_applied_twice(desks: Desks):
    # Given two tabs with the preview of the same correction
    story = await Story(desks.house, desks.tenant, "").opened([COMMUNE])
    await adopted(story)
    department, administrator = await desks.department(), await desks.of("administrator")
    path = f"/mua/{story.season}/ban-sua"
    first, second, third = await department.open(path), await department.open(path), await administrator.open(path)
    applied = {"reason": "Đối chiếu", "document_no": "1342/STP"}

    # When it is applied in one of them, and then in the others
    page = await department.send(first, "/ap-dung-ban-sua", applied)
    position = await desks.house.store.position(desks.tenant)
    again = [
        await department.send(second, "/ap-dung-ban-sua", applied),
        await administrator.send(third, "/ap-dung-ban-sua", applied),
        await department.send(second, "/ap-dung-ban-sua", applied),
    ]

    # Then it stands once, and they are told so
    assert "Đã áp dụng bản sửa bộ tiêu chí" in page.text
    assert [400 <= one.status < 500 and one.refused != "" for one in again] == [True] * 3
    assert all("Không có bản sửa nào để áp dụng" in one.text for one in again)
    assert await desks.house.store.position(desks.tenant) == position
