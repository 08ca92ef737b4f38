"""The whole table: every act, every position, in every relation to what the act is about."""

from datetime import date
from itertools import product
from uuid import uuid4

import pytest

from domain.errors import NotPermitted
from domain.official import COMMUNE_OFFICERS, Mandate, Office
from domain.permissions import TABLE, Act, Actor, Subject, could, is_of_a_commune, may, permit, positions_for

COMMUNE, OTHER, DISTRICT, OTHER_DISTRICT, PROVINCE = "99001", "99004", "990", "991", "99"
SELF = "self"

#: What an act is about: a commune of DISTRICT, an indicator led by the justice officer and coordinated by the office.
PLAIN = Subject(
    commune=COMMUNE,
    decided_by=DISTRICT,
    lead=Office.JUSTICE_OFFICER,
    coordinating=(Office.OFFICE_STATISTICS,),
    proposed_by=frozenset({"somebody else"}),
    members=frozenset({"somebody else"}),
    conducting=frozenset({"somebody else"}),
)
MEMBER = Subject(commune=COMMUNE, decided_by=DISTRICT, members=frozenset({SELF}))
CONDUCTING = Subject(commune=COMMUNE, decided_by=DISTRICT, members=frozenset({SELF}), conducting=frozenset({SELF}))
ASKED = Subject(commune=COMMUNE, decided_by=DISTRICT, asked=frozenset({SELF}))
PROPOSER = Subject(commune=COMMUNE, decided_by=DISTRICT, proposed_by=frozenset({SELF}))

OFFICERS = set(COMMUNE_OFFICERS)
IN_THE_COMMUNE = {*OFFICERS, Office.COMMUNE_CHAIRMAN}
APPRAISERS = {Office.DISTRICT_JUSTICE, Office.JUSTICE_DEPARTMENT}
CHAIRMEN = {Office.DISTRICT_CHAIRMAN, Office.PROVINCE_CHAIRMAN}
ADMINISTRATION = {Office.ADMINISTRATOR}
RUNS_SEASONS = {Office.ADMINISTRATOR, Office.JUSTICE_DEPARTMENT}
OVERSIGHT = {Office.JUSTICE_DEPARTMENT, Office.PROVINCE_CHAIRMAN, Office.INSPECTOR}
ALL = set(Office)
LEAD = {Office.JUSTICE_OFFICER}
LEAD_AND_COORDINATING = {Office.JUSTICE_OFFICER, Office.OFFICE_STATISTICS}
EXPORTERS = APPRAISERS | CHAIRMEN | OVERSIGHT | ADMINISTRATION

