"""Each sign of the catalogue: the facts that raise it, and what does not; the past never learns from later facts."""

import dataclasses
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.assessment import Assessment, Evidence, assessment_stream
from domain.fact import Fact, Recorded
from domain.flag import Flag as Dismissal
from domain.flag import flag_stream
from domain.judging import judge
from domain.meeting import Choice, Meeting
from domain.official import Mandate, Office, Official, official_stream
from domain.rulebook import Rulebook
from domain.season import Deadline, Step, season_stream
from projections.analysis.flags import MARKS, Known, RaisedFlag, Sign, flags_of
from projections.fold import fold
from projections.tables.officials import OFFICIALS, Grant
from projections.tables.standings import STANDINGS, sheet_of
from tests.domain.rulebooks import at_least
from tests.projections.analysis.test_what_if import RULEBOOK
from tests.projections.histories import BEGINNING, INDICATORS, MEMBERS, Province, histories
from tests.projections.story import APPRAISAL, COMMUNE, DOSSIER, LIMITS, MEETING, SEASON, STEPS, told

OTHER = "25444"
ELSEWHERE = assessment_stream(SEASON, OTHER)
MANDATE = Mandate(UUID(int=1), Office.JUSTICE_OFFICER, COMMUNE, date(2020, 1, 1), None, "1/QĐ")


def flags(
    facts: Iterable[Recorded], rulebook: Rulebook = RULEBOOK, mandate: Mandate = MANDATE, grant: Grant | None = None
) -> dict[tuple[str, Sign], RaisedFlag]:
    mine = [one for one in facts if one.stream.season == SEASON]
    verdicts = {row.commune: judge(sheet_of(row, rulebook), rulebook) for row in fold(STANDINGS, mine).values()}
    known = Known({"m-1": mandate}, verdicts, rulebook, {"m-1": grant} if grant else {})
    found = chain.from_iterable(flags_of(fold(MARKS, mine).values(), known))
    return {(flag.commune, flag.sign): flag for flag in found}


def signs(province: Province, **known: Rulebook | Mandate | Grant) -> set[Sign]:
    return {sign for commune, sign in flags(province.log, **known) if commune == COMMUNE}  # type: ignore[arg-type] # either


def positions(province: Province, kind: type[Fact]) -> tuple[int, ...]:
    return tuple(one.position for one in province.log if isinstance(one.fact, kind) and one.stream.season == SEASON)


def a_file(number: int) -> Evidence:
    return Evidence(UUID(int=number), f"{number:064x}", "tệp.pdf", 10, "application/pdf")


def test_an_ordinary_dossier_raises_what_its_short_story_cannot_avoid_and_nothing_else():
    province = told("concluded")
    wide = dataclasses.replace(RULEBOOK, conditions=(at_least("20"),))

    assert signs(province, rulebook=wide) == {Sign.AGREED_UNOPENED}


def test_a_season_is_judged_commune_by_commune_those_without_a_flag_too():
    rows = fold(MARKS, told("opened").log).values()

    found = list(flags_of(rows, Known({}, {}, RULEBOOK)))

    assert found == [[] for row in rows if row.commune]


def test_evidence_after_submission_is_flagged_also_where_a_supplement_was_asked_for():
    province = told("returned")
    province.do(DOSSIER, lambda it: it.attach(INDICATORS[0], a_file(9)))

    found = flags(province.log)[COMMUNE, Sign.EVIDENCE_AFTER_SUBMISSION]

    assert (found.positions, found.indicators) == ((len(province.log),), (INDICATORS[0],))


def test_a_deadline_binds_only_a_season_that_was_opened_before_it():
    in_time, for_the_record = told("opened"), told("opened")
    day = BEGINNING.date()
    in_time.do(season_stream(SEASON), lambda it: it.set_deadlines({Step.SUBMITTED: Deadline(day, "1/KH")}))
    for_the_record.do(
        season_stream(SEASON), lambda it: it.set_deadlines({Step.SUBMITTED: Deadline(day - timedelta(days=9), "1/KH")})
    )
    for province in (in_time, for_the_record):
        province.do(DOSSIER, lambda it: it.attach(INDICATORS[0], a_file(9)))
        last = province.log[-1]
        province.log[-1] = last._replace(at=last.at + timedelta(days=2))

    assert Sign.EVIDENCE_AFTER_DEADLINE in signs(in_time)
    assert Sign.EVIDENCE_AFTER_DEADLINE not in signs(for_the_record)


def test_a_score_changed_after_submission_is_flagged():
    province = told("returned")
    province.do(DOSSIER, lambda it: it.score(INDICATORS[0], Decimal(8), **LIMITS))

    assert flags(province.log)[COMMUNE, Sign.SCORE_AFTER_SUBMISSION].positions == (len(province.log),)


def test_the_same_file_in_two_communes_is_flagged_at_both_and_names_the_other():
    province = told("supported")
    province.do(ELSEWHERE, lambda it: it.attach(INDICATORS[1], a_file(1)))

    found = flags(province.log)

    assert found[COMMUNE, Sign.FILE_IN_SEVERAL_COMMUNES].communes == (OTHER,)
    assert found[OTHER, Sign.FILE_IN_SEVERAL_COMMUNES].communes == (COMMUNE,)
    assert found[OTHER, Sign.FILE_IN_SEVERAL_COMMUNES].positions == (len(province.log),)


