"""A season from plan to close: its rulebook and communes, who does what, by when, and the opening."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import count
from typing import TypeAlias
from uuid import UUID

from domain.assessment import Assessment, Stage, assessment_stream
from domain.deadlines import must_keep_terms
from domain.errors import AlreadyDecided, DayInTheFuture, UnitsUnsuitable, UnknownIndicator, YearPlanned
from domain.official import Office
from domain.permissions import Act, Subject
from domain.rates import Rates, rates_stream, with_rates
from domain.recognition import Recognition, recognition_stream
from domain.rulebook import Rulebook
from domain.season import (
    Deadline,
    Participant,
    Season,
    State,
    Step,
    is_practice,
    possible_year,
    season_name,
    season_stream,
)
from domain.unit import Unit, unit_stream
from services.rulebooks.keep import adopted_rulebook
from services.season.calendar import calendar_of
from services.work import CommandResult, Work, use_case

#: One line of the matrix: the indicator's code, who leads it, who coordinates.
Assignment: TypeAlias = tuple[str, Office, Sequence[Office]]


@use_case("plan_season", "year", "rulebook", "participants")
async def plan_season(
    work: Work,
    year: int,
    rulebook: str,
    participants: Sequence[Participant],
    *,
    further_round: bool = False,
    practice: bool = False,
) -> CommandResult:
    """Plan the assessment of a year under an adopted rulebook, or a further round of a year that has ended.

    A round for practice can be planned beside the year, and again once the one before it has ended. YearOutOfRange,
    YearPlanned, UnitsUnsuitable.
    """
    work.require(Act.PLAN_SEASON)
    possible_year(year, work.today)
    name = season_stream(await _free_name(work, year, further_round=further_round or practice, practice=practice))
    adopted = await adopted_rulebook(work, rulebook)
    for participant in participants:
        for code in (participant.commune, participant.decided_by):
            if await work.find(Unit, unit_stream(code)) is None:
                raise UnitsUnsuitable(units=(code,), field="commune")
    return await work.create(
        name,
        Season(
            id=work.id_of(name),
            year=year,
            rulebook=adopted.id,
            rulebook_sha256=adopted.sha256,
            indicators=tuple(one.code for one in adopted.indicators),
            participants=tuple(participants),
        ),
    )


async def _free_name(work: Work, year: int, *, further_round: bool, practice: bool) -> str:
    for round_no in count(1):
        name = season_name(year, round_no, practice=practice)
        earlier = await work.find(Season, season_stream(name))
        if earlier is None:
            break
        if not earlier.has_ended:
            running = "practice" if practice else "running"
            raise YearPlanned(field="year", reason=running, year=str(year), season=name)
        if not further_round:
            raise YearPlanned(field="year", reason="ended", year=str(year), season=name)
    return name


@use_case("add_participant", "season", "commune", "decided_by", "reason", "document_no")
async def add_participant(
    work: Work, season: str, commune: str, decided_by: str, reason: str, document_no: str
) -> CommandResult:
    """Let a commune take part; in an open season its dossier begins with it.

    UnitsUnsuitable for a unit that the province does not have, TakesPartAlready, ReasonMissing.
    """
    work.require(Act.PLAN_SEASON)
    for code in (commune, decided_by):
        if await work.find(Unit, unit_stream(code)) is None:
            raise UnitsUnsuitable(units=(code,), field="commune")
    unit_class = await _unit_class(work, commune)
    dossier = assessment_stream(season, commune)
    async with work.changing(season_stream(season), dossier) as streams:
        running = streams.get(Season, season_stream(season))
        running.add(commune, decided_by, reason, document_no)
        if running.state is State.OPEN and streams.find(Assessment, dossier) is None:
            streams.begin(dossier, _dossier(work.id_of(dossier), running, commune, unit_class))
        return await streams.record()


@use_case("withdraw_participant", "season", "commune", "reason", "document_no")
async def withdraw_participant(work: Work, season: str, commune: str, reason: str, document_no: str) -> CommandResult:
    """End a commune's part before anything is decided on it; its dossier stays to be read.

    AlreadyDecided, UnknownCommune, CommuneWithdrawn, ReasonMissing.
    """
    work.require(Act.PLAN_SEASON)
    dossier = await work.find(Assessment, assessment_stream(season, commune))
    listed = dossier is not None and dossier.stage is Stage.LISTED
    if listed or await work.find(Recognition, recognition_stream(season, commune)) is not None:
        raise AlreadyDecided(commune=commune)
    return await work.change(Season, season_stream(season), lambda one: one.withdraw(commune, reason, document_no))


@use_case("assign_indicators", "season", "matrix", "decision_no")
async def assign_indicators(
    work: Work, season: str, matrix: Sequence[Assignment], decision_no: str | None = None
) -> CommandResult:
    """Say who leads and who coordinates each indicator listed; what is not listed stays as it is."""
    work.require(Act.ASSIGN_INDICATOR)

    def deed(planned: Season) -> None:
        for indicator, lead, coordinating in matrix:
            planned.assign(indicator, lead, coordinating, decision_no)

    return await work.change(Season, season_stream(season), deed)


@use_case("season.set_deadlines", "season", "deadlines")
async def set_deadlines(
    work: Work, season: str, deadlines: Sequence[tuple[Step, Deadline]], *, version: int | None = None
) -> CommandResult:
    """Set or move the last days of steps, each by a document, all or none; those of a round for practice keep no terms.

    ReasonMissing, PeriodReversed, DeadlineOutsideTerm; Stale when the season has passed the `version` that was seen.
    """
    work.require(Act.SET_DEADLINE)
    return await _set(work, season, dict(deadlines), version)


@use_case("set_deadline", "season", "step", "on", "basis")
async def set_deadline(work: Work, season: str, step: Step, on: date, basis: str) -> CommandResult:
    """Set or move the last day of one step, by a document, otherwise as `set_deadlines`."""
    work.require(Act.SET_DEADLINE)
    return await _set(work, season, {step: Deadline(on, basis)}, None)


async def _set(work: Work, season: str, deadlines: Mapping[Step, Deadline], version: int | None) -> CommandResult:
    planned, rulebook = await with_rulebook(work, season)
    changed = {step for step, deadline in deadlines.items() if planned.deadlines.get(step) != deadline}
    calendar = await calendar_of(work)

    def deed(one: Season) -> None:
        one.set_deadlines(deadlines)
        if is_practice(season):
            return
        must_keep_terms(one.deadlines, changed, rulebook, one.year, calendar, one.read_day)

    return await work.change(Season, season_stream(season), deed, version=version)


@use_case("leave_out_contents", "season", "contents", "document_no", "document_on")
async def leave_out_contents(
    work: Work, season: str, contents: Sequence[str], document_no: str, document_on: date
) -> CommandResult:
    """Let the season do without contents whose wording its rulebook does not have. UnknownIndicator for others."""
    work.require(Act.OPEN_SEASON)
    _, rulebook = await with_rulebook(work, season)
    for code in contents:
        if code not in rulebook.without_text:
            raise UnknownIndicator(rulebook=rulebook.id, part=code)
    return await work.change(
        Season, season_stream(season), lambda one: one.leave_out(contents, document_no, document_on)
    )


@use_case("open_season", "season", "on")
async def open_season(work: Work, season: str, on: date | None = None) -> CommandResult:
    """Let the communes begin: the season opens, and with it every commune's dossier.

    DayInTheFuture for a day that has not come, SeasonAlreadyOpen, and what hinders it (`domain.season.hindrances`):
    then nothing is opened.
    """
    work.require(Act.OPEN_SEASON)
    _must_have_come(work, on)
    planned, rulebook = await with_rulebook(work, season)
    classes = {code: await _unit_class(work, code) for code in planned.participants}
    dossiers = {code: assessment_stream(season, code) for code in planned.participants}
    async with work.changing(season_stream(season), *dossiers.values()) as streams:
        opening = streams.get(Season, season_stream(season))
        opening.open(on or work.today, rulebook.without_text)
        for code, name in dossiers.items():
            if streams.find(Assessment, name) is None:
                streams.begin(name, _dossier(work.id_of(name), opening, code, classes[code]))
        return await streams.record()


@use_case("suspend_season", "season", "reason", "document_no")
async def suspend_season(work: Work, season: str, reason: str, document_no: str) -> CommandResult:
    """Stop all work in the season for a time."""
    work.require(Act.SUSPEND_SEASON)
    return await work.change(Season, season_stream(season), lambda one: one.suspend(reason, document_no))


@use_case("resume_season", "season", "reason", "document_no")
async def resume_season(work: Work, season: str, reason: str, document_no: str) -> CommandResult:
    """Go on after a suspension."""
    work.require(Act.SUSPEND_SEASON)
    return await work.change(Season, season_stream(season), lambda one: one.resume(reason, document_no))


@use_case("convert_season", "season", "rulebook", "reason", "document_no")
async def convert_season(work: Work, season: str, rulebook: str, reason: str, document_no: str) -> CommandResult:
    """Go on under another adopted rulebook; its indicators have to be assigned, and the season opened again."""
    work.require(Act.SUSPEND_SEASON)
    adopted = await adopted_rulebook(work, rulebook)
    codes = [indicator.code for indicator in adopted.indicators]
    return await work.change(
        Season, season_stream(season), lambda one: one.convert(adopted.id, adopted.sha256, codes, reason, document_no)
    )


@use_case("cancel_season", "season", "reason", "document_no")
async def cancel_season(work: Work, season: str, reason: str, document_no: str) -> CommandResult:
    """Give the year up."""
    work.require(Act.SUSPEND_SEASON)
    return await work.change(Season, season_stream(season), lambda one: one.cancel(reason, document_no))


@use_case("close_season", "season", "on")
async def close_season(work: Work, season: str, on: date | None = None) -> CommandResult:
    """End the year's work. DayInTheFuture."""
    work.require(Act.SUSPEND_SEASON)
    _must_have_come(work, on)
    return await work.change(Season, season_stream(season), lambda one: one.close(on or work.today))


