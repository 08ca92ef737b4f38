"""Acts that exclude each other, done at one moment: what comes of it is what comes of doing one after the other.

Both are decided before either is recorded, in one process and in two that know nothing of each other's locks.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

import pytest

from domain.errors import (
    AlreadyDecided,
    BasisMissing,
    MergerImpossible,
    NotPermitted,
    OutOfOrder,
    PeriodReversed,
    Refused,
    SeasonNotOpen,
)
from domain.meeting import Choice
from domain.official import Office
from domain.recognition import Result
from domain.season import Step
from domain.unit import Level
from infra.log.eventstore import CommandResult, EventStore
from services.administration import administer
from services.administration.administer import NewUnit
from services.appraisal import appraise
from services.assessment import assess
from services.council import voting
from services.recognition import recognise
from services.season import organise
from services.wiring import wired
from services.work import Work
from tests.provinces.story import AGENCIES, COMMUNE, DISTRICT, DISTRICT_OFFICES, ISSUER, OTHER, PROVINCE, Story

ALL = (*DISTRICT_OFFICES, *AGENCIES)


class Held:
    """A store that says when somebody comes to hold a stream, and when something is decided; that waits for `go`."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.came, self.decided, self.go = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def holding(self, *what: Any) -> AbstractAsyncContextManager[None]:
        self.came.set()
        return self._store.holding(*what)

    async def append(self, *what: Any) -> CommandResult:
        self.decided.set()
        await self.go.wait()
        return await self._store.append(*what)


class Act(NamedTuple):
    """Who does what."""

    by: Callable[[Story], Awaitable[Work]]
    deed: Callable[[Work, Story], Coroutine[Any, Any, CommandResult]]


class Pair(NamedTuple):
    """Two acts, what has to be so before, and how each is refused after the other (None: it is not)."""

    given: Callable[[Story], Awaitable[Any]]
    one: Act
    other: Act
    one_after_other: type[Refused] | None
    other_after_one: type[Refused] | None


async def meeting_on_concluded(story: Story) -> None:
    await story.concluded()
    await story.meeting()


async def nothing(story: Story) -> None:
    return


async def leaver(story: Story) -> Work:
    """Somebody whose mandate is about to end."""
    subject = f"leaver-{story.season}"
    if await story.house.people.actor_of(story.tenant, ISSUER, subject, date(2024, 1, 1)) is None:
        await story.enrol(subject, Office.JUSTICE_DEPARTMENT, PROVINCE)
    return await story.by(subject)


async def end_mandate(work: Work, story: Story) -> CommandResult:
    person = story.person(f"leaver-{story.season}")
    actor = await story.house.people.actor(story.tenant, person, work.today)
    assert actor is not None
    return await administer.end_mandate(work, person, actor.mandates[0].id, date(2020, 1, 1), "9/QĐ")


def two_units(story: Story) -> tuple[str, str]:
    """The codes of units that this test alone knows."""
    return f"8{story.season}1", f"8{story.season}2"


async def units_registered(story: Story) -> None:
    units = [NewUnit(code, f"Xã {code}", "Xã", Level.COMMUNE, DISTRICT) for code in two_units(story)]
    await administer.register_units(await story.as_administrator(), units)


DECIDE = Act(
    Story.decider,
    lambda work, story: recognise.decide(work, story.season, COMMUNE, Result.RECOGNISED, "41/QĐ-UBND"),
)
REOPEN_VOTE = Act(
    Story.decider, lambda work, story: voting.reopen_vote(work, story.season, "990-1", COMMUNE, "Đếm nhầm")
)
OPEN_VOTE = Act(Story.decider, lambda work, story: voting.open_vote(work, story.season, "990-1", COMMUNE))
CAST = Act(
    lambda story: story.by("police"),
    lambda work, story: voting.cast_ballot(work, story.season, "990-1", COMMUNE, Choice.FOR),
)
RESUME = Act(Story.appraiser, lambda work, story: appraise.resume(work, story.season, COMMUNE, "Nhầm"))
CLOSE_SEASON = Act(Story.as_administrator, lambda work, story: organise.close_season(work, story.season))
SUSPEND = Act(Story.as_administrator, lambda work, story: organise.suspend_season(work, story.season, "Bão lũ", "5/QĐ"))
EXPLAIN = Act(Story.officer, lambda work, story: assess.explain(work, story.season, COMMUNE, "TC1.CT1", "Vì…"))
SET_DEADLINE = Act(
    leaver, lambda work, story: organise.set_deadline(work, story.season, Step.SCORED, date(2024, 1, 5), "KH")
)
MERGE = Act(
    Story.as_administrator,
    lambda work, story: administer.merge_unit(work, *two_units(story), date(2025, 7, 1), "3/NQ"),
)
DISSOLVE = Act(
    Story.as_administrator,
    lambda work, story: administer.dissolve_unit(work, two_units(story)[1], date(2025, 6, 1), "5/NQ"),
)
END_MANDATE = Act(Story.as_administrator, end_mandate)

