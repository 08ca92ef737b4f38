"""The policies of a log: whom its province has said must cosign its checkpoints, and how many of them.

A policy names keys, and a key signs for one epoch. So the policy published last in an epoch judges the checkpoints of
that epoch; until one is published in a new epoch, nothing counts as witnessed there, whoever has cosigned it.
"""

from typing import NamedTuple

from eventsourcing.utils import get_topic

from domain.log import LOG, Log
from infra.ledger.epoch import Epoch
from infra.ledger.text import LARGEST
from infra.ledger.witness_policy import Policy
from infra.platform.database import Connection, schema_of
from infra.transparency.sealer_store import KeyOwner


class PolicyEpoch(NamedTuple):
    """An epoch of a log as it stands in it: the positions `start` to `end`, and the policy published last in it.

    The present one has no `end`. Checkpoints of these sizes are its own.
    """

    origin: str
    start: int
    end: int | None = None
    text: str | None = None

    @property
    def policy(self) -> Policy | None:
        """Raises Malformed when the row is no policy."""
        return None if self.text is None else Policy.read(self.text.encode())


async def read_eras(connection: Connection, tenant: KeyOwner) -> list[PolicyEpoch]:
    """The epochs of the log, in order; the last is the present one."""
    rows = await connection.fetch(
        f"""
        SELECT position, topic, data ->> 'origin' AS origin, data ->> 'text' AS text
        FROM {schema_of(tenant)}.events WHERE stream_id = $1 AND topic = ANY($2) ORDER BY version
        """,
        LOG.id(tenant.id),
        [get_topic(Log.PolicyPublished), get_topic(Log.Restored)],
    )
    eras = [PolicyEpoch(Epoch.read(tenant.log).log, 1)]
    for position, topic, origin, text in rows:
        if topic == get_topic(Log.Restored):
            eras[-1] = eras[-1]._replace(end=position - 1)
            eras.append(PolicyEpoch(str(origin), position))
        else:
            eras[-1] = eras[-1]._replace(text=text)
    return eras


async def read_policy(connection: Connection, tenant: KeyOwner) -> Policy | None:
    """The policy published last, None where there never was one. Raises Malformed when the row is no policy."""
    text = await read_policy_text(connection, tenant)
    return None if text is None else Policy.read(text.encode())


async def read_policy_text(connection: Connection, tenant: KeyOwner, upto: int = LARGEST) -> str | None:
    """The policy published last up to a position, as it was handed in."""
    text: str | None = await connection.fetchval(
        f"""
        SELECT data ->> 'text' FROM {schema_of(tenant)}.events
        WHERE stream_id = $1 AND topic = $2 AND position <= $3 ORDER BY version DESC LIMIT 1
        """,
        LOG.id(tenant.id),
        get_topic(Log.PolicyPublished),
        upto,
    )
    return text
