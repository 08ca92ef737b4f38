"""Histories of `tests.projections` written into a real log."""

from collections.abc import Sequence

from domain.catalogue import AGGREGATES, FACTS
from domain.fact import Recorded, StreamName
from infra.identity.tenants import Tenant
from infra.log.eventstore import Command, EventStore, Loaded
from infra.log.mapper import Mapper

MAPPER = Mapper(FACTS, AGGREGATES)


async def write(store: EventStore, tenant: Tenant, commands: Sequence[Sequence[Recorded]]) -> None:
    """Append these commands as they are; what others have appended meanwhile in other streams does not matter."""
    for facts in commands:
        names = {one.stream for one in facts}
        streams: dict[StreamName, Loaded] = {}
        for name in names:
            found = await store.load(tenant, name)
            assert isinstance(found, Loaded)
            streams[name] = found
        first = facts[0]
        command = Command(
            id=first.command,
            facts=[(one.stream, one.fact) for one in facts],
            actor=first.actor,
            unit=first.unit,
            mandate=first.mandate,
        )
        await store.append(tenant, command, streams.values())
