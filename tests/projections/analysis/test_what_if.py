"""One dossier, otherwise: what rests on something falls with it, and what cannot be is refused."""

from decimal import Decimal
from uuid import UUID

import pytest

from domain.appraisal import Appraisal
from domain.assessment import Assessment, Evidence
from domain.errors import Refused, ScoreAboveMaximum, WhatIfInvalid
from domain.fact import Fact, Recorded
from domain.judging import VerdictResult, judge
from domain.measure import Answer, Kind, ManualPoints, Measured, Outcome
from domain.meeting import Choice, Meeting, VoteOutcome
from domain.rulebook import Rulebook
from domain.working_days import Calendar
from projections.analysis.what_if import Otherwise, WhatIfResult, what_if
from projections.fold import fold
from projections.tables.standings import STANDINGS, sheet_of
from tests.domain.rulebooks import HALF_OF_EACH, VETO, a_criterion, a_part, a_rulebook, an_indicator, at_least
from tests.projections.histories import INDICATORS, MEMBERS, Province
from tests.projections.story import APPRAISAL, COMMUNE, DOSSIER, KEY, LIMITS, MEETING, SEASON, STEPS, consulted, told

TENTH = ManualPoints(Decimal("0.25"))
RULEBOOK = a_rulebook(
    a_criterion(
        "TC1",
        an_indicator("TC1.CT1", a_part("TC1.CT1.1", TENTH, "10")),
        an_indicator("TC1.CT2", a_part("TC1.CT2.1", TENTH, "10")),
    ),
    a_criterion("TC2", an_indicator("TC2.CT1", a_part("TC2.CT1.1", TENTH, "10"))),
    conditions=(at_least("20"), HALF_OF_EACH, VETO),
)
CALENDAR = Calendar(2023, 2024, frozenset())


def position(province: Province, kind: type[Fact], number: int = 0) -> int:
    return [one.position for one in of_the_season(province) if isinstance(one.fact, kind)][number]


def of_the_season(province: Province) -> list[Recorded]:
    return [one for one in province.log if one.stream.season == SEASON]


def asked(province: Province, otherwise: Otherwise, rulebook: Rulebook = RULEBOOK) -> WhatIfResult:
    return what_if(of_the_season(province), COMMUNE, rulebook, CALENDAR, otherwise)


def test_without_anything_otherwise_the_verdict_is_the_boards():
    province = told("decided")

    answer = asked(province, Otherwise())

    standing = fold(STANDINGS, province.log)[KEY]
    assert answer.before == answer.after == judge(sheet_of(standing, RULEBOOK), RULEBOOK)
    assert (answer.before.total, answer.before.result) == (Decimal(27), VerdictResult.MET)
    assert (answer.conditions, answer.moved) == ((), ())


def test_an_indicator_whose_only_file_is_struck_out_earns_nothing():
    province = told("decided")

    answer = asked(province, Otherwise(frozenset({position(province, Assessment.EvidenceAttached)})))

    assert [(one.indicator, one.before, one.after, one.unsupported) for one in answer.moved] == [
        ("TC1.CT1", Decimal(9), Decimal(0), True)
    ]
    assert (answer.after.total, answer.after.margin, answer.after.result) == (
        Decimal(18),
        Decimal(-2),
        VerdictResult.NOT_MET,
    )
    assert [change.after.code for change in answer.conditions] == ["C2", "C1"]


def test_a_file_is_struck_out_wherever_it_was_attached_or_reused():
    province = told("scored")
    file = Evidence(UUID(int=1), "a" * 64, "biên bản.pdf", 10, "application/pdf")
    same = Evidence(UUID(int=2), "a" * 64, "biên bản (1).pdf", 10, "application/pdf")
    province.do(DOSSIER, lambda it: it.attach(INDICATORS[0], file))
    province.do(DOSSIER, lambda it: it.reuse(INDICATORS[1], file.id, INDICATORS[0]))
    province.do(DOSSIER, lambda it: it.attach(INDICATORS[2], same))

    answer = asked(province, Otherwise(frozenset({position(province, Assessment.EvidenceReused)})))

    assert len(answer.without) == 3
    assert [one.indicator for one in answer.moved if one.unsupported] == list(INDICATORS)


