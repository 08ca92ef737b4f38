from datetime import date
from uuid import uuid4

from domain.unit import Level, Unit
from tests.domain.aggregates import COMMUNE, DAY, DISTRICT, OTHER, facts_of, replayed, state


def a_unit() -> Unit:
    return Unit(id=uuid4(), code=COMMUNE, name="Suối Gấm", unit_type="Xã", level=Level.COMMUNE, parent=DISTRICT)


def test_a_unit_gets_names_and_classes_and_what_is_already_so_is_no_fact():
    unit = a_unit()

    unit.rename("Suối Gấm", DAY, "1/NQ")
    unit.classify("II", "2/QĐ")
    unit.classify("II", "2/QĐ")

    assert facts_of(unit) == ["Registered", "Classified"]
    assert unit.unit_class == "II"


def test_a_unit_ends_by_going_into_another_or_by_ceasing():
    merged, dissolved = a_unit(), a_unit()

    merged.merge(OTHER, date(2025, 7, 1), "3/NQ")
    dissolved.dissolve(date(2025, 7, 1), "3/NQ")

    assert merged.ended_on == dissolved.ended_on == date(2025, 7, 1)
    assert replayed(merged) == state(merged)
