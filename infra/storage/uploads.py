"""Upload quotas: how much has been sent to a province, and whether it may send more.

The log says it: each file was attached by a fact with its size, whoever took it off afterwards. Documents that a
decision or a meeting brings are not counted: there is one of each.
"""

from __future__ import annotations

from domain.errors import UploadsExhausted
from infra.platform.config import MEGABYTE, Allowance
from infra.platform.database import Database, HasId, schema_of

#: The fact by which a file is attached; the index of its migration knows it by this name.
ATTACHED = "assessment.evidence-attached"


class Uploads:
    """What the logs of all provinces say of files, in one process."""

    def __init__(self, database: Database, allowance: Allowance) -> None:
        self._database = database
        self._allowance = allowance
        self._totals: dict[str, tuple[int, int]] = {}  # up to which position, how many bytes: positions have no gaps

    async def require_room(self, tenant: HasId, person: str, size: int, a_day_ago: int) -> None:
        """UploadsExhausted when so many bytes more are too many: of the person or the province since `a_day_ago`, the
        position at which the last 24 hours begin, or of the province in all.
        """
        for reason, sent, limit in (
            ("person", await self._sent(tenant, a_day_ago, person), self._allowance.person_a_day),
            ("day", await self._sent(tenant, a_day_ago), self._allowance.province_a_day),
            ("all", await self._total(tenant), self._allowance.province),
        ):
            if sent + size > limit:
                raise UploadsExhausted(reason=reason, megabytes=limit // MEGABYTE)

    async def _sent(self, tenant: HasId, after: int, person: str | None = None) -> int:
        rows = await self._database.ask(
            tenant,
            f"""
            SELECT coalesce(sum((data->>'size')::bigint), 0)::bigint AS bytes FROM {schema_of(tenant)}.events
            WHERE topic = '{ATTACHED}' AND position > $1 AND ($2::text IS NULL OR actor = $2)
            """,
            after,
            person,
        )
        return int(rows[0]["bytes"])

    async def _total(self, tenant: HasId) -> int:
        """Of all files ever, read on from where this process has read."""
        position, total = self._totals.get(tenant.id, (0, 0))
        rows = await self._database.ask(
            tenant,
            f"""
            SELECT
              coalesce(max(position), $1)::bigint AS position,
              coalesce(sum((data->>'size')::bigint), 0)::bigint AS bytes
            FROM {schema_of(tenant)}.events WHERE topic = '{ATTACHED}' AND position > $1
            """,
            position,
        )
        total += int(rows[0]["bytes"])
        self._totals[tenant.id] = (int(rows[0]["position"]), total)
        return total
