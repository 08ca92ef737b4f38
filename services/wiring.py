"""The composition root: settings in, a house of connected parts out. Nothing else builds them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from redis.asyncio import Redis

from domain.catalogue import AGGREGATES, FACTS
from domain.fact import Recorded, StreamName
from domain.policy import Actor
from domain.rulebook import Rulebook
from domain.season import State
from domain.working_days import Calendar
from infra.config import Settings
from infra.database import Database
from infra.encryption import Encryption
from infra.eventstore import EventStore
from infra.files import Files
from infra.identity import Identity
from infra.keys import Keys
from infra.mapper import Mapper
from infra.pool import Pool
from infra.probe import Probe
from infra.queue import Jobs
from infra.readmodels import ReadModels
from infra.rulebooks import load_calendar, load_rulebooks
from infra.seals import Seals
from infra.sessions import Sessions, connect
from infra.tenants import Tenant, Tenants
from infra.throttle import Throttle
from infra.uploads import Uploads
from projections.catalogue import PROJECTIONS
from projections.effective import came_to
from projections.seasons import SEASONS, SeasonRow
from projections.sheets import SHEETS
from services.accesses import Accesses
from services.clock import VIETNAM, today
from services.command_ids import CommandId
from services.following import Dossiers, facts_about
from services.people import People
from services.personal import Door
from services.replaying import Courses
from services.searching import Searching
from services.web.apart import pool_of
from services.web.backing import Backing, Chip, Clock, Past
from services.work import SYSTEM, Work


@dataclass(frozen=True, slots=True)
class Wiring:
    """The parts of one process, connected."""

    settings: Settings
    database: Database
    store: EventStore
    tenants: Tenants
    reads: ReadModels
    seals: Seals
    dossiers: Dossiers
    searching: Searching
    courses: Courses
    accesses: Accesses
    people: People
    keys: Keys
    uploads: Uploads
    door: Door
    redis: Redis
    probes: Mapping[str, Probe]
    jobs: Jobs
    pool: Pool
    rulebooks: Mapping[str, Rulebook]
    calendar: Calendar

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
            rulebooks=self.rulebooks,
            calendar=self.calendar,
        )

    def system(self, tenant: Tenant, command: UUID | CommandId) -> Work:
        """A command of the system itself: the worker's, the operator's."""
        return self.work(tenant, SYSTEM, command)

    async def actor_of(self, tenant: Tenant, issuer: str, subject: str) -> Actor | None:
        """Who signed in, with the mandates of today; None when nobody enrolled them."""
        return await self.people.actor_of(tenant, issuer, subject, today())

    # What pages ask -----------------------------------------------------------------------------------

    def backing(self) -> Backing:
        """The parts as the pages want them."""
        return Backing(
            provinces=self.tenants,
            sessions=Sessions(self.redis, Encryption(self.settings.secret, "sessions")),
            encryption=Encryption(self.settings.secret, "sign-ins"),
            identity=Identity(),
            people=self.actor_of,
            throttle=Throttle(self.redis),
            work=self.work,
            reached=self.reached,
            chip=self.chip,
            past=self.past,
            effective=self.effective,
            missing=self.missing,
            public_url=self.settings.public_url,
            knows_senders=self.settings.knows_senders,
            pool=self.pool,
            house=self,
        )

    async def reached(self, tenant: Tenant, names: tuple[str, ...], position: int, patience: float) -> bool:
        """Wait until these projections hold everything up to the position; whether they did."""
        questions = [one for one in PROJECTIONS if one.name in names]
        return await self.reads.reached(tenant, position, questions, patience)

    async def chip(self, tenant: Tenant, season: str | None, upto: int | None = None) -> Chip | None:
        """The season that a page names: the one asked for, else the latest that is open, else the latest."""
        async with self.reads.at(tenant, upto) as view:
            seasons = await view.all(SEASONS)
        return self.chip_among(seasons, season)

    def chip_among(self, seasons: Iterable[SeasonRow], season: str | None) -> Chip | None:
        """The same where the seasons have been read."""
        found = [row for row in seasons if season in (None, row.season)]
        if not found:
            return None
        current = max(found, key=lambda row: (row.state is State.OPEN, row.year))
        rulebook = self.rulebooks.get(current.rulebook)
        return Chip(current.season, rulebook.short if rulebook else current.rulebook)

    async def past(self, tenant: Tenant, when: int | datetime) -> Past | None:
        """What a position, or the last one at a moment, stands for; None where the log has nothing."""
        position = when if isinstance(when, int) else await self.store.position_at(tenant, when)
        async for page in self.store.read(tenant, after=position - 1, upto=position):
            return Past(position, when if isinstance(when, datetime) else page[-1].at)
        return None

    async def effective(self, tenant: Tenant, moment: datetime, season: str, commune: str) -> Past | None:
        """How far a dossier had come at the moment by the days of its documents; None where it had not begun."""
        recorded = await self.store.position_at(tenant, moment)
        seen = await self.dossiers.now(tenant, season, commune)

        async def read(*streams: StreamName) -> list[Recorded]:
            return [one async for page in self.store.read(tenant, streams=streams) for one in page]

        facts = list(seen.facts)
        if seen.row(SHEETS, f"{season}/{commune}") is not None:
            facts += await facts_about(seen, read)
        in_order = sorted({one.position: one for one in facts}.values())
        came = came_to(in_order, moment.astimezone(VIETNAM).date(), recorded)
        return Past(came.position, moment, Clock.EFFECTIVE, came.known, came.later, came.missed) if came else None

    async def missing(self) -> list[str]:
        """Which of the database and Redis does not answer in time."""
        answered = await asyncio.gather(*(probe.answers() for probe in self.probes.values()))
        return [name for name, answers in zip(self.probes, answered, strict=True) if not answers]


@asynccontextmanager
async def wired(settings: Settings, patience: float | None = None) -> AsyncIterator[Wiring]:
    """The house for as long as the block lasts. Connections are made when first needed.

    `patience` bounds each wait for the database in seconds, for processes by which people wait.
    """
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.app_url, patience=patience)
        stack.push_async_callback(database.close)
        store = EventStore(database, Mapper(FACTS, AGGREGATES))
        stack.push_async_callback(store.close)
        tenants = Tenants(settings.app_url, secret=settings.secret, patience=patience)
        stack.push_async_callback(tenants.close)
        reads = ReadModels(database, store)
        stack.push_async_callback(reads.close)
        seals = Seals(database)
        stack.push_async_callback(seals.close)
        keys = Keys(settings.keys_url, settings.key_encryption_key)
        stack.push_async_callback(keys.close)
        redis = connect(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        jobs = Jobs.at(settings.redis_url, settings.secret)
        stack.push_async_callback(jobs.close)
        pool = pool_of(settings)
        stack.push_async_callback(pool.close)
        yield Wiring(
            settings=settings,
            database=database,
            store=store,
            tenants=tenants,
            reads=reads,
            seals=seals,
            dossiers=Dossiers(store),
            searching=Searching(database, store),
            courses=Courses(store),
            accesses=Accesses(database),
            people=People(store),
            keys=keys,
            uploads=Uploads(database, settings.allowance),
            door=Door(store, keys),
            redis=redis,
            probes={"database": Probe(database.answer), "Redis": Probe(redis.ping)},
            jobs=jobs,
            pool=pool,
            rulebooks=load_rulebooks(),
            calendar=load_calendar(),
        )
