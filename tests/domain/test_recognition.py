from datetime import date, timedelta
from uuid import uuid4

import pytest

from domain.errors import OutOfOrder, PeriodReversed, ReasonMissing
from domain.fact import Fact, replay
from domain.recognition import Recognition, ReliedOn, Result, reason_to_differ
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
