"""The state that is judged of a commune: the appraiser's values, and what the dossier holds on the conditions."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from domain.appraisal import Appraisal
from domain.assessment import Assessment
from domain.judging import Sheet, Value, Verdict, VerdictResult, assess
from domain.measure import Outcome, percent
from domain.meeting import VoteOutcome
from domain.recognition import Result
from domain.rulebook import Rulebook
from domain.sanction import vetoed
from domain.working_days import Calendar


def appraised_sheet(dossier: Assessment, appraisal: Appraisal, rulebook: Rulebook, calendar: Calendar) -> Sheet:
    """The sheet that the appraiser's values make. Values of indicators that the rulebook lacks are left out."""
    return _sheet(dossier, {code: one.value for code, one in appraisal.values.items()}, rulebook, calendar)


def proposed_sheet(dossier: Assessment, rulebook: Rulebook, calendar: Calendar) -> Sheet:
    """The sheet that the commune's own values make."""
    proposed = {code: entry.outcome or entry.points for code, entry in dossier.entries.items()}
    return _sheet(dossier, proposed, rulebook, calendar)


def _sheet(dossier: Assessment, given: Mapping[str, Value | None], rulebook: Rulebook, calendar: Calendar) -> Sheet:
    values: dict[str, Value] = {}
    slacks: dict[str, Decimal] = {}
    for indicator in rulebook.indicators:
        value = given.get(indicator.code)
        if value is not None:
            values[indicator.code] = value
        slack = assess(indicator, dossier.entry(indicator.code).measures, calendar).slack
        if slack is not None:
            slacks[indicator.code] = slack
    found = vetoed(rulebook.counting, dossier.vetoes, dossier.held_sanctions)
    return Sheet(
        values=values,
        unit_class=dossier.unit_class,
        satisfaction=percent(*dossier.satisfaction) if dossier.satisfaction else None,
        vetoes=found.occurred,
        unconfirmed=found.unconfirmed,
        slacks=slacks,
    )


def spelled(sheet: Sheet, rulebook: Rulebook) -> dict[str, Any]:
    """The judged sheet as a document of texts only, so that its hash can be computed again by anybody.

    A number has one spelling here, whatever was typed: 2, 2.0 and 2.00 are "2".
    """
    document: dict[str, Any] = {
        "rulebook": rulebook.id,
        "rulebook_sha256": rulebook.sha256,
        "values": [{"indicator": code, "value": _one_spelling(value)} for code, value in sorted(sheet.values.items())],
        "vetoes": list(sheet.vetoes),
    }
    if sheet.unconfirmed:
        document["unconfirmed"] = list(sheet.unconfirmed)
    if sheet.unit_class is not None:
        document["unit_class"] = sheet.unit_class
    if sheet.satisfaction is not None:
        document["satisfaction"] = _one_spelling(sheet.satisfaction)
    return document


def computed_of(verdict: Verdict) -> Result | None:
    """The result that follows from the rules; None where they leave it open, as of a sheet that is not complete."""
    if verdict.result in (VerdictResult.INCOMPLETE, VerdictResult.NOT_VERIFIABLE):
        return None
    return result_of(meets=verdict.result is VerdictResult.MET)


def result_of(*, meets: bool) -> Result:
    """The result that goes with meeting the standard."""
    return Result.RECOGNISED if meets else Result.NOT_RECOGNISED


def advised(outcome: VoteOutcome | None) -> Result | None:
    """The result that the council's vote advises; None where there is no outcome."""
    return None if outcome is None else result_of(meets=outcome is VoteOutcome.CARRIED)


def _one_spelling(value: Value) -> str:
    return value.value if isinstance(value, Outcome) else format(value.normalize(), "f")
