"""Whole seasons, to be stepped through: where their facts stand in the log, and which of them are milestones.

Facts never change and positions have no gaps, so what was read up to a position stays right for ever; a look reads on
from there.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self

from domain.appraisal import Appraisal
from domain.assessment import Assessment
from domain.council import Council
from domain.fact import Fact, Recorded
from domain.meeting import Meeting
from domain.recognition import Recognition
from domain.season import Season
from infra.identity.tenants import Tenant
from infra.log.eventstore import EventStore
from infra.readmodels.reading import FACTS_PER_SLICE
from services.app import App

#: What moves a commune through a season, in the order in which it happens.
STAGES: tuple[type[Fact], ...] = (
    Assessment.Opened,
    Assessment.Submitted,
    Appraisal.Concluded,
    Meeting.VoteConcluded,
    Recognition.Decided,
    Recognition.Published,
    Recognition.Revoked,
    Recognition.AppealUpheld,
    Recognition.DecidedAgain,
)

#: What moves the season itself.
TURNS: tuple[type[Fact], ...] = (
    Season.Planned,
    Season.ParticipantAdded,
    Season.ParticipantWithdrawn,
    Season.IndicatorAssigned,
    Season.DeadlineSet,
    Season.Opened,
    Season.Suspended,
    Season.Resumed,
    Season.Converted,
    Season.Cancelled,
    Season.Closed,
    Council.Constituted,
    Meeting.Convened,
    Meeting.ConsultationOpened,
    Meeting.Closed,
)

#: What else one must know to tell a step: who sits in a council, which votes are open.
BESIDE: tuple[type[Fact], ...] = (Council.MemberReplaced, Meeting.VoteOpened)

#: Seasons kept per process; each holds eight bytes for each of its facts, and its milestones.
KEPT = 24


class Course(NamedTuple):
    """A season up to a position: the positions of all its facts, and those facts among them that are kept."""

    positions: Sequence[int]
    facts: Sequence[Recorded]

    def upto(self, position: int) -> Course:
        """The same, ended earlier."""
        return Course(
            self.positions[: bisect_right(self.positions, position)],
            self.facts[: bisect_right(self.facts, position, key=lambda one: one.position)],
        )

    def of(self, kinds: Iterable[type[Fact]]) -> list[Recorded]:
        """The facts of these kinds."""
        wanted = frozenset(kinds)
        return [one for one in self.facts if type(one.fact) in wanted]


class Courses:
    """The seasons of all provinces that are stepped through, in one process."""

    def __init__(self, store: EventStore, kept: int = KEPT) -> None:
        self._store = store
        self._kept = kept
        self._seen: OrderedDict[tuple[str, str], tuple[int, Course]] = OrderedDict()

    @classmethod
    def of(cls, app: App) -> Self:
        return cls(app.store)

    async def upto(self, tenant: Tenant, season: str, position: int) -> Course:
        """The season as of a position."""
        key = (tenant.id, season)
        known, course = self._seen.get(key, (0, Course(array("q"), [])))
        if known < position:
            course = await self._read_on(tenant, season, course, known, position)
            if position > self._seen.get(key, (0, course))[0]:
                self._seen[key] = position, course
        if key in self._seen:
            self._seen.move_to_end(key)
        if len(self._seen) > self._kept:
            self._seen.popitem(last=False)
        return course.upto(position)

    async def _read_on(self, tenant: Tenant, season: str, course: Course, after: int, upto: int) -> Course:
        positions = await self._store.positions(tenant, season, after=after, upto=upto)
        facts: list[Recorded] = []
        pages = self._store.read(
            tenant, after=after, upto=upto, season=season, facts=(*STAGES, *TURNS, *BESIDE), page=FACTS_PER_SLICE
        )
        async for page in pages:
            facts += page
        return Course(array("q", [*course.positions, *positions]), [*course.facts, *facts])
