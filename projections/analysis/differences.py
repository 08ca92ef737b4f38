"""Differences of a dossier between two moments, each with the fact that changed it.

Two rows of the same dossier held against each other. The cause of a difference is the last fact between the two
moments that bears on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from domain.appraisal import Appraisal
from domain.assessment import Assessment
from domain.fact import Fact, Recorded
from domain.measure import Measured
from domain.sanction import Sanction
from projections.tables.sheets import EntryRow, SanctionRow, SheetRow


class Matter(StrEnum):
    """What differs."""

    MEASURED = "measured"
    PROPOSED = "proposed"
    FILES = "files"
    EXPLANATION = "explanation"
    OPINION_SHEETS = "opinion-sheets"
    APPRAISED = "appraised"
    RETURNED = "returned"
    VETO = "veto"
    SANCTION = "sanction"
    SATISFACTION = "satisfaction"
    STAGE = "stage"
    CONCLUSION = "conclusion"


class Difference(NamedTuple):
    """One thing then and now; `about` is the code of an indicator, a part or a condition, "" for the dossier itself.

    A value of None was not there. `cause` is None where the facts between do not show it.
    """

    matter: Matter
    about: str
    then: Any
    now: Any
    cause: Recorded | None


#: The facts that can cause a difference in each matter.
CAUSES: dict[Matter, tuple[type[Fact], ...]] = {
    Matter.MEASURED: (Assessment.IndicatorMeasured, Assessment.RulebookCorrected),
    Matter.PROPOSED: (Assessment.IndicatorScored, Assessment.RulebookCorrected),
    Matter.FILES: (Assessment.EvidenceAttached, Assessment.EvidenceReused, Assessment.EvidenceWithdrawn),
    Matter.EXPLANATION: (Assessment.Explained,),
    Matter.OPINION_SHEETS: (Assessment.OpinionSheetsTallied,),
    Matter.APPRAISED: (Appraisal.IndicatorAppraised,),
    Matter.RETURNED: (Assessment.IndicatorReturned, Assessment.Resubmitted),
    Matter.VETO: (Assessment.VetoDeclared,),
    Matter.SANCTION: (Assessment.SanctionDeclared, Assessment.SanctionConfirmed, Assessment.SanctionSetAside),
    Matter.SATISFACTION: (Assessment.SatisfactionMeasured,),
    Matter.STAGE: (
        Assessment.Opened,
        Assessment.Consolidated,
        Assessment.Reopened,
        Assessment.Posted,
        Assessment.ResultAgreed,
        Assessment.Submitted,
        Assessment.Reported,
        Assessment.Listed,
        Assessment.IndicatorReturned,
        Assessment.Resubmitted,
    ),
    Matter.CONCLUSION: (Appraisal.Concluded, Appraisal.Resumed),
}


def differences(then: SheetRow | None, now: SheetRow, between: Sequence[Recorded]) -> tuple[Difference, ...]:
    """What differs, indicator by indicator in the order of their codes, then the dossier as a whole.

    `between` are the dossier's facts after the first moment and up to the second, in the order of the log.
    """
    causes = {matter: [one for one in between if isinstance(one.fact, kinds)] for matter, kinds in CAUSES.items()}
    return tuple(
        Difference(matter, about, before, after, _last(causes[matter], about))
        for matter, about, before, after in _changed(then, now)
        if before != after
    )


def _last(facts: Iterable[Recorded], about: str) -> Recorded | None:
    """The last of these facts about the indicator, part or condition, or any, where it is about none."""
    found = None
    for recorded in facts:
        if not about or about in _abouts(recorded.fact):
            found = recorded
    return found


def _abouts(fact: Any) -> tuple[str, ...]:
    match fact:
        case Assessment.IndicatorMeasured():
            return (fact.part,)
        case Assessment.VetoDeclared():
            return (fact.condition,)
        case Assessment.SanctionDeclared() | Assessment.SanctionConfirmed() | Assessment.SanctionSetAside():
            return (str(fact.sanction),)
        case Assessment.Resubmitted():
            return fact.indicators
        case Assessment.RulebookCorrected():
            return (*fact.indicators, *(one.part for one in fact.again))
    return (fact.indicator,)


def _changed(then: SheetRow | None, now: SheetRow) -> Iterator[tuple[Matter, str, Any, Any]]:
    before = then.entries if then else {}
    for code in sorted({*before, *now.entries}):
        yield from _entry(code, before.get(code), now.entries.get(code))
    vetoes = then.vetoes if then else {}
    for condition in sorted({*vetoes, *now.vetoes}):
        was, is_ = vetoes.get(condition), now.vetoes.get(condition)
        yield Matter.VETO, condition, was.occurred if was else None, is_.occurred if is_ else None
    sanctions = then.sanctions if then else {}
    for one in sorted({*sanctions, *now.sanctions}, key=str):
        held, holds = sanctions.get(one), now.sanctions.get(one)
        yield Matter.SANCTION, str(one), _sanction(held), _sanction(holds)
    yield Matter.SATISFACTION, "", then.satisfaction if then else None, now.satisfaction
    yield Matter.CONCLUSION, "", then.proposal if then else None, now.proposal
    yield Matter.STAGE, "", then.stage if then else None, now.stage


def _sanction(row: SanctionRow | None) -> tuple[Sanction, bool] | None:
    return None if row is None else (row.details, row.is_confirmed)


#: What is compared of an indicator.
PARTS: dict[Matter, Callable[[EntryRow], Any]] = {
    Matter.PROPOSED: lambda entry: entry.value,
    Matter.FILES: lambda entry: tuple(file.name for file in entry.evidence) or None,
    Matter.EXPLANATION: lambda entry: entry.explanation,
    Matter.OPINION_SHEETS: lambda entry: (entry.tally.collected, entry.tally.handed_out) if entry.tally else None,
    Matter.APPRAISED: lambda entry: entry.appraised.value if entry.appraised else None,
    Matter.RETURNED: lambda entry: entry.returned.reason if entry.returned else None,
}


def _entry(code: str, then: EntryRow | None, now: EntryRow | None) -> Iterator[tuple[Matter, str, Any, Any]]:
    measured: dict[str, Measured] = dict(then.measures) if then else {}
    later: dict[str, Measured] = dict(now.measures) if now else {}
    for part in sorted({*measured, *later}):
        yield Matter.MEASURED, part, measured.get(part), later.get(part)
    for matter, of in PARTS.items():
        yield matter, code, of(then) if then else None, of(now) if now else None
