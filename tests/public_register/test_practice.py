"""The public meets nothing of a practice round, at whatever address."""

from datetime import date, timedelta

from services.clock import today
from services.recognition import recognise
from services.web import urls
from tests.provinces.story import COMMUNE, Story
from tests.public_register.test_public_page import passer_by
from tests.web.desks import Desk, Desks, desks, season, workplace
from tests.web.test_tenant_isolation import routes

__all__ = ["desks", "passer_by", "season", "workplace"]

#: Every page that is open to anybody.
OPEN = [route for route in routes() if route.public and route.method == "GET" and route.path.startswith(urls.TENANT)]


async def signed(desks: Desks) -> Story:
    """A practice round as far as it goes: decided and signed."""
    story = await (await Story(desks.house, desks.tenant, "", practice=True).opened()).decided()
    await recognise.sign(await story.decider(), story.season, COMMUNE, "ab" * 32, date(2024, 2, 6))
    return story


async def test_no_public_page_names_a_practice_round(desks: Desks, passer_by: Desk):
    story = await signed(desks)
    position = await desks.house.store.position(desks.tenant)
    ids = {"season": story.season, "commune": COMMUNE}

    for route in OPEN:
        path = route.filled(desks.tenant.slug, ids).removeprefix(passer_by.home)
        for query in ("", f"?nam={story.season}", f"?asof={position}"):
            page = await passer_by.open(path + query)
            concerned = "{season:" in route.path or (query.startswith("?nam") and route.path == urls.REGISTER)
            assert (page.status == 404) == concerned, path + query
            assert "đánh giá thử" not in page.text
            assert "41/QĐ-UBND" not in page.text


async def test_what_is_posted_for_practice_takes_no_comments_from_outside(desks: Desks, passer_by: Desk, season: Story):
    until = today() + timedelta(days=3)
    story = await (await Story(desks.house, desks.tenant, "", practice=True).opened()).posted(until=until)
    await season.posted(until=until)
    form = (await passer_by.open(f"/cong-khai/{season.season}/{COMMUNE}")).form("/gop-y")
    typed = {**dict(form.fields), "text": "Thiếu bảng tin"}
    before = await story.kinds()

    refused = await passer_by.post(form.action.replace(season.season, story.season), typed)
    taken = await passer_by.post(form.action, typed)

    assert (refused.status, taken.status) == (404, 200)
    assert await story.kinds() == before
    assert (await season.kinds())[-1] == "Assessment.CommentReceived"


async def test_the_register_shows_the_year_beside_a_practice_round_of_the_next(desks: Desks, passer_by: Desk):
    year = await Story(desks.house, desks.tenant, "").opened()
    await signed(desks)

    register = await passer_by.open("/cong-khai")

    assert f"Năm {year.season}" in register.text
    assert "thu" not in [part.partition('"')[0][-3:] for part in register.html.split('value="')[1:]]


async def test_nobody_who_is_signed_in_sees_it_in_public_either(desks: Desks):
    story = await signed(desks)
    desk = await desks.department()

    page = await desk.open(f"/cong-khai/{story.season}/{COMMUNE}")
    board = await desk.open(f"/bang/{story.season}")

    assert page.status == 404
    assert f"/cong-khai/{story.season}" not in board.html
