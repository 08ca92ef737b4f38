"""The rows by which facts are found: a query over them gives what the same search gives among the facts."""

from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random

import pytest

from domain.assessment import Assessment
from domain.fact import Recorded
from infra.identity.tenants import Tenant
from infra.log.eventstore import EventStore
from infra.platform.database import Database
from infra.readmodels.reading import ReadModels
from infra.readmodels.search_index import TrailIndex
from projections.analysis.search_terms import VERSION, IndexedFact, Search, index, words_of
from services.inspection.trail.search import Searching
from tests.infra.logs import MAPPER, write
from tests.projections.histories import ACTS, SEASONS, Province, tell
from tests.projections.story import DOSSIER, told


@pytest.fixture
async def store(database: Database) -> AsyncIterator[EventStore]:
    store = EventStore(database, MAPPER)
    yield store
    await store.close()


def a_history(seed: int, tenant: str, many: int = 250) -> Province:
    chance = Random(seed)
    return tell([(chance.choice(ACTS), chance.randrange(2**30)) for _ in range(many)], tenant)


def a_search(chance: Random, indexed: list[IndexedFact]) -> Search:
    """Something of a fact that there is, mixed with what another has."""

    def some() -> frozenset[str]:
        return frozenset(chance.choice(sorted(chance.choice(indexed).terms)) for _ in range(chance.randint(1, 3)))

    since, until = sorted(chance.choice(indexed).at for _ in range(2))
    return Search(
        tuple(some() for _ in range(chance.randint(0, 2))),
        chance.choice(["", "", *SEASONS]),
        chance.choice([None, since]),
        chance.choice([None, until - timedelta(microseconds=1)]),
        chance.choice([frozenset(), some()]),
    )


async def test_a_query_finds_what_the_search_finds(database: Database, store: EventStore, tenant: Tenant):
    history = a_history(3, tenant.id)
    await write(store, tenant, history.commands)
    facts: list[Recorded] = [one async for page in store.read(tenant) for one in page]
    indexed = list(index(facts, {}))
    trail = TrailIndex(database, VERSION, near=5)

    async def index_between(after: int, upto: int) -> list[IndexedFact]:
        return [one for one in indexed if after < one.position <= upto]

    while (reached := await trail.learn(tenant, index_between, 100)).position < reached.last:
        pass

    chance = Random(7)
    for search, low, high in [
        (a_search(chance, indexed), chance.randint(0, 60), chance.randint(100, len(indexed))) for _ in range(60)
    ]:
        expected = [one.position for one in indexed if low < one.position <= high and search.wants(one)]
        assert await trail.find(tenant, search, low, high, 1_000) == expected[::-1]
        assert await trail.find(tenant, search, low, high, 3, rising=True) == expected[:3]
        assert await trail.count(tenant, search, low, high, 50) == min(len(expected), 50)


async def test_marks_of_another_version_are_made_anew(database: Database, store: EventStore, tenant: Tenant):
    await write(store, tenant, a_history(3, tenant.id, 5).commands)

    async def index_between(after: int, upto: int) -> list[IndexedFact]:
        return list(index([one async for page in store.read(tenant, after=after, upto=upto) for one in page], {}))

    first = await TrailIndex(database, 1).learn(tenant, index_between, 1_000)
    assert (await TrailIndex(database, 2).reached(tenant)).position == 0
    again = await TrailIndex(database, 2).learn(tenant, index_between, 1_000)

    assert first == again
    assert await TrailIndex(database, 2).count(tenant, Search(), 0, first.last, 1_000) == first.last


async def test_a_fact_whose_marks_the_database_does_not_take_is_named_and_the_others_are_found(
    database: Database, store: EventStore, tenant: Tenant
):
    await write(store, tenant, a_history(3, tenant.id, 50).commands)
    last = await store.position(tenant)

    async def index_between(after: int, upto: int) -> list[IndexedFact]:
        facts = [one async for page in store.read(tenant, after=after, upto=upto) for one in page]
        return [
            one._replace(terms=frozenset({Random(1).randbytes(4_000).hex()})) if one.position == 7 else one
            for one in index(facts, {})
        ]

    trail, models = TrailIndex(database, VERSION), ReadModels(database, store)
    reached = await trail.learn(tenant, index_between, 1_000)

    assert reached.position == reached.last == last
    assert await trail.find(tenant, Search(), 0, last, 1_000) == [one for one in range(last, 0, -1) if one != 7]
    assert [one[:3] for one in (await models.status(tenant)).stopped] == [("trail", "7", 7)]
    await models.close()


async def test_a_log_with_a_word_that_no_index_takes_is_searched_again(
    database: Database, store: EventStore, tenant: Tenant
):
    province = told("scored", tenant.id)
    key = Random(2).randbytes(2_250).hex()
    province.did(DOSSIER, Assessment.Explained, indicator="TC1.CT1", explanation=f"Xem mã: {key}")
    await write(store, tenant, province.commands)
    searching = Searching(database, store)

    reached = await searching.freshened(tenant)

    wanted = tuple(frozenset({f"w:{word}"}) for word in words_of(f"mã {key}"))
    assert reached.position == reached.last == len(province.log)
    assert await searching.find(tenant, Search(wanted), reached.last, 10) == [reached.last]
