"""No fact names a day in a year that nobody can mean; the list of days is made from the catalogue."""

import dataclasses
import json
import typing
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from domain.catalogue import FACTS
from domain.days import FIRST_YEAR, days_of, must_be_possible, must_name_possible_days
from domain.errors import DayOutOfRange, PeriodReversed
from domain.fact import Fact
from domain.measure import Measured
from domain.review import Review
from domain.season import Deadline, Step
from infra.log.mapper import COLUMNS
from tests.domain.aggregates import DAY, a_complete_dossier, a_posted_dossier, a_season, a_submitted_dossier
from tests.infra.logs import MAPPER
from tests.test_ledger import AT, SAMPLES, STREAM, named

TODAY = date(2026, 11, 28)


def dated(hint: object, field: str) -> Iterator[str]:
    """The names of the fields of this type that hold a day, also inside values."""
    if hint is date:
        yield field
    elif dataclasses.is_dataclass(hint):
        for name, inner in typing.get_type_hints(hint).items():
            yield from dated(inner, name)
    else:
        for inner in typing.get_args(hint):
            yield from dated(inner, field)


#: Every day that a fact may name: (topic, field).
DAYS = [
    (topic, field)
    for topic, fact in sorted(FACTS.items())
    for name, hint in typing.get_type_hints(fact).items()
    if name not in COLUMNS
    for field in dated(hint, name)
]


def sample_with(topic: str, field: str) -> Fact:
    """A stored fact of this topic that names this day."""
    for sample in SAMPLES:
        if named(sample)[0] == topic:
            fact = MAPPER.fact(topic, named(sample)[1], sample.read_bytes().rstrip(b"\n"), STREAM, 1, AT)
            if isinstance(held := getattr(fact, "measured", None), Measured):
                vars(fact)["measured"] = dataclasses.replace(held, on=DAY, from_on=DAY)
            if field in dict(days_of(fact)):
                return fact
    raise AssertionError(f"no sample of {topic} names {field}")


def with_day(fact: Fact, field: str, day: date) -> Fact:
    for name, held in vars(fact).items():
        vars(fact)[name] = day if name == field else with_day_inside(held, field, day)
    return fact


def with_day_inside(value: typing.Any, field: str, day: date) -> typing.Any:
    """The value with this day wherever it, or a value inside it, has a field of this name."""
    if isinstance(value, tuple):
        return tuple(with_day_inside(item, field, day) for item in value)
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    held = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    inside = {name: day if name == field else with_day_inside(one, field, day) for name, one in held.items()}
    return dataclasses.replace(value, **inside)


def test_the_catalogue_names_days():
    assert len(DAYS) > 30
    assert {("assessment.posted", "until"), ("assessment.indicator-measured", "from_on")} <= set(DAYS)


@pytest.mark.parametrize(("topic", "field"), DAYS)
@pytest.mark.parametrize("year", [1, 16, 24, 1899, FIRST_YEAR - 1, 2033, 2062, 9999])
def test_no_fact_names_a_day_of_a_year_that_cannot_be_meant(topic: str, field: str, year: int):
    fact = with_day(sample_with(topic, field), field, date(year, 2, 7))

    with pytest.raises(DayOutOfRange) as refused:
        must_name_possible_days(fact, TODAY)
    assert refused.value.details["field"] == field


@pytest.mark.parametrize(("topic", "field"), DAYS)
@pytest.mark.parametrize("day", [date(1990, 1, 1), TODAY, date(2032, 12, 31)])
def test_a_fact_may_name_any_other_day(topic: str, field: str, day: date):
    must_name_possible_days(with_day(sample_with(topic, field), field, day), TODAY)


def test_the_bounds_move_with_the_year():
    must_be_possible(date(2033, 1, 1), date(2027, 1, 1), "on")
    with pytest.raises(DayOutOfRange):
        must_be_possible(date(2033, 1, 1), date(2026, 12, 31), "on")


# Periods ----------------------------------------------------------------------------------------------

BEFORE = date(2024, 1, 14)


def test_a_posting_does_not_end_before_it_begins():
    dossier = a_complete_dossier()
    dossier.consolidate(DAY, indicators=(), vetoes=(), needs_satisfaction=False)

    with pytest.raises(PeriodReversed) as refused:
        dossier.post(DAY, BEFORE, "Trụ sở")

    assert (refused.value.details["field"], refused.value.details["reason"]) == ("until", "posted")


def test_a_sheet_is_not_posted_before_it_was_brought_together():
    dossier = a_complete_dossier()
    dossier.consolidate(DAY, indicators=(), vetoes=(), needs_satisfaction=False)

    with pytest.raises(PeriodReversed) as refused:
        dossier.post(BEFORE, date(2024, 1, 29), "Trụ sở")

    assert refused.value.details["reason"] == "posting"
    dossier.reopen("Ghi nhầm ngày tổng hợp")
    dossier.consolidate(BEFORE, indicators=(), vetoes=(), needs_satisfaction=False)
    dossier.post(BEFORE, date(2024, 1, 29), "Trụ sở")


def test_a_posting_of_an_old_log_from_before_the_consolidation_goes_on():
    dossier = a_posted_dossier()
    dossier.consolidated_on = date(2024, 2, 1)

    dossier.submit(date(2024, 1, 29), "12/BC", indicators=())


def test_a_supplement_is_not_due_before_the_dossier_was_sent():
    dossier = a_submitted_dossier()

    with pytest.raises(PeriodReversed) as refused:
        dossier.return_indicator("TC1.CT1", "Bổ sung", date(2024, 1, 28))

    assert refused.value.details["reason"] == "supplement"


def test_nobody_is_asked_to_explain_by_a_day_before_the_review():
    review = Review(
        id=STREAM,
        commune="99001",
        ground="flag",  # type: ignore[arg-type] # any ground
        statement="…",
        document_no="1/QĐ",
        document_on=DAY,
        on=DAY,
        references=(),
    )

    with pytest.raises(PeriodReversed):
        review.ask(UUID(int=1), UUID(int=2), "inspector", "99", "Vì sao?", BEFORE)  # type: ignore[arg-type] # any position


def test_a_season_does_not_close_before_it_opened():
    season = a_season()
    season.open(DAY)

    with pytest.raises(PeriodReversed):
        season.close(BEFORE)
    season.close(DAY)


def test_no_step_ends_before_an_earlier_one():
    season = a_season()
    season.set_deadlines({Step.SUBMITTED: Deadline(DAY, "KH 1")})

    for step, on in ((Step.APPRAISED, BEFORE), (Step.DECIDED, BEFORE), (Step.POSTED, date(2024, 1, 16))):
        with pytest.raises(PeriodReversed) as refused:
            season.set_deadlines({step: Deadline(on, "KH 1")})
        assert refused.value.details["reason"] == "deadline"
    season.set_deadlines({Step.POSTED: Deadline(DAY, "KH 1")})
    season.set_deadlines({Step.SUBMITTED: Deadline(date(2024, 1, 20), "KH 2")})  # a deadline may be moved


def test_samples_of_old_logs_stay_readable_whatever_their_days():
    for sample in SAMPLES:
        topic, form = named(Path(sample))
        stored = json.loads(sample.read_bytes())
        for name in [name for name in ("on", "until", "due", "valid_from", "valid_to") if name in stored]:
            stored[name] = "0024-02-07"
        text = json.dumps(stored, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        assert MAPPER.fact(topic, form, text, STREAM, 1, AT) is not None
