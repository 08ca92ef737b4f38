"""Flags: what the rules look at, read once from a season's log and then followed; a flag set aside with a reason."""

from __future__ import annotations

from collections import OrderedDict

from domain.flag import Flag, flag_stream, reason_to_dismiss
from domain.policy import Act
from infra.eventstore import EventStore
from infra.readmodels import BREATH, uncollected
from infra.tenants import Tenant
from projections.flags import MARKS, Marks
from services.work import Receipt, Work, use_case

#: Seasons kept per process; each holds a row for each of its communes.
KEPT = 24


class Flagging:
    """The rows of MARKS of the seasons that are looked at, in one process."""

    def __init__(self, store: EventStore, kept: int = KEPT) -> None:
        self._store = store
        self._kept = kept
        self._seen: OrderedDict[tuple[str, str], tuple[int, dict[str, Marks]]] = OrderedDict()

    async def marks(self, tenant: Tenant, season: str, position: int) -> list[Marks]:
        """The rows of a season as of a position. Folded on from what is kept, a few facts at a time."""
        key = (tenant.id, season)
        after, known = self._seen.get(key, (0, {}))
        if after > position:
            after, known = 0, {}
        rows = dict(known)
        pages = self._store.read(
            tenant, after=after, upto=position, season=season, facts=frozenset(MARKS.facts), page=BREATH
        )
        with uncollected():
            async for facts in pages:
                MARKS.fold(facts, rows)
        if position >= self._seen.get(key, (0, {}))[0]:
            self._seen[key] = position, rows
            self._seen.move_to_end(key)
            if len(self._seen) > self._kept:
                self._seen.popitem(last=False)
        return list(rows.values())


@use_case
async def dismiss_flag(
    work: Work, season: str, commune: str, flag: str, positions: tuple[int, ...], reason: str
) -> Receipt:
    """Set a flag aside, as these facts raised it, with the reason. A second time nothing happens."""
    work.require(Act.DISMISS_FLAG)
    given = reason_to_dismiss(reason)
    name = flag_stream(season, commune, flag, positions[-1])
    async with work.changing(name) as streams:
        if streams.find(Flag, name) is None:
            streams.begin(
                name, Flag(id=work.id_of(name), commune=commune, flag=flag, positions=positions, reason=given)
            )
        return await streams.record()
