"""The review of a recognition: opened, officials heard, findings, responsibility, proposal, conclusion.

Whatever a review points to in the log is given by position, and must concern the commune's year.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from domain.errors import GroundReviewed, NotAsked, NotFound, NothingToReview, NotInTheDossier
from domain.fact import StreamName
from domain.official import Mandate, Official, official_stream
from domain.permissions import Act, Subject
from domain.recognition import Recognition, Result, recognition_stream
from domain.review import (
    Degree,
    Ground,
    Reference,
    Review,
    Ruling,
    commune_and_number,
    document_given,
    review_stream,
    review_streams,
    stated,
)
from projections.analysis.trail import concerns
from services.season.organise import commune_of, with_rulebook
from services.work import CommandResult, Work, use_case


@use_case("open_review", "season", "commune", "ground", "statement", "document_no", "document_on", "positions", "on")
async def open_review(
    work: Work,
    season: str,
    commune: str,
    ground: Ground,
    statement: str,
    document_no: str,
    document_on: date,
    positions: Sequence[int] = (),
    on: date | None = None,
) -> CommandResult:
    """Look at a recognition again, by order of a document; also after the season was closed.

    NothingToReview where no recognition stands, GroundReviewed when this ground has its review of this decision.
    """
    subject = await _subject(work, season, commune)
    work.require(Act.CONDUCT_REVIEW, subject)
    references = await _references(work, season, subject, positions)
    names, decided = review_streams(season, commune), recognition_stream(season, commune)
    async with work.changing(*names, decided) as streams:
        recognition = _must_stand(streams.find(Recognition, decided), commune)
        begun = [review for name in names if (review := streams.find(Review, name)) is not None]
        for number, review in enumerate(begun, start=1):
            if review.ground is ground and (review.decision == recognition.number or len(begun) == len(names)):
                raise GroundReviewed(ground=ground, number=number)
        name = names[len(begun)]
        streams.begin(
            name,
            Review(
                id=work.id_of(name),
                commune=commune,
                ground=ground,
                statement=stated(statement, "open-review"),
                document_no=document_given(document_no),
                document_on=document_on,
                on=on or work.today,
                references=references,
                decision=recognition.number if recognition.number > 1 else None,
            ),
        )
        return await streams.record()


@use_case("ask_official", "season", "commune", "number", "official", "mandate", "question", "due")
async def ask_official(
    work: Work, season: str, commune: str, number: int, official: UUID, mandate: UUID, question: str, due: date
) -> CommandResult:
    """Ask who held this mandate to explain by a day. NotFound when the person never held it."""
    work.require(Act.CONDUCT_REVIEW, await _subject(work, season, commune))
    held = await _held(work, official, mandate)
    return await work.change(
        Review,
        review_stream(season, commune, number),
        lambda one: one.ask(work.new_id("inquiry"), official, held.position, held.unit, question, due),
    )


@use_case("explain", "season", "commune", "number", "inquiry", "text", "on")
async def explain(
    work: Work, season: str, commune: str, number: int, inquiry: UUID, text: str, on: date | None = None
) -> CommandResult:
    """Explain, when one was asked: nobody answers for another (NotAsked)."""
    name = review_stream(season, commune, number)
    asked = {str(one.official) for one in (await work.look(Review, name)).inquiries.values()}
    if work.actor.person not in asked:
        raise NotAsked(inquiry=inquiry)
    subject = await _subject(work, season, commune)
    work.require(Act.EXPLAIN_IN_REVIEW, dataclasses.replace(subject, asked=frozenset(asked)))
    return await work.change(
        Review, name, lambda one: one.explain(inquiry, UUID(work.actor.person), text, on or work.today)
    )


@use_case("record_finding", "season", "commune", "number", "text", "positions")
async def record_finding(
    work: Work, season: str, commune: str, number: int, text: str, positions: Sequence[int] = ()
) -> CommandResult:
    """Record what was found, with the facts that show it."""
    subject = await _subject(work, season, commune)
    work.require(Act.CONDUCT_REVIEW, subject)
    references = await _references(work, season, subject, positions)
    return await work.change(Review, review_stream(season, commune, number), lambda one: one.find(text, references))


@use_case(
    "determine_responsibility", "season", "commune", "number", "official", "mandate", "position", "degree", "basis"
)
async def determine_responsibility(
    work: Work,
    season: str,
    commune: str,
    number: int,
    official: UUID,
    mandate: UUID,
    position: int,
    degree: Degree,
    basis: str,
) -> CommandResult:
    """Say how an official answers for the act at a position of the log, by which article. Unheard, NotInTheDossier."""
    subject = await _subject(work, season, commune)
    work.require(Act.CONDUCT_REVIEW, subject)
    held = await _held(work, official, mandate)
    (act,) = await _references(work, season, subject, [position])
    return await work.change(
        Review,
        review_stream(season, commune, number),
        lambda one: one.determine(official, held.position, held.unit, act, degree, basis, work.today),
    )


@use_case("add_note", "season", "commune", "number", "position", "text")
async def add_note(
    work: Work, season: str, commune: str, number: int, position: int, text: str | None = None
) -> CommandResult:
    """Mark a fact of the dossier, with a note or without."""
    subject = await _subject(work, season, commune)
    work.require(Act.CONDUCT_REVIEW, subject)
    (marked,) = await _references(work, season, subject, [position])
    return await work.change(Review, review_stream(season, commune, number), lambda one: one.note(marked, text))


@use_case("propose", "season", "commune", "number", "ruling", "reason", "on")
async def propose(
    work: Work, season: str, commune: str, number: int, ruling: Ruling, reason: str, on: date | None = None
) -> CommandResult:
    """End the inspection with what the chairman is to conclude."""
    work.require(Act.CONDUCT_REVIEW, await _subject(work, season, commune))
    return await work.change(
        Review,
        review_stream(season, commune, number),
        lambda one: one.propose(ruling, reason, on or work.today, work.today),
    )


@use_case("conclude", "season", "commune", "number", "ruling", "decision_no", "on", "reason")
async def conclude(
    work: Work,
    season: str,
    commune: str,
    number: int,
    ruling: Ruling,
    decision_no: str,
    on: date | None = None,
    reason: str | None = None,
) -> CommandResult:
    """Confirm the recognition or revoke it, in one command with the end of the review.

    What was revoked by another review is not revoked twice, and no longer confirmed (NothingToReview); a decision that
    was made since is another, and is left alone. The chairman who recognised may be the one who concludes: the log
    says so, and so does the page.
    """
    work.require(Act.CONCLUDE_REVIEW, await _subject(work, season, commune))
    name, decided = review_stream(season, commune, number), recognition_stream(season, commune)
    day = on or work.today
    async with work.changing(name, decided) as streams:
        review, recognition = streams.get(Review, name), streams.get(Recognition, decided)
        review.conclude(ruling, decision_no, day, reason)
        is_this = review.decision == recognition.number
        if ruling is Ruling.CONFIRMED:
            if not is_this:
                raise NothingToReview(commune=commune, reason="revoked")
            _must_stand(recognition, commune)
        elif is_this and recognition.revoked_on is None:
            recognition.revoke((reason or "").strip() or review.reason, decision_no, day, number)
        return await streams.record()


# ------------------------------------------------------------------------------------------------------


async def _subject(work: Work, season: str, commune: str) -> Subject:
    running, _ = await with_rulebook(work, season)
    return commune_of(running, commune)


def _must_stand(recognition: Recognition | None, commune: str) -> Recognition:
    """The decision by which the commune is recognised. NothingToReview where none stands."""
    if recognition is None:
        raise NothingToReview(commune=commune, reason="undecided")
    if recognition.result is not Result.RECOGNISED:
        raise NothingToReview(commune=commune, reason="not-recognised")
    if recognition.revoked_on is not None:
        raise NothingToReview(commune=commune, reason="revoked")
    return recognition


async def _held(work: Work, official: UUID, mandate: UUID) -> Mandate:
    held = (await work.look(Official, official_stream(official))).mandates.get(mandate)
    if held is None:
        raise NotFound(kind="mandate", subject=str(mandate))
    return held


async def _references(work: Work, season: str, subject: Subject, positions: Collection[int]) -> tuple[Reference, ...]:
    """The facts at these positions. NotInTheDossier where one of them is not about the commune's year, or not there."""
    found: dict[int, Reference] = {}
    for position in sorted(set(positions)):
        async for page in work.store.read(work.tenant, after=position - 1, upto=position):
            for one in page:
                if one.stream.season == season and concerns(one, subject.commune) and _decides(one.stream, subject):
                    found[position] = Reference(work.id_of(one.stream), one.stream.kind, one.version, one.position)
    if missing := tuple(position for position in positions if position not in found):
        raise NotInTheDossier(positions=missing)
    return tuple(found.values())


def _decides(stream: StreamName, subject: Subject) -> bool:
    """Whether a council's or a meeting's stream is of the unit that decides on the commune; true of other streams."""
    match stream.kind:
        case "council":
            return stream.subject == subject.decided_by
        case "meeting":
            return commune_and_number(stream.subject)[0] == subject.decided_by
        case _:
            return True
