from decimal import Decimal
from uuid import uuid4

import pytest

from domain.appraisal import Appraisal, Proposal
from domain.errors import (
    IndicatorsUnappraised,
    OutOfOrder,
    ReasonMissing,
    ScoreAboveMaximum,
    ScoreBelowMinimum,
)
from domain.measure import Outcome
from tests.domain.aggregates import CODES, COMMUNE, DAY, facts_of, replayed, state

CODE = CODES[0]


def an_appraisal() -> Appraisal:
    return Appraisal(id=uuid4(), commune=COMMUNE)


def appraise(appraisal: Appraisal, points: str, *, seen: int = 5, reason: str | None = None) -> None:
    appraisal.appraise(
        CODE,
        Decimal(points),
        proposed=Decimal(3),
        minimum=Decimal(0),
        maximum=Decimal(5),
        seen=seen,
        reason=reason,
    )


def test_a_file_is_opened_for_the_first_time_once():
    appraisal, evidence = an_appraisal(), uuid4()

    appraisal.open_evidence(CODE, evidence)
    appraisal.open_evidence(CODE, evidence)

    assert facts_of(appraisal) == ["Started", "EvidenceOpened"]


def test_another_value_than_the_communes_carries_its_reason():
    appraisal = an_appraisal()

    with pytest.raises(ReasonMissing):
        appraise(appraisal, "2")
    with pytest.raises(ReasonMissing):
        appraisal.rate(CODE, Outcome.NOT_MET, proposed=Outcome.MET, seen=5)
    appraise(appraisal, "3")
    appraise(appraisal, "2", reason="Thiếu biên bản")

    assert appraisal.values[CODE].points == Decimal(2)


def test_points_keep_between_minimum_and_maximum():
    with pytest.raises(ScoreAboveMaximum):
        appraise(an_appraisal(), "6", reason="…")
    with pytest.raises(ScoreBelowMinimum):
        appraise(an_appraisal(), "-1", reason="…")


@pytest.mark.parametrize(("seen", "changed"), [(5, 6), (0, 1)])
def test_a_value_formed_before_the_last_change_does_not_count(seen: int, changed: int):
    appraisal = an_appraisal()
    if seen:
        appraise(appraisal, "3", seen=seen)

    with pytest.raises(IndicatorsUnappraised) as refusal:
        appraisal.conclude(DAY, Proposal.RECOGNISE, computed=Proposal.RECOGNISE, changed={CODE: changed})

    assert refusal.value.details["indicators"] == (CODE,)


def test_a_proposal_against_the_computed_result_carries_its_reason():
    appraisal = an_appraisal()
    appraise(appraisal, "3")

    with pytest.raises(ReasonMissing):
        appraisal.conclude(DAY, Proposal.RECOGNISE, computed=Proposal.NOT_RECOGNISE, changed={CODE: 5})
    appraisal.conclude(DAY, Proposal.RECOGNISE, computed=Proposal.NOT_RECOGNISE, changed={CODE: 5}, reason="Xem CV 7")

    assert appraisal.proposal is Proposal.RECOGNISE


def test_a_concluded_appraisal_is_taken_up_again_only_with_a_reason():
    appraisal = an_appraisal()
    with pytest.raises(OutOfOrder):
        appraisal.resume("…")
    appraisal.conclude(DAY, Proposal.RECOGNISE, computed=Proposal.RECOGNISE, changed={})
    with pytest.raises(OutOfOrder):
        appraise(appraisal, "3")
    with pytest.raises(ReasonMissing):
        appraisal.resume(" ")

    appraisal.resume("Tài liệu mới")
    appraise(appraisal, "3")

    assert appraisal.proposal is None
    assert replayed(appraisal) == state(appraisal)
