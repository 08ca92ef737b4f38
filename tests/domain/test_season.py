from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import (
    CommuneWithdrawn,
    ContentsWithoutText,
    IndicatorsUnassigned,
    OutOfOrder,
    ParticipantsMissing,
    PositionUnsuitable,
    ReasonMissing,
    SeasonAlreadyOpen,
    SeasonNotOpen,
    TakesPartAlready,
    UnknownCommune,
    UnknownIndicator,
    YearOutOfRange,
)
from domain.official import Office
from domain.season import (
    Deadline,
    LeftOut,
    Participant,
    Season,
    State,
    Step,
    hindrances,
    is_practice,
    must_count,
    possible_year,
    read_name,
    season_name,
)
from tests.domain.aggregates import CODES, COMMUNE, DAY, DISTRICT, a_season, facts_of, replayed, state


def test_a_season_opens_once_every_indicator_is_led():
    season = a_season(assigned=False)
    season.assign(CODES[0], Office.JUSTICE_OFFICER, [Office.OFFICE_STATISTICS])

    with pytest.raises(IndicatorsUnassigned) as refusal:
        season.open(DAY)
    season.assign(CODES[1], Office.POLICE_CHIEF)
    season.open(DAY)

    assert refusal.value.details["indicators"] == (CODES[1],)
    assert season.state is State.OPEN


def test_a_season_opens_once_what_has_no_text_is_left_out_by_a_document():
    season = a_season()

    with pytest.raises(ContentsWithoutText) as refusal:
        season.open(DAY, ("TC1.CT1.2", "C2"))
    season.leave_out(("TC1.CT1.2", "C2"), "03/QĐ-UBND", DAY)
    season.open(DAY, ("TC1.CT1.2", "C2"))

    assert refusal.value.details["contents"] == ("TC1.CT1.2", "C2")
    assert season.left_out == LeftOut(("TC1.CT1.2", "C2"), "03/QĐ-UBND", DAY)


def test_a_document_that_leaves_out_less_names_what_is_still_without_text():
    season = a_season()
    season.leave_out(["C2"], "03/QĐ-UBND", DAY)

    with pytest.raises(ContentsWithoutText) as refusal:
        season.open(DAY, ("TC1.CT1.2", "C2"))

    assert refusal.value.details["contents"] == ("TC1.CT1.2",)


def test_contents_are_left_out_before_the_opening_and_by_a_document():
    season = a_season()
    with pytest.raises(ReasonMissing):
        season.leave_out(["C2"], " ", DAY)
    season.open(DAY)
    with pytest.raises(OutOfOrder):
        season.leave_out(["C2"], "03/QĐ-UBND", DAY)


def test_what_is_already_so_is_no_fact():
    season = a_season()
    season.set_deadlines({Step.SUBMITTED: Deadline(DAY, "KH 207")})
    season.leave_out(["C2"], "03/QĐ-UBND", DAY)
    before = facts_of(season)

    season.assign(CODES[0], Office.JUSTICE_OFFICER)
    season.set_deadlines({Step.SUBMITTED: Deadline(DAY, "KH 207")})
    season.leave_out(["C2"], "03/QĐ-UBND", DAY)

    assert facts_of(season) == before


def test_an_assignment_names_a_known_indicator_and_officers_of_the_commune():
    season = a_season(assigned=False)

    with pytest.raises(UnknownIndicator):
        season.assign("TC9.CT9", Office.JUSTICE_OFFICER)
    with pytest.raises(PositionUnsuitable):
        season.assign(CODES[0], Office.INSPECTOR)
    with pytest.raises(PositionUnsuitable):
        season.assign(CODES[0], Office.JUSTICE_OFFICER, [Office.COMMUNE_CHAIRMAN])


def test_work_goes_on_only_while_a_season_is_open():
    season = a_season()
    with pytest.raises(SeasonNotOpen):
        season.must_be_open()
    season.open(DAY)
    season.must_be_open()

    season.suspend("Chờ hướng dẫn", "15/UBND")
    with pytest.raises(SeasonNotOpen) as refusal:
        season.must_be_open()

    assert refusal.value.details["state"] is State.SUSPENDED


