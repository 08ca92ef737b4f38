"""The commune's steps of TT 09/2021, Điều 3 khoản 1: each in its order, and what is refused on the way."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from domain.assessment import Assessment, Stage
from domain.commune_steps import (
    NAMED_GROUPS,
    Attendance,
    Attended,
    Channel,
    Display,
    FormTally,
    Leader,
    MeetingRecord,
    Sender,
    SheetsTally,
    Treatment,
    missing_groups,
)
from domain.errors import (
    AssessmentLocked,
    AttendanceInvalid,
    BroadcastsTooFew,
    DayInTheFuture,
    OutOfOrder,
    PeriodReversed,
    PostingPlaceMissing,
    PostingTooShort,
    PostingUnfinished,
    ReasonMissing,
    Refused,
    SheetsTallyInvalid,
)
from domain.measure import Outcome
from domain.personal import EncryptedValue
from tests.domain.aggregates import CODES, a_complete_dossier, facts_of, replayed, state

DAY = date(2024, 1, 2)
LAST = DAY + timedelta(days=4)
MEETING = LAST + timedelta(days=1)
OFFICE = Display(Channel.OFFICE, "Trụ sở Ủy ban nhân dân xã", DAY, LAST)
PORTAL = Display(Channel.PORTAL, "Trang thông tin điện tử xã", DAY, LAST)
LOUDSPEAKER = Display(Channel.LOUDSPEAKER, "Đài truyền thanh xã", DAY, LAST, 3)
RECORD = MeetingRecord("0f" * 32, "biên bản.pdf", 4_096, "application/pdf")
EVERYBODY = tuple(Attended(group, 2) for group in NAMED_GROUPS)
TALLY = SheetsTally(100, 90, (FormTally("Câu lạc bộ pháp luật", 80, 10), FormTally("Phát thanh", 60, 20)))


def a_ready_dossier() -> Assessment:
    dossier = a_complete_dossier()
    dossier.consolidate(DAY, indicators=CODES, vetoes=("C3",), needs_satisfaction=False)
    return dossier


def display(dossier: Assessment, *displays: Display, today: date = DAY) -> None:
    shortest = [one.on + timedelta(days=4) for one in displays]
    dossier.display(displays, shortest, today=today, broadcasts=3, place="nơi niêm yết")


def a_displayed_dossier() -> Assessment:
    dossier = a_ready_dossier()
    display(dossier, OFFICE, PORTAL)
    return dossier


def agree(dossier: Assessment, on: date = MEETING, **changes: Any) -> None:
    given: dict[str, Any] = {
        "outcome": None,
        "computed": Outcome.MET,
        "reason": None,
        "today": MEETING + timedelta(days=1),
        "attended": EVERYBODY,
        **changes,
    }
    dossier.agree(on, "Hội trường", Leader.CHAIRMAN, given.pop("attended"), RECORD, **given)


def an_agreed_dossier(outcome: Outcome = Outcome.MET) -> Assessment:
    dossier = a_displayed_dossier()
    agree(dossier, computed=outcome)
    return dossier


def a_commented_dossier() -> Assessment:
    dossier = a_displayed_dossier()
    dossier.receive_comment(uuid4(), EncryptedValue("ab" * 32, "", uuid4()), LAST, Sender.BODY)
    return dossier


# Posting ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", [PORTAL, LOUDSPEAKER], ids=["portal", "loudspeaker"])
def test_the_result_is_posted_at_the_office_and_by_portal_or_loudspeaker(other: Display):
    dossier = a_ready_dossier()

    display(dossier, OFFICE, other)

    assert dossier.stage is Stage.POSTED
    assert (dossier.posted_on, dossier.posted_until) == (DAY, LAST)
    assert replayed(dossier) == state(dossier)


@pytest.mark.parametrize(
    ("displays", "refusal"),
    [
        ([PORTAL, LOUDSPEAKER], PostingPlaceMissing),
        ([OFFICE], PostingPlaceMissing),
        ([replace(OFFICE, until=DAY - timedelta(days=1)), PORTAL], PeriodReversed),
        ([OFFICE, replace(PORTAL, until=LAST - timedelta(days=1))], PostingTooShort),
        ([replace(OFFICE, on=DAY + timedelta(days=1), until=LAST + timedelta(days=9)), PORTAL], DayInTheFuture),
        ([replace(OFFICE, on=DAY - timedelta(days=1)), PORTAL], PeriodReversed),
        ([OFFICE, replace(LOUDSPEAKER, times=2)], BroadcastsTooFew),
        ([OFFICE, replace(LOUDSPEAKER, times=None)], BroadcastsTooFew),
    ],
    ids=[
        "not at the office",
        "at the office alone",
        "ended before it began",
        "too short",
        "begins in the future",
        "before the sheet was brought together",
        "told twice",
        "told never",
    ],
)
def test_a_posting_that_is_not_the_circulars_is_refused(displays: list[Display], refusal: type[Refused]):
    dossier = a_ready_dossier()

    with pytest.raises(refusal):
        display(dossier, *displays)

    assert dossier.stage is Stage.CONSOLIDATED


def test_nothing_is_posted_before_it_was_brought_together():
    with pytest.raises(OutOfOrder):
        display(a_complete_dossier(), OFFICE, PORTAL)


def test_a_posting_that_was_entered_late_says_on_which_day():
    dossier = a_ready_dossier()

    display(dossier, OFFICE, PORTAL, today=LAST)

    (posted,) = [one for one in dossier.pending_events if isinstance(one, Assessment.Posted)]
    assert (posted.on, posted.entered_on) == (DAY, LAST)


# Opinions ---------------------------------------------------------------------------------------------


def test_an_opinion_on_paper_holds_the_meeting_up_until_it_was_taken_up_or_explained():
    dossier = a_commented_dossier()

    with pytest.raises(OutOfOrder):
        agree(dossier)
    dossier.answer_comments(list(dossier.comments), "Đã sửa số liệu", Treatment.TAKEN_UP)
    agree(dossier)

    assert dossier.stage is Stage.AGREED


def test_a_tally_of_opinion_sheets_is_a_fact_once():
    dossier = a_complete_dossier()

    dossier.tally_sheets(CODES[0], TALLY)
    dossier.tally_sheets(CODES[0], TALLY)

    assert facts_of(dossier).count("OpinionSheetsTallied") == 1
    assert dossier.entry(CODES[0]).tally == TALLY


@pytest.mark.parametrize(
    ("tally", "reason"),
    [
        (replace(TALLY, forms=()), "none"),
        (replace(TALLY, forms=tuple(FormTally(f"Mô hình {n}", 1, 1) for n in range(31))), "many"),
        (replace(TALLY, handed_out=0, collected=0), "handed-out"),
        (replace(TALLY, collected=101), "collected"),
        (replace(TALLY, collected=-1), "collected"),
        (replace(TALLY, forms=(FormTally("  ", 1, 1),)), "unnamed"),
        (replace(TALLY, forms=(FormTally("Loa", 1, 1), FormTally("loa ", 1, 1))), "twice"),
        (replace(TALLY, forms=(FormTally("Loa", -1, 1),)), "negative"),
        (replace(TALLY, forms=(FormTally("Loa", 80, 11),)), "answers"),
    ],
)
def test_a_tally_that_cannot_be_is_refused(tally: SheetsTally, reason: str):
    dossier = a_complete_dossier()

    with pytest.raises(SheetsTallyInvalid) as refused:
        dossier.tally_sheets(CODES[0], tally)

    assert refused.value.details["reason"] == reason
    assert dossier.entry(CODES[0]).tally is None


def test_sheets_are_tallied_while_the_dossier_is_being_made():
    with pytest.raises(AssessmentLocked):
        a_ready_dossier().tally_sheets(CODES[0], TALLY)


# The meeting ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"on": LAST}, PostingUnfinished),
        ({"on": MEETING, "today": MEETING - timedelta(days=1)}, DayInTheFuture),
        ({"attended": ()}, AttendanceInvalid),
        ({"attended": (Attended(Attendance.POLICE, 0),)}, AttendanceInvalid),
        ({"attended": (Attended(Attendance.POLICE, 1), Attended(Attendance.POLICE, 2))}, AttendanceInvalid),
        ({"outcome": Outcome.NOT_MET}, ReasonMissing),
        ({"computed": None}, OutOfOrder),
    ],
    ids=[
        "within the posting",
        "in the future",
        "nobody",
        "none of a group",
        "a group twice",
        "otherwise",
        "no finding",
    ],
)
def test_a_meeting_that_cannot_have_been_so_is_refused(changes: dict[str, Any], refusal: type[Refused]):
    dossier = a_displayed_dossier()

    with pytest.raises(refusal):
        agree(dossier, **changes)

    assert dossier.stage is Stage.POSTED


def test_the_meeting_comes_after_the_posting_and_once():
    with pytest.raises(OutOfOrder):
        agree(a_ready_dossier())
    with pytest.raises(OutOfOrder):
        agree(an_agreed_dossier())


def test_what_the_meeting_found_is_the_sheets_unless_it_gives_a_reason():
    plain, otherwise = a_displayed_dossier(), a_displayed_dossier()

    agree(plain, computed=Outcome.NOT_MET, reason="không dùng đến")
    agree(otherwise, computed=Outcome.NOT_MET, outcome=Outcome.MET, reason="Chờ kết quả công nhận an toàn")

    assert (plain.agreed, otherwise.agreed) == (Outcome.NOT_MET, Outcome.MET)
    reasons = [one.reason for d in (plain, otherwise) for one in d.pending_events if isinstance(one, d.ResultAgreed)]
    assert reasons == [None, "Chờ kết quả công nhận an toàn"]


def test_groups_that_did_not_come_are_named():
    assert missing_groups([Attended(group, 1) for group in NAMED_GROUPS[1:]]) == (Attendance.OFFICERS,)


# Sending ----------------------------------------------------------------------------------------------


def test_a_commune_that_meets_the_conditions_asks_for_recognition():
    dossier = an_agreed_dossier()

    with pytest.raises(OutOfOrder):
        dossier.report(MEETING, "2/BC-UBND", indicators=CODES)
    dossier.submit(MEETING, "2/TTr-UBND", indicators=CODES, after_meeting=True)

    assert dossier.stage is Stage.SUBMITTED


def test_a_commune_that_does_not_meet_them_reports_and_is_listed():
    dossier = an_agreed_dossier(Outcome.NOT_MET)

    with pytest.raises(OutOfOrder):
        dossier.submit(MEETING, "2/TTr-UBND", indicators=CODES, after_meeting=True)
    dossier.report(MEETING, "2/BC-UBND", indicators=CODES)
    with pytest.raises(OutOfOrder):
        dossier.must_ask_for_recognition()
    with pytest.raises(PeriodReversed):
        dossier.put_on_list(MEETING - timedelta(days=1), "9/QĐ-UBND")
    dossier.put_on_list(MEETING, "9/QĐ-UBND")

    assert dossier.stage is Stage.LISTED
    assert replayed(dossier) == state(dossier)


@pytest.mark.parametrize("dossier", [a_ready_dossier(), a_displayed_dossier()], ids=["ready", "posted"])
def test_nothing_is_sent_before_the_meeting(dossier: Assessment):
    with pytest.raises(OutOfOrder):
        dossier.submit(MEETING, "2/TTr-UBND", indicators=CODES, after_meeting=True)
    with pytest.raises(OutOfOrder):
        dossier.report(MEETING, "2/BC-UBND", indicators=CODES)


def test_nothing_is_sent_on_a_day_before_the_meeting():
    with pytest.raises(PeriodReversed):
        an_agreed_dossier().submit(LAST, "2/TTr-UBND", indicators=CODES, after_meeting=True)
    with pytest.raises(PeriodReversed):
        an_agreed_dossier(Outcome.NOT_MET).report(LAST, "2/BC-UBND", indicators=CODES)


def test_only_who_reported_is_listed():
    with pytest.raises(OutOfOrder):
        an_agreed_dossier(Outcome.NOT_MET).put_on_list(MEETING, "9/QĐ-UBND")


def test_a_report_is_taken_back_until_its_commune_is_listed():
    reported, listed = an_agreed_dossier(Outcome.NOT_MET), an_agreed_dossier(Outcome.NOT_MET)
    for dossier in (reported, listed):
        dossier.report(MEETING, "2/BC-UBND", indicators=CODES)
    listed.put_on_list(MEETING, "9/QĐ-UBND")

    reported.reopen("Ghi nhầm kết quả cuộc họp")
    with pytest.raises(OutOfOrder):
        listed.reopen("Ghi nhầm kết quả cuộc họp")

    assert (reported.stage, reported.agreed) == (Stage.COLLECTING, None)


def test_under_other_texts_a_dossier_goes_out_without_a_meeting():
    dossier = a_ready_dossier()
    dossier.post(DAY, DAY, "Trụ sở")

    dossier.submit(DAY, "2/TTr-UBND", indicators=CODES)

    assert dossier.stage is Stage.SUBMITTED
