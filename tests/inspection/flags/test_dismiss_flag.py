"""What the rules look at, followed in the log: the same rows whatever was looked at before."""

import pytest

from domain.errors import NotPermitted, ReasonMissing
from domain.flag import Flag
from domain.official import Office
from projections.analysis.flags import MARKS
from projections.fold import fold
from services.inspection.flags import dismiss_flag
from tests.provinces.story import COMMUNE, Story


async def test_looking_back_and_forth_gives_the_rows_of_each_moment(story: Story):
    await story.filled()
    facts = await story.facts()
    last, middle = facts[-1].position, facts[len(facts) // 2].position

    seen = []
    for position in (middle, last, middle, last):
        async with story.house.reads.at(story.tenant, position) as view:
            seen.append(await view.all(MARKS, story.season))

    now = [row for _, row in sorted(fold(MARKS, facts).items())]
    then = [row for _, row in sorted(fold(MARKS, [one for one in facts if one.position <= middle]).items())]
    assert seen == [then, now, then, now]


async def test_a_flag_is_set_aside_once_by_who_oversees_and_not_without_a_reason(story: Story):
    await story.filled()
    last = (await story.facts())[-1].position
    given = (story.season, COMMUNE, "agreed-unopened", (last,))

    with pytest.raises(NotPermitted):
        await dismiss_flag.dismiss_flag(await story.officer(), *given, "đã xem")
    with pytest.raises(ReasonMissing):
        await dismiss_flag.dismiss_flag(await story.by(Office.INSPECTOR.value), *given, "  ")
    first = await dismiss_flag.dismiss_flag(await story.by(Office.INSPECTOR.value), *given, "đã xem bản giấy")
    await dismiss_flag.dismiss_flag(await story.by(Office.JUSTICE_DEPARTMENT.value), *given, "đã xem")

    dismissed = [one.fact for one in await story.facts() if isinstance(one.fact, Flag.Dismissed)]
    assert [one.reason for one in dismissed] == ["đã xem bản giấy"]
    assert first.last == (await story.facts())[-1].position
