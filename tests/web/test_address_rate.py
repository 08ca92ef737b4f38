"""Who sends more than people do waits, then is refused; nobody else notices."""

from collections.abc import AsyncIterator

import httpx
import pytest

from services.web.address_rate import BURST, LONGEST, MOST, QUIET, RATE, Pace, Seldom, TooFast
from tests.provinces.story import Story
from tests.web.desks import Desks, desks, season, workplace
from tests.web.signing import WEB

__all__ = ["desks", "season", "workplace"]

FLOODING, OTHER = "203.0.113.7", "203.0.113.8"


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def exhaust(pace: Pace, sender: str) -> None:
    """Send until the next request is refused."""
    for _ in range(BURST + int(RATE * LONGEST)):
        pace.wait(sender)


def flood(desks: Desks, sender: str) -> None:
    """The address has used up its turns, and gets no further one: the clock stands still."""
    desks.app.state.site.pace = Pace(Clock())
    exhaust(desks.app.state.site.pace, sender)


@pytest.fixture
async def client(desks: Desks) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=desks.app, client=(FLOODING, 1))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=WEB) as client:
        yield client


def test_what_comes_at_once_is_answered_at_once_and_the_rest_at_the_rate():
    pace = Pace(Clock())

    at_once = [pace.wait(FLOODING) for _ in range(BURST)]
    later = [pace.wait(FLOODING) for _ in range(3)]

    assert at_once == [0.0] * BURST
    assert later == pytest.approx([1 / RATE, 2 / RATE, 3 / RATE])


def test_an_address_that_sends_at_the_rate_never_waits():
    clock = Clock()
    pace = Pace(clock)

    for _ in range(BURST * 10):
        clock.now += 1.001 / RATE
        assert pace.wait(FLOODING) == 0.0


def test_what_would_wait_too_long_is_refused_and_makes_nobody_wait_longer():
    clock = Clock()
    pace = Pace(clock)
    exhaust(pace, FLOODING)

    for _ in range(1_000):
        with pytest.raises(TooFast) as refused:
            pace.wait(FLOODING)
    clock.now += 1.0

    assert refused.value.details == {"seconds": 6}
    assert pace.wait(FLOODING) == pytest.approx(LONGEST - 1.0 + 1 / RATE)


def test_what_is_said_seldom_is_said_at_once_and_then_not_for_a_while():
    clock = Clock()
    seldom = Seldom(clock)

    said = [seldom.is_due("away") for _ in range(3)]
    other = seldom.is_due("other")
    clock.now += QUIET

    assert (said, other, seldom.is_due("away")) == ([True, False, False], True, True)


def test_others_do_not_wait_and_neither_does_who_is_not_known():
    pace = Pace(Clock())
    exhaust(pace, FLOODING)

    assert pace.wait(OTHER) == 0.0


async def test_who_is_not_known_has_no_turn_to_wait_for():
    pace = Pace(Clock())

    for _ in range(BURST * 20):
        await pace.turn("")


def test_addresses_that_are_long_unheard_are_forgotten():
    pace = Pace(Clock())
    exhaust(pace, FLOODING)

    for number in range(MOST):
        pace.wait(str(number))

    assert pace.wait(FLOODING) == 0.0


@pytest.mark.parametrize(
    "path", ["/t/{slug}/cong-khai", "/t/{slug}/viec", "/t/{slug}/khong-co", "/", "/readyz", "/khong"]
)
async def test_somebody_unknown_who_floods_is_told_in_a_few_words_to_wait(
    client: httpx.AsyncClient, desks: Desks, path: str
):
    flood(desks, FLOODING)

    answer = await client.get(path.format(slug=desks.tenant.slug))

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= LONGEST
    assert answer.text.startswith("Địa chỉ mạng này gửi yêu cầu quá nhanh")
    assert "<html" not in answer.text


async def test_what_keeps_the_house_in_sight_is_answered_to_who_floods_too(client: httpx.AsyncClient, desks: Desks):
    flood(desks, FLOODING)

    for path in ("/healthz", desks.app.state.assets.url("app.css")):
        assert (await client.get(path)).status_code == 200, path


async def test_an_official_behind_the_address_that_floods_goes_on_working(desks: Desks, season: Story):
    officer = await desks.officer()
    flood(desks, "127.0.0.1")

    assert (await officer.open(f"/bang/{season.season}")).status == 200