def _must_have_come(work: Work, on: date | None) -> None:
    if on and on > work.today:
        raise DayInTheFuture(field="on", day=on, today=work.today)


# What the other activities ask of a season ------------------------------------------------------------


async def open_now(work: Work, season: str) -> tuple[Season, Rulebook]:
    """The season and its rulebook, when work may go on in it. NotFound, SeasonNotOpen, RulebookUnusable."""
    running, rulebook = await with_rulebook(work, season)
    running.must_be_open()
    return running, rulebook


async def with_rulebook(work: Work, season: str) -> tuple[Season, Rulebook]:
    """The season and the very text of the rulebook that it runs under, at the rates of the province in its year."""
    running = await work.look(Season, season_stream(season))
    return running, await _at_rates(work, running, (await work.rulebooks()).text(running.rulebook_sha256))


async def open_dossier(work: Work, season: str, commune: str) -> tuple[Season, Rulebook]:
    """The season, when work may go on in it, and the text that the commune's dossier is judged by.

    A commune that was decided on keeps its text when the season's is corrected, also when it is decided on anew.
    NotFound, SeasonNotOpen, RulebookUnusable.
    """
    running = await work.look(Season, season_stream(season))
    running.must_be_open()
    return running, await rulebook_of(work, running, season, commune)