#: Per act, who may: with a mandate for the commune, with one for the deciding unit, with one for any unit at all.
MATRIX: dict[Act, tuple[set[Office], set[Office], set[Office]]] = {
    Act.ADOPT_RULEBOOK: (set(), set(), ADMINISTRATION),
    Act.KEEP_CALENDAR: (set(), set(), RUNS_SEASONS),
    Act.CONFIRM_CALENDAR_CHANGE: (set(), set(), RUNS_SEASONS),
    Act.SET_RATE: (set(), set(), RUNS_SEASONS),
    Act.ENROL_OFFICIAL: (set(), set(), ADMINISTRATION),
    Act.KEEP_RULEBOOK_TEXT: (set(), set(), RUNS_SEASONS),
    Act.CORRECT_RULEBOOK: (set(), set(), RUNS_SEASONS),
    Act.SIGN_OFF_RULEBOOK: (set(), set(), RUNS_SEASONS),
    Act.REGISTER_UNIT: (set(), set(), ADMINISTRATION),
    Act.SHRED_SUBJECT: (set(), set(), ADMINISTRATION),
    Act.AGREE_ON_RESULT: ({Office.JUSTICE_OFFICER, Office.COMMUNE_CHAIRMAN}, set(), set()),
    Act.ANSWER_COMMENT: ({Office.JUSTICE_OFFICER, Office.COMMUNE_CHAIRMAN}, set(), set()),
    Act.ATTACH_EVIDENCE: (LEAD_AND_COORDINATING, set(), set()),
    Act.CONSOLIDATE: ({Office.JUSTICE_OFFICER}, set(), set()),
    Act.CONFIRM_SANCTION: (set(), APPRAISERS, set()),
    Act.DECLARE_SANCTION: ({Office.JUSTICE_OFFICER}, APPRAISERS, set()),
    Act.DECLARE_VETO: ({Office.JUSTICE_OFFICER}, set(), set()),
    Act.EXPLAIN: (LEAD_AND_COORDINATING, set(), set()),
    Act.MEASURE: (LEAD_AND_COORDINATING, set(), set()),
    Act.MEASURE_SATISFACTION: ({Office.JUSTICE_OFFICER}, set(), set()),
    Act.POST: ({Office.JUSTICE_OFFICER, Office.COMMUNE_CHAIRMAN}, set(), set()),
    Act.RESUBMIT: ({Office.COMMUNE_CHAIRMAN}, set(), set()),
    Act.SCORE: (LEAD, set(), set()),
    Act.SUBMIT: ({Office.COMMUNE_CHAIRMAN}, set(), set()),
    Act.APPRAISE: (set(), APPRAISERS, set()),
    Act.CONCLUDE_APPRAISAL: (set(), APPRAISERS, set()),
    Act.OPEN_EVIDENCE: (set(), APPRAISERS, set()),
    Act.RETURN_INDICATOR: (set(), APPRAISERS, set()),
    Act.ACKNOWLEDGE_PAPERS: (set(), set(), set()),
    Act.AUTHORISE_VICE_CHAIR: (set(), set(), set()),
    Act.CAST_BALLOT: (set(), set(), set()),
    Act.OPEN_CONSULTATION: (set(), set(), set()),
    Act.CONDUCT_MEETING: (set(), set(), set()),
    Act.CONSTITUTE_COUNCIL: (set(), APPRAISERS | CHAIRMEN, set()),
    Act.CONVENE_MEETING: (set(), APPRAISERS, set()),
    Act.DISMISS_FLAG: (set(), set(), {Office.JUSTICE_DEPARTMENT, Office.INSPECTOR}),
    Act.EXPORT_DECISION: (IN_THE_COMMUNE, APPRAISERS | CHAIRMEN, OVERSIGHT),
    Act.EXPORT_DOSSIER: (set(), APPRAISERS | CHAIRMEN, OVERSIGHT),
    Act.EXPORT_REVIEW: (IN_THE_COMMUNE, APPRAISERS | CHAIRMEN, OVERSIGHT),
    Act.EXPORT_STANDINGS: (set(), set(), EXPORTERS),
    Act.CORRECT_DECISION: (set(), CHAIRMEN, set()),
    Act.LIST_COMMUNE: (set(), CHAIRMEN, set()),
    Act.DECIDE: (set(), CHAIRMEN, set()),
    Act.NOTE_PUBLISHED_TOTAL: (set(), APPRAISERS | CHAIRMEN, set()),
    Act.PUBLISH: (set(), APPRAISERS | CHAIRMEN, set()),
    Act.SIGN: (set(), CHAIRMEN, set()),
    Act.UPHOLD_APPEAL: (set(), CHAIRMEN, set()),
    Act.CONCLUDE_REVIEW: (set(), CHAIRMEN, set()),
    Act.CONDUCT_REVIEW: (set(), set(), {Office.INSPECTOR}),
    Act.EXPLAIN_IN_REVIEW: (set(), set(), set()),
    Act.ASSIGN_INDICATOR: (set(), set(), RUNS_SEASONS),
    Act.CORRECT_SEASON: (set(), set(), RUNS_SEASONS),
    Act.OPEN_SEASON: (set(), set(), RUNS_SEASONS),
    Act.PLAN_SEASON: (set(), set(), RUNS_SEASONS),
    Act.SET_DEADLINE: (set(), set(), RUNS_SEASONS),
    Act.SUSPEND_SEASON: (set(), set(), RUNS_SEASONS),
    Act.VIEW_BOARD: (set(), set(), ALL),
    Act.VIEW_DOSSIER: (IN_THE_COMMUNE, APPRAISERS | CHAIRMEN, OVERSIGHT),
    Act.VIEW_FLAGS: (IN_THE_COMMUNE, APPRAISERS | CHAIRMEN, OVERSIGHT),
    Act.VIEW_REVIEW: (IN_THE_COMMUNE, APPRAISERS | CHAIRMEN, OVERSIGHT),
    Act.VIEW_TRAIL: (IN_THE_COMMUNE, APPRAISERS | CHAIRMEN, OVERSIGHT),
    Act.VIEW_TRAIL_OF_PROVINCE: (set(), set(), OVERSIGHT | ADMINISTRATION),
}

