"""Dossiers that are looked at again and again: read from the log once, then only what is new.

Facts never change and positions have no gaps, so what was read up to a position stays right for ever; a look reads on
only when the log's tail shows that one of the dossier's streams has grown.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self, TypeAlias

from domain.appraisal import appraisal_stream
from domain.assessment import assessment_stream
from domain.council import council_stream
from domain.days_off import days_off_stream
from domain.errors import FactUnreadable
from domain.fact import Recorded, StreamName
from domain.personal import subject_stream
from domain.rates import rates_stream
from domain.recognition import Recognition, recognition_stream
from domain.review import REVIEWED_DECISIONS, Ground, review_streams
from domain.season import Season, season_stream
from domain.unit import unit_stream
from infra.identity.tenants import Tenant
from infra.log.eventstore import EventStore
from infra.readmodels.folding import Stopped, fold
from projections.analysis.effective_date import came_to
from projections.analysis.trail import concerns
from projections.fold import Projection
from projections.tables.councils import COUNCILS
from projections.tables.days_off import DAYS_OFF
from projections.tables.rates import RATES
from projections.tables.seasons import SEASONS
from projections.tables.sheets import SHEETS
from projections.tables.standings import STANDINGS
from projections.tables.units import UNITS
from services.app import App
from services.case.meeting_walk import walk_meetings
from services.clock import VIETNAM, Clock, Past

FOLDED: tuple[Projection[Any], ...] = (SEASONS, SHEETS, STANDINGS, UNITS, COUNCILS, DAYS_OFF, RATES)

#: Streams of the whole province by which its dossiers are read.
OF_THE_PROVINCE = (days_off_stream(), rates_stream())

#: How many of a dossier's streams are its own: season, assessment, appraisal, recognition, unit, reviews.
OWN = 5 + len(Ground) * REVIEWED_DECISIONS

#: Meetings of one council that are looked for at a time.
MEETINGS = 16

#: Reads whole streams, up to the moment that is looked at.
Reading: TypeAlias = Callable[..., Awaitable[list[Recorded]]]

#: Dossiers kept per process; each holds its facts, some 100 to 300.
KEPT = 500


@dataclass(frozen=True, slots=True)
class Followed:
    """The streams around one dossier up to a position, and the rows that their facts make, by projection."""

    season: str
    commune: str
    position: int = 0
    facts: tuple[Recorded, ...] = ()
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    def row(self, projection: Projection[Any], key: str) -> Any:
        """The row of a projection, or None."""
        return self.rows.get(projection.name, {}).get(key)

    @property
    def streams(self) -> tuple[StreamName, ...]:
        """The streams that belong together, as far as they are known: who decides is known from the dossier."""
        sheet = self.row(SHEETS, f"{self.season}/{self.commune}")
        around = (unit_stream(sheet.decided_by), council_stream(self.season, sheet.decided_by)) if sheet else ()
        return (
            season_stream(self.season),
            assessment_stream(self.season, self.commune),
            appraisal_stream(self.season, self.commune),
            recognition_stream(self.season, self.commune),
            unit_stream(self.commune),
            *review_streams(self.season, self.commune),
            *OF_THE_PROVINCE,
            *around,
        )

    @property
    def own(self) -> Iterable[Recorded]:
        """The facts of the dossier's history: without those of who decides on it."""
        own = set(self.streams[:OWN])
        return (recorded for recorded in self.facts if recorded.stream in own)

    @property
    def settled(self) -> int | None:
        """The position of the first decision, or of the closing of the year where there is none; None before."""
        ends = (Recognition.Decided, Season.Closed)
        return next((one.position for one in self.facts if isinstance(one.fact, ends)), None)

    def further(self, facts: Collection[Recorded], position: int) -> Followed:
        """The same with more facts. FactUnreadable when they cannot be followed: nothing may rest on a part of them."""
        rows = self.rows
        if facts:
            rows = {projection.name: dict(rows.get(projection.name, {})) for projection in FOLDED}
            for projection in FOLDED:
                _fold(projection, facts, rows[projection.name])
        return Followed(self.season, self.commune, position, (*self.facts, *facts), rows)


