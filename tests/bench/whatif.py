"""How long does a what-if take: one dossier of 300 facts, its pivotal facts and sets, a season of 200 communes?

The dossier is one of 25/2021 that meets the standard with some points to spare, every value entered and appraised
several times, with one to three files an indicator. The season is 200 such dossiers, 60,000 facts; the loop is
watched meanwhile.
"""

import statistics
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from domain.appraisal import Appraisal, appraisal_stream
from domain.assessment import Assessment, Evidence, assessment_stream
from domain.fact import Recorded
from domain.measure import Answer, Outcome
from infra.config import Settings
from infra.readmodels import ReadModels
from infra.rulebooks import load_calendar, load_rulebooks
from infra.tenants import Tenants
from projections.flags import Known, flags_of
from projections.pivotal import pivotal
from projections.whatif import Otherwise, what_if, with_thresholds
from services.demo.figures import Figure, figures
from services.demo.provinces import Dossier
from services.flagging import Flagging
from services.projector import projecting
from services.whatif import sides_of
from tests.bench.projecting import COMMUNES, figure, load, opened, watched
from tests.infra.logs import MAPPER
from tests.projections.histories import Province

Row = dict[str, Any]

RULEBOOK = load_rulebooks()["qd-25-2021"]
OTHER = load_rulebooks()["qd-27-2025"]
CALENDAR = load_calendar()
SEASON, COMMUNE, UNIT = "2000", "COMMUNE", "697"
DOSSIER, APPRAISAL = assessment_stream(SEASON, COMMUNE), appraisal_stream(SEASON, COMMUNE)
FACTS = 60_000

#: What is entered one after the other, in shares of the maximum, and how often it is appraised.
SHARES = ("0.5", "0.6", "0.7", "0.84")
TURNS = 4
REPEATS = 5


async def rows(services: Settings) -> list[Row]:
    """The rows what-if-dossier, pivotal-facts, pivotal-sets, what-if-season and its kin, flags."""
    log = a_judged_dossier()
    file = next(one.position for one in log if isinstance(one.fact, Assessment.EvidenceAttached))
    struck = Otherwise(frozenset({file}), thresholds={"C1": Decimal(85)})
    said = f"a dossier of {len(log)} facts"
    found = [
        timed("what-if-dossier", said, lambda: what_if(log, COMMUNE, RULEBOOK, CALENDAR, struck)),
        timed("pivotal-facts", said, lambda: pivotal(log, COMMUNE, RULEBOOK, CALENDAR, 1)),
        timed("pivotal-sets", said, lambda: pivotal(log, COMMUNE, RULEBOOK, CALENDAR, 3)),
    ]
    return found + await of_a_season(services, log)


def timed(name: str, against: str, deed: Callable[[], object]) -> Row:
    taken = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        deed()
        taken.append((time.perf_counter() - begun) * 1000)
    return {**figure(name, statistics.median(taken)), "against": against}


async def of_a_season(services: Settings, log: list[Recorded]) -> list[Row]:
    registry = Tenants(services.database_url)
    tenant = await registry.create(slug=f"bench-{uuid4().hex}", province_code="99", name="Tỉnh Mẫu")
    await registry.close()
    position, _ = await load(services, tenant, FACTS, dossier=stored(log))
    async with projecting(services) as (projector, _):
        await projector.rebuild(tenant)
    rules = {
        "what-if-season": OTHER,
        "what-if-season-higher": with_thresholds(RULEBOOK, {"C1": Decimal(85)}),
    }
    found = []
    async with opened(services) as (database, store):
        models = ReadModels(database, store)
        for name, rule in rules.items():
            taken, held = [], []
            for _ in range(REPEATS):
                async with watched() as longest:
                    begun = time.perf_counter()
                    async with models.at(tenant) as view:
                        sides = await sides_of(view, SEASON, RULEBOOK, rule, CALENDAR)
                    taken.append((time.perf_counter() - begun) * 1000)
                held.append(longest[0])
            if len(sides) != COMMUNES or not all(side.changes for side in sides):
                raise RuntimeError(f"{name}: {sum(side.changes for side in sides)} of {len(sides)} change side")
            found += [
                {**figure(name, statistics.median(taken)), "against": f"{position} facts, {COMMUNES} communes"},
                figure(f"{name}-loop-held", max(held)),
            ]
        flagging = Flagging(store)
        begun = time.perf_counter()
        async with watched() as longest:
            marks = await flagging.marks(tenant, SEASON, position)
        found += [
            {**figure("flags-cold", (time.perf_counter() - begun) * 1000), "against": f"{position} facts"},
            figure("flags-loop-held", longest[0]),
        ]
        verdicts = {side.commune: side.before for side in sides}
        found.append(
            timed("flags-rules", f"{COMMUNES} communes", lambda: flags_of(marks, Known({}, verdicts, RULEBOOK)))
        )
        await models.close()
    return found


