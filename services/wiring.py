"""The composition root: opens the connected parts of a process from its settings. Nothing else builds an `App`."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from domain.catalogue import AGGREGATES, FACTS
from infra.encryption.cipher import Encryption
from infra.encryption.personal_keys import PersonalKeys
from infra.identity.oidc import Identity
from infra.identity.sessions import Sessions, connect
from infra.identity.tenants import Tenants
from infra.identity.throttle import Throttle
from infra.jobs.queue import Jobs
from infra.log.eventstore import EventStore
from infra.log.mapper import Mapper
from infra.log.rulebook_texts import RulebookTexts
from infra.platform import programs
from infra.platform.config import Settings
from infra.platform.database import Database
from infra.platform.probe import Probe
from infra.platform.process_pool import PATIENCE, Pool
from infra.readmodels.reading import ReadModels
from infra.reference.rulebooks import load_calendar, load_rulebooks
from infra.storage.uploads import Uploads
from infra.transparency.seal_status import CheckpointStatuses
from services.app import App
from services.case.case_cache import effective_past
from services.people import People


@asynccontextmanager
async def wired(settings: Settings, patience: float | None = None) -> AsyncIterator[App]:
    """The connected parts, for as long as the block lasts. Connections are made when first needed.

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
        seals = CheckpointStatuses(database)
        stack.push_async_callback(seals.close)
        keys = PersonalKeys(settings.keys_url, settings.key_encryption_key)
        stack.push_async_callback(keys.close)
        redis = connect(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        jobs = Jobs.at(settings.redis_url, settings.secret)
        stack.push_async_callback(jobs.close)
        pool = pool_of(settings)
        stack.push_async_callback(pool.close)
        yield App(
            settings=settings,
            database=database,
            store=store,
            tenants=tenants,
            reads=reads,
            seals=seals,
            people=People(store),
            keys=keys,
            uploads=Uploads(database, settings.allowance),
            redis=redis,
            sessions=Sessions(redis, Encryption(settings.secret, "sessions")),
            throttle=Throttle(redis),
            identity=Identity(),
            probes={"database": Probe(database.answer), "Redis": Probe(redis.ping)},
            jobs=jobs,
            rulebooks=load_rulebooks(),
            texts=RulebookTexts(store, load_rulebooks()),
            calendar=load_calendar(),
            effective_past=effective_past,
            pool=pool,
        )


def pool_of(settings: Settings, patience: float = PATIENCE) -> Pool:
    """The processes that make heavy pages for a web process of these settings; none runs yet."""
    argv = [sys.executable, "-m", programs.PAGE_MAKER]
    return Pool(argv, {**os.environ, **settings.environment()}, patience=patience)