async def rulebook_of(work: Work, running: Season, season: str, commune: str) -> Rulebook:
    """The text that the commune's dossier is judged by, as `Rulebooks.of_dossier` says; the season's without one."""
    dossier = await work.find(Assessment, assessment_stream(season, commune))
    texts, sha256 = await work.rulebooks(), running.rulebook_sha256
    if dossier is None:
        return await _at_rates(work, running, texts.text(sha256))
    decided = await work.find(Recognition, recognition_stream(season, commune))
    stands = decided is not None and not decided.may_be_decided_again
    own = texts.of_dossier(dossier.rulebook_sha256, running.rulebook, sha256, decided=stands)
    return await _at_rates(work, running, own)


async def _at_rates(work: Work, running: Season, text: Rulebook) -> Rulebook:
    rates = await work.find(Rates, rates_stream())
    return with_rates(text, tuple(rates.held.values()) if rates else (), running.year)


async def must_be_undecided(work: Work, season: str, commune: str) -> None:
    """Raise AlreadyDecided while a decision stands: then neither appraisal nor vote changes any more."""
    decided = await work.find(Recognition, recognition_stream(season, commune))
    if decided is not None:
        decided.must_be_open_to_another()


def commune_of(season: Season, commune: str, indicator: str | None = None) -> Subject:
    """Who is concerned by an act on a commune's dossier, or on one indicator of it. UnknownCommune."""
    participant = season.participant(commune)
    assigned = season.assignments.get(indicator or "")
    return Subject(
        commune=commune,
        decided_by=participant.decided_by,
        lead=assigned.lead if assigned else None,
        coordinating=assigned.coordinating if assigned else (),
    )


def read_of(season: Season, commune: str) -> Subject:
    """Who is concerned by reading a commune's dossier, also after it was withdrawn. UnknownCommune."""
    return Subject(commune=commune, decided_by=season.ever_took_part(commune).decided_by)


async def _unit_class(work: Work, commune: str) -> str | None:
    unit = await work.find(Unit, unit_stream(commune))
    return unit.unit_class if unit else None


def _dossier(id: UUID, season: Season, commune: str, unit_class: str | None) -> Assessment:
    return Assessment(
        id=id,
        commune=commune,
        rulebook=season.rulebook,
        rulebook_sha256=season.rulebook_sha256,
        decided_by=season.participant(commune).decided_by,
        unit_class=unit_class,
    )
