"""Checkpoint status on a page, for acts that count only once they are witnessed: a ballot, minutes, a decision.

"Đã ghi nhận" (recorded) is said of these when a checkpoint covers them and, where the province has witnesses, the
quorum has cosigned it. Until then the page says how far it is, and nothing is ever said earlier.
"""

from infra.log.group_commit import CommandResult
from infra.transparency.seal_status import CheckpointStatus
from services.web.visit import Visit

#: Seconds that an answer waits for the seal. It comes within moments; a sealer that is down must not hold up a meeting.
WAIT = 2.0


async def sealed(visit: Visit, result: CommandResult) -> CommandResult:
    """The result, once it may be called recorded, or when that takes too long: the page then says how far it is."""
    await visit.app.seals.recorded(visit.tenant, result.last, timeout=WAIT)
    return result


async def seal_of(visit: Visit, position: int | None) -> CheckpointStatus | None:
    """How far a position of the log is sealed; None where there is none to ask for."""
    if position is None:
        return None
    return await visit.app.seals.of(visit.tenant, position)
