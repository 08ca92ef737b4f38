"""A dossier played back: fact by fact in sentences, what was known then, and what is otherwise now and why.

An inspector who reviews the recognition marks a step, with a note or without: a fact of the review.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from domain.permissions import Act, may, permit
from domain.recognition import Result
from infra.reference.rulebooks import Rulebooks
from projections.analysis.differences import Difference, differences
from projections.fold import fold
from projections.tables.register import REGISTER, RegisterRow
from projections.tables.reviews import REVIEWS, ReviewRow
from projections.tables.seasons import SEASONS, SeasonRow
from projections.tables.sheets import SHEETS, SheetRow
from projections.tables.standings import STANDINGS, Standing
from services.assessment.dossier_view import Case, judging_text, open_case
from services.assessment.history_view import MILESTONES
from services.case.case_cache import Dossiers, Followed
from services.case.verdicts import JudgedStanding, judged
from services.inspection.dossier_facts import dossier_in_words, facts_about
from services.inspection.replay.steps_view import asked, reel_of
from services.inspection.review import conduct_review
from services.inspection.review.review_page import count, one_position
from services.web import urls
from services.web.handlers import act, page
from services.web.visit import PageResponse, Visit

#: What a time line marks beside the dossier's own milestones.
STONES = MILESTONES | {"season.opened", "meeting.vote-opened", "meeting.vote-concluded"}


class DossierMoment(NamedTuple):
    """What the dossier was at one moment; None where there was none yet."""

    sheet: SheetRow | None
    judged: JudgedStanding | None
    decision: RegisterRow | None


class Mark(NamedTuple):
    """What an inspector marked: the fact, by its position, in which review; the note is None for a bookmark."""

    position: int
    review: int
    note: str | None


class Inspection(NamedTuple):
    """An inspector's marks on the dossier, oldest first, and the reviews that still take some.

    `may_open`: a recognition stands, so that a review of it can be opened.
    """

    marks: tuple[Mark, ...]
    reviews: tuple[ReviewRow, ...]
    may_open: bool

    @property
    def marked(self) -> frozenset[int]:
        """The positions that bear a mark."""
        return frozenset(mark.position for mark in self.marks)

    def on(self, position: int) -> list[Mark]:
        """The marks on one fact."""
        return [mark for mark in self.marks if mark.position == position]


@page(urls.REPLAY)
async def show(visit: Visit, season: str, commune: str) -> PageResponse:
    """The replay up to the visit's moment; `?den=` the position that is looked at, else the last fact.

    NotFound for a position that is none of these facts'.
    """
    case = await open_case(visit, season, commune)
    permit(visit.actor, Act.VIEW_TRAIL, case.subject())
    facts = await facts_about(visit, case)
    told = (await dossier_in_words(visit, case, facts)).told
    at = asked(visit, [one.position for one in facts])
    here = facts[at]
    followed = await visit.app.part(Dossiers).then(visit.tenant, season, commune, here.position)
    rulebooks = await visit.rulebooks()
    then, now = moment_of(followed, rulebooks), moment_of(case.followed, rulebooks)
    return await visit.page(
        "replay/index.html",
        season=season,
        case=case,
        reel=reel_of(told, at, STONES),
        to=lambda position: visit.url.replay(season, commune, den=position),
        then=then,
        now=now,
        differences=changed(case, then, here.position),
        inspection=inspection_of(visit, case, now.decision),
        position=case.position,
    )


def moment_of(seen: Followed, rulebooks: Rulebooks) -> DossierMoment:
    """The dossier's rows, judged by the text by which they were judged then."""
    key = f"{seen.season}/{seen.commune}"
    sheet: SheetRow | None = seen.row(SHEETS, key)
    standing: Standing | None = seen.row(STANDINGS, key)
    season: SeasonRow | None = seen.row(SEASONS, seen.season)
    if sheet is None or standing is None or season is None:
        return DossierMoment(None, None, None)
    decided: dict[str, Any] = {}
    REGISTER.fold(seen.own, decided)
    return DossierMoment(sheet, judged(standing, judging_text(rulebooks, season, standing)), decided.get(key))


def changed(case: Case, then: DossierMoment, position: int) -> tuple[Difference, ...]:
    """What is otherwise at the visit's moment than it was at the position."""
    later = [recorded for recorded in case.facts if recorded.position > position]
    return differences(then.sheet, case.sheet, later)


def inspection_of(visit: Visit, case: Case, decision: RegisterRow | None) -> Inspection | None:
    """The marks up to the visit's moment. None for who is no inspector: notes of the inspection are not for them."""
    if not may(visit.actor, Act.CONDUCT_REVIEW, case.subject()):
        return None
    reviews = sorted(fold(REVIEWS, case.facts).values(), key=lambda one: one.number)
    return Inspection(
        tuple(Mark(note.marked.position, one.number, note.text) for one in reviews for note in one.notes),
        tuple(one for one in reviews if one.proposal is None),
        decision is not None and decision.result is Result.RECOGNISED and decision.revoked_on is None,
    )


@act(urls.REPLAY + "/danh-dau", again=show)
async def mark(visit: Visit, season: str, commune: str) -> PageResponse:
    """Mark a step in a review, with a note or without."""
    position = one_position(visit, "marked")
    result = await conduct_review.add_note(
        visit.work(),
        season,
        commune,
        count(visit.typed.needed("review")),
        position,
        visit.typed.text("note") or None,
    )
    to = visit.url.replay(season, commune, den=position) + "#danh-dau"
    return await visit.done(result, to=to)


ROUTES = [show, mark]
