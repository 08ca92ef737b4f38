"""People who are signed in: an actor in a province, with the mandates in force on a day.

It is read from the person's own stream, so a mandate that was ended a moment ago gives no right any more.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from domain.official import Official, official_stream, person_of
from domain.permissions import Actor
from infra.identity.tenants import Tenant
from infra.log.eventstore import EventStore


class People:
    """The enrolled officials of all provinces."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def actor_of(self, tenant: Tenant, issuer: str, subject: str, day: date) -> Actor | None:
        """The person who signed in so; None when nobody enrolled them."""
        return await self.actor(tenant, person_of(tenant.id, issuer, subject), day)

    async def actor(self, tenant: Tenant, person: UUID, day: date) -> Actor | None:
        """The person of this id, with the mandates that hold on the day."""
        official = (await self._store.look(tenant, official_stream(person))).aggregate
        if not isinstance(official, Official):
            return None
        mandates = tuple(mandate for mandate in official.mandates.values() if mandate.holds_on(day))
        return Actor(str(person), mandates, official.name)
