from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from domain.assessment import EVIDENCE_LIMIT, Stage
from domain.errors import (
    AssessmentLocked,
    EvidenceAlreadyAttached,
    EvidenceMissing,
    IndicatorsUnscored,
    NotFound,
    OutOfOrder,
    PostingUnfinished,
    ReasonMissing,
    ReturnsOutstanding,
    SatisfactionMissing,
    ScoreAboveMaximum,
    ScoreBelowMinimum,
    TooMuchEvidence,
    UnknownEvidence,
    VetoUndeclared,
)
from domain.measure import Answer, Kind, Measured, Outcome
from domain.personal import Sealed
from tests.domain.aggregates import (
    CODES,
    DAY,
    a_complete_dossier,
    a_dossier,
    a_file,
    a_posted_dossier,
    a_submitted_dossier,
    facts_of,
    replayed,
    score,
    state,
)

DUE = date(2024, 2, 5)
CODE = CODES[0]


@pytest.mark.parametrize(
    ("points", "refusal"), [("5.25", ScoreAboveMaximum), ("-0.5", ScoreBelowMinimum)], ids=["above", "below"]
)
def test_points_keep_between_minimum_and_maximum(points: str, refusal: type[Exception]):
    dossier = a_dossier()

    with pytest.raises(refusal):
        dossier.score(CODE, Decimal(points), minimum=Decimal("-0.25"), maximum=Decimal(5))

    assert facts_of(dossier) == ["Opened"]


def test_a_penalty_is_a_score_where_the_minimum_allows_it():
    dossier = a_dossier()

    dossier.score(CODE, Decimal("-0.25"), minimum=Decimal("-0.25"), maximum=Decimal(5))

    assert dossier.entry(CODE).points == Decimal("-0.25")


def test_a_value_other_than_the_rules_carries_its_reason():
    dossier = a_dossier()

    with pytest.raises(ReasonMissing):
        dossier.rate(CODE, Outcome.NOT_MET, by_rule=Outcome.MET)
    dossier.rate(CODE, Outcome.NOT_MET, by_rule=Outcome.MET, reason="Thiếu một lớp")

    assert dossier.entry(CODE).reason == "Thiếu một lớp"


def test_what_is_already_so_is_no_fact():
    dossier = a_complete_dossier()
    dossier.measure(CODE, CODE, Measured(Kind.NOT_ARISEN))
    before = facts_of(dossier)

    score(dossier, CODE)
    dossier.measure(CODE, CODE, Measured(Kind.NOT_ARISEN))
    dossier.declare_veto("C3", Answer.NO, "Công văn 5")

    assert facts_of(dossier) == before


def test_a_change_of_any_kind_is_seen_by_the_appraiser_a_change_of_value_by_the_scorer():
    dossier = a_dossier()
    score(dossier, CODE)
    scored = dossier.version

    dossier.attach(CODE, a_file())

    assert dossier.entry(CODE).scored == scored
    assert dossier.entry(CODE).changed == dossier.version


def test_the_same_content_supports_an_indicator_once():
    dossier = a_dossier()
    dossier.attach(CODE, a_file())

    with pytest.raises(EvidenceAlreadyAttached):
        dossier.attach(CODE, a_file())
    dossier.attach(CODES[1], a_file())


def test_an_indicator_holds_only_so_many_files():
    dossier = a_dossier()
    for number in range(EVIDENCE_LIMIT):
        dossier.attach(CODE, a_file(str(number)))
    other = a_file("other")
    dossier.attach(CODES[1], other)

    with pytest.raises(TooMuchEvidence):
        dossier.attach(CODE, a_file("more"))
    with pytest.raises(TooMuchEvidence):
        dossier.reuse(CODE, other.id, CODES[1])


def test_only_evidence_that_is_there_is_reused_or_withdrawn():
    dossier = a_dossier()

    with pytest.raises(UnknownEvidence):
        dossier.reuse(CODE, uuid4(), CODES[1])
    with pytest.raises(UnknownEvidence):
        dossier.withdraw(CODE, uuid4(), "…")


