"""Verdicts as people see them: one of five statuses, for a commune and for each criterion."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from domain.judging import CriterionResult, Verdict, judge
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
    """Judge a standing. An incomplete sheet has no status yet, unless a veto condition already shuts the gate."""
    verdict = judge(sheet_of(row, rulebook, basis), rulebook)
    gate = gate_of(row, rulebook)
    if gate is Gate.SHUT:
        status = Status.VETO
    elif not verdict.complete:
        status = Status.TODO
    elif verdict.result is Outcome.MET:
        status = Status.NEAR if verdict.near else Status.OK
    else:
        status = Status.NO
    return JudgedStanding(row, verdict, status, gate)


def gate_of(row: Standing, rulebook: Rulebook) -> Gate:
    """Whether a veto condition occurred. A condition whose text the rulebook lacks cannot be declared."""
    if Answer.YES in row.vetoes.values():
        return Gate.SHUT
    askable = [condition.code for condition in rulebook.vetoes if condition.text]
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
