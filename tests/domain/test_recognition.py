from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from domain.errors import (
    AlreadyDecided,
    BasisMissing,
    DocumentMissing,
    NotARounding,
    NothingCorrected,
    OutOfOrder,
    PeriodReversed,
    ReasonMissing,
)
from domain.fact import Fact, replay
from domain.recognition import Recognition, ReliedOn, Result, Signer, reason_to_differ
from tests.domain.aggregates import CALENDAR, COMMUNE, DAY, replayed, state


def a_decision(result: Result = Result.RECOGNISED) -> Recognition:
    return Recognition(
        id=uuid4(),
        commune=COMMUNE,
        result=result,
        decision_no="41/QĐ-UBND",
        on=DAY,
        rulebook="qd-25-2021",
        rulebook_sha256="ab" * 32,
        computed=result,
        state_sha256="cd" * 32,
        relied_on=(ReliedOn(uuid4(), "assessment", 31, "ef" * 32),),
        voted=result,
    )


YES, NO = Result.RECOGNISED, Result.NOT_RECOGNISED


@pytest.mark.parametrize(
    ("result", "computed", "voted", "needed"),
    [
        (YES, YES, YES, False),
        (YES, YES, None, False),
        (NO, NO, NO, False),
        (YES, YES, NO, True),
        (NO, YES, YES, True),
        (NO, YES, NO, True),
        (YES, NO, YES, True),
        (NO, YES, None, True),
    ],
)
def test_a_result_other_than_the_rules_or_the_votes_carries_a_reason(
    result: Result, computed: Result, voted: Result | None, *, needed: bool
):
    if needed:
        with pytest.raises(ReasonMissing):
            reason_to_differ(result, computed, voted, "  ")
    else:
        assert reason_to_differ(result, computed, voted, "") is None
    assert reason_to_differ(result, computed, voted, " Vì… ") == "Vì…"


def test_a_decision_is_signed_then_published_then_perhaps_revoked_each_once():
    decision = a_decision()
    with pytest.raises(OutOfOrder):
        decision.publish(DAY, "Cổng")
    decision.sign(DAY, "ab" * 32, CALENDAR)
    with pytest.raises(OutOfOrder):
        decision.sign(DAY, "ab" * 32, CALENDAR)
    decision.publish(DAY, "Cổng")
    with pytest.raises(OutOfOrder):
        decision.publish(DAY, "Cổng")
    with pytest.raises(ReasonMissing):
        decision.revoke("", "50/QĐ", DAY)
    decision.revoke("Tài liệu giả", "50/QĐ", date(2024, 6, 1))
    with pytest.raises(OutOfOrder):
        decision.revoke("Tài liệu giả", "51/QĐ", date(2024, 6, 1))

    assert replayed(decision) == state(decision)


def test_what_was_not_recognised_is_not_revoked():
    with pytest.raises(OutOfOrder):
        a_decision(Result.NOT_RECOGNISED).revoke("…", "50/QĐ", DAY)


MONDAY, FRIDAY = DAY, DAY - timedelta(days=3)


@pytest.mark.parametrize("on", [MONDAY, MONDAY - timedelta(days=1), FRIDAY, MONDAY + timedelta(days=30)])
def test_what_was_signed_gets_its_day_at_once_or_on_the_next_working_day(on: date):
    decision = a_decision()

    decision.sign(on, "ab" * 32, CALENDAR)

    assert decision.signed_on == on


@pytest.mark.parametrize("on", [FRIDAY - timedelta(days=1), date(2014, 1, 15)])
def test_a_signature_is_no_older_than_the_working_day_before_the_decision(on: date):
    with pytest.raises(PeriodReversed) as refused:
        a_decision().sign(on, "ab" * 32, CALENDAR)

    assert refused.value.details == {"reason": "signed", "field": "on", "begins": FRIDAY, "ends": on}


def test_a_decision_is_not_published_before_its_signature_nor_before_its_own_day():
    late, early = a_decision(), a_decision()
    late.sign(DAY + timedelta(days=2), "ab" * 32, CALENDAR)
    early.sign(FRIDAY, "ab" * 32, CALENDAR)

    for decision, first in ((late, DAY + timedelta(days=2)), (early, DAY)):
        with pytest.raises(PeriodReversed) as refused:
            decision.publish(first - timedelta(days=1), "Cổng")
        assert refused.value.details["reason"] == "published"
        decision.publish(first, "Cổng")


