from datetime import date, timedelta
from uuid import uuid4

import pytest

from domain.errors import MandateProlonged, NotFound, PeriodReversed
from domain.official import Capacity, Mandate, Office, Official, person_of
from tests.domain.aggregates import COMMUNE, replayed, state


def a_mandate(valid_to: date | None = None) -> Mandate:
    return Mandate(uuid4(), Office.COMMUNE_CHAIRMAN, COMMUNE, date(2020, 1, 1), valid_to, "8/QĐ", Capacity.FOR_THE_HEAD)


@pytest.mark.parametrize(
    ("day", "holds"),
    [("2019-12-31", False), ("2020-01-01", True), ("2023-06-30", True), ("2023-07-01", False)],
)
def test_a_mandate_holds_from_its_first_to_its_last_day(day: str, *, holds: bool):
    mandate = a_mandate(date(2023, 6, 30))

    assert mandate.holds_on(date.fromisoformat(day)) is holds


def test_a_mandate_ends_on_a_day_and_keeps_all_else():
    official = Official(id=uuid4(), name="Người mẫu", issuer="https://id.example", subject="u-1")
    mandate = a_mandate()
    official.grant(mandate)

    official.end(mandate.id, date(2023, 6, 30), "9/QĐ")

    assert official.mandates == {mandate.id: a_mandate_like(mandate, date(2023, 6, 30))}
    with pytest.raises(NotFound):
        official.end(uuid4(), date(2023, 6, 30), "9/QĐ")
    assert replayed(official) == state(official)


@pytest.mark.parametrize("later", [date(2023, 6, 30), date(2023, 7, 1), date(2090, 1, 1)])
def test_a_mandate_that_ends_is_never_prolonged(later: date):
    official = Official(id=uuid4(), name="Người mẫu", issuer="https://id.example", subject="u-1")
    ended, limited = a_mandate(), a_mandate(date(2023, 6, 30))
    for mandate in (ended, limited):
        official.grant(mandate)
    official.end(ended.id, date(2023, 6, 30), "9/QĐ")

    for mandate in (ended, limited):
        with pytest.raises(MandateProlonged):
            official.end(mandate.id, later, "10/QĐ")
        official.end(mandate.id, date(2023, 6, 1), "10/QĐ")
        assert official.mandates[mandate.id].valid_to == date(2023, 6, 1)


def test_a_mandate_does_not_end_before_it_begins():
    official = Official(id=uuid4(), name="Người mẫu", issuer="https://id.example", subject="u-1")
    with pytest.raises(PeriodReversed) as refused:
        official.grant(a_mandate(date(2019, 12, 31)))
    assert refused.value.details["field"] == "valid_to"
    mandate = a_mandate()
    official.grant(mandate)

    with pytest.raises(PeriodReversed):
        official.end(mandate.id, date(2019, 12, 30), "9/QĐ")
    official.end(mandate.id, date(2019, 12, 31), "9/QĐ")  # it was given by mistake, and never in force

    assert not any(official.mandates[mandate.id].holds_on(date(2019, 12, 31) + timedelta(days)) for days in range(800))


def a_mandate_like(mandate: Mandate, valid_to: date) -> Mandate:
    return Mandate(
        mandate.id,
        mandate.position,
        mandate.unit,
        mandate.valid_from,
        valid_to,
        mandate.decision_no,
        mandate.signs,
    )


def test_one_identity_is_one_person_in_one_province():
    person = person_of("t_1", "https://id.example", "u-1")

    assert person == person_of("t_1", "https://id.example", "u-1")
    assert person not in {
        person_of("t_2", "https://id.example", "u-1"),
        person_of("t_1", "https://other.example", "u-1"),
        person_of("t_1", "https://id.example", "u-2"),
    }
