"""Verdicts as people see them: one of six statuses, for a commune and for each criterion."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from domain.judging import CriterionResult, Verdict, VerdictResult, judge
from domain.measure import Answer, Outcome
from domain.rulebook import Rulebook
from projections.tables.standings import Basis, Standing, sheet_of


class Status(StrEnum):
    """How a value is shown: always a glyph and a word, never colour alone."""

    OK = "ok"
    NEAR = "near"
    NO = "no"
    VETO = "veto"
    TODO = "todo"
    OPEN = "open"


class Gate(StrEnum):
    """What is known of the veto conditions; UNKNOWN where the rulebook has not the wording of any."""

    CLEAR = "clear"
    SHUT = "shut"
    UNDECLARED = "undeclared"
    UNKNOWN = "unknown"


class JudgedStanding(NamedTuple):
    """A commune's standing with the verdict of today's values and how it is shown."""

    row: Standing
    verdict: Verdict
    status: Status
    gate: Gate


def judged(row: Standing, rulebook: Rulebook, basis: Basis = Basis.BEST_KNOWN) -> JudgedStanding:
    """Judge a standing. A sheet that is not complete has no status yet, unless a verified veto occurred."""
    verdict = judge(sheet_of(row, rulebook, basis), rulebook)
    gate = gate_of(row, rulebook)
    return JudgedStanding(row, verdict, _status(verdict, gate), gate)


def _status(verdict: Verdict, gate: Gate) -> Status:
    match verdict.result:
        case VerdictResult.MET:
            return Status.NEAR if verdict.near else Status.OK
        case VerdictResult.NOT_MET:
            return Status.VETO if gate is Gate.SHUT else Status.NO
        case VerdictResult.INCOMPLETE:
            return Status.TODO
        case VerdictResult.NOT_VERIFIABLE:
            return Status.OPEN


def gate_of(row: Standing, rulebook: Rulebook) -> Gate:
    """Whether a veto condition occurred. One whose text the rulebook lacks is not asked for, and shuts nothing."""
    askable = [condition.code for condition in rulebook.vetoes if condition.text]
    if any(row.vetoes.get(code) is Answer.YES for code in askable):
        return Gate.SHUT
    if not askable:
        return Gate.UNKNOWN
    return Gate.CLEAR if all(code in row.vetoes for code in askable) else Gate.UNDECLARED


def criterion_status(result: CriterionResult, row: Standing, rulebook: Rulebook) -> Status:
    """The status of one criterion; nothing scored yet is no failure."""
    indicators = rulebook.criterion(result.code).indicators
    if not all(indicator.code in row.cells and row.cells[indicator.code].is_scored for indicator in indicators):
        return Status.TODO
    if result.met is not Outcome.MET:
        return Status.NO
    return Status.NEAR if result.near else Status.OK