def test_nothing_is_revoked_before_it_was_decided():
    with pytest.raises(PeriodReversed):
        a_decision().revoke("Tài liệu giả", "50/QĐ", FRIDAY)


def test_a_decision_of_an_old_log_whose_days_are_in_no_order_is_read_and_goes_on():
    decision = a_decision()
    decision.sign(DAY, "ab" * 32, CALENDAR)
    facts = [fact for fact in decision.pending_events if isinstance(fact, Fact)]
    vars(facts[-1])["on"] = date(2013, 1, 15)

    old = replay(facts)

    assert isinstance(old, Recognition)
    assert old.signed_on == date(2013, 1, 15)
    old.publish(DAY, "Cổng")


def decide_again(decision: Recognition, on: date, *, appraised: int = 1, result: Result = Result.RECOGNISED) -> None:
    """A new decision that relies on the appraisal up to this version."""
    decision.decide_again(
        result,
        "2107/QĐ-UBND",
        on,
        rulebook="qd-25-2021",
        rulebook_sha256="ab" * 32,
        computed=result,
        state_sha256="ef" * 32,
        relied_on=(ReliedOn(uuid4(), "appraisal", appraised, "12" * 32),),
    )


def test_a_decision_that_was_taken_back_makes_room_for_another_which_keeps_its_own_number():
    decision = a_decision()
    decision.sign(DAY, "ab" * 32, CALENDAR)
    decision.publish(DAY, "Cổng")
    decision.revoke("Minh chứng không đúng", "915/QĐ-UBND", DAY)

    decide_again(decision, DAY + timedelta(days=30))

    assert (decision.number, decision.decision_no) == (2, "2107/QĐ-UBND")
    assert (decision.signed_on, decision.published_on, decision.revoked_on) == (None, None, None)
    assert replayed(decision) == state(decision)


def test_no_decision_takes_the_place_of_one_that_stands():
    decision = a_decision()

    with pytest.raises(AlreadyDecided):
        decide_again(decision, DAY)


def test_a_new_decision_rests_on_an_appraisal_that_was_concluded_since():
    decision = a_decision()
    decision.revoke("Minh chứng không đúng", "915/QĐ-UBND", DAY)
    decide_again(decision, DAY, appraised=9)
    decision.revoke("Khiếu nại đúng", "990/QĐ-UBND", DAY)

    with pytest.raises(BasisMissing):
        decide_again(decision, DAY, appraised=9)


def test_a_new_decision_is_not_older_than_what_made_room_for_it():
    decision = a_decision()
    decision.revoke("Minh chứng không đúng", "915/QĐ-UBND", DAY)

    with pytest.raises(PeriodReversed):
        decide_again(decision, DAY - timedelta(days=1))


def test_a_commune_that_was_not_recognised_is_decided_on_anew_when_its_appeal_is_upheld():
    decision = a_decision(Result.NOT_RECOGNISED)

    decision.uphold_appeal("Chưa tính quý IV", "1502/QĐ-UBND", DAY)
    with pytest.raises(OutOfOrder):
        decision.uphold_appeal("Chưa tính quý IV", "1502/QĐ-UBND", DAY)
    decide_again(decision, DAY)

    assert decision.result is Result.RECOGNISED
    assert not decision.may_be_decided_again


def test_an_upheld_appeal_names_reason_and_document_and_no_day_before_the_decision():
    decision = a_decision(Result.NOT_RECOGNISED)

    with pytest.raises(ReasonMissing):
        decision.uphold_appeal(" ", "1502/QĐ-UBND", DAY)
    with pytest.raises(DocumentMissing):
        decision.uphold_appeal("Chưa tính quý IV", " ", DAY)
    with pytest.raises(PeriodReversed):
        decision.uphold_appeal("Chưa tính quý IV", "1502/QĐ-UBND", DAY - timedelta(days=1))
    with pytest.raises(OutOfOrder):
        a_decision().uphold_appeal("Chưa tính quý IV", "1502/QĐ-UBND", DAY)


