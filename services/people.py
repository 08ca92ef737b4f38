"""People who are signed in: an actor in a province, with the mandates in force on a day.

It is read from the person's own stream, so a mandate that was ended a moment ago gives no right any more. Whoever
decides for a unit also does for those whose duties passed to it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from domain.fact import Fact
from domain.official import Official, official_stream, person_of
from domain.permissions import Act, Actor, positions_for
from domain.unit import Ending, Unit, succeeded_on
from infra.identity.tenants import Tenant
from infra.log.eventstore import EventStore

#: The offices that act for a unit which may succeed another; those of communes end with their commune.
SUCCEEDING = positions_for(Act.PUBLISH)


@dataclass(slots=True)
class KnownUnits:
    """The units of a province that have ended, as far as its log was read."""

    position: int = 0
    parents: dict[str, str | None] = field(default_factory=dict)
    endings: dict[str, Ending] = field(default_factory=dict)


class People:
    """The enrolled officials of all provinces."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._units: dict[str, KnownUnits] = {}

    async def actor_of(self, tenant: Tenant, issuer: str, subject: str, day: date) -> Actor | None:
        """The person who signed in so; None when nobody enrolled them."""
        return await self.actor(tenant, person_of(tenant.id, issuer, subject), day)

    async def actor(self, tenant: Tenant, person: UUID, day: date) -> Actor | None:
        """The person of this id, with the mandates that hold on the day."""
        since = time.monotonic()
        official = (await self._store.look(tenant, official_stream(person), since)).aggregate
        if not isinstance(official, Official):
            return None
        mandates = tuple(mandate for mandate in official.mandates.values() if mandate.holds_on(day))
        succeeds = any(mandate.position in SUCCEEDING for mandate in mandates)
        succeeded = await self._succeeded(tenant, day, since) if succeeds else {}
        return Actor(str(person), mandates, official.name, succeeded)

    async def _succeeded(self, tenant: Tenant, day: date, since: float) -> Mapping[str, frozenset[str]]:
        """By unit, those whose duties it has on the day."""
        known = self._units.get(tenant.id, KnownUnits())
        position = (await self._store.tail(tenant, since)).position
        if known.position < position:
            read = KnownUnits(position, dict(known.parents), dict(known.endings))
            facts = (Unit.Registered, Unit.Merged, Unit.Dissolved)
            async for page in self._store.read(tenant, after=known.position, upto=position, facts=facts):
                for recorded in page:
                    _learn(read, recorded.stream.subject, recorded.fact)
            known = self._units[tenant.id] = read
        return succeeded_on(known.endings, day)


def _learn(known: KnownUnits, code: str, fact: Fact) -> None:
    match fact:
        case Unit.Registered(parent=parent):
            known.parents[code] = parent
        case Unit.Merged(into=into, on=on):
            before = known.endings.get(code)
            known.endings[code] = Ending(on, (*(before.into if before else ()), into), known.parents.get(code))
        case Unit.Dissolved(on=on):
            known.endings[code] = Ending(on, (), known.parents.get(code))
