"""A season whose text names the commune's own steps: a text that the province keeps, made from the newest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.commune_steps import NAMED_GROUPS, Attended, Channel, Display, Leader
from domain.rulebook import Rulebook
from infra.reference.rulebooks import parse_rulebook, shipped_texts
from services.assessment import assess
from services.assessment import commune_steps as steps
from services.assessment.assess import Upload
from services.rulebooks.keep import keep_text, read_text
from tests.provinces.story import COMMUNE, PDF, Story

RULEBOOK = "qd-25-2021"
NAMED = "\ncommune_steps: {provenance: sourced, broadcasts: 3, opinion_sheets: TC2.CT4}\n"
DAY, LAST, MEETING = date(2024, 1, 2), date(2024, 1, 7), date(2024, 1, 8)
OFFICE = Display(Channel.OFFICE, "Trụ sở Ủy ban nhân dân xã", DAY, LAST)
PORTAL = Display(Channel.PORTAL, "Trang thông tin điện tử xã", DAY, LAST)
EVERYBODY = [Attended(group, 2) for group in NAMED_GROUPS]


def text_with_steps() -> str:
    """The newest text of 25/2021 that ships, with the steps named in it."""
    *_, newest = [text for text in shipped_texts() if parse_rulebook(text).id == RULEBOOK]
    text = newest.decode()
    return text if parse_rulebook(newest).commune_steps else text + NAMED


@dataclass
class StepsStory(Story):
    """A season of the province under such a text."""

    @property
    def rulebook(self) -> Rulebook:
        return read_text(text_with_steps())

    async def opened_by_steps(self) -> StepsStory:
        """The text is kept with the province, and the season opened under it."""
        await keep_text(await self.as_administrator(), text_with_steps())
        await self.opened()
        return self

    async def displayed(self, *displays: Display) -> StepsStory:
        """The sheet is filled and brought together, the result posted."""
        await self.filled()
        return await self.display_filled(*displays)

    async def display_filled(self, *displays: Display) -> StepsStory:
        await assess.consolidate(await self.officer(), self.season, COMMUNE, DAY)
        return await self.display_again(*displays)

    async def display_again(self, *displays: Display) -> StepsStory:
        """The sheet that was brought together is posted."""
        await steps.display_result(await self.officer(), self.season, COMMUNE, displays or (OFFICE, PORTAL))
        return self

    async def agreed(self, on: date = MEETING, content: bytes = PDF) -> StepsStory:
        """The commune's meeting found what the sheet gives."""
        await steps.agree_on_result(
            await self.officer(),
            self.season,
            COMMUNE,
            on,
            "Hội trường",
            Leader.VICE_CHAIRMAN,
            EVERYBODY,
            Upload("biên bản.pdf", content),
        )
        return self
