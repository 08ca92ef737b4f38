"""A dossier of about 300 facts, as stored, with COMMUNE in the place of its commune's code."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.appraisal import Appraisal, Proposal, appraisal_stream
from domain.assessment import Assessment, Evidence, assessment_stream
from domain.measure import Answer, Kind, Measured
from domain.recognition import Recognition, Result, recognition_stream
from infra.reference.rulebooks import load_calendar
from tests.infra.logs import MAPPER
from tests.projections.histories import Province

UNIT = "697"
SEASON, COMMUNE = "2000", "COMMUNE"
INDICATORS = tuple(f"TC{criterion}.CT{number}" for criterion in range(1, 6) for number in range(1, 5))
DAY = date(2023, 11, 20)
BOUNDS = {"minimum": Decimal(0), "maximum": Decimal(10)}


def a_dossier() -> list[tuple[str, str, int, str]]:
    """Kind of the stream, topic, schema and payload of each fact, in order."""
    province = Province()
    dossier = assessment_stream(SEASON, COMMUNE)
    province.begin(
        dossier,
        Assessment,
        commune=COMMUNE,
        rulebook="qd-25-2021",
        rulebook_sha256="ab" * 32,
        decided_by=UNIT,
    )
    for number, indicator in enumerate(INDICATORS):
        _enter(province, indicator, number)
    for deed in (
        lambda it: it.declare_veto("C3", Answer.NO, "Công văn 15/CV-CA"),
        lambda it: it.consolidate(DAY, indicators=INDICATORS, vetoes=("C3",), needs_satisfaction=False),
        lambda it: it.post(DAY, DAY, "trụ sở UBND, nhà văn hóa các thôn"),
        lambda it: it.submit(DAY, "12/BC-UBND", indicators=INDICATORS),
    ):
        province.do(dossier, deed)
    _appraise(province)
    _decide(province)
    stored = []
    for recorded in province.log:
        payload = MAPPER.payload(recorded.fact)
        stored.append((recorded.stream.kind, payload.topic, payload.schema, payload.data.decode()))
    return stored


def _enter(province: Province, indicator: str, number: int) -> None:
    dossier = assessment_stream(SEASON, COMMUNE)

    def data(it: Any) -> None:
        for part in range(2):
            it.measure(indicator, f"{indicator}.{part}", Measured(Kind.RATIO, numerator=40 + part, denominator=45))
        it.score(indicator, Decimal("8.5"), by_rule=Decimal("9.0"), reason="thiếu một biên bản của thôn", **BOUNDS)
        for file in range(3):
            key = number * 10 + file
            it.attach(
                indicator, Evidence(UUID(int=key), f"{key:064x}", f"biên bản {key}.pdf", 90_000, "application/pdf")
            )
        it.score(indicator, Decimal("9.0"), **BOUNDS)
        it.explain(indicator, "Hồ sơ giấy lưu tại bộ phận một cửa")

    province.do(dossier, data)


def _appraise(province: Province) -> None:
    name = appraisal_stream(SEASON, COMMUNE)
    appraisal = province.begin(name, Appraisal, commune=COMMUNE)
    seen = province.streams[assessment_stream(SEASON, COMMUNE)].version

    def values(it: Any) -> None:
        for number, indicator in enumerate(INDICATORS):
            for file in range(3):
                it.open_evidence(indicator, UUID(int=number * 10 + file))
            for points in (Decimal("8.0"), Decimal("9.0")):
                it.appraise(indicator, points, proposed=Decimal("9.0"), seen=seen, reason="đối chiếu sổ gốc", **BOUNDS)
        it.conclude(DAY, Proposal.RECOGNISE, computed=Proposal.RECOGNISE, changed={})

    province.do(name, values)
    assert appraisal.proposal is Proposal.RECOGNISE


def _decide(province: Province) -> None:
    name = recognition_stream(SEASON, COMMUNE)
    province.begin(
        name,
        Recognition,
        commune=COMMUNE,
        result=Result.RECOGNISED,
        decision_no="321/QĐ-UBND",
        on=DAY,
        rulebook="qd-25-2021",
        rulebook_sha256="ab" * 32,
        computed=Result.RECOGNISED,
        state_sha256="ef" * 32,
        relied_on=(),
    )
    province.do(name, lambda it: it.sign(DAY, "01" * 32, load_calendar()))
    province.do(name, lambda it: it.publish(DAY, "Cổng thông tin điện tử"))
