"""A commune whose year went another way has a proof package too, which says so and holds without us."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from domain.measure import Answer
from domain.meeting import Choice
from domain.recognition import Result
from domain.sanction import Form, Post, Sanction
from services.assessment import sanction as sanctioning
from services.proof_package.content import LEFT_OPEN
from services.recognition import recognise
from services.seals.verify_answer import ExitCode
from tests.proof_package.conftest import Packaged
from tests.provinces.story import COMMUNE, TODAY, Story
from tests.recognition.test_recognise import appraised_anew, decide_on, revoked, voted_anew

YEAR = 2023


async def decided_anew(story: Story) -> Story:
    await appraised_anew(story)
    await voted_anew(story)
    await decide_on(story, TODAY)
    return story


async def after_a_revocation(story: Story) -> Story:
    return await decided_anew(await revoked(await story.opened()))


async def after_an_appeal(story: Story) -> Story:
    await (await story.opened()).voted()
    work = await story.decider()
    await recognise.decide(
        work, story.season, COMMUNE, Result.NOT_RECOGNISED, "41/QĐ-UBND", reason="Đang bị điều tra", on=TODAY
    )
    await recognise.uphold_appeal(await story.decider(), story.season, COMMUNE, "Không vi phạm", "1502/QĐ-UBND", TODAY)
    return await decided_anew(story)


@dataclass
class Sanctioned(Story):
    """The head of the commune was sanctioned; `confirmed` where a competent body has said so."""

    confirmed: bool = True

    async def filled(self, commune: str = COMMUNE) -> Story:
        await super().filled(commune)
        said = Sanction(
            "Chủ tịch UBND",
            Post.GOVERNMENT_HEAD,
            Form.WARNING,
            Answer.YES,
            "15/QĐ-UBND",
            date(YEAR, 9, 12),
            date(YEAR, 4, 2),
            commune,
        )
        await sanctioning.declare_sanction(await self.officer(commune=commune), self.season, commune, said)
        (held,) = (await self.dossier()).sanctions
        if self.confirmed:
            day = date(YEAR, 10, 2)
            work = await self.appraiser()
            await sanctioning.confirm_sanction(work, self.season, commune, held, "Ủy ban Kiểm tra", "41-TB/UBKT", day)
        return self


async def with_a_sanction(story: Story) -> Story:
    told = await Sanctioned(story.house, story.tenant, "", year=YEAR).opened()
    await told.voted(Choice.AGAINST)
    await recognise.decide(await told.decider(), told.season, COMMUNE, Result.NOT_RECOGNISED, "42/QĐ-UBND")
    return told


async def with_a_result_left_open(story: Story) -> Story:
    told = await Sanctioned(story.house, story.tenant, "", year=YEAR, confirmed=False).opened()
    await told.voted()
    await recognise.decide(
        await told.decider(),
        told.season,
        COMMUNE,
        Result.RECOGNISED,
        "43/QĐ-UBND",
        reason="Chưa có kết luận",
        basis="12/CV ngày 12/01/2024",
    )
    return told


#: How a year went, and what its package says of the decision.
HISTORIES: list[tuple[Callable[[Story], Awaitable[Story]], dict[str, Any], int]] = [
    (after_a_revocation, {"result": "recognised", "decision_no": "2107/QĐ-UBND"}, 1),
    (after_an_appeal, {"result": "recognised", "decision_no": "2107/QĐ-UBND"}, 1),
    (with_a_sanction, {"result": "not-recognised", "computed": "not-recognised"}, 0),
    (with_a_result_left_open, {"result": "recognised", "computed": LEFT_OPEN}, 0),
]


@pytest.mark.parametrize(("history", "says", "earlier"), HISTORIES, ids=[one[0].__name__ for one in HISTORIES])
async def test_its_package_is_made_holds_by_the_verifier_alone_and_reads_back_what_was_decided(
    own_story: Story,
    packaged: Packaged,
    history: Callable[[Story], Awaitable[Story]],
    says: dict[str, Any],
    earlier: int,
):
    story = await history(replace(own_story))

    found = await packaged(story)

    assert (found.answer, found.reason) == (ExitCode.UNWITNESSED, "")
    assert found.said is not None
    assert {name: found.said["decision"][name] for name in says} == says
    assert len(found.said.get("earlier", ())) == earlier
