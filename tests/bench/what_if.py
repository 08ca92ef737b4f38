"""How long does a what-if of one dossier of 300 facts take, and how long its pivotal facts and sets?

The dossier is one of 25/2021 that meets the standard with some points to spare, every value entered and appraised
several times, with one to three files an indicator.
"""

import statistics
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from domain.assessment import Assessment
from infra.platform.config import Settings
from projections.analysis.pivotal import pivotal
from projections.analysis.what_if import Otherwise, what_if
from tests.bench._seasons import CALENDAR, COMMUNE, RULEBOOK, a_judged_dossier
from tests.bench.projecting import figure

Row = dict[str, Any]

REPEATS = 5


async def rows(services: Settings) -> list[Row]:
    """The rows what-if-dossier, pivotal-facts, pivotal-sets."""
    log = a_judged_dossier()
    file = next(one.position for one in log if isinstance(one.fact, Assessment.EvidenceAttached))
    struck = Otherwise(frozenset({file}), thresholds={"C1": Decimal(85)})
    said = f"a dossier of {len(log)} facts"
    return [
        timed("what-if-dossier", said, lambda: what_if(log, COMMUNE, RULEBOOK, CALENDAR, struck)),
        timed("pivotal-facts", said, lambda: pivotal(log, COMMUNE, RULEBOOK, CALENDAR, 1)),
        timed("pivotal-sets", said, lambda: pivotal(log, COMMUNE, RULEBOOK, CALENDAR, 3)),
    ]


def timed(name: str, against: str, deed: Callable[[], object]) -> Row:
    taken = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        deed()
        taken.append((time.perf_counter() - begun) * 1000)
    return {**figure(name, statistics.median(taken)), "against": against}
