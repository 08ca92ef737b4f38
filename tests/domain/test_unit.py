import csv
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from importlib import resources
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import MergerImpossible, PeriodReversed, Refused, UnitEnded
from domain.unit import Ending, Extent, Level, Unit, succeeded_on
from tests.domain.aggregates import COMMUNE, DAY, DISTRICT, OTHER, facts_of, replayed, state


def a_unit(code: str = COMMUNE, level: Level = Level.COMMUNE, valid_from: date | None = None) -> Unit:
    return Unit(
        id=uuid4(), code=code, name="Suối Gấm", unit_type="Xã", level=level, parent=DISTRICT, valid_from=valid_from
    )


def test_a_unit_gets_names_and_classes_and_what_is_already_so_is_no_fact():
    unit = a_unit()

    unit.rename("Suối Gấm", DAY, "1/NQ", today=DAY)
    unit.classify("II", "2/QĐ", today=DAY)
    unit.classify("II", "2/QĐ", today=DAY)

    assert facts_of(unit) == ["Registered", "Classified"]
    assert unit.unit_class == "II"


def test_a_unit_ends_by_going_into_another_or_by_ceasing():
    merged, dissolved = a_unit(), a_unit()

    merged.merge(a_unit(OTHER), date(2025, 7, 1), "3/NQ")
    dissolved.dissolve(date(2025, 7, 1), "3/NQ")

    assert merged.ended_on == dissolved.ended_on == date(2025, 7, 1)
    assert replayed(merged) == state(merged)


ENDED = date(2025, 7, 1)


def ended(on: date = ENDED) -> Unit:
    unit = a_unit()
    unit.dissolve(on, "3/NQ")
    return unit


def test_a_unit_that_has_ended_changes_no_more():
    today = date(2026, 11, 28)
    acts: list[Callable[[Unit], None]] = [
        lambda unit: unit.rename("Tên khác", date(2025, 1, 1), "4/NQ", today=today),
        lambda unit: unit.classify("I", "4/QĐ", today=today),
        lambda unit: unit.merge(a_unit(OTHER), date(2025, 1, 1), "4/NQ"),
        lambda unit: unit.merge(a_unit(OTHER), ENDED, "3/NQ", extent=Extent.PART),
        lambda unit: unit.dissolve(date(2026, 1, 1), "4/NQ"),
    ]
    for act in acts:
        with pytest.raises(UnitEnded):
            act(ended())


def test_an_end_to_come_stops_only_what_takes_effect_from_that_day_on():
    today = ENDED - timedelta(days=30)
    unit = ended()

    unit.classify("I", "4/QĐ", today=today)
    unit.rename("Tên khác", ENDED - timedelta(days=1), "4/NQ", today=today)

    with pytest.raises(UnitEnded):
        unit.rename("Tên nữa", ENDED, "5/NQ", today=today)
    with pytest.raises(UnitEnded):
        unit.dissolve(ENDED + timedelta(days=365), "5/NQ")


def test_nothing_happens_to_a_unit_before_it_began():
    began = date(2025, 7, 1)
    before = began - timedelta(days=1)
    acts: list[Callable[[Unit], None]] = [
        lambda unit: unit.rename("Tên khác", before, "4/NQ", today=DAY),
        lambda unit: unit.merge(a_unit(OTHER), before, "4/NQ"),
        lambda unit: unit.dissolve(before, "4/NQ"),
    ]
    for act in acts:
        with pytest.raises(PeriodReversed):
            act(a_unit(valid_from=began))


@pytest.mark.parametrize(
    ("into", "successors", "reason"),
    [
        (a_unit(COMMUNE), (), "itself"),
        (a_unit(OTHER, Level.PROVINCE), (), "other-level"),
        (a_unit(OTHER, Level.DISTRICT), (), "other-level"),
        (a_unit(OTHER, valid_from=ENDED + timedelta(days=1)), (), "not-begun"),
        (a_unit(OTHER), (COMMUNE,), "circle"),
        (a_unit(OTHER), ("99007", COMMUNE), "circle"),
    ],
)
def test_a_unit_goes_only_into_another_of_its_level_that_exists(into: Unit, successors: tuple[str, ...], reason: str):
    with pytest.raises(MergerImpossible) as refused:
        a_unit().merge(into, ENDED, "3/NQ", successors=successors)

    assert refused.value.details["reason"] == reason


def test_a_unit_does_not_go_into_one_that_has_ended_by_then():
    gone = a_unit(OTHER)
    gone.dissolve(ENDED, "3/NQ")

    with pytest.raises(MergerImpossible):
        a_unit().merge(gone, ENDED, "3/NQ")
    a_unit().merge(gone, ENDED - timedelta(days=1), "2/NQ")  # the day before it is still there