@pytest.mark.parametrize("act", ["suspend", "cancel"])
def test_stopping_a_season_needs_a_reason(act: str):
    season = a_season()
    season.open(DAY)

    with pytest.raises(ReasonMissing):
        getattr(season, act)("  ", "15/UBND")


def test_a_converted_season_begins_its_assignments_anew():
    season = a_season()
    season.convert("qd-27-2025", "cd" * 32, ["TC1.CT1"], "Bộ tiêu chí mới", "16/UBND")

    assert season.unassigned == ("TC1.CT1",)
    assert season.state is State.PLANNED


def test_an_open_season_is_not_converted_under_the_hands_of_its_communes():
    season = a_season()
    season.open(DAY)

    with pytest.raises(OutOfOrder):
        season.convert("qd-27-2025", "cd" * 32, ["TC1.CT1"], "…", "16/UBND")


def test_what_hinders_the_opening_is_listed_whole_and_refused_in_that_order():
    season = a_season()
    season.assignments.clear()
    season.participants.clear()

    found = hindrances(season, ["TC1.CT1.1"])

    assert [type(one) for one in found] == [ParticipantsMissing, IndicatorsUnassigned, ContentsWithoutText]
    with pytest.raises(ParticipantsMissing):
        season.open(DAY, ["TC1.CT1.1"])
    season.participants["99001"] = Participant("99001", DISTRICT)
    with pytest.raises(IndicatorsUnassigned):
        season.open(DAY, ["TC1.CT1.1"])


def test_a_season_that_was_opened_is_not_opened_again_and_says_since_when():
    season = a_season()
    season.open(DAY)

    with pytest.raises(SeasonAlreadyOpen) as refusal:
        season.open(DAY)

    assert refusal.value.details["on"] == DAY


def test_a_closed_season_stays_closed():
    season = a_season()
    season.open(DAY)
    season.close(date(2024, 3, 1))

    with pytest.raises(OutOfOrder):
        season.open(DAY)
    with pytest.raises(OutOfOrder):
        season.cancel("…", "1")
    with pytest.raises(OutOfOrder):
        season.suspend("…", "1")


def test_a_commune_has_a_part_or_none():
    season = a_season()

    assert season.participant(COMMUNE).decided_by == DISTRICT
    with pytest.raises(UnknownCommune):
        season.participant("00001")


def test_the_facts_alone_make_the_season():
    season = a_season()
    season.open(DAY)
    season.suspend("…", "1")
    season.resume("…", "2")

    assert replayed(season) == state(season)
    assert isinstance(season, Season)


def test_a_closed_season_is_taken_up_again_for_a_reason():
    season = a_season()
    season.open(DAY)
    season.close(DAY)

    with pytest.raises(ReasonMissing):
        season.resume(" ", "77/QĐ-UBND")
    season.resume("Quyết định công nhận bị thu hồi", "77/QĐ-UBND")

    assert season.state is State.OPEN


def test_a_commune_is_withdrawn_and_added_again_by_a_document():
    season = a_season()

    season.withdraw(COMMUNE, "Nhập vào xã khác", "52/STP")
    with pytest.raises(CommuneWithdrawn):
        season.participant(COMMUNE)
    with pytest.raises(CommuneWithdrawn):
        season.withdraw(COMMUNE, "Nhập vào xã khác", "52/STP")
    assert season.ever_took_part(COMMUNE).decided_by == DISTRICT
    season.add(COMMUNE, DISTRICT, "Chưa nhập", "60/STP")

    assert season.participant(COMMUNE).decided_by == DISTRICT
    assert season.withdrawn == {}
    assert replayed(season) == state(season)


def test_participants_change_for_a_reason_and_while_the_season_runs():
    season = a_season()
    with pytest.raises(ReasonMissing):
        season.withdraw(COMMUNE, " ", "52/STP")
    with pytest.raises(TakesPartAlready):
        season.add(COMMUNE, DISTRICT, "Bổ sung", "52/STP")
    season.cancel("Dừng", "5/UBND")
    with pytest.raises(OutOfOrder):
        season.withdraw(COMMUNE, "Nhập vào xã khác", "52/STP")


