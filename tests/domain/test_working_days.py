from datetime import date

import pytest

from domain.working_days import Calendar, CalendarUnknown, months_later

CALENDAR = Calendar(
    2026,
    2026,
    frozenset({date(2026, 2, day) for day in range(14, 23)} | {date(2026, 8, 31)}),
    frozenset({date(2026, 8, 22)}),
)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 3, 2), True),  # a Monday
        (date(2026, 3, 7), False),  # a Saturday
        (date(2026, 3, 8), False),  # a Sunday
        (date(2026, 2, 17), False),  # Lunar New Year's Day
        (date(2026, 8, 22), True),  # a Saturday worked for the Monday below
        (date(2026, 8, 31), False),
    ],
)
def test_offices_open_on_weekdays_that_are_no_holidays_and_on_exchanged_saturdays(day, works):
    assert CALENDAR.is_working_day(day) is works


def test_a_term_does_not_count_the_day_it_runs_from():
    assert CALENDAR.after(date(2026, 3, 2), 1) == date(2026, 3, 3)
    assert CALENDAR.after(date(2026, 3, 2), 10) == date(2026, 3, 16)


def test_a_term_that_runs_over_the_lunar_new_year_is_longer():
    assert CALENDAR.after(date(2026, 2, 12), 7) == date(2026, 3, 2)


def test_a_term_that_runs_from_a_day_off_begins_with_the_next_working_day():
    assert CALENDAR.after(date(2026, 2, 21), 1) == date(2026, 2, 23)


@pytest.mark.parametrize("start", [date(2025, 12, 31), date(2026, 12, 30), date.max])
def test_days_of_a_year_without_data_are_not_guessed(start):
    with pytest.raises(CalendarUnknown):
        CALENDAR.after(start, 5)


def test_the_working_day_before_a_day_leaves_out_what_is_off():
    assert CALENDAR.before(date(2026, 3, 3)) == date(2026, 3, 2)
    assert CALENDAR.before(date(2026, 3, 2)) == date(2026, 2, 27)
    assert CALENDAR.before(date(2026, 2, 23)) == date(2026, 2, 13)


def test_the_months_of_a_term_end_on_the_same_day_or_the_last_one_of_the_month():
    assert months_later(date(2024, 1, 15), 1) == date(2024, 2, 15)
    assert months_later(date(2023, 1, 31), 1) == date(2023, 2, 28)
    assert months_later(date(2023, 12, 31), 2) == date(2024, 2, 29)
    assert months_later(date(2024, 1, 31), -2) == date(2023, 11, 30)


def test_months_beyond_all_years_are_refused():
    with pytest.raises(CalendarUnknown):
        months_later(date.max, 1)