#: What a seat in the council, or its chair, allows besides, whatever position the member holds.
AS_MEMBER = {
    Act.ACKNOWLEDGE_PAPERS,
    Act.CAST_BALLOT,
    Act.EXPORT_DECISION,
    Act.EXPORT_REVIEW,
    Act.VIEW_DOSSIER,
    Act.VIEW_FLAGS,
    Act.VIEW_REVIEW,
    Act.VIEW_TRAIL,
}
#: What being asked to explain allows, whatever position is held now.
WHEN_ASKED = {Act.EXPLAIN_IN_REVIEW, Act.VIEW_REVIEW}
AS_CHAIR = AS_MEMBER | {
    Act.AUTHORISE_VICE_CHAIR,
    Act.CONDUCT_MEETING,
    Act.CONVENE_MEETING,
    Act.OPEN_CONSULTATION,
}


def an_actor(position: Office, unit: str) -> Actor:
    return Actor(SELF, (Mandate(uuid4(), position, unit, date(2020, 1, 1), None, "1/QĐ"),))


@pytest.mark.parametrize("act", Act)
def test_the_matrix_knows_every_act(act: Act):
    assert act in MATRIX
    assert act in TABLE


@pytest.mark.parametrize(("act", "position"), list(product(Act, Office)), ids=str)
def test_each_position_may_exactly_what_the_matrix_says(act: Act, position: Office):
    here, deciding, anywhere = (position in positions for positions in MATRIX[act])

    assert may(an_actor(position, COMMUNE), act, PLAIN) is (here or anywhere)
    assert may(an_actor(position, OTHER), act, PLAIN) is anywhere
    assert may(an_actor(position, DISTRICT), act, PLAIN) is (deciding or anywhere)
    assert may(an_actor(position, OTHER_DISTRICT), act, PLAIN) is anywhere


@pytest.mark.parametrize(("act", "position"), list(product(Act, Office)), ids=str)
def test_a_seat_in_the_council_adds_exactly_what_belongs_to_it(act: Act, position: Office):
    elsewhere = an_actor(position, OTHER_DISTRICT)
    anywhere = position in MATRIX[act][2]

    assert may(elsewhere, act, MEMBER) is (anywhere or act in AS_MEMBER)
    assert may(elsewhere, act, CONDUCTING) is (anywhere or act in AS_CHAIR)


@pytest.mark.parametrize(("act", "position"), list(product(Act, Office)), ids=str)
def test_who_was_asked_may_explain_and_see_the_review_and_nothing_else(act: Act, position: Office):
    assert may(an_actor(position, OTHER_DISTRICT), act, ASKED) is (position in MATRIX[act][2] or act in WHEN_ASKED)


@pytest.mark.parametrize("position", sorted(APPRAISERS))
def test_who_proposed_a_value_does_not_appraise_it(position: Office):
    assert not may(an_actor(position, DISTRICT), Act.APPRAISE, PROPOSER)
    assert may(an_actor(position, DISTRICT), Act.CONCLUDE_APPRAISAL, PROPOSER)


@pytest.mark.parametrize("position", sorted(RUNS_SEASONS))
@pytest.mark.parametrize("act", [Act.SIGN_OFF_RULEBOOK, Act.CONFIRM_CALENDAR_CHANGE])
def test_who_prepared_a_change_does_not_confirm_it(act: Act, position: Office):
    assert may(an_actor(position, PROVINCE), act, PLAIN)
    assert not may(an_actor(position, PROVINCE), act, PROPOSER)


