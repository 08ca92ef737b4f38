"""The connected parts of one process: what use cases, pages and processes work with. `services/wiring.py` opens them.

Here stands what every area needs. What one area keeps for a whole process, such as a cache or an index, is a class of
that area with a class method `of(app)`: the app makes one of it when it is first asked for, `app.part(Courses)`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID

from redis.asyncio import Redis

from domain.permissions import Actor
from domain.working_days import Calendar
from infra.encryption.personal_keys import PersonalKeys
from infra.identity.oidc import Identity
from infra.identity.sessions import Sessions
from infra.identity.tenants import Tenant, Tenants
from infra.identity.throttle import Throttle
from infra.jobs.queue import Jobs
from infra.log.eventstore import EventStore
from infra.log.rulebook_texts import RulebookTexts
from infra.platform.config import Settings
from infra.platform.database import Database
from infra.platform.probe import Probe
from infra.platform.process_pool import Pool
from infra.readmodels.reading import ReadModels
from infra.reference.rulebooks import Rulebooks
from infra.storage.files import Files
from infra.storage.uploads import Uploads
from infra.transparency.seal_status import CheckpointStatuses
from projections.catalogue import PROJECTIONS
from services.clock import Past, today
from services.command_ids import CommandId
from services.people import People
from services.work import SYSTEM, Work


class AppPart(Protocol):
    """What an area keeps for a whole process, made of the parts that every app has."""

    @classmethod
    def of(cls, app: App) -> Self: ...


P = TypeVar("P", bound=AppPart)


@dataclass(frozen=True, slots=True)
class App:
    """The parts of one process, connected."""

    settings: Settings
    database: Database
    store: EventStore
    tenants: Tenants
    reads: ReadModels
    seals: CheckpointStatuses
    people: People
    keys: PersonalKeys
    uploads: Uploads
    redis: Redis
    sessions: Sessions
    throttle: Throttle
    identity: Identity
    probes: Mapping[str, Probe]
    jobs: Jobs
    #: The texts that ship; what a province knows beside them, `texts` knows.
    rulebooks: Rulebooks
    texts: RulebookTexts
    calendar: Calendar
    #: The past of one dossier (season, commune) by what had taken effect at a moment; None when nothing of it had.
    effective_past: Callable[[App, Tenant, datetime, str, str], Awaitable[Past | None]]
    #: The processes that make heavy pages; None where the web process makes them itself.
    pool: Pool | None
    _parts: dict[type[Any], Any] = field(default_factory=dict, repr=False)

    def part(self, kind: type[P]) -> P:
        """The one object of this class that the process has, made when it is first asked for."""
        if kind not in self._parts:
            self._parts[kind] = kind.of(self)
        part: P = self._parts[kind]
        return part

    def files(self, tenant: Tenant) -> Files:
        """The evidence and documents of a province."""
        return Files(self.settings.files / tenant.id, free=self.settings.allowance.free)

    def work(self, tenant: Tenant, actor: Actor, command: UUID | CommandId, day: date | None = None) -> Work:
        """One command of this person, under this id; `day` is today."""
        named = command if isinstance(command, CommandId) else CommandId(command)
        return Work(
            tenant=tenant,
            actor=actor,
            command_id=named.id,
            former_id=named.former,
            today=day or today(),
            store=self.store,
            files=self.files(tenant),
            keys=self.keys,
            uploads=self.uploads,
            texts=self.texts,
            calendar=self.calendar,
        )

    def system(self, tenant: Tenant, command: UUID | CommandId) -> Work:
        """A command of the system itself: the worker's, the operator's."""
        return self.work(tenant, SYSTEM, command)

    async def actor_of(self, tenant: Tenant, issuer: str, subject: str) -> Actor | None:
        """Who signed in, with the mandates of today; None when nobody enrolled them."""
        return await self.people.actor_of(tenant, issuer, subject, today())

    async def reached(self, tenant: Tenant, names: tuple[str, ...], position: int, patience: float) -> bool:
        """Wait, at most `patience` seconds, until the projections of these names hold everything up to the position;
        whether they do.
        """
        projections = [projection for projection in PROJECTIONS if projection.name in names]
        return await self.reads.reached(tenant, position, projections, patience)

    async def missing(self) -> list[str]:
        """Which of the database and Redis does not answer in time."""
        answered = await asyncio.gather(*(probe.answers() for probe in self.probes.values()))
        return [name for name, answers in zip(self.probes, answered, strict=True) if not answers]
