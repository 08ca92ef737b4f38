"""The last audit of a tenant's log, as it is recorded and shown."""

from datetime import datetime
from typing import NamedTuple

import msgspec

from infra.platform.database import Connection, HasId, schema_of
from infra.transparency.audit_result import AuditFinding, AuditResult
from infra.transparency.audit_rows import looking


class LastAudit(NamedTuple):
    """The last verification of a log, as pages show it. `findings` are the first of `found`."""

    at: datetime
    facts: int
    covered: int
    witnessed: int
    held: int
    found: int
    findings: tuple[AuditFinding, ...]

    @property
    def ok(self) -> bool:
        return self.found == 0


#: Findings that are recorded.
RECORDED = 50


async def record(dsn: str, tenant: HasId, result: AuditResult, policy_sha256: str) -> None:
    """Leave the result where pages find it. Only the verifier's login may write there, and nobody change it."""
    async with looking(dsn) as connection:
        await connection.execute(
            f"""
            INSERT INTO {schema_of(tenant)}.verifications
              (at, facts, covered, witnessed, held, found, findings, policy_sha256, seconds)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            result.at,
            result.facts,
            result.covered,
            result.witnessed.size if result.witnessed else 0,
            len(result.held),
            result.found,
            msgspec.json.encode(result.findings[:RECORDED]).decode(),
            policy_sha256,
            result.seconds,
        )


async def last_result(connection: Connection, tenant: HasId) -> LastAudit | None:
    """What was found last; None where nobody has verified this log yet."""
    row = await connection.fetchrow(
        f"""
        SELECT at, facts, covered, witnessed, held, found, findings FROM {schema_of(tenant)}.verifications
        ORDER BY number DESC LIMIT 1
        """
    )
    if row is None:
        return None
    found = dict(row)
    return LastAudit(**found | {"findings": tuple(msgspec.json.decode(row["findings"], type=list[AuditFinding]))})
