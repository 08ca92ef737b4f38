"""The register is kept for a moment for everybody without a session, and for nobody else."""

import asyncio
from datetime import date

import httpx
import pytest
from litestar import Response
from litestar.datastructures import Cookie

from domain.official import Office
from services.recognition import recognise
from services.web.page_cache import MOMENT, MOST, OLDEST, PageCache
from tests.provinces.story import COMMUNE, Story
from tests.web.desks import Desk, Desks, desks, season, workplace
from tests.web.signing import WEB

__all__ = ["desks", "season", "workplace"]

DECISION = "41/QĐ-UBND"


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Pages:
    """Makes a page that says how many were made before it; `gate` lets it end."""

    def __init__(self, *, size: int = 0, cookies: list[Cookie] | None = None) -> None:
        self.made = 0
        self.begun: asyncio.Queue[int] = asyncio.Queue()
        self.gate = asyncio.Event()
        self.gate.set()
        self._filling = "x" * size
        self._cookies = cookies or []

    async def __call__(self) -> Response[bytes]:
        self.made += 1
        self.begun.put_nowait(self.made)
        body = f"{self.made}{self._filling}".encode()
        await self.gate.wait()
        return Response(body, headers={"Vary": "Cookie"}, cookies=self._cookies)


async def test_for_a_moment_everybody_gets_the_same_page_and_then_a_new_one():
    clock, pages = Clock(), Pages()
    shared = PageCache(clock)

    first, second = [await shared.answer("register", pages) for _ in range(2)]
    clock.now = MOMENT
    third = await shared.answer("register", pages)

    assert [one.content for one in (first, second, third)] == [b"1", b"1", b"2"]
    assert second.headers == {"Vary": "Cookie"}


async def test_while_one_makes_it_anew_others_get_the_former_but_none_that_is_too_old():
    clock, pages = Clock(), Pages()
    shared = PageCache(clock)
    await shared.answer("register", pages)
    await pages.begun.get()
    clock.now = MOMENT
    pages.gate.clear()

    renewing = asyncio.create_task(shared.answer("register", pages))
    await pages.begun.get()
    meanwhile = await shared.answer("register", pages)
    clock.now = OLDEST
    too_late = asyncio.create_task(shared.answer("register", pages))
    await pages.begun.get()
    pages.gate.set()

    assert meanwhile.content == b"1"
    assert (await renewing).content == b"2"
    assert (await too_late).content == b"3"


async def test_a_page_that_cannot_be_made_keeps_nobody_from_trying_again():
    clock, pages = Clock(), Pages()
    shared = PageCache(clock)
    await shared.answer("register", pages)
    clock.now = MOMENT

    async def failing() -> Response[bytes]:
        raise RuntimeError

    for _ in range(2):
        with pytest.raises(RuntimeError):
            await shared.answer("register", failing)
    again = await shared.answer("register", pages)

    assert again.content == b"2"


async def test_what_sets_a_cookie_is_kept_for_nobody():
    pages = Pages(cookies=[Cookie("language", "en")])
    shared = PageCache(Clock())

    assert [(await shared.answer("register", pages)).content for _ in range(2)] == [b"1", b"2"]


async def test_neither_the_number_of_pages_nor_their_bytes_grow_with_what_is_asked():
    many, large = PageCache(Clock()), PageCache(Clock(), room=1_000)
    pages, long = Pages(), Pages(size=400)

    for number in range(MOST + 1):
        await many.answer(number, pages)
    for number in range(3):
        await large.answer(number, long)

    assert (await many.answer(1, pages)).content == b"2"
    assert (await many.answer(0, pages)).content == b"%d" % (MOST + 2)
    assert (await large.answer(2, long)).content.startswith(b"3")
    assert (await large.answer(0, long)).content.startswith(b"4")


# The register -----------------------------------------------------------------------------------------


@pytest.fixture
def clock(desks: Desks) -> Clock:
    """The clock of the kept pages stands still."""
    clock = Clock()
    desks.app.state.site.shared = PageCache(clock)
    return clock


def nobody(desks: Desks, **cookies: str) -> Desk:
    """Somebody without a session."""
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=desks.app), base_url=WEB, cookies=cookies)  # type: ignore[arg-type]
    desks._open.append(client)
    return Desk(client, desks.house, desks.tenant)


async def publish(story: Story) -> None:
    await recognise.sign(await story.decider(), story.season, COMMUNE, "ab" * 32, date(2024, 2, 6))
    await recognise.publish(await story.decider(), story.season, COMMUNE, "cổng thông tin", date(2024, 2, 7))


async def test_who_is_signed_in_sees_what_was_published_at_once_and_everybody_after_a_moment(
    desks: Desks, season: Story, clock: Clock
):
    await season.decided()
    address = f"/cong-khai?nam={season.season}"
    passer_by, officer = nobody(desks), await desks.of(f"{COMMUNE} {Office.JUSTICE_OFFICER}")
    before = await passer_by.open(address)

    await publish(season)
    mine, kept = await officer.open(address), await passer_by.open(address)
    clock.now = MOMENT
    after = await passer_by.open(address)

    assert DECISION not in before.text
    assert DECISION in mine.text
    assert kept.html == before.html
    assert DECISION in after.text


async def test_nothing_of_a_signed_in_person_is_shown_to_anybody_else(desks: Desks, season: Story, clock: Clock):
    address = f"/cong-khai?nam={season.season}"
    officer = await desks.of(f"{COMMUNE} {Office.JUSTICE_OFFICER}")

    mine = await officer.open(address)
    theirs = await nobody(desks).open(address)
    mine_again = await officer.open(address)

    assert 'class="rail"' in mine.html
    assert 'class="rail"' in mine_again.html
    assert 'class="rail"' not in theirs.html
    assert "csrf" not in theirs.html


async def test_languages_searches_and_earlier_moments_are_pages_of_their_own(desks: Desks, season: Story, clock: Clock):
    await season.decided()
    address = f"/cong-khai?nam={season.season}"
    position = await desks.house.store.position(desks.tenant)
    passer_by = nobody(desks)

    plain = await passer_by.open(address)
    found = await passer_by.open(f"{address}&tim=suoi gam")
    in_english = await nobody(desks, language="en").open(address)
    await publish(season)
    then = await passer_by.open(f"{address}&asof={position}")
    clock.now = MOMENT
    now = await passer_by.open(address)
    then_again = await passer_by.open(f"{address}&asof={position}")

    assert "Bến Lụa" in plain.text
    assert "Bến Lụa" not in found.text
    assert '<html lang="vi"' in plain.html
    assert '<html lang="en"' in in_english.html
    assert DECISION in now.text
    assert DECISION not in then.text
    assert DECISION not in then_again.text
