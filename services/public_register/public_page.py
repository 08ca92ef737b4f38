"""Public pages, without signing in: the results of a province, and one commune's result in plain words."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from domain.assessment import Stage, in_posting_time
from domain.errors import NotFound
from domain.recognition import Result
from domain.season import State, Step, is_practice
from domain.vietnamese import sort_key
from infra.readmodels.reading import View
from projections.fold import fold
from projections.tables.register import REGISTER, RegisterRow
from projections.tables.reviews import REVIEWS, ReviewRow
from projections.tables.seasons import SEASONS, SeasonRow
from projections.tables.standings import STANDINGS, Standing, counted
from projections.tables.units import UNITS, UnitRow
from services.assessment import assess
from services.assessment.dossier_view import Case, SheetView, gates, read_case, sheet_view
from services.assessment.personal_view import CommentText, comments_said
from services.case.unverified import unverified_words
from services.case.verdicts import Status
from services.council.meeting_view import bare_code, receipt_code
from services.recognition.decision_page import vote_on
from services.web import urls
from services.web.handlers import act, page
from services.web.name_search import sought
from services.web.public_limits import require_patience
from services.web.viewing import in_the_past
from services.web.visit import PageResponse, Visit


class PublicState(StrEnum):
    """What the public may know of a commune's year."""

    RECOGNISED = "recognised"
    NOT_RECOGNISED = "not-recognised"
    REVOKED = "revoked"
    LISTED = "listed"
    POSTED = "posted"
    PENDING = "pending"

    @property
    def counted_as(self) -> "PublicState":
        """How the register counts and words it: a commune on the list of those that do not meet does not meet."""
        return PublicState.NOT_RECOGNISED if self is PublicState.LISTED else self


# The province -----------------------------------------------------------------------------------------


class PublicRow(NamedTuple):
    """One commune of the register; the decision is the one on it, or the one on the list that it stands on."""

    unit: UnitRow
    deciding: UnitRow | None
    state: PublicState
    decision_no: str | None
    decided_on: date | None
    until: date | None


@page(urls.REGISTER, public=True, heavy=in_the_past, shared=True)
async def register(visit: Visit) -> PageResponse:
    """The results that the province published, and what is posted for comment now; `?nam=` another year."""
    async with visit.reads() as view:
        rows: list[SeasonRow] = [row for row in await view.all(SEASONS) if is_public(row)]
        seasons = sorted(rows, key=lambda row: row.order, reverse=True)
        chosen, every = await chosen_of(visit, view, seasons)
    asked = sought(visit)
    lines = [one for one in every if asked.finds(one.unit.full_name)]
    return await visit.page(
        "public/register.html",
        season=chosen.season if chosen else None,
        chosen=chosen,
        seasons=seasons,
        lines=lines,
        types=await unit_types(visit, chosen) if chosen else (),
        counts=tally(every),
        total=len(every),
        asked=asked.typed,
    )


def tally(lines: Iterable[PublicRow]) -> dict[PublicState, int]:
    """How many communes are counted as what: every line once. A state that is counted as another has no entry."""
    found = Counter(one.state.counted_as for one in lines)
    return {state: found[state] for state in PublicState if state.counted_as is state}


def is_public(row: SeasonRow) -> bool:
    """Whether everybody may read of the season: once it was opened, and never of a round for practice."""
    return row.state is not State.PLANNED and not row.is_practice


def must_be_public(season: str) -> None:
    """Raise NotFound for a round for practice: for the public there is none."""
    if is_practice(season):
        raise NotFound(season=season)


async def lines_at(visit: Visit, view: View, season: str) -> tuple[PublicRow, ...]:
    """The season's communes by name; a line is made again when one of its rows is another one than it was."""
    decisions = {row.commune: row for row in await view.all(REGISTER, season)}
    units = {unit.code: unit for unit in await view.all(UNITS)}
    made = visit.site.kept.made("register", visit.tenant.id, season, visit.upto)
    named = [
        made.of(row.commune, _named, row, decisions.get(row.commune), units[row.commune], units.get(row.decided_by))
        for row in counted(await view.all(STANDINGS, season))
    ]
    return tuple(line for _, line in sorted(named, key=itemgetter(0)))


def _named(
    row: Standing, decision: RegisterRow | None, unit: UnitRow, deciding: UnitRow | None
) -> tuple[Any, PublicRow]:
    return sort_key(unit.bare_name), line_of(row, decision, unit, deciding)


async def unit_types(visit: Visit, season: SeasonRow) -> tuple[str, ...]:
    """The types of units that the rulebook of the year assesses ("xã", "phường"), each within a sentence."""
    return (await visit.rulebooks()).text(season.rulebook_sha256).unit_types


async def chosen_of(
    visit: Visit, view: View, seasons: Sequence[SeasonRow]
) -> tuple[SeasonRow | None, tuple[PublicRow, ...]]:
    """The season asked for with its lines, else the first of which anything is public, else the first.

    NotFound for one that is not there.
    """
    if asked := visit.query("nam"):
        found = next((row for row in seasons if row.season == asked), None)
        if found is None:
            raise NotFound(season=asked)
        return found, await lines_at(visit, view, asked)
    for row in seasons:
        lines = await lines_at(visit, view, row.season)
        if any(line.state is not PublicState.PENDING for line in lines):
            return row, lines
    return (seasons[0], await lines_at(visit, view, seasons[0].season)) if seasons else (None, ())