def test_a_file_that_was_withdrawn_is_shared_with_nobody():
    province = told("supported")
    province.do(ELSEWHERE, lambda it: it.attach(INDICATORS[1], a_file(1)))
    province.do(ELSEWHERE, lambda it: it.withdraw(INDICATORS[1], a_file(1).id, "nhầm tệp"))

    assert Sign.FILE_IN_SEVERAL_COMMUNES not in signs(province)


def test_a_file_for_indicators_of_two_criteria_is_flagged_within_one_it_is_not():
    within, across = told("supported"), told("supported")
    first, same, other = INDICATORS
    within.do(DOSSIER, lambda it: it.reuse(same, a_file(1).id, first))
    across.do(DOSSIER, lambda it: it.reuse(other, a_file(1).id, first))

    assert Sign.FILE_FOR_UNRELATED_CRITERIA not in signs(within)
    assert flags(across.log)[COMMUNE, Sign.FILE_FOR_UNRELATED_CRITERIA].indicators == (first, other)


def test_who_proposes_and_appraises_the_same_indicator_is_flagged():
    province = told("returned")
    province.actor = "officer"
    seen = province.streams[DOSSIER].version
    province.do(APPRAISAL, lambda it: it.appraise(INDICATORS[0], Decimal(9), proposed=Decimal(9), seen=seen, **LIMITS))

    assert flags(province.log)[COMMUNE, Sign.PROPOSED_AND_APPRAISED].indicators == (INDICATORS[0],)


def test_who_appraises_and_votes_or_decides_is_flagged():
    province = told("resubmitted")
    province.actor = str(MEMBERS[0])
    seen = province.streams[DOSSIER].version
    for indicator in INDICATORS:
        appraise_again(province, indicator, seen)
    for step in ("concluded", "convened", "voting", "voted"):
        STEPS[step](province)
    decides = told("concluded")
    decides.actor = "appraiser"
    STEPS["decided"](decides)

    assert (
        flags(province.log)[COMMUNE, Sign.APPRAISED_AND_VOTED].positions == positions(province, Meeting.BallotCast)[:1]
    )
    assert Sign.APPRAISED_AND_VOTED in signs(decides)


def appraise_again(province: Province, indicator: str, seen: int) -> None:
    assert province.do(
        APPRAISAL, lambda it: it.appraise(indicator, Decimal(9), proposed=Decimal(9), seen=seen, **LIMITS)
    )


def test_agreeing_without_opening_the_evidence_is_flagged_opening_it_first_is_not():
    province = told("resubmitted")
    province.do(APPRAISAL, lambda it: it.open_evidence(INDICATORS[0], a_file(1).id))
    STEPS["appraised"](province)

    assert flags(province.log)[COMMUNE, Sign.AGREED_UNOPENED].indicators == (INDICATORS[1], INDICATORS[2])


@pytest.mark.parametrize(("required", "flagged"), [("27", True), ("26", True), ("25.75", False), ("27.5", False)])
def test_a_total_within_a_point_above_the_threshold_is_flagged(required: str, *, flagged: bool):
    rulebook = dataclasses.replace(RULEBOOK, conditions=(at_least(required),))

    assert (Sign.AT_THE_THRESHOLD in signs(told("concluded"), rulebook=rulebook)) is flagged


def test_ballots_that_come_all_at_once_are_flagged_fewer_than_three_are_not():
    province = told("voting")
    two = signs(province)
    province.do(MEETING, lambda it: it.cast_ballot(COMMUNE, MEMBERS[2], Choice.FOR))

    assert Sign.BALLOTS_AT_ONCE not in two
    assert flags(province.log)[COMMUNE, Sign.BALLOTS_AT_ONCE].positions == positions(province, Meeting.BallotCast)


def test_ballots_that_take_their_time_are_not_flagged():
    province = told("voting")
    province.do(MEETING, lambda it: it.cast_ballot(COMMUNE, MEMBERS[2], Choice.FOR))
    last = province.log[-1]
    province.log[-1] = last._replace(at=last.at + timedelta(minutes=2))

    assert Sign.BALLOTS_AT_ONCE not in signs(province)


@pytest.mark.parametrize(
    ("since", "until", "flagged"),
    [
        (date(2020, 1, 1), None, False),
        (date(2020, 1, 1), date(2025, 1, 1), True),
        (date(2024, 1, 1), None, True),
    ],
)
def test_an_act_outside_its_mandate_is_flagged_by_its_day_and_by_its_documents(
    since: date, until: date | None, *, flagged: bool
):
    mandate = dataclasses.replace(MANDATE, valid_from=since, valid_to=until)

    assert (Sign.MANDATE_NOT_IN_FORCE in signs(told("submitted"), mandate=mandate)) is flagged


