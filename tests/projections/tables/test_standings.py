from decimal import Decimal

import pytest

from domain.judging import VerdictResult, judge
from domain.measure import Answer, Kind, Measured, RatioThreshold
from domain.rulebook import Rulebook
from infra.reference.rulebooks import load_rulebooks
from projections.fold import fold
from projections.tables.standings import STANDINGS, Basis, Cell, CommuneStage, Standing, sheet_of
from tests.projections.story import COMMUNE, DOSSIER, KEY, told


@pytest.mark.parametrize(
    ("step", "stage"),
    [
        ("opened", CommuneStage.COLLECTING),
        ("consolidated", CommuneStage.CONSOLIDATED),
        ("posted", CommuneStage.POSTED),
        ("submitted", CommuneStage.SUBMITTED),
        ("returned", CommuneStage.SUPPLEMENT),
        ("resubmitted", CommuneStage.SUBMITTED),
        ("concluded", CommuneStage.APPRAISED),
        ("convened", CommuneStage.APPRAISED),
        ("voting", CommuneStage.APPRAISED),
        ("voted", CommuneStage.VOTED),
        ("decided", CommuneStage.DECIDED),
        ("signed", CommuneStage.SIGNED),
        ("published", CommuneStage.PUBLISHED),
        ("revoked", CommuneStage.REVOKED),
    ],
)
def test_a_commune_s_stage_is_the_last_step_that_it_took(step: str, stage: CommuneStage):
    assert fold(STANDINGS, told(step).log)[KEY].stage is stage


def test_the_appraiser_s_values_go_before_the_commune_s_where_there_are_any():
    cells = {
        "TC1.CT1": Cell(changed=2, points=Decimal(9), seen=2, appraised_points=Decimal(0)),
        "TC1.CT2": Cell(changed=2, points=Decimal(7)),
    }
    row = a_standing(cells=cells)

    assert row.values(Basis.BEST_KNOWN) == {"TC1.CT1": Decimal(0), "TC1.CT2": Decimal(7)}
    assert row.values(Basis.PROPOSED) == {"TC1.CT1": Decimal(9), "TC1.CT2": Decimal(7)}
    assert row.values(Basis.APPRAISED) == {"TC1.CT1": Decimal(0)}


def test_a_full_sheet_is_judged_by_the_rulebook_s_own_rules():
    rulebook = load_rulebooks().newest("qd-25-2021")
    full = a_standing(cells={one.code: Cell(points=one.max_points) for one in rulebook.indicators})
    vetoed = a_standing(cells=full.cells, vetoes={rulebook.vetoes[0].code: Answer.YES})

    assert judge(sheet_of(full, rulebook), rulebook).result is VerdictResult.MET
    assert judge(sheet_of(vetoed, rulebook), rulebook).result is VerdictResult.NOT_MET


def test_a_ratio_just_above_its_threshold_is_near_without_any_points():
    rulebook = load_rulebooks().newest("qd-27-2025")
    part, threshold = a_threshold_part(rulebook)
    province = told("opened")
    indicator = part if part in rulebook.by_code else part.rpartition(".")[0]
    measured = Measured(Kind.RATIO_THRESHOLD, numerator=threshold + 1, denominator=100)

    province.do(DOSSIER, lambda it: it.measure(indicator, part, measured))
    sheet = sheet_of(fold(STANDINGS, province.log)[KEY], rulebook)

    assert sheet.slacks == {indicator: Decimal(1)}


def test_satisfaction_is_never_rounded_up_to_a_threshold():
    assert a_standing(satisfied=79_996, asked=100_000).satisfaction == Decimal("79.99")
    assert a_standing().satisfaction is None


def a_threshold_part(rulebook: Rulebook) -> tuple[str, int]:
    """A part that is met from so many percent on, fewer than 100."""
    return next(
        (part.code, int(part.measure.at_least))
        for part in rulebook.parts.values()
        if isinstance(part.measure, RatioThreshold) and part.measure.at_least < 100
    )


def a_standing(**fields: object) -> Standing:
    return Standing("2023", COMMUNE, "697", "qd-25-2021", "ab" * 32, None, 1, **fields)  # type: ignore[arg-type]