def line_of(row: Standing, decision: RegisterRow | None, unit: UnitRow, deciding: UnitRow | None) -> PublicRow:
    """What the register says of the commune."""
    posted = row.stage == "posted"
    public = decision.public if decision else None
    state = state_of(public, posted=posted, listed=row.stage == "listed")
    until = row.posted_until if posted else None
    if state is PublicState.LISTED:
        return PublicRow(unit, deciding, state, row.list_no, row.listed_on, until)
    return PublicRow(
        unit, deciding, state, public.decision_no if public else None, public.decided_on if public else None, until
    )


def state_of(decision: RegisterRow | None, *, posted: bool, listed: bool = False) -> PublicState:
    """What may be said: nothing of a decision before it is published, unless the commune stands on the list of those
    that do not meet, for then nobody decides on it.
    """
    if listed:
        return PublicState.LISTED
    if decision is None or not decision.is_public:
        return PublicState.POSTED if posted else PublicState.PENDING
    if decision.revoked_on:
        return PublicState.REVOKED
    return PublicState.RECOGNISED if decision.result is Result.RECOGNISED else PublicState.NOT_RECOGNISED


# One commune ------------------------------------------------------------------------------------------


class Comment(NamedTuple):
    """What somebody said of the posted result, and the commune's answer."""

    on: date
    said: CommentText
    answer: str | None
    set_aside: str | None


@page(urls.PUBLIC, public=True)
async def show(visit: Visit, season: str, commune: str) -> PageResponse:
    """The commune's result; `?ma=` the answer to a comment by its code."""
    must_be_public(season)
    case = await read_case(visit, season, commune)
    return await visit.page("public/index.html", season=season, **await view_of(visit, case))


async def view_of(visit: Visit, case: Case) -> dict[str, Any]:
    """What the page shows. Values are shown while they are posted, and once the decision is published.

    While a commune is decided on anew, the values are no longer those of the published decision: they are not shown.
    """
    season, commune = case.sheet.season, case.sheet.commune
    latest: RegisterRow | None = fold(REGISTER, case.facts).get(f"{season}/{commune}")
    published = latest.public if latest else None
    state = state_of(published, posted=case.sheet.stage is Stage.POSTED, listed=case.sheet.stage is Stage.LISTED)
    anew = latest is not None and (latest is not published or case.standing.taken_up)
    shown = state is not PublicState.PENDING and not (published and anew)
    mine = comment_by(case, visit.query("ma"))
    comments = await comments_shown(visit, case, mine)
    return {
        "case": case,
        "state": state.value,
        "sheet": plainly(sheet_view(case)) if shown else None,
        "gates": gates(case) if shown else (),
        "decision": published,
        "anew": bool(published and anew),
        "earlier": [one for one in latest.earlier if one.is_public and one is not published] if latest else [],
        "vote": await vote_on(visit, season, commune) if published else None,
        "review": review_that_revoked(case, published),
        "unverified": unverified_words(case.rulebook, visit.words) if shown else "",
        "expected": case.season.due(Step.DECIDED),
        "commentable": state is PublicState.POSTED
        and posted_on(case, visit.today)
        and case.runs
        and not (visit.past or visit.tenant.is_suspended),
        "answered": [one for one in comments.values() if one.answer],
        "mine": comments[mine] if mine else None,
        "posting_over": not in_posting_time(visit.today, case.sheet.posted_until),
        "asked_code": receipt_code(mine) if mine else visit.query("ma"),
        "position": case.position,
    }


def plainly(sheet: SheetView) -> SheetView:
    """The sheet as everybody reads it: what is met is met, and how near it is to the minimum concerns nobody here."""
    criteria = tuple(replace(one, status=_plain(one.status)) for one in sheet.criteria)
    return replace(sheet, criteria=criteria, judged=sheet.judged._replace(status=_plain(sheet.judged.status)))


def _plain(status: Status) -> Status:
    return Status.OK if status is Status.NEAR else status


def posted_on(case: Case, day: date) -> bool:
    """Whether the result hangs out on this day: only then comments are taken."""
    begins, until = case.sheet.posted_on, case.sheet.posted_until
    return begins is not None and begins <= day and in_posting_time(day, until)


def review_that_revoked(case: Case, decision: RegisterRow | None) -> ReviewRow | None:
    """The review that ended with the recognition taken back; nobody outside is told of any other."""
    if decision is None or decision.review is None:
        return None
    return fold(REVIEWS, case.facts).get(f"{decision.season}/{decision.commune}-{decision.review}")


def comment_by(case: Case, code: str) -> UUID | None:
    """The comment of this code, however it is written down: in small letters, with spaces, without the dash."""
    wanted = bare_code(code)
    return next((one for one in case.sheet.comments if bare_code(receipt_code(one)) == wanted), None)


async def comments_shown(visit: Visit, case: Case, mine: UUID | None) -> dict[UUID, Comment]:
    """The comments that were answered, and the visitor's own."""
    rows = {one: row for one, row in case.sheet.comments.items() if row.answer or one == mine}
    said = await comments_said(visit, case, rows)
    return {one: Comment(row.on, said[one], row.answer, row.set_aside) for one, row in rows.items()}


@act(urls.PUBLIC + "/gop-y", again=show, public=True)
async def comment(visit: Visit, season: str, commune: str) -> PageResponse:
    """Record a comment on the posted result; its code leads back to it."""
    must_be_public(season)
    work = visit.work(assess.ANYBODY)
    text = visit.typed.needed("text")
    if known := await work.known():  # a second press takes nobody's turn
        work = known
    else:
        await assess.must_take_comments(work, season, commune)  # what cannot be taken takes nobody's turn
        await require_patience(visit, season, commune)
    result = await assess.receive_comment(work, season, commune, text)
    code = receipt_code(work.new_id("comment"))
    return await visit.done(result, to=visit.url.public(season, commune, ma=code) + "#tra-cuu")


ROUTES = [register, show, comment]