PAIRS = {
    "decision, vote declared void": Pair(Story.voted, DECIDE, REOPEN_VOTE, BasisMissing, AlreadyDecided),
    "decision, season closed": Pair(Story.voted, DECIDE, CLOSE_SEASON, SeasonNotOpen, None),
    "vote opened, appraisal resumed": Pair(meeting_on_concluded, OPEN_VOTE, RESUME, BasisMissing, OutOfOrder),
    "vote opened, season suspended": Pair(meeting_on_concluded, OPEN_VOTE, SUSPEND, SeasonNotOpen, None),
    "ballot, season closed": Pair(Story.vote_open, CAST, CLOSE_SEASON, SeasonNotOpen, None),
    "explanation, season suspended": Pair(nothing, EXPLAIN, SUSPEND, SeasonNotOpen, None),
    "merger, the other unit dissolved before": Pair(
        units_registered, MERGE, DISSOLVE, MergerImpossible, PeriodReversed
    ),
    "act, mandate ended": Pair(leaver, SET_DEADLINE, END_MANDATE, NotPermitted, None),
}


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("order", ["one first", "the other first"])
@pytest.mark.parametrize("pair", PAIRS)
async def test_what_excludes_each_other_never_both_stands(story: Story, pair: str, order: str, processes: int):
    given, one, other, one_refused, other_refused = PAIRS[pair]
    await given(story)
    first, second, refused = (one, other, other_refused) if order == "one first" else (other, one, one_refused)

    outcomes = await at_one_moment(story, first, second, processes)

    assert isinstance(outcomes[0], CommandResult)
    assert type(outcomes[1]) is (refused or CommandResult), outcomes[1]
    if refused is None:
        assert isinstance(outcomes[1], CommandResult)
        assert outcomes[1].first > outcomes[0].last


async def at_one_moment(story: Story, first: Act, second: Act, processes: int) -> list[Any]:
    """Both are begun before the first is recorded; the second is recorded after it."""
    acting = [await first.by(story), await second.by(story)]
    async with AsyncExitStack() as stack:
        stores = [story.house.store, story.house.store]
        if processes > 1:
            stores[1] = (await stack.enter_async_context(wired(story.house.settings))).store
        early, late = (Held(store) for store in stores)
        begun: list[asyncio.Task[CommandResult]] = []
        begun.append(asyncio.create_task(first.deed(replace(acting[0], store=early), story)))  # type: ignore[arg-type]
        await early.decided.wait()
        begun.append(asyncio.create_task(second.deed(replace(acting[1], store=late), story)))  # type: ignore[arg-type]
        ready = late.decided if processes > 1 else late.came  # there it may have to queue for the first
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait([waiting, begun[1]], return_when=asyncio.FIRST_COMPLETED)
        early.go.set()
        await asyncio.wait([begun[0]])
        late.go.set()
        outcomes = await asyncio.gather(*begun, return_exceptions=True)
        waiting.cancel()
        return outcomes


async def test_meetings_convened_at_one_moment_get_numbers_of_their_own(story: Story):
    await story.council()

    def convene(commune: str) -> Act:
        return Act(
            Story.appraiser,
            lambda work, one: voting._convene(work, one.season, DISTRICT, date(2024, 1, 30), "Phòng họp", [commune]),
        )

    outcomes = await at_one_moment(story, convene(COMMUNE), convene(OTHER), processes=2)

    assert [type(one) for one in outcomes] == [CommandResult, CommandResult]
    keys = [one.stream.subject for one in await story.facts() if type(one.fact).__qualname__ == "Meeting.Convened"]
    assert keys == ["990-1", "990-2"]


async def test_members_who_vote_at_one_moment_in_two_processes_are_all_heard(story: Story):
    key = await story.vote_open()
    members = [await story.by(subject) for subject in ALL]

    async with wired(story.house.settings) as other:
        stores = [story.house.store, other.store]
        receipts = await asyncio.gather(
            *(
                voting.cast_ballot(replace(member, store=stores[turn % 2]), story.season, key, COMMUNE, Choice.FOR)
                for turn, member in enumerate(members)
            )
        )

    assert len({result.first for result in receipts}) == len(ALL)


async def test_who_only_looks_at_a_busy_stream_is_not_worn_out(story: Story):
    """Explanations rest on the season while it gets one deadline after the other from another process."""
    turns = 0
    over = asyncio.Event()

    async def keep_busy() -> None:
        nonlocal turns
        async with wired(story.house.settings) as other:
            while not over.is_set():
                work = replace(await story.as_administrator(), store=other.store)
                on = date(2024, 1, 1 + turns % 2)
                await organise.set_deadline(work, story.season, Step.POSTED, on, "KH")
                turns += 1

    busy = asyncio.create_task(keep_busy())
    explained = 0
    while explained < 5 or turns < 5:
        explained += 1
        await assess.explain(await story.officer(), story.season, COMMUNE, "TC1.CT1", f"Vì {explained}")
    over.set()
    await busy

    assert (await story.kinds()).count("Assessment.Explained") == explained
