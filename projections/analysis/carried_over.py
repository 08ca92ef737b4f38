"""What another text of a rulebook makes of a dossier: between versions of one rulebook every value that the other one
can hold goes over, by the rule of a correction; under another rulebook what was measured is judged.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import NamedTuple

from domain.correction import Entered, correction_of
from domain.judging import Sheet, Value, assess
from domain.measure import Answer, percent
from domain.rulebook import Rulebook
from domain.sanction import Sanction, vetoed
from domain.working_days import Calendar
from projections.tables.sheets import SheetRow


class LeftKind(StrEnum):
    """What is left behind: measured data of a part, a value of an indicator as the commune proposed it or as it was
    appraised, what was declared of a condition or counts for it, the survey, or the class of the unit.
    """

    DATA = "data"
    SCORED = "scored"
    APPRAISED = "appraised"
    DECLARED = "declared"
    SATISFACTION = "satisfaction"
    UNIT_CLASS = "unit_class"


class LeftBehind(NamedTuple):
    """What the other text cannot hold; `code` of its part, indicator or condition, "" for what has none."""

    kind: LeftKind
    code: str = ""


class CarriedSheet(NamedTuple):
    """The sheet under another text, what could not go over, and the indicators that only the other text asks for."""

    sheet: Sheet
    left: tuple[LeftBehind, ...] = ()
    asked: tuple[str, ...] = ()


def carried_to(
    row: SheetRow,
    sheet: Sheet,
    own: Rulebook,
    rulebook: Rulebook,
    calendar: Calendar,
    unsupported: Collection[str] = (),
) -> CarriedSheet:
    """The `sheet` of a dossier, which is judged by its `own` text, under the text `rulebook`.

    Values of `unsupported` indicators follow no rule: they have neither evidence nor explanation.
    """
    if own.sha256 == rulebook.sha256:
        return CarriedSheet(sheet)
    if own.id != rulebook.id:
        return CarriedSheet(measured_sheet(row, rulebook, calendar))
    measures = {code: entry.measures for code, entry in row.entries.items() if code not in unsupported}
    entered = {
        code: Entered(measures.get(code, {}), sheet.values.get(code))
        for code in dict.fromkeys([*row.entries, *sheet.values])
    }
    correction = correction_of(entered, own, rulebook, calendar)
    values = {code: value for code, value in sheet.values.items() if code in rulebook.by_code}
    for one in correction.values:
        value = one.outcome if one.points is None else one.points
        if value is None:
            del values[one.indicator]
        else:
            values[one.indicator] = value
    left = [LeftBehind(LeftKind.DATA, one.part) for one in correction.again]
    left += [LeftBehind(LeftKind.DATA, part) for part in _gone_parts(row, own, rulebook)]
    left += [LeftBehind(_whose(row, code), code) for code in sheet.values if code in own.by_code and code not in values]
    left += _gone_conditions(row, sheet, own, rulebook)
    asked = tuple(code for code in rulebook.by_code if code not in own.by_code)
    return CarriedSheet(_sheet(row, sheet, values, rulebook, calendar), tuple(left), asked)


def measured_sheet(row: SheetRow, rulebook: Rulebook, calendar: Calendar) -> Sheet:
    """The sheet that a dossier's measured data make under a rulebook that it was not made for.

    Data are found by the part's code; of another kind they count as not measured, and an indicator that is not
    measured whole has no value. Scores, appraised values and declared conditions belong to the rulebook that they
    were given under.
    """
    measures = {part: value for entry in row.entries.values() for part, value in entry.measures.items()}
    values: dict[str, Value] = {}
    for indicator in rulebook.indicators:
        assessed = assess(indicator, measures, calendar)
        if assessed.complete and assessed.value is not None:
            values[indicator.code] = assessed.value
    counted = row.satisfaction
    return Sheet(
        values, row.unit_class, percent(counted.satisfied, counted.asked) if counted and counted.asked else None
    )


def _sheet(row: SheetRow, sheet: Sheet, values: Mapping[str, Value], rulebook: Rulebook, calendar: Calendar) -> Sheet:
    slacks = {}
    for code, entry in row.entries.items():
        indicator = rulebook.by_code.get(code)
        slack = assess(indicator, entry.measures, calendar).slack if indicator else None
        if slack is not None:
            slacks[code] = slack
    found = vetoed(rulebook.counting, _declared(row), _sanctions(row))
    return Sheet(
        values=values,
        unit_class=sheet.unit_class,
        satisfaction=sheet.satisfaction,
        vetoes=found.occurred,
        unconfirmed=found.unconfirmed,
        slacks=slacks,
    )


def _declared(row: SheetRow) -> dict[str, Answer]:
    return {code: veto.occurred for code, veto in row.vetoes.items()}


def _sanctions(row: SheetRow) -> list[tuple[Sanction, bool]]:
    return [(one.details, one.is_confirmed) for one in row.sanctions.values()]


def _gone_parts(row: SheetRow, own: Rulebook, rulebook: Rulebook) -> list[str]:
    """Parts that were measured and that the other text lacks."""
    return [
        part
        for entry in row.entries.values()
        for part in entry.measures
        if part in own.parts and part not in rulebook.parts
    ]


def _whose(row: SheetRow, code: str) -> LeftKind:
    entry = row.entries.get(code)
    return LeftKind.APPRAISED if entry and entry.appraised and entry.appraised.value is not None else LeftKind.SCORED


def _gone_conditions(row: SheetRow, sheet: Sheet, own: Rulebook, rulebook: Rulebook) -> list[LeftBehind]:
    found = vetoed(own.counting, _declared(row), _sanctions(row))
    spoken = {*row.vetoes, *found.occurred, *found.unconfirmed}
    there = {code for code, _ in rulebook.counting}
    left = [LeftBehind(LeftKind.DECLARED, code) for code, _ in own.counting if code in spoken and code not in there]
    if sheet.satisfaction is not None and own.asks_satisfaction and not rulebook.asks_satisfaction:
        left.append(LeftBehind(LeftKind.SATISFACTION))
    if rulebook.asks_class and sheet.unit_class in own.unit_classes and sheet.unit_class not in rulebook.unit_classes:
        left.append(LeftBehind(LeftKind.UNIT_CLASS))
    return left
