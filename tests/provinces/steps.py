"""The commune's own steps one by one, in a season whose text names them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.commune_steps import Channel, Display, Leader
from services.assessment import assess
from services.assessment import commune_steps as steps
from services.assessment.assess import Upload
from tests.provinces.story import COMMUNE, EVERYBODY, PDF, Story

DAY, LAST, MEETING = date(2024, 1, 2), date(2024, 1, 7), date(2024, 1, 8)
OFFICE = Display(Channel.OFFICE, "Trụ sở Ủy ban nhân dân xã", DAY, LAST)
PORTAL = Display(Channel.PORTAL, "Trang thông tin điện tử xã", DAY, LAST)


@dataclass
class StepsStory(Story):
    """A season of the province under such a text; its meeting finds what the sheet gives."""

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
