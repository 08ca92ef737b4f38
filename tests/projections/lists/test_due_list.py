from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace as replace_row

from domain.measure import Kind, Measured
from domain.official import Mandate, Office
from domain.permissions import Act, Actor, Subject, may
from domain.review import Ground, Review, Ruling, review_stream
from domain.rulebook import Rulebook
from domain.season import Assignment, Deadline, LeftOut, State, Step, season_stream
from infra.reference.rulebooks import load_rulebooks
from projections.fold import fold
from projections.lists.due_list import Duty, Task, Urgency, in_order, of_commune, of_meeting, of_review, of_season
from projections.tables.reviews import REVIEWS
from projections.tables.seasons import SEASONS, SeasonRow
from projections.tables.standings import STANDINGS
from projections.tables.tallies import TALLIES
from tests.projections.histories import DAY, INDICATORS, MEMBERS, UNIT, Province
from tests.projections.story import COMMUNE, DOSSIER, KEY, SEASON, told

TODAY = date(2023, 12, 1)
#: The story is of a dossier that went from the posting to its submission, as where no text names the commune's steps.
BY_STEPS = load_rulebooks().newest("qd-25-2021")
RULEBOOK = replace(BY_STEPS, commune_steps=None)


def an_actor(position: Office, unit: str, person: str = "u-9") -> Actor:
    mandate = Mandate(UUID(int=1), position, unit, date(2020, 1, 1), None, "1/QĐ-UBND")
    return Actor(person, (mandate,))


OFFICER = an_actor(Office.JUSTICE_OFFICER, COMMUNE)
POLICE = an_actor(Office.POLICE_CHIEF, COMMUNE)
NEIGHBOUR = an_actor(Office.JUSTICE_OFFICER, "25444")
CHAIRMAN = an_actor(Office.COMMUNE_CHAIRMAN, COMMUNE)
APPRAISER = an_actor(Office.DISTRICT_JUSTICE, UNIT)
DISTRICT = an_actor(Office.DISTRICT_CHAIRMAN, UNIT)
A_LEAD = Assignment(Office.JUSTICE_OFFICER, ())
DEPARTMENT = an_actor(Office.JUSTICE_DEPARTMENT, "70")


def duties(province: Province, actor: Actor, rulebook: Rulebook = RULEBOOK) -> list[Task]:
    season = fold(SEASONS, province.log)[SEASON]
    return list(of_commune(fold(STANDINGS, province.log)[KEY], season, rulebook, actor))