@pytest.mark.parametrize("act", Act)
def test_without_a_mandate_nobody_may_anything(act: Act):
    assert not may(Actor(SELF, ()), act, CONDUCTING)


def test_a_permission_names_the_mandate_that_gives_it():
    chairman = Mandate(uuid4(), Office.COMMUNE_CHAIRMAN, COMMUNE, date(2020, 1, 1), None, "1/QĐ")
    officer = Mandate(uuid4(), Office.JUSTICE_OFFICER, COMMUNE, date(2020, 1, 1), None, "2/QĐ")
    actor = Actor(SELF, (chairman, officer))

    assert permit(actor, Act.SUBMIT, PLAIN) is chairman
    assert permit(actor, Act.CONSOLIDATE, PLAIN) is officer


def test_a_refusal_says_who_could():
    with pytest.raises(NotPermitted) as refusal:
        permit(an_actor(Office.INSPECTOR, PROVINCE), Act.DECIDE, PLAIN)

    assert refusal.value.details["act"] is Act.DECIDE
    assert set(refusal.value.details["who"]) == CHAIRMEN


@pytest.mark.parametrize(("act", "position"), list(product(Act, Office)), ids=str)
def test_no_refusal_names_anybody_twice_or_says_that_another_position_is_needed_to_one_that_may(
    act: Act, position: Office
):
    for unit in (COMMUNE, OTHER, DISTRICT, OTHER_DISTRICT):
        actor = an_actor(position, unit)
        if may(actor, act, PLAIN):
            continue
        with pytest.raises(NotPermitted) as refusal:
            permit(actor, act, PLAIN)
        who, reason = (refusal.value.details[name] for name in ("who", "reason"))

        assert len(who) == len(set(who))
        assert who
        assert (position in who) is (reason in {"another-unit", "another-lead", "own-work"})


@pytest.mark.parametrize(
    ("position", "unit", "act", "subject", "reason"),
    [
        (Office.JUSTICE_OFFICER, OTHER, Act.CONSOLIDATE, PLAIN, "another-unit"),
        (Office.JUSTICE_OFFICER, OTHER, Act.SCORE, PLAIN, "another-unit"),
        (Office.POLICE_CHIEF, COMMUNE, Act.SCORE, PLAIN, "another-lead"),
        (Office.DISTRICT_JUSTICE, OTHER_DISTRICT, Act.APPRAISE, PROPOSER, "another-unit"),
        (Office.DISTRICT_JUSTICE, DISTRICT, Act.APPRAISE, PROPOSER, "own-work"),
        (Office.INSPECTOR, PROVINCE, Act.CAST_BALLOT, PLAIN, "part"),
        (Office.INSPECTOR, PROVINCE, Act.SCORE, PLAIN, ""),
        (Office.JUSTICE_OFFICER, OTHER, Act.VIEW_DOSSIER, PLAIN, "another-unit"),
        (Office.ADMINISTRATOR, PROVINCE, Act.VIEW_DOSSIER, PLAIN, ""),
    ],
)
def test_a_refusal_says_what_is_missing(position: Office, unit: str, act: Act, subject: Subject, reason: str):
    with pytest.raises(NotPermitted) as refusal:
        permit(an_actor(position, unit), act, subject)

    assert refusal.value.details["reason"] == reason


# Before a subject is chosen ---------------------------------------------------------------------------


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("position", Office)
def test_what_somebody_may_do_about_something_they_could_do(act: Act, position: Office):
    actor = an_actor(position, COMMUNE)

    about = [Subject(), PLAIN, MEMBER, CONDUCTING, ASKED, PROPOSER]
    assert could(actor, act) == (position in positions_for(act))
    assert could(actor, act) or not any(may(actor, act, subject) for subject in about)


def test_whoever_holds_nothing_could_do_nothing():
    assert not any(could(Actor(SELF, ()), act) for act in Act)


@pytest.mark.parametrize("position", Office)
def test_officers_and_chairmen_of_communes_are_of_a_commune_and_nobody_else_is(position: Office):
    assert is_of_a_commune(an_actor(position, COMMUNE).mandates[0]) == (position in IN_THE_COMMUNE)