def test_a_sheet_comes_together_when_scored_supported_declared_and_surveyed():
    dossier = a_dossier()

    def consolidate() -> None:
        dossier.consolidate(DAY, indicators=CODES, vetoes=["C3"], needs_satisfaction=True)

    with pytest.raises(IndicatorsUnscored):
        consolidate()
    for code in CODES:
        score(dossier, code)
    dossier.explain(CODES[0], "Không phát sinh")
    with pytest.raises(EvidenceMissing) as refusal:
        consolidate()
    dossier.attach(CODES[1], a_file())
    with pytest.raises(VetoUndeclared):
        consolidate()
    dossier.declare_veto("C3", Answer.YES, "QĐ kỷ luật 9")
    with pytest.raises(SatisfactionMissing):
        consolidate()
    dossier.measure_satisfaction(96, 100)
    consolidate()

    assert refusal.value.details["indicators"] == (CODES[1],)
    assert dossier.stage is Stage.CONSOLIDATED


def test_a_consolidated_sheet_is_changed_only_after_it_was_reopened():
    dossier = a_posted_dossier()
    with pytest.raises(AssessmentLocked):
        score(dossier, CODE, "2")
    with pytest.raises(ReasonMissing):
        dossier.reopen("")

    dossier.reopen("Nhầm số liệu")
    score(dossier, CODE, "2")

    assert dossier.posted_until is None


def test_a_dossier_goes_out_after_the_posting_with_comments_answered():
    dossier = a_posted_dossier()
    comment = uuid4()
    dossier.receive_comment(comment, Sealed("ab" * 32, "", comment), DAY)

    with pytest.raises(PostingUnfinished):
        dossier.submit(date(2024, 1, 28), "12/BC", indicators=CODES)
    with pytest.raises(OutOfOrder):
        dossier.submit(date(2024, 1, 29), "12/BC", indicators=CODES)
    with pytest.raises(NotFound):
        dossier.answer_comment(uuid4(), "…")
    with pytest.raises(ReasonMissing):
        dossier.answer_comment(comment, " ")
    dossier.answer_comment(comment, "Đã kiểm tra")
    dossier.submit(date(2024, 1, 29), "12/BC", indicators=CODES)

    assert dossier.stage is Stage.SUBMITTED


def test_a_dossier_is_not_submitted_twice_nor_unposted():
    with pytest.raises(OutOfOrder):
        a_complete_dossier().submit(DAY, "12/BC", indicators=CODES)
    with pytest.raises(OutOfOrder):
        a_submitted_dossier().submit(DAY, "12/BC", indicators=CODES)


def test_only_the_returned_indicator_is_open_and_comes_back():
    dossier = a_submitted_dossier()
    with pytest.raises(ReasonMissing):
        dossier.return_indicator(CODE, "", DUE)
    dossier.return_indicator(CODE, "Bổ sung biên bản", DUE)

    score(dossier, CODE, "2")
    with pytest.raises(AssessmentLocked):
        score(dossier, CODES[1], "2")
    with pytest.raises(ReturnsOutstanding):
        dossier.must_be_with_the_appraiser()
    dossier.resubmit(DAY)

    assert dossier.returned == ()
    assert not dossier.may_edit(CODE)


def test_a_returned_indicator_without_its_evidence_does_not_come_back():
    dossier = a_submitted_dossier()
    dossier.return_indicator(CODE, "Tệp sai", DUE)
    (evidence,) = dossier.entry(CODE).evidence
    dossier.withdraw(CODE, evidence, "Tệp sai")

    with pytest.raises(EvidenceMissing):
        dossier.resubmit(DAY)


def test_the_facts_alone_make_the_dossier():
    dossier = a_submitted_dossier()
    dossier.return_indicator(CODE, "Bổ sung", DUE)
    dossier.resubmit(DAY)

    assert replayed(dossier) == state(dossier)
