"""The last audit on a page: when the log was hashed again, and whether it still was what had been signed.

What the verifier left, and nothing that a page has computed: the verifier signs in by a login of its own, which is the
only one that can write it.
"""

import time
from typing import NamedTuple

from infra.transparency.last_audit import LastAudit, last_result
from services.web.visit import Visit

#: Seconds for which a process says the same of a province; verifications are hours apart.
KEPT = 30


class Verified(NamedTuple):
    """The last verification of the province's log; None where nobody has verified it yet."""

    result: LastAudit | None


async def last_verified(visit: Visit) -> Verified | None:
    """What a page of today says of it. None on a page of the past, which knows nothing of later."""
    if visit.past is not None:
        return None
    key = ("verified", visit.tenant.id, int(time.monotonic() // KEPT))
    known = visit.site.kept.get(key)
    if not isinstance(known, Verified):
        async with visit.app.database.reading(visit.tenant) as connection:
            known = Verified(await last_result(connection, visit.tenant))
        visit.site.kept.put(key, known)
    return known