def test_an_explanation_keeps_an_indicator_supported():
    province = told("scored")
    file = Evidence(UUID(int=1), "a" * 64, "biên bản.pdf", 10, "application/pdf")
    province.do(DOSSIER, lambda it: it.attach(INDICATORS[0], file))
    province.do(DOSSIER, lambda it: it.explain(INDICATORS[0], "hồ sơ giấy"))

    answer = asked(province, Otherwise(frozenset({position(province, Assessment.EvidenceAttached)})))

    assert answer.moved == ()


def measured(points: str) -> Measured:
    return Measured(Kind.POINTS, points=Decimal(points))


def test_a_score_that_followed_the_rule_follows_it_again_and_so_does_the_appraised_value():
    province = told("opened")
    province.do(DOSSIER, lambda it: it.measure("TC1.CT1", "TC1.CT1.1", measured("9")))
    step_on(province)

    answer = asked(province, Otherwise(replace={position(province, Assessment.IndicatorMeasured): measured("4.5")}))

    assert [(one.indicator, one.after) for one in answer.moved] == [("TC1.CT1", Decimal("4.5"))]


def step_on(province: Province) -> None:
    """The rest of the way to the vote, after something of its own."""
    for step in list(STEPS)[1 : list(STEPS).index("voted") + 1]:
        STEPS[step](province)


def test_what_is_struck_out_with_nothing_earlier_in_its_place_earns_nothing():
    province = told("decided")

    answer = asked(province, Otherwise(frozenset({position(province, Assessment.IndicatorScored)})))

    assert [(one.indicator, one.after) for one in answer.moved] == [("TC1.CT1", Decimal(0))]
    assert answer.after.complete


def test_a_value_that_the_appraiser_set_apart_stands_but_never_above_what_is_left():
    province = told("decided")
    lower = {position(province, Assessment.IndicatorScored): Decimal(5)}
    apart = last_appraisal(province, INDICATORS[0])

    below = asked(province, Otherwise(replace={apart: Decimal(4), **lower}))
    appraised = told("decided")
    appraised.do(
        APPRAISAL,
        lambda it: it.resume("xem lại"),
    )
    appraised.do(
        APPRAISAL,
        lambda it: it.appraise(INDICATORS[0], Decimal(7), proposed=Decimal(9), seen=99, reason="thiếu", **LIMITS),
    )
    above = asked(appraised, Otherwise(replace=lower))

    assert [(one.before, one.after) for one in below.moved] == [(Decimal(9), Decimal(4))]
    assert [(one.before, one.after) for one in above.moved] == [(Decimal(7), Decimal(5))]


def last_appraisal(province: Province, indicator: str) -> int:
    return next(
        one.position
        for one in reversed(of_the_season(province))
        if isinstance(one.fact, Appraisal.IndicatorAppraised) and one.fact.indicator == indicator
    )


def test_a_veto_that_would_have_been_declared_shuts_the_gate():
    province = told("decided")

    answer = asked(province, Otherwise(replace={position(province, Assessment.VetoDeclared): Answer.YES}))

    assert answer.after.result is VerdictResult.NOT_MET
    assert [change.after.code for change in answer.conditions] == ["C3"]


def test_another_threshold_changes_the_margin_only():
    answer = asked(told("decided"), Otherwise(thresholds={"C1": Decimal("27.5")}))

    assert (answer.before.margin, answer.after.margin) == (Decimal(7), Decimal("-0.5"))
    assert answer.after.result is VerdictResult.NOT_MET
    assert answer.moved == ()


