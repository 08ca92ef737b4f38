import asyncio
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from domain.assessment import Assessment, assessment_stream
from domain.errors import AlreadyThere, NotFound, NotPermitted, NotRecordable, RulebookUnusable
from domain.official import Office
from domain.permissions import Actor
from domain.season import Deadline, Season, Step, season_stream
from infra.log.eventstore import CommandReused, Conflict
from services.assessment import assess
from services.season import organise
from services.wiring import wired
from services.work import CommandResult, Work, use_case
from tests.provinces.story import COMMUNE, PROVINCE, Story


async def test_a_command_repeated_is_answered_with_its_first_result_and_recorded_once(story: Story):
    command = uuid4()
    first = await assess.explain(await story.officer(command=command), story.season, COMMUNE, "TC1.CT1", "Vì…")
    before = await story.kinds()

    again = await assess.explain(await story.officer(command=command), story.season, COMMUNE, "TC1.CT1", "Vì…")

    assert (again.first, again.last, again.repeated) == (first.first, first.last, True)
    assert await story.kinds() == before


async def test_a_repeated_command_is_answered_even_where_it_could_not_be_done_any_more(story: Story):
    await (await story.posted()).agree()
    command = uuid4()
    chairman = (await story.chairman()).again(command)
    first = await assess.submit(chairman, story.season, COMMUNE, "12/BC")

    again = await assess.submit(chairman.again(command), story.season, COMMUNE, "12/BC")

    assert again.first == first.first


async def test_a_repeated_command_is_answered_even_when_the_mandate_has_ended(story: Story):
    subject = f"leaving-{story.season}"
    await story.enrol(subject, Office.JUSTICE_DEPARTMENT, PROVINCE)
    work = await story.by(subject)
    deadline = (story.season, Step.SCORED, date(2024, 1, 5), "KH 1")
    first = await organise.set_deadline(work, *deadline)
    without = replace(work, actor=Actor(work.actor.person, ()))

    again = await organise.set_deadline(without, *deadline)

    assert (again.first, again.repeated) == (first.first, True)
    with pytest.raises(NotPermitted):
        await organise.set_deadline(without.again(uuid4()), *deadline)


async def test_the_same_command_id_for_something_else_is_refused(story: Story):
    command = uuid4()
    await assess.explain(await story.officer(command=command), story.season, COMMUNE, "TC1.CT1", "Vì…")

    with pytest.raises(CommandReused):
        await assess.explain(await story.officer(command=command), story.season, COMMUNE, "TC1.CT1", "Khác")


async def test_a_command_is_known_again_by_a_later_version_of_its_use_case(story: Story):
    # Given a use case, and what became of it: its function has another name and asks for one thing more
    @use_case("test.move_deadline", "season", "on")
    async def move_deadline(work: Work, season: str, on: date) -> CommandResult:
        return await work.change(
            Season, season_stream(season), lambda one: one.set_deadlines({Step.SCORED: Deadline(on, "KH 1")})
        )

    @use_case("test.move_deadline", "season", "on")
    async def put_off(work: Work, *, on: date, season: str, basis: str = "KH 1") -> CommandResult:
        return await work.change(
            Season, season_stream(season), lambda one: one.set_deadlines({Step.SCORED: Deadline(on, basis)})
        )

    # When a command that the former one recorded is sent again
    command, day = uuid4(), date(2024, 1, 5)
    first = await move_deadline((await story.as_administrator()).again(command), story.season, day)
    again = await put_off((await story.as_administrator()).again(command), season=story.season, on=day)

    # Then it gets the result that it got; asked for another thing it is refused
    assert (again.first, again.repeated) == (first.first, True)
    with pytest.raises(CommandReused):
        await put_off((await story.as_administrator()).again(command), season=story.season, on=day, basis="KH 2")


async def test_a_double_press_that_arrives_at_once_is_one_fact(story: Story):
    command = uuid4()
    presses = [await story.officer(command=command) for _ in range(5)]

    results = await asyncio.gather(*(assess.explain(work, story.season, COMMUNE, "TC1.CT1", "Vì…") for work in presses))

    assert len({result.first for result in results}) == 1
    assert (await story.kinds()).count("Assessment.Explained") == 1


async def test_who_was_overtaken_decides_again_on_what_is_there_now(story: Story):
    versions: list[int] = []

    @use_case("test.overtaken", "season")
    async def overtaken(work: Work, season: str) -> CommandResult:
        name = season_stream(season)
        async with work.changing(name) as streams:
            versions.append(streams.get(Season, name).version)
            if len(versions) == 1:
                await in_another_process(story, season)
            streams.get(Season, name).set_deadlines({Step.SCORED: Deadline(date(2024, 1, 5), "KH 1")})
            return await streams.record()

    await overtaken(await story.as_administrator(), story.season)

    first, second = versions
    assert second == first + 1
    assert (await story.kinds()).count("Season.DeadlineSet") == 2


async def in_another_process(story: Story, season: str) -> None:
    async with wired(story.house.settings) as other:
        work = replace(await story.as_administrator(), store=other.store)
        await organise.set_deadline(work, season, Step.POSTED, date(2024, 1, 6), "KH 1")


async def test_who_keeps_being_overtaken_is_told(story: Story):
    @use_case("test.never")
    async def never(work: Work) -> CommandResult:
        raise Conflict

    with pytest.raises(Conflict):
        await never(await story.as_administrator())


async def test_a_command_that_changes_nothing_is_not_recorded(story: Story):
    await assess.explain(await story.officer(), story.season, COMMUNE, "TC1.CT1", "Vì…")
    before = await story.kinds()

    result = await assess.explain(await story.officer(), story.season, COMMUNE, "TC1.CT1", "Vì…")

    assert result.first > result.last
    assert await story.kinds() == before


async def test_every_fact_names_who_acted_for_which_unit_under_which_mandate(story: Story):
    officer = await story.officer()

    result = await assess.explain(officer, story.season, COMMUNE, "TC1.CT1", "Vì…")

    (recorded,) = await officer.recorded(result)
    assert recorded.actor == officer.actor.person
    assert recorded.unit == COMMUNE
    assert recorded.mandate == str(officer.actor.mandates[0].id)


async def test_text_of_another_unicode_form_is_refused_and_nothing_is_written(story: Story):
    before = await story.kinds()

    with pytest.raises(NotRecordable):
        await assess.explain(await story.officer(), story.season, COMMUNE, "TC1.CT1", "Vi\u0300 sao")

    assert await story.kinds() == before


async def test_what_does_not_exist_in_this_province_is_not_found(story: Story):
    with pytest.raises(NotFound):
        await organise.open_season(await story.as_administrator(), "1000")


async def test_a_stream_begins_once(story: Story):
    work = await story.as_administrator()
    name = season_stream(story.season)

    with pytest.raises(AlreadyThere):
        await work.create(
            name,
            Season(id=work.id_of(name), year=1, rulebook="", rulebook_sha256="", indicators=(), participants=()),
        )


async def test_no_other_text_stands_in_for_one_that_is_not_here(story: Story):
    work = await story.as_administrator()

    with pytest.raises(RulebookUnusable):
        (await work.rulebooks()).text("00" * 32)


async def test_who_looks_on_after_a_command_sees_it(story: Story):
    work = await story.officer()
    before = await work.look(Assessment, assessment_stream(story.season, COMMUNE))
    assert before.entry("TC1.CT1").explanation is None

    await assess.explain(work, story.season, COMMUNE, "TC1.CT1", "Vì…")

    after = await work.look(Assessment, assessment_stream(story.season, COMMUNE))
    assert after.entry("TC1.CT1").explanation == "Vì…"