@pytest.mark.parametrize(
    "end",
    [
        lambda unit, on, joined: unit.dissolve(on, "5/NQ", joined=joined),
        lambda unit, on, joined: unit.merge(a_unit("99007"), on, "5/NQ", joined=joined),
    ],
)
def test_a_unit_ends_after_those_that_went_into_it(end: Callable[[Unit, date, list[Unit]], None]):
    unit, joined = a_unit(OTHER), ended()

    for on in (ENDED, ENDED - timedelta(days=1)):
        with pytest.raises(PeriodReversed) as refused:
            end(unit, on, [a_unit("99010"), joined])
        assert (refused.value.details["reason"], refused.value.details["unit"]) == ("joined", joined.name)
    end(unit, ENDED + timedelta(days=1), [joined])


def test_a_divided_unit_goes_into_several_on_one_day_by_one_document():
    unit = a_unit()
    unit.merge(a_unit(OTHER), ENDED, "3/NQ", extent=Extent.PART)

    unit.merge(a_unit("99007"), ENDED, "3/NQ", extent=Extent.PART)

    assert (unit.merged_into, unit.ended_on) == ((OTHER, "99007"), ENDED)
    assert replayed(unit) == state(unit)
    for into, on, document, extent in (
        (OTHER, ENDED, "3/NQ", Extent.PART),  # twice into the same
        ("99010", ENDED, "4/NQ", Extent.PART),  # another document
        ("99010", ENDED + timedelta(days=1), "3/NQ", Extent.PART),
        ("99010", ENDED, "3/NQ", Extent.WHOLE),
    ):
        with pytest.raises(UnitEnded):
            unit.merge(a_unit(into), on, document, extent=extent)


def test_the_successions_of_july_2025_can_all_be_recorded():
    with (resources.files("infra.reference.units") / "successions_2025-07-01.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["old_commune_code"] and row["new_commune_code"]]
    remains = {row["new_commune_code"] for row in rows}
    units = {row["old_commune_code"]: a_unit(row["old_commune_code"]) for row in rows}
    for code in remains:
        units.setdefault(code, a_unit(code, valid_from=ENDED))

    recorded = 0
    for row in rows:
        old, new = row["old_commune_code"], row["new_commune_code"]
        if old not in remains:  # a unit whose code goes on has not ended: it was enlarged
            units[old].merge(units[new], ENDED, "NQ 202/2025/QH15", extent=Extent(row["extent"]))
            recorded += 1

    assert recorded == sum(len(unit.merged_into) for unit in units.values()) > 5_000


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ABCDE"),
            st.sampled_from("ABCDE"),
            st.integers(0, 6),
            st.sampled_from(Extent),
            st.sampled_from(["merge", "merge", "merge", "dissolve", "rename"]),
        ),
        max_size=25,
    )
)
def test_whatever_is_tried_no_unit_ever_goes_into_itself_in_the_end(steps: list[tuple[str, str, int, Extent, str]]):
    units = {code: a_unit(code) for code in "ABCDE"}

    def beyond(code: str) -> set[str]:
        found: set[str] = set()
        ahead = [code]
        while ahead:
            for one in units[ahead.pop()].merged_into:
                if one not in found:
                    found.add(one)
                    ahead.append(one)
        return found

    for code, into, days, extent, verb in steps:
        day, before = DAY + timedelta(days=days), state(units[code])
        ended_on = units[code].ended_on
        trying = {
            "merge": partial(units[code].merge, units[into], day, "3/NQ", extent=extent, successors=beyond(into)),
            "dissolve": partial(units[code].dissolve, day, "3/NQ"),
            "rename": partial(units[code].rename, into, day, "3/NQ", today=DAY),
        }
        try:
            trying[verb]()
        except Refused:
            assert state(units[code]) == before
        else:
            if verb != "rename":
                assert ended_on in (None, day)  # a unit ends once

    for code, unit in units.items():
        assert code not in beyond(code)
        assert replayed(unit) == state(unit)


def test_the_duties_of_a_dissolved_district_are_the_provinces_from_its_last_day_on():
    endings = {"990": Ending(date(2025, 7, 1), (), "99")}

    assert succeeded_on(endings, date(2025, 6, 30)) == {}
    assert succeeded_on(endings, date(2025, 7, 1)) == {"99": frozenset({"990"})}


def test_duties_pass_on_through_units_that_have_ended_too_and_a_circle_ends():
    endings = {
        "990": Ending(date(2024, 1, 1), ("991",), "99"),
        "991": Ending(date(2025, 7, 1), (), "99"),
        "880": Ending(date(2024, 1, 1), ("881",), None),
        "881": Ending(date(2024, 1, 1), ("880",), None),
    }

    assert succeeded_on(endings, date(2024, 6, 1)) == {"991": frozenset({"990"})}
    assert succeeded_on(endings, date(2025, 7, 1)) == {"99": frozenset({"990", "991"})}
