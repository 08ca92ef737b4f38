"""Acts of a commune on its dossier: measure, score, support with evidence, consolidate, post, submit."""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from domain.assessment import Assessment, Entry, Evidence, assessment_stream
from domain.commune_steps import Channel, Treatment
from domain.council import Council, council_stream
from domain.errors import (
    IndicatorsUnassigned,
    MeasureInvalid,
    PostingPlaceMissing,
    ReasonMissing,
    Refused,
    Stale,
    UnknownIndicator,
)
from domain.judging import assess
from domain.measure import Answer, Measured, Outcome, check_sample
from domain.permissions import Act, Actor, Subject
from domain.rulebook import Indicator, Rulebook, check
from domain.season import Season, season_stream
from domain.text import COMMENT, clean
from domain.working_days import Calendar
from infra.encryption.personal_values import Covered, ValuePlace
from infra.storage.files import Received
from services.season.calendar import calendar_of
from services.season.organise import commune_of, open_dossier, open_now, with_rulebook
from services.work import CommandResult, Work, use_case

Value: TypeAlias = Decimal | Outcome

#: Calendar days of posting where the text of the year sets no term (TT 09/2021/TT-BTP, Điều 3 khoản 1 điểm c).
POSTING_DAYS = 5


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it arrives: its name as data, its bytes at once or in chunks."""

    name: str
    content: AsyncIterable[bytes] | bytes


# Values -----------------------------------------------------------------------------------------------


@use_case("measure_indicator", "season", "commune", "indicator", "measures", "version")
async def measure_indicator(
    work: Work,
    season: str,
    commune: str,
    indicator: str,
    measures: Mapping[str, Measured],
    version: int | None = None,
) -> CommandResult:
    """Record measured data by part; for those who coordinate an indicator and do not score it."""
    running, rulebook = await open_dossier(work, season, commune)
    work.require(Act.MEASURE, commune_of(running, commune, indicator))
    measured = rulebook.indicator(indicator)

    def deed(dossier: Assessment) -> None:
        _must_be_seen(dossier, indicator, version, measures, None)
        _measure(dossier, measured, measures)

    return await work.change(Assessment, assessment_stream(season, commune), deed)


@use_case("score_indicator", "season", "commune", "indicator", "measures", "proposed", "reason", "version")
async def score_indicator(
    work: Work,
    season: str,
    commune: str,
    indicator: str,
    measures: Mapping[str, Measured],
    proposed: Value | None = None,
    reason: str | None = None,
    version: int | None = None,
) -> CommandResult:
    """Record measured data and propose the indicator's value, together.

    Without `proposed` the value is the rule's; another one needs a reason. `version` is the dossier's version that
    the person saw: Stale when the indicator's values have changed since.
    """
    running, rulebook = await open_dossier(work, season, commune)
    work.require(Act.SCORE, commune_of(running, commune, indicator))
    scored = rulebook.indicator(indicator)
    if proposed is not None:
        rulebook.check_score(indicator, proposed)
    name = assessment_stream(season, commune)
    calendar = await calendar_of(work)
    async with work.changing(name) as streams:
        dossier = streams.get(Assessment, name)
        _must_be_seen(dossier, indicator, version, measures, proposed)
        _measure(dossier, scored, measures)
        _propose(dossier, scored, proposed, reason, calendar)
        shown = shown_evidence(dossier.entry(indicator))
        return await streams.record(lambda fact: shown if isinstance(fact, Assessment.IndicatorScored) else ())


def _measure(dossier: Assessment, indicator: Indicator, measures: Mapping[str, Measured]) -> None:
    parts = {part.code: part for part in indicator.parts}
    for code, measured in measures.items():
        if code not in parts:
            raise UnknownIndicator(indicator=indicator.code, part=code)
        check(parts[code], measured)
    for code, measured in measures.items():
        dossier.measure(indicator.code, code, measured)


def _propose(
    dossier: Assessment, indicator: Indicator, proposed: Value | None, reason: str | None, calendar: Calendar
) -> None:
    assessed = assess(indicator, dossier.entry(indicator.code).measures, calendar)
    by_rule = assessed.value if assessed.complete else None
    value = by_rule if proposed is None else proposed
    if value is None:
        missing = next(part.code for part in assessed.parts if part.value is None)
        raise MeasureInvalid(reason="missing", indicator=indicator.code, part=missing, field="measured")
    if isinstance(value, Outcome):
        rule = by_rule if isinstance(by_rule, Outcome) else None
        dossier.rate(indicator.code, value, by_rule=rule, reason=reason)
    else:
        dossier.score(
            indicator.code,
            value,
            minimum=indicator.min_points,
            maximum=indicator.max_points,
            by_rule=by_rule if isinstance(by_rule, Decimal) else None,
            reason=reason,
        )


def _must_be_seen(
    dossier: Assessment,
    indicator: str,
    version: int | None,
    measures: Mapping[str, Measured],
    proposed: Value | None,
) -> None:
    entry = dossier.entry(indicator)
    if version is not None and entry.scored > version:
        raise Stale(
            reason="indicator",
            indicator=indicator,
            version=dossier.version,
            yours={"measures": dict(measures), "value": proposed},
            theirs={"measures": dict(entry.measures), "value": value_of(entry), "reason": entry.reason},
        )


def value_of(entry: Entry) -> Value | None:
    """The value that the commune proposes: points, or met / not met."""
    return entry.outcome if entry.points is None else entry.points


def shown_evidence(entry: Entry) -> tuple[str, ...]:
    """The files of an indicator in the order shown, for the leaf of an act that rests on them."""
    return tuple(evidence.sha256 for evidence in entry.evidence.values())


# Evidence ---------------------------------------------------------------------------------------------


async def attach_evidence(work: Work, season: str, commune: str, indicator: str, upload: Upload) -> CommandResult:
    """Take a file in and attach it. Who may not attach leaves no bytes behind, nor does a refused file."""
    try:
        running, _ = await open_now(work, season)
        work.require(Act.ATTACH_EVIDENCE, commune_of(running, commune, indicator))
    except Refused:
        if not await work.known():  # only with the bytes it can be told whether it is the same upload again
            raise
    async with work.files.receiving(upload.name, upload.content) as received:
        return await _attach(work, season, commune, indicator, received)


@use_case("_attach", "season", "commune", "indicator", "received")
async def _attach(work: Work, season: str, commune: str, indicator: str, received: Received) -> CommandResult:
    running, rulebook = await open_dossier(work, season, commune)
    work.require(Act.ATTACH_EVIDENCE, commune_of(running, commune, indicator))
    rulebook.indicator(indicator)
    await work.require_room(received.size)
    name = assessment_stream(season, commune)
    evidence = Evidence(work.new_id("evidence"), received.sha256, received.name, received.size, received.media_type)
    async with work.changing(name) as streams:
        streams.get(Assessment, name).attach(indicator, evidence)
        await work.files.keep(received)  # the bytes are there before a fact names them
        return await streams.record()


@use_case("reuse_evidence", "season", "commune", "indicator", "evidence", "from_indicator")
async def reuse_evidence(
    work: Work, season: str, commune: str, indicator: str, evidence: UUID, from_indicator: str
) -> CommandResult:
    """Let a file of the dossier support another indicator as well."""
    running, rulebook = await open_dossier(work, season, commune)
    work.require(Act.ATTACH_EVIDENCE, commune_of(running, commune, indicator))
    rulebook.indicator(indicator)
    name = assessment_stream(season, commune)
    async with work.changing(name) as streams:
        dossier = streams.get(Assessment, name)
        dossier.reuse(indicator, evidence, from_indicator)
        sha256 = dossier.entry(indicator).evidence[evidence].sha256
        return await streams.record(lambda _: (sha256,))


@use_case("withdraw_evidence", "season", "commune", "indicator", "evidence", "reason")
async def withdraw_evidence(
    work: Work, season: str, commune: str, indicator: str, evidence: UUID, reason: str
) -> CommandResult:
    """Take a file off an indicator, with the reason; its bytes stay."""
    running, _ = await open_now(work, season)
    work.require(Act.ATTACH_EVIDENCE, commune_of(running, commune, indicator))
    return await work.change(
        Assessment, assessment_stream(season, commune), lambda one: one.withdraw(indicator, evidence, reason)
    )


@use_case("explain", "season", "commune", "indicator", "explanation")
async def explain(
    work: Work, season: str, commune: str, indicator: str, explanation: str, *, version: int | None = None
) -> CommandResult:
    """Explain an indicator, such as why it has no evidence.

    `version` is the dossier's version that the person saw: Stale when the indicator has got another explanation since.
    """
    running, rulebook = await open_dossier(work, season, commune)
    work.require(Act.EXPLAIN, commune_of(running, commune, indicator))
    rulebook.indicator(indicator)

    def deed(dossier: Assessment) -> None:
        entry = dossier.entry(indicator)
        if dossier.may_edit(indicator):
            _must_not_be_changed_since(dossier, version, entry.explained, explanation, entry.explanation)
        dossier.explain(indicator, explanation)

    return await work.change(Assessment, assessment_stream(season, commune), deed)


def _must_not_be_changed_since(dossier: Assessment, version: int | None, changed: int, yours: Any, theirs: Any) -> None:
    """Raise Stale when somebody stored something else after `version`."""
    if version is not None and changed > version and yours != theirs:
        raise Stale(version=dossier.version, yours=yours, theirs=theirs)


async def viewed_by(work: Work, season: str, subject: Subject) -> Subject:
    """The subject of a dossier with the members of the council that it goes to, who may see it too."""
    council = await work.find(Council, council_stream(season, subject.decided_by))
    members = frozenset(str(person) for person in council.members) if council else frozenset()
    return Subject(commune=subject.commune, decided_by=subject.decided_by, members=members)


# Beside the indicators --------------------------------------------------------------------------------


@use_case("declare_veto", "season", "commune", "condition", "occurred", "basis")
async def declare_veto(
    work: Work, season: str, commune: str, condition: str, occurred: Answer, basis: str, *, version: int | None = None
) -> CommandResult:
    """Declare whether a veto condition occurred in the year, naming who confirms it.

    `version` is the dossier's version that the person saw: Stale when something else was declared since. Where the
    rulebook says which sanctions of officials count, pages ask for the sanction instead of a yes.
    """
    running, rulebook = await open_dossier(work, season, commune)
    work.require(Act.DECLARE_VETO, commune_of(running, commune))
    if condition not in declarable(rulebook):
        raise UnknownIndicator(rulebook=rulebook.id, condition=condition)

    def deed(dossier: Assessment) -> None:
        held = (dossier.vetoes.get(condition), dossier.bases.get(condition))
        declared = dossier.declared.get(condition, 1)
        _must_not_be_changed_since(dossier, version, declared, (occurred, basis), held)
        dossier.declare_veto(condition, occurred, basis)

    return await work.change(Assessment, assessment_stream(season, commune), deed)


@use_case("measure_satisfaction", "season", "commune", "satisfied", "asked")
async def measure_satisfaction(
    work: Work,
    season: str,
    commune: str,
    satisfied: int,
    asked: int,
    handed_out: int | None = None,
    *,
    version: int | None = None,
) -> CommandResult:
    """Record how many of those who answered were satisfied, and how many sheets were handed out.

    `version` is the dossier's version that the person saw: Stale when other numbers were recorded since.
    """
    running, rulebook = await open_dossier(work, season, commune)
    work.require(Act.MEASURE_SATISFACTION, commune_of(running, commune))
    if not rulebook.asks_satisfaction:
        raise UnknownIndicator(rulebook=rulebook.id, condition="satisfaction")
    if asked < 1:
        raise MeasureInvalid(reason="denominator-zero", field="asked", typed=asked)
    if satisfied < 0:
        raise MeasureInvalid(reason="negative", field="satisfied", typed=satisfied)
    if satisfied > asked:
        raise MeasureInvalid(reason="numerator-above-denominator", field="satisfied", typed=satisfied)
    check_sample(asked, handed_out)

    def deed(dossier: Assessment) -> None:
        counts = (satisfied, asked)
        _must_not_be_changed_since(dossier, version, dossier.surveyed, counts, dossier.satisfaction)
        dossier.measure_satisfaction(satisfied, asked, handed_out)

    return await work.change(Assessment, assessment_stream(season, commune), deed)


def declarable(rulebook: Rulebook) -> tuple[str, ...]:
    """The veto conditions whose wording is known: nobody can declare what nobody can read."""
    return tuple(condition.code for condition in rulebook.vetoes if condition.text)


def _undeclared_of(dossier: Assessment, rulebook: Rulebook) -> tuple[str, ...]:
    """The conditions that have to be declared: those that no recorded sanction speaks to."""
    counting = dict(rulebook.counting)
    return tuple(
        code
        for code in declarable(rulebook)
        if not (counted := counting[code]) or not any(map(counted.counts, dossier.sanctions.values()))
    )


# Steps ------------------------------------------------------------------------------------------------


@use_case("consolidate", "season", "commune", "on")
async def consolidate(work: Work, season: str, commune: str, on: date | None = None) -> CommandResult:
    """Bring the sheet together: everything scored, supported and declared."""
    running, rulebook = await open_dossier(work, season, commune)
    work.require(Act.CONSOLIDATE, commune_of(running, commune))
    return await work.change(
        Assessment,
        assessment_stream(season, commune),
        lambda one: one.consolidate(
            on or work.today,
            indicators=running.indicators,
            vetoes=_undeclared_of(one, rulebook),
            needs_satisfaction=rulebook.asks_satisfaction,
        ),
    )


@use_case("reopen", "season", "commune", "reason")
async def reopen(work: Work, season: str, commune: str, reason: str) -> CommandResult:
    """Take a consolidated or posted sheet back into work, before it is submitted."""
    running, _ = await open_now(work, season)
    work.require(Act.CONSOLIDATE, commune_of(running, commune))
    return await work.change(Assessment, assessment_stream(season, commune), lambda one: one.reopen(reason))


@use_case("post", "season", "commune", "place", "on", "until")
async def post(
    work: Work, season: str, commune: str, place: str, on: date | None = None, until: date | None = None
) -> CommandResult:
    """Post the result publicly; without `until` for the rulebook's term.

    PostingPlaceMissing where the text names several places (`commune_steps.display_result`).
    """
    running, rulebook = await open_dossier(work, season, commune)
    work.require(Act.POST, commune_of(running, commune))
    if rulebook.commune_steps is not None:
        raise PostingPlaceMissing(channel=Channel.OFFICE, field="office_on")
    day = on or work.today
    last = until or posting_ends(rulebook, day, await calendar_of(work))
    return await work.change(Assessment, assessment_stream(season, commune), lambda one: one.post(day, last, place))


def posting_ends(rulebook: Rulebook, begins: date, calendar: Calendar) -> date:
    """The last day of a posting that begins on this day by the text of the year; raises CalendarUnknown."""
    term = rulebook.term("posted")
    ends = term.ends_after(begins, calendar) if term else None
    return ends or begins + timedelta(days=POSTING_DAYS)


#: Who comments on a posted result: nobody asks the name.
ANYBODY = Actor("public", ())


async def receive_comment(work: Work, season: str, commune: str, text: str, on: date | None = None) -> CommandResult:
    """Record what somebody says of the posted result, sealed under a key of its own. Anybody may say something.

    Whoever comments is known by nothing but the comment, so each comment is a subject. PostingClosed before any key is
    made: comments are taken while the result is posted, by the day.
    """
    if not text.strip():
        raise ReasonMissing(act="comment")
    said = clean(text, "text", COMMENT)
    if await work.known() is None:
        await must_take_comments(work, season, commune, on)
    covered = await work.keys.cover(work.tenant, work.new_id("comment"), said)
    return await record_comment(work, season, commune, covered, on)


async def must_take_comments(work: Work, season: str, commune: str, on: date | None = None) -> None:
    """Raise what `Assessment.must_take_comments` does when the result is not posted on this day, today if not given;
    CommuneWithdrawn.
    """
    (await work.look(Assessment, assessment_stream(season, commune))).must_take_comments(on or work.today)
    (await work.look(Season, season_stream(season))).participant(commune)


@use_case("record_comment", "season", "commune", "text", "on")
async def record_comment(work: Work, season: str, commune: str, text: Covered, on: date | None = None) -> CommandResult:
    """Record a comment whose text is ready to be sealed. The policy is not asked."""
    running, _ = await open_now(work, season)
    running.participant(commune)
    name = assessment_stream(season, commune)

    def deed(dossier: Assessment) -> None:
        place = ValuePlace(work.tenant.log, work.id_of(name), dossier.version + 1, "text")
        dossier.receive_comment(work.new_id("comment"), text.seal(place), on or work.today)

    return await work.change(Assessment, name, deed)


@use_case("answer_comment", "season", "commune", "comment", "answer")
async def answer_comment(work: Work, season: str, commune: str, comment: UUID, answer: str) -> CommandResult:
    """Answer what somebody said of the posted result; the answer is public."""
    running, _ = await open_now(work, season)
    work.require(Act.ANSWER_COMMENT, commune_of(running, commune))
    return await work.change(
        Assessment, assessment_stream(season, commune), lambda one: one.answer_comment(comment, answer)
    )


@use_case("answer_comments", "season", "commune", "comments", "answer")
async def answer_comments(
    work: Work,
    season: str,
    commune: str,
    comments: Sequence[UUID],
    answer: str,
    *,
    version: int | None = None,
    treatment: Treatment | None = None,
) -> CommandResult:
    """Give several comments one answer; it is public. `treatment` says whether the commune followed them.

    `version` is the dossier's version that the person saw: Stale when one of them was answered or set aside since.
    """
    running, _ = await open_now(work, season)
    work.require(Act.ANSWER_COMMENT, commune_of(running, commune))

    def deed(dossier: Assessment) -> None:
        _must_not_be_settled_since(dossier, version, comments)
        dossier.answer_comments(comments, answer, treatment)

    return await work.change(Assessment, assessment_stream(season, commune), deed)


@use_case("set_comments_aside", "season", "commune", "comments", "reason")
async def set_comments_aside(
    work: Work,
    season: str,
    commune: str,
    comments: Sequence[UUID],
    reason: str,
    *,
    version: int | None = None,
) -> CommandResult:
    """Find that these are no comments on the posted result; their senders read the reason.

    `version` as for answers.
    """
    running, _ = await open_now(work, season)
    work.require(Act.ANSWER_COMMENT, commune_of(running, commune))

    def deed(dossier: Assessment) -> None:
        _must_not_be_settled_since(dossier, version, comments)
        dossier.set_comments_aside(comments, reason)

    return await work.change(Assessment, assessment_stream(season, commune), deed)


def _must_not_be_settled_since(dossier: Assessment, version: int | None, comments: Sequence[UUID]) -> None:
    if version is not None and any(dossier.settled.get(comment, 1) > version for comment in comments):
        raise Stale(reason="settled", version=dossier.version)


@use_case("submit", "season", "commune", "document_no", "on")
async def submit(work: Work, season: str, commune: str, document_no: str, on: date | None = None) -> CommandResult:
    """Send the dossier for appraisal; what is missing is named."""
    running, rulebook = await with_rulebook(work, season)
    work.require(Act.SUBMIT, commune_of(running, commune))
    if running.unassigned:
        raise IndicatorsUnassigned(indicators=running.unassigned)
    running.must_be_open()
    return await work.change(
        Assessment,
        assessment_stream(season, commune),
        lambda one: one.submit(
            on or work.today,
            document_no,
            indicators=running.indicators,
            after_meeting=rulebook.commune_steps is not None,
        ),
    )


@use_case("resubmit", "season", "commune", "on")
async def resubmit(work: Work, season: str, commune: str, on: date | None = None) -> CommandResult:
    """Send all returned indicators back to the appraiser."""
    running, _ = await open_now(work, season)
    work.require(Act.RESUBMIT, commune_of(running, commune))
    return await work.change(Assessment, assessment_stream(season, commune), lambda one: one.resubmit(on or work.today))
