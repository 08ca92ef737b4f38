"""Deadlines against the terms of the text: 25/2021 and Thông tư 09/2021."""

from datetime import date

import pytest

from domain.deadlines import Bounds, bounds_of, must_keep_terms
from domain.errors import DeadlineOutsideTerm
from domain.season import Deadline, Step
from infra.reference.rulebooks import load_calendar, load_rulebooks

RULEBOOK = load_rulebooks().newest("qd-25-2021")
CALENDAR = load_calendar()
KH = "Kế hoạch 12/KH-UBND"


def check(deadlines: dict[Step, Deadline], *changed: Step, read: date | None = None) -> None:
    must_keep_terms(deadlines, changed or deadlines, RULEBOOK, 2023, CALENDAR, lambda _, day: read or day)


def test_before_a_day_is_the_day_before_at_the_latest():
    check({Step.SUBMITTED: Deadline(date(2024, 1, 9), KH)})

    with pytest.raises(DeadlineOutsideTerm) as refused:  # "trước ngày 10/01" của năm liền kề
        check({Step.SUBMITTED: Deadline(date(2024, 1, 10), KH)})
    assert refused.value.details["field"] == "on.submitted"
    assert (refused.value.details["reason"], refused.value.details["term"]) == ("late", date(2024, 1, 9))


def test_a_document_allows_a_day_outside_of_the_term():
    check({Step.SUBMITTED: Deadline(date(2024, 1, 20), KH, "Công văn 5/BTP-PBGDPL")})


def test_a_fixed_day_on_a_day_off_counts_as_the_province_reads_it():
    in_the_new_year = date(2024, 2, 15)

    with pytest.raises(DeadlineOutsideTerm):
        check({Step.DECIDED: Deadline(in_the_new_year, KH)})
    check({Step.DECIDED: Deadline(in_the_new_year, KH)}, read=in_the_new_year)


def test_the_dossier_goes_up_once_the_result_was_posted_for_five_days():
    posted = {Step.POSTED: Deadline(date(2023, 12, 20), KH)}

    check({**posted, Step.SUBMITTED: Deadline(date(2023, 12, 25), KH)})
    with pytest.raises(DeadlineOutsideTerm) as refused:
        check({**posted, Step.SUBMITTED: Deadline(date(2023, 12, 24), KH)})
    assert (refused.value.details["reason"], refused.value.details["term"]) == ("early", date(2023, 12, 25))


def test_a_posting_that_is_moved_must_leave_its_days_before_the_submission():
    deadlines = {step: Deadline(date(2023, 12, 25), KH) for step in (Step.POSTED, Step.SUBMITTED)}

    with pytest.raises(DeadlineOutsideTerm) as refused:
        check(deadlines, Step.POSTED)
    assert refused.value.details["field"] == "on.submitted"
    check(deadlines, Step.DECIDED)  # nothing of the two has changed


def test_a_text_without_a_least_time_of_posting_asks_for_order_alone():
    rulebook = load_rulebooks().newest("qd-619-2017")
    deadlines = {step: Deadline(date(2018, 12, 25), KH) for step in (Step.POSTED, Step.SUBMITTED)}

    must_keep_terms(deadlines, deadlines, rulebook, 2018, CALENDAR, lambda _, day: day)


@pytest.mark.parametrize(
    ("term", "bounds"),
    [
        ("council_papers", Bounds(latest=date(2024, 1, 24))),  # three working days before Monday 29 January
        ("published", Bounds(latest=date(2024, 2, 7))),  # two working days after Monday 5 February
        ("province_report", Bounds(latest=date(2024, 2, 19))),
        ("supplemented", Bounds()),  # it runs from a request of which nobody knows yet
        ("six_month_report", Bounds()),  # the text has no such term
    ],
)
def test_what_a_term_without_a_deadline_of_its_own_comes_to(term: str, bounds: Bounds):
    deadlines = {Step.VOTED: Deadline(date(2024, 1, 29), KH), Step.DECIDED: Deadline(date(2024, 2, 5), KH)}

    assert bounds_of(term, RULEBOOK, 2023, deadlines, CALENDAR) == bounds


def test_days_that_cannot_be_counted_bind_nobody():
    deadlines = {Step.DECIDED: Deadline(date(2049, 2, 5), KH)}

    assert bounds_of("published", RULEBOOK, 2048, deadlines, CALENDAR) == Bounds()