def test_a_vote_is_counted_again_under_the_rule_frozen_into_it():
    province = told("decided")
    ballot = position(province, Meeting.BallotCast)

    struck, against = (
        asked(province, Otherwise(frozenset({ballot}))).vote,
        asked(province, Otherwise(replace={ballot: Choice.AGAINST})).vote,
    )

    assert struck is not None
    assert against is not None
    assert (struck.before, struck.after, struck.present, struck.is_quorate) == (
        VoteOutcome.CARRIED,
        VoteOutcome.NOT_CARRIED,
        2,
        True,
    )
    assert (against.after, against.counts[Choice.FOR], against.counts[Choice.AGAINST]) == (
        VoteOutcome.NOT_CARRIED,
        1,
        1,
    )


def test_an_answer_in_writing_is_counted_again_like_a_ballot():
    province = consulted()
    on_paper = position(province, Meeting.WrittenOpinionReceived)

    vote = asked(province, Otherwise(replace={on_paper: Choice.AGAINST})).vote
    struck = asked(province, Otherwise(frozenset({on_paper}))).vote

    assert vote is not None
    assert struck is not None
    assert (vote.before, vote.after) == (VoteOutcome.CARRIED, VoteOutcome.NOT_CARRIED)
    assert (struck.after, struck.is_quorate) == (VoteOutcome.NOT_CARRIED, True)


def test_an_absent_members_opinion_is_no_ballot_to_leave_out():
    province = told("convened")
    province.do(
        MEETING,
        lambda it: it.receive_absent_opinion(COMMUNE, MEMBERS[2], Choice.FOR, "7/CV", "ab" * 32, MEMBERS),
    )
    opinion = position(province, Meeting.AbsentOpinionReceived)

    with pytest.raises(WhatIfInvalid) as refusal:
        asked(province, Otherwise(frozenset({opinion})))

    assert refusal.value.details["reason"] == "not-judged"


def test_without_a_quorum_no_vote_carries():
    province = told("decided")
    ballots = frozenset(one.position for one in province.log if isinstance(one.fact, Meeting.BallotCast))

    vote = asked(province, Otherwise(ballots)).vote

    assert vote is not None
    assert not vote.is_quorate
    assert vote.after is VoteOutcome.NOT_CARRIED


@pytest.mark.parametrize(
    ("otherwise", "reason"),
    [
        (lambda it: Otherwise(frozenset({10_000})), "no-such-fact"),
        (lambda it: Otherwise(frozenset({position(it, Assessment.Submitted)})), "not-judged"),
        (lambda it: Otherwise(frozenset({scored(it)}), {scored(it): Decimal(5)}), "struck-and-replaced"),
        (lambda it: Otherwise(replace={position(it, Assessment.EvidenceAttached): Decimal(5)}), "wrong-value"),
        (lambda it: Otherwise(replace={position(it, Assessment.VetoDeclared): Decimal(1)}), "wrong-value"),
        (lambda it: Otherwise(thresholds={"C9": Decimal(1)}), "no-such-parameter"),
        (lambda it: Otherwise(thresholds={"C1": Decimal(31)}), "parameter-out-of-range"),
    ],
)
def test_what_cannot_be_is_refused(otherwise, reason):
    province = told("decided")

    with pytest.raises(WhatIfInvalid) as refused:
        asked(province, otherwise(province))

    assert refused.value.details["reason"] == reason


def scored(province: Province) -> int:
    return position(province, Assessment.IndicatorScored)


@pytest.mark.parametrize("points", [Decimal(11), Decimal(-1), Decimal("0.001"), Outcome.MET])
def test_a_value_outside_the_indicators_range_is_refused(points):
    province = told("decided")

    with pytest.raises(Refused):
        asked(province, Otherwise(replace={scored(province): points}))


def test_the_refusal_of_a_value_names_the_maximum():
    province = told("decided")

    with pytest.raises(ScoreAboveMaximum) as refused:
        asked(province, Otherwise(replace={scored(province): Decimal(11)}))

    assert refused.value.details["maximum"] == Decimal(10)
