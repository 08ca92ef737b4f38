"""The policy in force of a log: whom its province has said must cosign its checkpoints, and how many of them."""

from eventsourcing.utils import get_topic

from domain.log import LOG, Log
from infra.database import Connection, schema_of
from infra.ledger.policy import Policy
from infra.ledger.text import LARGEST
from infra.sealing import LogOwner


async def read_policy(connection: Connection, tenant: LogOwner) -> Policy | None:
    """The policy published last, None where there never was one. Raises Malformed when the row is no policy."""
    text = await read_policy_text(connection, tenant)
    return None if text is None else Policy.read(text.encode())


async def read_policy_text(connection: Connection, tenant: LogOwner, upto: int = LARGEST) -> str | None:
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