def test_number_day_and_signer_are_corrected_and_nothing_else_changes():
    decision, signer = a_decision(), Signer(uuid4(), uuid4())
    day = DAY - timedelta(days=3)

    decision.correct(
        "Đánh máy nhầm", "52/QĐ-UBND", DAY, CALENDAR, decision_no=" 14/QĐ-UBND ", decided_on=day, signer=signer
    )

    assert (decision.decision_no, decision.on, decision.signer) == ("14/QĐ-UBND", day, signer)
    assert (decision.result, decision.number) == (Result.RECOGNISED, 1)
    assert replayed(decision) == state(decision)


def test_a_correction_says_something_new_for_a_reason_by_a_document():
    decision = a_decision()

    with pytest.raises(NothingCorrected):
        decision.correct("Đánh máy nhầm", "52/QĐ", DAY, CALENDAR, decision_no="41/QĐ-UBND", decided_on=DAY)
    with pytest.raises(ReasonMissing):
        decision.correct("", "52/QĐ", DAY, CALENDAR, decision_no="14/QĐ-UBND")
    with pytest.raises(DocumentMissing):
        decision.correct("Đánh máy nhầm", "", DAY, CALENDAR, decision_no="14/QĐ-UBND")


@pytest.mark.parametrize(("days", "reason"), [(9, "signed"), (60, "signed"), (1, "published")])
def test_a_day_that_what_came_after_contradicts_is_no_correction(days: int, reason: str):
    decision = a_decision()
    decision.sign(DAY, "ab" * 32, CALENDAR)
    decision.publish(DAY, "Cổng")

    with pytest.raises(PeriodReversed) as refusal:
        decision.correct("Nhầm", "52/QĐ", DAY + timedelta(days=90), CALENDAR, decided_on=DAY + timedelta(days=days))

    assert refusal.value.details["reason"] == reason
    assert decision.on == DAY


def test_a_decision_is_not_corrected_to_a_day_after_the_correction():
    with pytest.raises(PeriodReversed):
        a_decision().correct("Nhầm", "52/QĐ", DAY, CALENDAR, decided_on=DAY + timedelta(days=1))


# A total that others published rounded -----------------------------------------------------------------

NA_RI = Decimal("90.24")


def note(decision: Recognition, total: str, exact: Decimal = NA_RI) -> None:
    decision.note_published_total(Decimal(total), exact, "Sở Tư pháp", "15/BC-STP", DAY)


@pytest.mark.parametrize(
    ("exact", "total"),
    [("90.24", "90"), ("90.24", "90.2"), ("90.24", "91"), ("90.24", "90.3"), ("90.25", "90.3"), ("90.04", "90.0")],
)
def test_a_total_published_with_fewer_decimals_rounds_the_exact_one_half_up_up_or_down(exact: str, total: str):
    decision = a_decision()

    note(decision, total, Decimal(exact))

    assert str(decision.published_total) == total
    assert replayed(decision) == state(decision)


@pytest.mark.parametrize(
    ("exact", "total"),
    [
        ("90.24", "89"),
        ("90.24", "92"),
        ("90.24", "90.1"),
        ("90.24", "90.24"),
        ("90.24", "90.240"),
        ("90.24", "90.2" + "0" * 40),
        ("90.24", "9E+1"),
        ("90.24", "NaN"),
        ("90.24", "-90"),
        ("90.00", "90"),
        ("90", "90.0"),
    ],
)
def test_another_number_is_no_rounding_of_the_exact_total(exact: str, total: str):
    with pytest.raises(NotARounding) as refusal:
        note(a_decision(), total, Decimal(exact))

    assert refusal.value.details["exact"] == Decimal(exact)


def test_a_published_total_is_corrected_by_noting_it_again_and_names_its_document():
    decision = a_decision()
    note(decision, "91")

    note(decision, "90")
    with pytest.raises(DocumentMissing):
        decision.note_published_total(Decimal(90), NA_RI, "Sở Tư pháp", " ", DAY)

    assert decision.published_total == 90


def test_no_total_is_noted_of_a_decision_that_was_taken_back():
    decision = a_decision()
    decision.revoke("Minh chứng giả", "915/QĐ-UBND", DAY)

    with pytest.raises(OutOfOrder):
        note(decision, "90")
