from datetime import date
from uuid import uuid4

import pytest

from domain.errors import OutOfOrder, ReasonMissing
from domain.recognition import Recognition, ReliedOn, Result, reason_to_differ
from tests.domain.aggregates import COMMUNE, DAY, replayed, state


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
    decision.sign(DAY, "ab" * 32)
    with pytest.raises(OutOfOrder):
        decision.sign(DAY, "ab" * 32)
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