def _fold(projection: Projection[Any], facts: Collection[Recorded], rows: dict[str, Any]) -> None:
    stops: dict[str, Stopped] = {}
    fold(projection, list(facts), rows, stops)
    if stops:
        first = min(stops.values())
        raise FactUnreadable(position=first.position, topic=projection.name, why=first.reason.partition(":")[0])


class Dossiers:
    """The dossiers of all provinces, in one process."""

    def __init__(self, store: EventStore, kept: int = KEPT) -> None:
        self._store = store
        self._kept = kept
        self._seen: OrderedDict[tuple[str, str, str], Followed] = OrderedDict()

    @classmethod
    def of(cls, app: App) -> Self:
        return cls(app.store)

    async def now(self, tenant: Tenant, season: str, commune: str, since: float | None = None) -> Followed:
        """The dossier as the log has it at `since` (time.monotonic()) or later; None for this moment."""
        key = (tenant.id, season, commune)
        tail = await self._store.tail(tenant, since)
        position = tail.position
        seen = self._seen.get(key, Followed(season, commune))
        if position > seen.position:
            if not seen.position or any(tail.touched(name.id(tenant.id)) > seen.position for name in seen.streams):
                seen = await self._continued(tenant, seen, position)
            else:
                seen = replace(seen, position=position)
            known = self._seen.get(key)
            if known is None or known.position < seen.position:
                self._seen[key] = seen
        if key in self._seen:
            self._seen.move_to_end(key)
        if len(self._seen) > self._kept:
            self._seen.popitem(last=False)
        return seen

    async def then(self, tenant: Tenant, season: str, commune: str, position: int) -> Followed:
        """The dossier as of a position."""
        return await self._continued(tenant, Followed(season, commune), position)

    async def _continued(self, tenant: Tenant, seen: Followed, position: int) -> Followed:
        streams = seen.streams
        after = seen.further(await self._read(tenant, streams, seen.position, position), position)
        if missing := [stream for stream in after.streams if stream not in streams]:
            return after.further(await self._read(tenant, missing, 0, position), position)
        return after

    async def _read(self, tenant: Tenant, streams: Collection[StreamName], after: int, position: int) -> list[Recorded]:
        pages = self._store.read(tenant, after=after, upto=position, streams=streams)
        return [recorded async for page in pages for recorded in page]


async def facts_about(seen: Followed, read: Reading) -> list[Recorded]:
    """Everything that concerns the commune's year, its council's meetings among it, in the order of the log."""
    sheet = seen.row(SHEETS, f"{seen.season}/{seen.commune}")
    facts = [recorded for recorded in seen.own if recorded.stream.season == seen.season]
    facts += await read(council_stream(seen.season, sheet.decided_by))

    async def read_each(names: Sequence[StreamName]) -> list[list[Recorded]]:
        found = await read(*names)
        return [[recorded for recorded in found if recorded.stream == name] for name in names]

    for _, meeting in await walk_meetings(seen.season, sheet.decided_by, read_each, MEETINGS):
        facts += meeting
    if sheet.comments:
        facts += await read(*map(subject_stream, sheet.comments))
    return sorted((one for one in facts if concerns(one, seen.commune)), key=lambda one: one.position)


async def effective_past(app: App, tenant: Tenant, moment: datetime, season: str, commune: str) -> Past | None:
    """How far a dossier had come at the moment by the days of its documents; None where it had not begun."""
    recorded = await app.store.position_at(tenant, moment)
    seen = await app.part(Dossiers).now(tenant, season, commune)

    async def read(*streams: StreamName) -> list[Recorded]:
        return [fact async for page in app.store.read(tenant, streams=streams) for fact in page]

    facts = [one for one in seen.facts if one.stream not in OF_THE_PROVINCE]
    if seen.row(SHEETS, f"{season}/{commune}") is not None:
        facts += await facts_about(seen, read)
    in_order = sorted({fact.position: fact for fact in facts}.values())
    came = came_to(in_order, moment.astimezone(VIETNAM).date(), recorded)
    return Past(came.position, moment, Clock.EFFECTIVE, came.known, came.later, came.missed) if came else None