@pytest.mark.parametrize(
    ("step", "actor", "expected"),
    [
        ("opened", OFFICER, [Duty.ENTER, Duty.ENTER, Duty.ENTER, Duty.DECLARE]),
        ("opened", POLICE, []),
        ("opened", NEIGHBOUR, []),
        ("scored", OFFICER, [Duty.SUPPLY_EVIDENCE] * 3 + [Duty.DECLARE]),
        ("supported", OFFICER, [Duty.DECLARE]),
        ("declared", OFFICER, [Duty.CONSOLIDATE]),
        ("declared", CHAIRMAN, []),
        ("consolidated", OFFICER, [Duty.POST]),
        ("posted", CHAIRMAN, [Duty.SUBMIT]),
        ("commented", CHAIRMAN, [Duty.ANSWER_COMMENT]),
        ("answered", CHAIRMAN, [Duty.SUBMIT]),
        ("submitted", APPRAISER, [Duty.APPRAISE]),
        ("submitted", OFFICER, []),
        ("returned", OFFICER, [Duty.SUPPLEMENT]),
        ("returned", CHAIRMAN, []),
        ("returned", APPRAISER, [Duty.APPRAISE]),
        ("appraised", APPRAISER, [Duty.CONCLUDE]),
        ("concluded", APPRAISER, [Duty.CONVENE]),
        ("concluded", DISTRICT, []),
        ("convened", APPRAISER, []),
        ("voted", DISTRICT, [Duty.DECIDE]),
        ("decided", DISTRICT, [Duty.SIGN]),
        ("signed", APPRAISER, [Duty.PUBLISH]),
        ("published", DISTRICT, []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_step_waits_for_those_who_may_take_it(step: str, actor: Actor, expected: list[Duty]):
    assert [task.duty for task in duties(told(step), actor)] == expected


#: What a dossier waits for in its commune, where it is decided, and in either.
IN_THE_COMMUNE = (
    *(Act.MEASURE, Act.SCORE, Act.DECLARE_VETO, Act.CONSOLIDATE),
    *(Act.RESUBMIT, Act.POST, Act.ANSWER_COMMENT, Act.SUBMIT),
)
WHERE_IT_IS_DECIDED = (Act.CONCLUDE_APPRAISAL, Act.CONVENE_MEETING, Act.DECIDE, Act.SIGN, Act.PUBLISH)


@pytest.mark.parametrize("position", Office)
def test_the_policy_gives_nobody_without_an_office_there_anything_to_do_on_a_dossier(position: Office):
    """The list does not even look at the dossiers of other communes: this is why it may."""
    subject = Subject(COMMUNE, UNIT, position, (position,))

    for act in (*IN_THE_COMMUNE, *WHERE_IT_IS_DECIDED):
        assert not may(an_actor(position, "elsewhere"), act, subject)
    for act in IN_THE_COMMUNE:
        assert not may(an_actor(position, UNIT), act, subject)
    for act in WHERE_IT_IS_DECIDED:
        assert not may(an_actor(position, COMMUNE), act, subject)


def test_who_coordinates_is_asked_for_data_but_does_not_lead():
    province = told("opened")
    province.do(
        season_stream(SEASON),
        lambda it: it.assign(INDICATORS[0], Office.JUSTICE_OFFICER, (Office.POLICE_CHIEF,)),
    )

    [task] = duties(province, POLICE)

    assert (task.duty, task.indicator, task.leads) == (Duty.ENTER, INDICATORS[0], False)


def test_a_returned_indicator_comes_with_its_reason_and_its_own_last_day():
    [task] = duties(told("returned"), OFFICER)

    assert (task.indicator, task.reason, task.due) == (INDICATORS[0], "thiếu chữ ký", date(2023, 12, 5))


def test_a_supplemented_indicator_waits_for_the_chairman_and_no_longer_for_the_officer():
    province = told("returned")
    province.do(DOSSIER, lambda it: it.explain(INDICATORS[0], "danh sách có chữ ký đã gắn"))

    [task] = duties(province, CHAIRMAN)

    assert (task.duty, task.how_many) == (Duty.RESUBMIT, 1)
    assert duties(province, OFFICER) == []


def coordinated() -> Province:
    """A season in which the police coordinate an indicator, with nothing entered yet."""
    province = told("opened")
    province.do(
        season_stream(SEASON),
        lambda it: it.assign(INDICATORS[0], Office.JUSTICE_OFFICER, (Office.POLICE_CHIEF,)),
    )
    return province


def enter(province: Province, actor: Actor, part: str) -> None:
    province.actor = actor.person
    assert province.do(
        DOSSIER, lambda it: it.measure(INDICATORS[0], part, Measured(Kind.RATIO, numerator=19, denominator=20))
    )


def test_who_coordinates_is_done_when_the_data_stand_and_the_lead_is_told_to_propose():
    province = coordinated()
    for part in RULEBOOK.by_code[INDICATORS[0]].parts:
        enter(province, POLICE, part.code)

    assert duties(province, POLICE) == []
    assert (Duty.PROPOSE, INDICATORS[0]) in [(task.duty, task.indicator) for task in duties(province, OFFICER)]


def test_the_appraiser_is_told_how_many_indicators_wait():
    [task] = duties(told("resubmitted"), APPRAISER)

    assert task.how_many == 2


def test_a_posted_dossier_cannot_be_submitted_before_its_posting_ends():
    [task] = duties(told("posted"), CHAIRMAN)

    posted_until = fold(STANDINGS, told("posted").log)[KEY].posted_until
    assert posted_until is not None
    assert (task.duty, task.not_before) == (Duty.SUBMIT, posted_until + timedelta(days=1))


def test_where_the_text_names_the_communes_steps_its_meeting_comes_the_day_after_the_posting():
    [task] = duties(told("posted"), OFFICER, BY_STEPS)

    posted_until = fold(STANDINGS, told("posted").log)[KEY].posted_until
    assert posted_until is not None
    assert (task.duty, task.not_before) == (Duty.AGREE, posted_until + timedelta(days=1))


def test_while_the_season_is_suspended_nobody_has_anything_to_do():
    province = told("opened")
    province.do(season_stream(SEASON), lambda it: it.suspend("chờ hướng dẫn", "7/CV"))

    assert duties(province, OFFICER) == []


def test_a_planned_season_waits_for_its_leads_and_then_for_its_opening():
    province = told("opened")
    name = season_stream(SEASON)
    province.do(name, lambda it: it.suspend("quy định mới", "7/CV"))
    province.do(name, lambda it: it.convert("qd-27-2025", "cd" * 32, INDICATORS, "quy định mới", "7/CV"))
    unassigned = fold(SEASONS, province.log)[SEASON]
    for indicator in INDICATORS:
        province._assign(name, indicator)
    assigned = fold(SEASONS, province.log)[SEASON]

    whole = load_rulebooks().newest("qd-25-2021")
    assert [(task.duty, task.how_many) for task in of_season(unassigned, whole, DEPARTMENT)] == [(Duty.ASSIGN, 3)]
    assert [task.duty for task in of_season(assigned, whole, DEPARTMENT)] == [Duty.OPEN_SEASON]
    assert list(of_season(unassigned, whole, OFFICER)) == []


def test_a_season_that_cannot_be_opened_yet_waits_for_what_hinders_it_and_not_for_its_opening():
    lacking = load_rulebooks().newest("qd-27-2025")
    planned = replace_row(
        fold(SEASONS, told("opened").log)[SEASON], state=State.PLANNED, assignments={}, participants={}
    )
    led = replace_row(planned, participants={COMMUNE: UNIT}, assignments=dict.fromkeys(INDICATORS, A_LEAD))
    left_out = replace_row(led, left_out=LeftOut(tuple(lacking.without_text), "7/CV", TODAY))

    def waited_for(season: SeasonRow) -> list[tuple[Duty, int]]:
        return [(task.duty, task.how_many) for task in of_season(season, lacking, DEPARTMENT)]

    assert waited_for(planned) == [
        (Duty.ADD_PARTICIPANT, 1),
        (Duty.ASSIGN, len(INDICATORS)),
        (Duty.SETTLE_CONTENTS, len(lacking.without_text)),
    ]
    assert waited_for(led) == [(Duty.SETTLE_CONTENTS, len(lacking.without_text))]
    assert waited_for(left_out) == [(Duty.OPEN_SEASON, 1)]
    assert list(of_season(led, lacking, OFFICER)) == []


def test_only_those_on_the_roll_who_have_not_voted_are_asked_to():
    meeting = fold(TALLIES, told("voting").log)[f"{SEASON}/{UNIT}-1"]
    asked = [str(member) for member in MEMBERS if list(of_meeting(meeting, Actor(str(member), ())))]

    assert asked == [str(MEMBERS[2])]
    closed = fold(TALLIES, told("voted").log)[f"{SEASON}/{UNIT}-1"]
    assert list(of_meeting(closed, Actor(str(MEMBERS[2]), ()))) == []


@pytest.mark.parametrize(
    ("days", "urgency"),
    [(-1, Urgency.OVERDUE), (0, Urgency.THIS_WEEK), (7, Urgency.THIS_WEEK), (8, Urgency.LATER), (None, Urgency.LATER)],
)
def test_the_last_day_itself_is_still_in_time(days: int | None, urgency: Urgency):
    due = None if days is None else TODAY + timedelta(days=days)

    assert Task(Duty.ENTER, SEASON, due=due).urgency(TODAY) is urgency


def test_tasks_stand_by_their_last_day_those_without_one_at_the_end():
    late, soon, never = (Task(Duty.ENTER, SEASON, due=due) for due in (TODAY + timedelta(9), TODAY, None))

    assert in_order([never, late, soon]) == [soon, late, never]


def test_tasks_of_a_practice_round_stand_behind_all_others():
    practice, never = Task(Duty.ENTER, "2023-thu", due=TODAY), Task(Duty.ENTER, SEASON)

    assert in_order([practice, never]) == [never, practice]


def test_the_deadline_of_a_step_is_the_season_s():
    province = told("opened")
    province.do(season_stream(SEASON), lambda it: it.set_deadlines({Step.SCORED: Deadline(TODAY, "KH 1")}))

    assert {task.due for task in duties(province, OFFICER)} == {TODAY}


def test_a_review_waits_for_who_was_asked_and_then_for_the_chairman():
    province, inquiry, official = told("published"), UUID(int=5), MEMBERS[0]
    name = review_stream(SEASON, COMMUNE, 1)
    province.begin(
        name,
        Review,
        commune=COMMUNE,
        ground=Ground.COMPLAINT,
        statement="không khớp sổ",
        document_no="21/QĐ-TTr",
        document_on=DAY,
        on=DAY,
        references=(),
    )
    asked = an_actor(Office.JUSTICE_OFFICER, "25444", str(official))

    def waiting() -> list[list[Duty]]:
        (row,) = fold(REVIEWS, province.log).values()
        return [[task.duty for task in of_review(row, UNIT, actor)] for actor in (asked, OFFICER, DISTRICT)]

    found = [waiting()]
    for deed in (
        lambda it: it.ask(inquiry, official, Office.JUSTICE_OFFICER, COMMUNE, "từ đâu?", TODAY),
        lambda it: it.explain(inquiry, official, "theo số người được mời", TODAY),
        lambda it: (it.find("13 chữ ký", []), it.propose(Ruling.REVOKED, "sai", TODAY, TODAY)),
        lambda it: it.conclude(Ruling.REVOKED, "915/QĐ-UBND", TODAY),
    ):
        assert province.do(name, deed)
        found.append(waiting())

    explain, conclude = [Duty.EXPLAIN_IN_REVIEW], [Duty.CONCLUDE_REVIEW]
    assert found == [[[], [], []], [explain, [], []], [[], [], []], [[], [], conclude], [[], [], []]]