def test_a_further_round_and_a_round_for_practice_have_names_of_their_own():
    assert [season_name(2023), season_name(2023, 2)] == ["2023", "2023-2"]
    assert [season_name(2027, practice=True), season_name(2027, 2, practice=True)] == ["2027-thu", "2027-thu-2"]


@given(st.integers(), st.integers(1))
def test_the_name_of_a_season_tells_year_round_and_whether_it_is_for_practice(year: int, round_no: int):
    for practice in (False, True):
        name = season_name(year, round_no, practice=practice)

        assert read_name(name) == (year, round_no, practice)
        assert is_practice(name) is practice


@pytest.mark.parametrize(
    "text", ["", "thu", "2027-", "2027-thu-", "2027-thu-1", "2027-1", "2027-2-thu", "2027-Thu", "9" * 5_000]
)
def test_what_is_no_name_of_a_season_is_not_taken_for_one(text: str):
    assert read_name(text) is None
    assert not is_practice(text)


def test_what_is_only_for_what_counts_is_refused_in_a_round_for_practice():
    must_count("2027", "publish")
    must_count("2027-2", "publish")
    with pytest.raises(OutOfOrder) as refused:
        must_count("2027-thu", "publish")
    assert refused.value.details["state"] == "practice"


@pytest.mark.parametrize("year", [2013, 2024, 2025])
def test_a_season_is_of_a_year_from_2013_to_the_next(year: int):
    assert possible_year(year, date(2024, 1, 15)) == year


@pytest.mark.parametrize("year", [24, 1995, 2012, 2026, 99999])
def test_no_season_is_of_another_year(year: int):
    with pytest.raises(YearOutOfRange):
        possible_year(year, date(2024, 1, 15))


NEXT_TEXT = "cd" * 32


def test_a_planned_season_follows_another_text_and_who_leads_what_it_lacks_is_forgotten():
    season = a_season()

    season.follow_rulebook(NEXT_TEXT, (CODES[0], "TC1.CT9"), "15/STP", ())

    assert (season.rulebook_sha256, season.indicators) == (NEXT_TEXT, (CODES[0], "TC1.CT9"))
    assert list(season.assignments) == [CODES[0]]
    assert season.unassigned == ("TC1.CT9",)
    with pytest.raises(IndicatorsUnassigned):
        season.open(DAY)
    assert replayed(season) == state(season)


def test_a_season_that_has_the_text_already_does_not_follow_it_again():
    season = a_season()
    before = len(facts_of(season))

    season.follow_rulebook(season.rulebook_sha256, CODES, "15/STP", ())

    assert len(facts_of(season)) == before


def test_a_season_that_was_ever_opened_does_not_follow():
    opened, closed, converted = a_season(), a_season(), a_season()
    for season in (opened, closed, converted):
        season.open(DAY)
    closed.close(DAY)
    converted.suspend("chờ hướng dẫn", "7/CV")
    converted.convert("qd-25-2021", "ef" * 32, CODES, "đổi bộ tiêu chí", "9/CV")

    for season in (opened, closed, converted):
        assert not season.follows("qd-25-2021")
        with pytest.raises(OutOfOrder):
            season.follow_rulebook(NEXT_TEXT, CODES, "15/STP", ())
    assert not a_season().follows("qd-27-2025")


def test_what_the_new_text_has_the_wording_of_is_no_longer_left_out():
    planned, running = a_season(), a_season()
    for season in (planned, running):
        season.leave_out(("TC1.CT1.2", "C2"), "03/QĐ-UBND", DAY)
    running.open(DAY, ("TC1.CT1.2", "C2"))

    planned.follow_rulebook(NEXT_TEXT, CODES, "", ("C2",))
    running.correct_rulebook(NEXT_TEXT, CODES, "Đối chiếu", "15/STP", ())

    assert planned.left_out == LeftOut(("C2",), "03/QĐ-UBND", DAY)
    assert running.left_out is None
    assert replayed(running) == state(running)
