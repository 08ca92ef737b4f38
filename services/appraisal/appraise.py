"""Acts of the appraiser on a submitted dossier: open evidence, judge each indicator, return, conclude."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from uuid import UUID

from domain.appraisal import Appraisal, Proposal, appraisal_stream
from domain.appraised import appraised_sheet, computed_of
from domain.assessment import Assessment, Entry, Evidence, Stage, assessment_stream
from domain.errors import MeasureInvalid, OutOfOrder, Stale, UnknownEvidence
from domain.fact import Fact, StreamName
from domain.judging import Verdict, assess, judge
from domain.measure import Outcome
from domain.permissions import Act, Subject
from domain.recognition import Result
from domain.rulebook import Indicator, Rulebook
from domain.season import Season
from domain.working_days import Calendar
from services.assessment.assess import Value, shown_evidence, value_of
from services.case.council_meetings import is_voted_on
from services.season.calendar import calendar_of
from services.season.organise import commune_of, must_be_undecided, open_dossier, open_now
from services.work import CommandResult, Streams, Work, use_case


@use_case("open_evidence", "season", "commune", "indicator", "evidence")
async def open_evidence(work: Work, season: str, commune: str, indicator: str, evidence: UUID) -> CommandResult:
    """Record that the appraiser opened a file; only the first time is recorded.

    FileDamaged and FileMissing when there is nothing to be looked at any more.
    """
    running, _ = await open_now(work, season)
    work.require(Act.OPEN_EVIDENCE, commune_of(running, commune))
    dossier = await work.look(Assessment, assessment_stream(season, commune))
    held = dossier.entry(indicator).evidence.get(evidence)
    if held is None:
        raise UnknownEvidence(indicator=indicator, evidence=evidence)
    _must_be_submitted(dossier)
    await asyncio.to_thread(work.files.check, held.sha256)
    name = appraisal_stream(season, commune)
    async with work.changing(name) as streams:
        _started(work, streams, name, commune).open_evidence(indicator, evidence)
        return await streams.record(lambda fact: _files(fact, {indicator: (held,)}))


@use_case("appraise_indicator", "season", "commune", "indicator", "value", "reason", "seen")
async def appraise_indicator(
    work: Work,
    season: str,
    commune: str,
    indicator: str,
    value: Value,
    reason: str | None = None,
    seen: int | None = None,
    *,
    appraisal_seen: int | None = None,
) -> CommandResult:
    """Give the appraised value; other than the commune's only with a reason.

    `seen` is the dossier's version that the value was formed on: Stale when the indicator has changed since.
    `appraisal_seen` is the appraisal's: Stale when somebody has given the indicator another value since. Who proposed
    the commune's value cannot appraise it.
    """
    running, rulebook = await open_dossier(work, season, commune)
    work.require(Act.APPRAISE, await _not_own_work(work, running, season, commune, {indicator}))
    rulebook.check_score(indicator, value)
    async with _appraising(work, season, commune) as (streams, dossier, appraisal):
        entry = dossier.entry(indicator)
        if entry.returned is not None:
            raise OutOfOrder(step="appraise", state="returned")
        if seen is not None and entry.changed > seen:
            raise Stale(indicator=indicator, version=dossier.version, yours=value, theirs=value_of(entry))
        _must_not_be_judged_since(appraisal, indicator, value, reason, appraisal_seen)
        version = dossier.version if seen is None else min(seen, dossier.version)
        _appraise(appraisal, rulebook.indicator(indicator), value, entry, version, reason)
        return await streams.record(lambda fact: _files(fact, {indicator: tuple(entry.evidence.values())}))


@use_case("agree_all_unchanged", "season", "commune", "seen")
async def agree_all_unchanged(work: Work, season: str, commune: str, seen: int | None = None) -> CommandResult:
    """Agree to every proposed value that raises no question.

    That is: it is the rule's value, has evidence, was not appraised yet, and has not changed since `seen`.
    What the commune set by judgement, explained instead of supporting, or changed after an appraisal, is left.
    """
    running, rulebook = await open_dossier(work, season, commune)
    plain = await work.look(Assessment, assessment_stream(season, commune))
    calendar = await calendar_of(work)
    codes = {one.code for one in rulebook.indicators if _raises_no_question(calendar, one, plain.entry(one.code))}
    work.require(Act.APPRAISE, await _not_own_work(work, running, season, commune, codes))
    async with _appraising(work, season, commune) as (streams, dossier, appraisal):
        files: dict[str, tuple[Evidence, ...]] = {}
        for indicator in rulebook.indicators:
            entry = dossier.entry(indicator.code)
            value = value_of(entry)
            changed = seen is not None and entry.changed > seen
            if indicator.code not in codes or value is None or changed or indicator.code in appraisal.values:
                continue
            if not _raises_no_question(calendar, indicator, entry):
                continue
            files[indicator.code] = tuple(entry.evidence.values())
            _appraise(appraisal, indicator, value, entry, dossier.version, None)
        return await streams.record(lambda fact: _files(fact, files))


@use_case("return_indicator", "season", "commune", "indicator", "reason", "due")
async def return_indicator(
    work: Work, season: str, commune: str, indicator: str, reason: str, due: date, *, seen: int | None = None
) -> CommandResult:
    """Ask the commune to supplement an indicator by a day.

    `seen` is the dossier's version that the person looked at: Stale when the indicator has changed since, as when the
    commune supplemented it meanwhile. AlreadyReturned while it is with the commune.
    """
    running, rulebook = await open_dossier(work, season, commune)
    work.require(Act.RETURN_INDICATOR, commune_of(running, commune))
    rulebook.indicator(indicator)
    async with _appraising(work, season, commune) as (streams, dossier, appraisal):
        if appraisal.proposal is not None:
            raise OutOfOrder(step="return", state="concluded")
        entry = dossier.entry(indicator)
        if entry.returned is None and seen is not None and entry.changed > seen:
            raise Stale(reason="returning", indicator=indicator, version=dossier.version)
        shown = shown_evidence(entry)
        dossier.return_indicator(indicator, reason, due)
        return await streams.record(lambda fact: shown if isinstance(fact, Assessment.IndicatorReturned) else ())


@use_case("conclude", "season", "commune", "proposal", "reason", "on")
async def conclude(
    work: Work,
    season: str,
    commune: str,
    proposal: Proposal | None = None,
    reason: str | None = None,
    on: date | None = None,
    *,
    basis: str | None = None,
) -> CommandResult:
    """Propose a result to the council and the chairman; other than the computed one only with a reason.

    Without a proposal, the computed one; where the rules leave it open, ResultLeftOpen.
    """
    running, rulebook = await open_dossier(work, season, commune)
    work.require(Act.CONCLUDE_APPRAISAL, commune_of(running, commune))
    async with _appraising(work, season, commune) as (streams, dossier, appraisal):
        dossier.must_be_with_the_appraiser()
        computed = computed_proposal(work, dossier, appraisal, rulebook)
        changed = {indicator.code: dossier.entry(indicator.code).changed for indicator in rulebook.indicators}
        appraisal.conclude(on or work.today, proposal, computed=computed, changed=changed, reason=reason, basis=basis)
        return await streams.record()


@use_case("resume", "season", "commune", "reason")
async def resume(work: Work, season: str, commune: str, reason: str) -> CommandResult:
    """Take a concluded appraisal up again: not after a decision, nor while the council votes or its vote stands."""
    running, _ = await open_now(work, season)
    work.require(Act.CONCLUDE_APPRAISAL, commune_of(running, commune))
    await must_be_undecided(work, season, commune)
    if await is_voted_on(work, season, running.participant(commune).decided_by, commune):
        raise OutOfOrder(step="resume-appraisal", state="voted")
    return await work.change(Appraisal, appraisal_stream(season, commune), lambda one: one.resume(reason))


def computed_proposal(work: Work, dossier: Assessment, appraisal: Appraisal, rulebook: Rulebook) -> Proposal | None:
    """What the rules say of the appraised values; None where they leave the result open."""
    return proposal_of(judge(appraised_sheet(dossier, appraisal, rulebook, work.calendar), rulebook))


def proposal_of(verdict: Verdict) -> Proposal | None:
    """The proposal that follows from the verdict; None where the rules leave the result open."""
    computed = computed_of(verdict)
    if computed is None:
        return None
    return Proposal.RECOGNISE if computed is Result.RECOGNISED else Proposal.NOT_RECOGNISE


# ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _appraising(work: Work, season: str, commune: str) -> AsyncIterator[tuple[Streams, Assessment, Appraisal]]:
    """Hold a submitted dossier that is not decided, and its appraisal, until what is done is recorded."""
    name, appraisal_name = assessment_stream(season, commune), appraisal_stream(season, commune)
    async with work.changing(name, appraisal_name) as streams:
        dossier = streams.get(Assessment, name)
        await must_be_undecided(work, season, commune)
        _must_be_submitted(dossier)
        yield streams, dossier, _started(work, streams, appraisal_name, commune)


def _appraise(
    appraisal: Appraisal, indicator: Indicator, value: Value, entry: Entry, seen: int, reason: str | None
) -> None:
    if isinstance(value, Outcome):
        appraisal.rate(indicator.code, value, proposed=entry.outcome, seen=seen, reason=reason)
        return
    if not isinstance(value, Decimal):
        raise MeasureInvalid(reason="wrong-kind", indicator=indicator.code, field="score", typed=str(value))
    appraisal.appraise(
        indicator.code,
        value,
        proposed=entry.points,
        minimum=indicator.min_points,
        maximum=indicator.max_points,
        seen=seen,
        reason=reason,
    )


def _must_not_be_judged_since(
    appraisal: Appraisal, indicator: str, value: Value, reason: str | None, seen: int | None
) -> None:
    held = appraisal.values.get(indicator)
    if seen is None or held is None or held.given <= seen or (held.value, held.reason) == (value, reason or None):
        return
    raise Stale(reason="appraised", indicator=indicator, yours=value, theirs=held.value, their_reason=held.reason)


def _raises_no_question(calendar: Calendar, indicator: Indicator, entry: Entry) -> bool:
    assessed = assess(indicator, entry.measures, calendar)
    by_rule = assessed.value if assessed.complete else None
    return bool(entry.evidence) and entry.returned is None and by_rule is not None and value_of(entry) == by_rule


def _started(work: Work, streams: Streams, name: StreamName, commune: str) -> Appraisal:
    """The appraisal, begun when this is its first act."""
    appraisal = streams.find(Appraisal, name)
    return appraisal or streams.begin(name, Appraisal(id=work.id_of(name), commune=commune))


async def _not_own_work(work: Work, season: Season, name: str, commune: str, indicators: set[str]) -> Subject:
    """The subject of an appraisal with everybody who proposed a value of these indicators."""
    subject = commune_of(season, commune)
    proposed_by = {
        recorded.actor
        async for page in work.store.read(work.tenant, streams=[assessment_stream(name, commune)])
        for recorded in page
        if isinstance(recorded.fact, Assessment.IndicatorScored) and recorded.fact.indicator in indicators
    }
    return Subject(commune=commune, decided_by=subject.decided_by, proposed_by=frozenset(proposed_by))


def _must_be_submitted(dossier: Assessment) -> None:
    dossier.must_ask_for_recognition()
    if dossier.stage not in (Stage.SUBMITTED, Stage.SUPPLEMENT):
        raise OutOfOrder(step="appraise", state=dossier.stage)


def _files(fact: Fact, files: dict[str, tuple[Evidence, ...]]) -> tuple[str, ...]:
    """The files shown on the indicator that a fact of the appraisal is about."""
    indicator = getattr(fact, "indicator", "")
    return tuple(evidence.sha256 for evidence in files.get(indicator, ()))