# The dossier ------------------------------------------------------------------------------------------


def a_judged_dossier() -> list[Recorded]:
    """About 300 facts that meet 25/2021 at 83 points or so."""
    province = Province()
    province.begin(
        DOSSIER,
        Assessment,
        commune=COMMUNE,
        rulebook=RULEBOOK.id,
        rulebook_sha256=RULEBOOK.sha256,
        decided_by=UNIT,
    )
    province.begin(APPRAISAL, Appraisal, commune=COMMUNE)
    drafts = [figures(RULEBOOK, CALENDAR, Dossier(COMMUNE, share=Decimal(share)), 2023) for share in SHARES]
    final = drafts[-1]
    for number, one in enumerate(final):
        for draft in drafts:
            _enter(province, draft[number])
        for file in range(1 + number % 3):
            _attach(province, one.indicator, number * 10 + file)
    province.do(DOSSIER, lambda it: it.declare_veto("C3", Answer.NO, "Công văn 15/CV-CA"))
    for turn in range(TURNS):
        for one in final:
            _appraise(province, one, turn)
    assert what_if(province.log, COMMUNE, RULEBOOK, CALENDAR, Otherwise()).before.result is Outcome.MET
    return province.log


def _enter(province: Province, entered: Figure) -> None:
    indicator = RULEBOOK.indicator(entered.indicator)
    bounds = {"minimum": indicator.min_points, "maximum": indicator.max_points}

    def data(it: Any) -> None:
        for part, measured in entered.measures.items():
            it.measure(indicator.code, part, measured)
        it.score(indicator.code, entered.value, by_rule=entered.value, **bounds)

    province.do(DOSSIER, data)


def _attach(province: Province, indicator: str, key: int) -> None:
    file = Evidence(UUID(int=key), f"{key:057x}{COMMUNE}", f"biên bản {key}.pdf", 90_000, "application/pdf")
    province.do(DOSSIER, lambda it: it.attach(indicator, file))


def _appraise(province: Province, entered: Figure, turn: int) -> None:
    indicator = RULEBOOK.indicator(entered.indicator)
    bounds = {"minimum": indicator.min_points, "maximum": indicator.max_points}
    for file in province.streams[DOSSIER].entry(indicator.code).evidence:
        _open(province, indicator.code, file)
    province.do(
        APPRAISAL,
        lambda it: it.appraise(indicator.code, entered.value, proposed=entered.value, seen=1_000 + turn, **bounds),
    )


def _open(province: Province, indicator: str, file: UUID) -> None:
    province.do(APPRAISAL, lambda it: it.open_evidence(indicator, file))


def stored(log: list[Recorded]) -> list[tuple[str, str, int, str]]:
    """Kind of the stream, topic, schema and payload of each fact, in order."""
    found = []
    for recorded in log:
        payload = MAPPER.payload(recorded.fact)
        found.append((recorded.stream.kind, payload.topic, payload.schema, payload.data.decode()))
    return found