@pytest.mark.parametrize(
    ("lead", "coordinating", "flagged"),
    [
        (Office.POLICE_CHIEF, Office.JUSTICE_OFFICER, True),
        (Office.JUSTICE_OFFICER, Office.POLICE_CHIEF, False),
    ],
)
def test_who_was_to_lead_an_indicator_and_did_nothing_on_it_is_flagged_with_the_assignment(
    lead: Office, coordinating: Office, *, flagged: bool
):
    province = Province()
    province.found()
    province.do(season_stream(SEASON), lambda it: it.assign(INDICATORS[1], lead, (coordinating,)))
    assigned = len(province.log)
    for step in list(STEPS)[1 : list(STEPS).index("submitted") + 1]:
        STEPS[step](province)

    found = flags(province.log).get((COMMUNE, Sign.ASSIGNED_IDLE))

    assert (found and (found.positions, found.indicators)) == (((assigned,), (INDICATORS[1],)) if flagged else None)


def test_acts_under_a_mandate_that_its_holder_granted_are_flagged():
    province = told("concluded")
    by_another = Grant(MANDATE.id, "an official", "an administrator", BEGINNING - timedelta(days=9))

    own = flags(province.log, grant=msgspec.structs.replace(by_another, by="an official"))[
        COMMUNE, Sign.MANDATE_SELF_GRANTED
    ]

    assert own.positions
    assert Sign.MANDATE_SELF_GRANTED not in signs(province, grant=by_another)


def test_acts_dated_before_their_mandate_was_recorded_are_flagged_unless_it_is_older_than_the_season():
    province = told("concluded")
    last = province.log[-1].at
    long_ago = Grant(MANDATE.id, "an official", "an administrator", BEGINNING - timedelta(days=9))
    late = msgspec.structs.replace(long_ago, at=last + timedelta(days=30))

    assert flags(province.log, grant=late)[COMMUNE, Sign.MANDATE_BACKDATED].positions
    assert Sign.MANDATE_BACKDATED not in signs(province, grant=long_ago)


def test_the_books_know_who_recorded_each_mandate_and_when():
    province = Province()
    person = MEMBERS[0]
    name = official_stream(person)
    province.begin(name, Official, name="Ông A", issuer="https://sso", subject="a")
    province.do(name, lambda it: it.grant(MANDATE))

    (row,) = fold(OFFICIALS, province.log).values()

    assert row.grants == (Grant(MANDATE.id, str(person), province.actor, province.log[-1].at),)


def test_the_same_survey_in_two_communes_is_flagged():
    province = told("supported")
    for name in (DOSSIER, ELSEWHERE):
        province.do(name, lambda it: it.measure_satisfaction(93, 101))

    assert flags(province.log)[COMMUNE, Sign.SATISFACTION_COPIED].communes == (OTHER,)


def test_every_indicator_at_its_maximum_is_flagged():
    province = told("supported")
    for indicator in INDICATORS:
        full(province, indicator)

    assert (
        flags(province.log)[COMMUNE, Sign.ALL_AT_MAXIMUM].positions
        == positions(province, Assessment.IndicatorScored)[-3:]
    )


def full(province: Province, indicator: str) -> None:
    assert province.do(DOSSIER, lambda it: it.score(indicator, Decimal(10), **LIMITS))


def test_a_dismissed_flag_keeps_its_reason_and_stands_again_when_further_facts_raise_it():
    province = told("supported")
    province.do(ELSEWHERE, lambda it: it.attach(INDICATORS[1], a_file(1)))
    raised = flags(province.log)[COMMUNE, Sign.FILE_IN_SEVERAL_COMMUNES]
    province.begin(
        flag_stream(SEASON, COMMUNE, raised.sign, raised.positions[-1]),
        Dismissal,
        commune=COMMUNE,
        flag=raised.sign.value,
        positions=raised.positions,
        reason="biên bản chung của hai xã",
    )

    dismissed = flags(province.log)[COMMUNE, Sign.FILE_IN_SEVERAL_COMMUNES]
    province.do(ELSEWHERE, lambda it: it.attach(INDICATORS[0], a_file(2)))

    assert (dismissed.dismissed, dismissed.dismissed_at) == (
        "biên bản chung của hai xã",
        positions(province, Dismissal.Dismissed)[0],
    )
    assert flags(province.log)[COMMUNE, Sign.FILE_IN_SEVERAL_COMMUNES].dismissed is None


@given(province=histories(), share=st.floats(0, 1))
def test_flags_name_only_facts_that_were_there_and_later_ones_change_nothing_of_then(province: Province, share: float):
    position = int(share * len(province.log))
    rows: dict[str, object] = {}
    MARKS.fold([one for one in province.log[:position] if one.stream.season == SEASON], rows)  # type: ignore[arg-type] # any rows
    then = dict(rows)

    MARKS.fold([one for one in province.log[position:] if one.stream.season == SEASON], rows)  # type: ignore[arg-type] # any rows

    assert then == fold(MARKS, [one for one in province.log[:position] if one.stream.season == SEASON])
    found = flags(province.log[:position])
    assert all(one <= position for flag in found.values() for one in flag.positions)
    assert all(flag.positions for flag in found.values())
