from datetime import date
from uuid import UUID

import pytest

from domain.days_off import DaysOff
from domain.errors import ChangeSettled, DayAlreadyProposed, OwnProposal, ReasonMissing, SourceMissing
from domain.working_days import Calendar, CalendarUnknown, DayKind

CULTURE_DAY = date(2026, 11, 24)
SATURDAY = date(2026, 11, 28)
FIRST, SECOND = UUID(int=1), UUID(int=2)
SHIPPED = Calendar(2026, 2026, frozenset({date(2026, 9, 2)}), frozenset({date(2026, 8, 22)}))
SOURCE = "Thông báo 1/TB-BNV ngày 02/11/2026"


@pytest.fixture
def own() -> DaysOff:
    return DaysOff(id=UUID(int=9))


def propose(own: DaysOff, change: UUID, day: date, kind: DayKind) -> None:
    own.propose_day(change, day, kind, "Ngày Văn hóa Việt Nam", SOURCE, "an")


def test_a_day_counts_as_off_once_somebody_else_has_confirmed_it(own: DaysOff):
    propose(own, FIRST, CULTURE_DAY, DayKind.OFF)
    assert SHIPPED.changed(own.days, own.years).is_working_day(CULTURE_DAY)

    own.confirm(FIRST, "binh")

    assert not SHIPPED.changed(own.days, own.years).is_working_day(CULTURE_DAY)
    assert SHIPPED.changed(own.days, own.years).after(date(2026, 11, 20), 7) == date(2026, 12, 2)
    assert SHIPPED.after(date(2026, 11, 20), 7) == date(2026, 12, 1)


def test_a_saturday_is_worked_in_exchange_and_a_holiday_that_was_wrong_is_worked_again(own: DaysOff):
    for change, day in ((FIRST, SATURDAY), (SECOND, date(2026, 9, 2))):
        propose(own, change, day, DayKind.WORKED)
        own.confirm(change, "binh")

    calendar = SHIPPED.changed(own.days, own.years)

    assert calendar.is_working_day(SATURDAY)
    assert calendar.is_working_day(date(2026, 9, 2))
    assert calendar.is_working_day(date(2026, 8, 22))


def test_a_saturday_that_ships_as_worked_is_off_when_the_province_says_so(own: DaysOff):
    propose(own, FIRST, date(2026, 8, 22), DayKind.OFF)
    own.confirm(FIRST, "binh")

    assert not SHIPPED.changed(own.days, own.years).is_working_day(date(2026, 8, 22))


def test_days_of_a_further_year_are_counted_once_all_its_days_off_are_entered(own: DaysOff):
    own.propose_year(FIRST, 2028, SOURCE, "an")
    with pytest.raises(CalendarUnknown):
        SHIPPED.changed(own.days, own.years).is_working_day(date(2028, 1, 3))

    own.confirm(FIRST, "binh")

    assert SHIPPED.changed(own.days, own.years).is_working_day(date(2028, 1, 3))
    with pytest.raises(CalendarUnknown):
        SHIPPED.changed(own.days, own.years).is_working_day(date(2027, 1, 4))


def test_the_last_confirmed_change_of_a_day_counts(own: DaysOff):
    propose(own, FIRST, CULTURE_DAY, DayKind.OFF)
    own.confirm(FIRST, "binh")
    propose(own, SECOND, CULTURE_DAY, DayKind.WORKED)
    own.confirm(SECOND, "binh")

    assert SHIPPED.changed(own.days, own.years).is_working_day(CULTURE_DAY)


@pytest.mark.parametrize("kind", DayKind)
def test_a_day_that_waits_to_be_confirmed_is_not_proposed_again(own: DaysOff, kind: DayKind):
    propose(own, FIRST, CULTURE_DAY, DayKind.OFF)

    with pytest.raises(DayAlreadyProposed) as refused:
        propose(own, SECOND, CULTURE_DAY, kind)

    assert refused.value.details["reason"] == "waiting"
    assert set(own.waiting) == {FIRST}
    propose(own, SECOND, SATURDAY, DayKind.WORKED)
    own.decline(FIRST, "Nhầm ngày")
    propose(own, UUID(int=3), CULTURE_DAY, kind)


def test_what_is_confirmed_of_a_day_or_year_is_not_proposed_again(own: DaysOff):
    propose(own, FIRST, CULTURE_DAY, DayKind.OFF)
    own.propose_year(SECOND, 2028, SOURCE, "an")
    with pytest.raises(DayAlreadyProposed):
        own.propose_year(UUID(int=3), 2028, SOURCE, "an")
    own.confirm(FIRST, "binh")
    own.confirm(SECOND, "binh")

    with pytest.raises(DayAlreadyProposed):
        propose(own, UUID(int=3), CULTURE_DAY, DayKind.OFF)
    with pytest.raises(DayAlreadyProposed):
        own.propose_year(UUID(int=3), 2028, SOURCE, "an")


def test_of_two_changes_of_a_day_that_older_logs_let_wait_the_second_is_not_confirmed(own: DaysOff):
    for change, kind in ((FIRST, DayKind.OFF), (SECOND, DayKind.WORKED)):
        own.trigger_event(
            DaysOff.DayProposed, change=change, day=CULTURE_DAY, kind=kind, name="Nghỉ", source=SOURCE, by="an"
        )
    own.confirm(FIRST, "binh")

    with pytest.raises(DayAlreadyProposed) as refused:
        own.confirm(SECOND, "binh")

    assert refused.value.details["reason"] == "overtaken"
    assert own.days == {CULTURE_DAY: DayKind.OFF}
    own.decline(SECOND, "Trùng ngày")
    assert own.waiting == {}


def test_nobody_confirms_what_they_proposed(own: DaysOff):
    propose(own, FIRST, CULTURE_DAY, DayKind.OFF)

    with pytest.raises(OwnProposal):
        own.confirm(FIRST, "an")


def test_a_change_is_settled_once(own: DaysOff):
    propose(own, FIRST, CULTURE_DAY, DayKind.OFF)
    own.decline(FIRST, "Chưa có thông báo chính thức")

    with pytest.raises(ChangeSettled):
        own.confirm(FIRST, "binh")
    with pytest.raises(ChangeSettled):
        own.decline(SECOND, "không có")
    assert own.days == {}


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_change_without_name_source_or_reason_is_refused(own: DaysOff, blank: str):
    with pytest.raises(ReasonMissing):
        own.propose_day(FIRST, CULTURE_DAY, DayKind.OFF, blank, SOURCE, "an")
    with pytest.raises(SourceMissing):
        own.propose_day(FIRST, CULTURE_DAY, DayKind.OFF, "Ngày Văn hóa", blank, "an")
    with pytest.raises(SourceMissing):
        own.propose_year(FIRST, 2028, blank, "an")
    propose(own, FIRST, CULTURE_DAY, DayKind.OFF)
    with pytest.raises(ReasonMissing):
        own.decline(FIRST, blank)
    assert list(own.waiting) == [FIRST]
