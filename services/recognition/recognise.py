"""The chairman's decision on a commune, its signature, its publication."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from hashlib import sha256 as sha256_of
from typing import Any
from uuid import UUID

from domain.appraisal import Appraisal, appraisal_stream
from domain.appraised import advised, appraised_sheet, computed_of, spelled
from domain.assessment import Assessment, assessment_stream
from domain.commune_steps import must_not_be_ahead
from domain.days import must_not_end_early
from domain.errors import AgainstTheRules, BasisMissing, NotFound, NoTotal, Stale
from domain.judging import Verdict, judge
from domain.measure import Outcome
from domain.meeting import Meeting
from domain.official import Official, official_stream
from domain.permissions import Act, Actor, Subject, may
from domain.recognition import Recognition, ReliedOn, Result, Signer, reason_to_differ, recognition_stream
from domain.rulebook import Provenance
from domain.season import must_count, season_stream
from infra.ledger.canonical_json import canonical
from infra.log.eventstore import Loaded
from services.case.council_meetings import concluded_vote, day_of_vote
from services.season.calendar import calendar_of
from services.season.organise import commune_of, open_dossier, rulebook_of, with_rulebook
from services.work import CommandResult, Work, use_case


@use_case("decide", "season", "commune", "result", "decision_no", "on", "reason")
async def decide(
    work: Work,
    season: str,
    commune: str,
    result: Result,
    decision_no: str,
    on: date | None = None,
    reason: str | None = None,
    *,
    basis: str | None = None,
) -> CommandResult:
    """Decide on a commune whose appraisal is concluded and, where the rulebook has a council, voted on.

    A second decision takes the place of one that was taken back, or that an appeal was upheld against; appraisal and
    vote are those since. AlreadyDecided while the earlier one stands.

    The verdict is computed here from the appraised values; a result other than it, or other than the vote, needs
    the chairman's written reason. Against a condition that is verified law no reason helps (AgainstTheRules). Where the
    rules leave the result open, a recognition also needs its `basis`, the document that it rests on (ResultLeftOpen).
    PeriodReversed for a day before the council met or was asked.
    What the decision relied on is recorded: each stream with its version and the hash of its last leaf.
    """
    running, rulebook = await open_dossier(work, season, commune)
    work.require(Act.DECIDE, commune_of(running, commune))
    name = recognition_stream(season, commune)
    dossier_name, appraisal_name = assessment_stream(season, commune), appraisal_stream(season, commune)
    vote = await concluded_vote(work, season, running.participant(commune).decided_by, commune)
    relied_on = [season_stream(season), dossier_name, appraisal_name, *([vote.meeting] if vote else [])]
    async with work.changing(name, *relied_on) as streams:
        before = streams.find(Recognition, name)
        if before is not None:
            before.must_be_open_to_another()
        dossier = streams.get(Assessment, dossier_name)
        if dossier.rulebook_sha256 != rulebook.sha256:  # corrected just now
            raise Stale(reason="correction")
        dossier.must_ask_for_recognition()
        appraisal = streams.find(Appraisal, appraisal_name)
        if appraisal is None or appraisal.proposal is None:
            raise BasisMissing(missing="appraisal", commune=commune)
        held = streams.get(Meeting, vote.meeting) if vote else None
        outcome = held.outcomes.get(commune) if held else None
        if outcome is None and rulebook.council.required:
            raise BasisMissing(missing="vote", commune=commune)
        must_not_end_early(held.on if held else None, on or work.today, "on", "council")
        sheet = appraised_sheet(dossier, appraisal, rulebook, work.calendar)
        verdict = judge(sheet, rulebook)
        computed = computed_of(verdict)
        voted = advised(outcome)
        if result is Result.RECOGNISED and (failed := _failed_as_law(verdict)):
            raise AgainstTheRules(commune=commune, conditions=failed)
        said: dict[str, Any] = {
            "result": result,
            "decision_no": decision_no,
            "on": on or work.today,
            "rulebook": rulebook.id,
            "rulebook_sha256": rulebook.sha256,
            "computed": computed,
            "state_sha256": sha256_of(canonical(spelled(sheet, rulebook))).hexdigest(),
            "relied_on": tuple(_as_it_stands(work, streams.stands(one)) for one in relied_on),
            "voted": voted,
            "reason": reason_to_differ(result, computed, voted, reason, basis),
            "basis": (basis or "").strip() or None,
        }
        if before is None:
            streams.begin(name, Recognition(id=work.id_of(name), commune=commune, **said))
        else:
            before.decide_again(**said)
        return await streams.record()


@use_case("sign", "season", "commune", "sha256", "on")
async def sign(work: Work, season: str, commune: str, sha256: str, on: date | None = None) -> CommandResult:
    """Record the signed decision document, by the hash of its bytes."""
    running, _ = await with_rulebook(work, season)
    work.require(Act.SIGN, commune_of(running, commune))
    calendar = await calendar_of(work)
    return await work.change(
        Recognition, recognition_stream(season, commune), lambda one: one.sign(on or work.today, sha256, calendar)
    )


@use_case("publish", "season", "commune", "place", "on")
async def publish(work: Work, season: str, commune: str, place: str, on: date | None = None) -> CommandResult:
    """Publish the signed decision. OutOfOrder in a round for practice, of which nothing is published."""
    running, _ = await with_rulebook(work, season)
    work.require(Act.PUBLISH, commune_of(running, commune))
    must_count(season, "publish")
    return await work.change(
        Recognition, recognition_stream(season, commune), lambda one: one.publish(on or work.today, place)
    )


@use_case("recognition.uphold_appeal", "season", "commune", "reason", "document_no", "on")
async def uphold_appeal(
    work: Work, season: str, commune: str, reason: str, document_no: str, on: date | None = None
) -> CommandResult:
    """Find the appeal of a commune that was not recognised right, so that it is appraised and decided on anew.

    DayInTheFuture for a document that is still to come.
    """
    running, _ = await with_rulebook(work, season)
    work.require(Act.UPHOLD_APPEAL, commune_of(running, commune))
    must_not_be_ahead(on or work.today, work.today, "upheld_on")
    return await work.change(
        Recognition,
        recognition_stream(season, commune),
        lambda one: one.uphold_appeal(reason, document_no, on or work.today),
    )


@use_case(
    "recognition.correct",
    "season",
    "commune",
    "reason",
    "document_no",
    "on",
    "decision_no",
    "decided_on",
    "signer",
    "mandate",
)
async def correct(
    work: Work,
    season: str,
    commune: str,
    reason: str,
    document_no: str,
    on: date | None = None,
    decision_no: str | None = None,
    decided_on: date | None = None,
    signer: UUID | None = None,
    mandate: UUID | None = None,
) -> CommandResult:
    """Correct a slip in the number, the day or the signer of the latest decision.

    `signer` is the official who signed, `mandate` the one under which they did. NotFound when the person never held
    it, or it is none of a chairman who decides on the commune. DayInTheFuture for a document that is still to come.
    """
    running, _ = await with_rulebook(work, season)
    subject = commune_of(running, commune)
    work.require(Act.CORRECT_DECISION, subject)
    must_not_be_ahead(on or work.today, work.today, "corrected_on")
    who = await _signer(work, subject, signer, mandate) if signer and mandate else None
    calendar = await calendar_of(work)
    if decided_on is not None:
        voted_on = await day_of_vote(work, season, subject.decided_by, commune)
        must_not_end_early(voted_on, decided_on, "decided_on", "council")
    return await work.change(
        Recognition,
        recognition_stream(season, commune),
        lambda one: one.correct(
            reason,
            document_no,
            on or work.today,
            calendar,
            decision_no=decision_no,
            decided_on=decided_on,
            signer=who,
        ),
    )


@use_case("recognition.note_published_total", "season", "commune", "total", "published_by", "document_no", "on")
async def note_published_total(
    work: Work, season: str, commune: str, total: Decimal, published_by: str, document_no: str, on: date
) -> CommandResult:
    """Note the total of the latest decision as others published it, rounded; again to correct what was noted.

    NotARounding when it is no rounding of the exact total, which is computed here as it was for the decision; NoTotal
    where the rulebook counts no points; DayInTheFuture; OutOfOrder in a round for practice.
    """
    running, _ = await with_rulebook(work, season)
    work.require(Act.NOTE_PUBLISHED_TOTAL, commune_of(running, commune))
    must_count(season, "note-published-total")
    rulebook = await rulebook_of(work, running, season, commune)
    must_not_be_ahead(on, work.today, "published_total_on")
    name = recognition_stream(season, commune)
    dossier_name, appraisal_name = assessment_stream(season, commune), appraisal_stream(season, commune)
    async with work.changing(name, dossier_name, appraisal_name) as streams:
        recognition = streams.get(Recognition, name)
        dossier, appraisal = streams.get(Assessment, dossier_name), streams.get(Appraisal, appraisal_name)
        exact = judge(appraised_sheet(dossier, appraisal, rulebook, work.calendar), rulebook).total
        if exact is None:
            raise NoTotal(commune=commune)
        recognition.note_published_total(total, exact, published_by, document_no, on)
        return await streams.record()


async def _signer(work: Work, subject: Subject, official: UUID, mandate: UUID) -> Signer:
    held = (await work.look(Official, official_stream(official))).mandates.get(mandate)
    as_chairman = Actor(str(official), (held,) if held else (), succeeded=work.actor.succeeded)
    if held is None or not may(as_chairman, Act.SIGN, subject):
        raise NotFound(kind="mandate", subject=str(mandate))
    return Signer(official, mandate)


def _failed_as_law(verdict: Verdict) -> tuple[str, ...]:
    """The failed conditions whose wording and threshold were seen on an official page."""
    return tuple(
        condition.code
        for condition in verdict.conditions
        if condition.outcome is Outcome.NOT_MET and condition.provenance is Provenance.SOURCED
    )


def _as_it_stands(work: Work, loaded: Loaded) -> ReliedOn:
    return ReliedOn(work.id_of(loaded.name), loaded.name.kind, loaded.version, loaded.leaf_hash)
