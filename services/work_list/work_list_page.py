"""My work: everything that waits for this person, most urgent first. The page everybody begins with."""

from collections.abc import Mapping
from typing import NamedTuple

from domain.days_off import days_off_stream
from domain.errors import NotFound
from domain.permissions import Act, could
from domain.rulebook import Indicator
from domain.season import is_practice
from infra.reference.rulebooks import Rulebooks
from projections.lists.due_list import (
    Duty,
    Task,
    Urgency,
    in_order,
    of_calendar,
    of_commune,
    of_draft,
    of_meeting,
    of_review,
    of_season,
)
from projections.tables.adoptions import ADOPTIONS
from projections.tables.days_off import DAYS_OFF, DaysOffRow
from projections.tables.reviews import REVIEWS
from projections.tables.seasons import SEASONS, SeasonRow
from projections.tables.standings import STANDINGS, Standing, counted
from projections.tables.tallies import TALLIES
from projections.tables.units import UNITS, UnitRow
from services.rulebooks.second_person import waiting_drafts
from services.web import urls
from services.web.handlers import page
from services.web.visit import PageResponse, Visit

#: The tabs: a key in the address, and the duties it shows.
TABS: Mapping[str, frozenset[Duty]] = {
    "nhap": frozenset({Duty.ENTER, Duty.PROPOSE, Duty.SUPPLY_EVIDENCE, Duty.DECLARE}),
    "tra-lai": frozenset({Duty.SUPPLEMENT, Duty.RESUBMIT, Duty.REWORK_RULEBOOK, Duty.COMPLETE_RULEBOOK}),
    "tham-dinh": frozenset({Duty.APPRAISE, Duty.CONCLUDE}),
    "phieu": frozenset({Duty.VOTE, Duty.CONVENE}),
    "ky": frozenset({Duty.DECIDE, Duty.LIST, Duty.SIGN, Duty.PUBLISH, Duty.CONCLUDE_REVIEW}),
    "giai-trinh": frozenset({Duty.EXPLAIN_IN_REVIEW}),
    "doi-chieu": frozenset({Duty.SIGN_OFF_RULEBOOK, Duty.CONFIRM_CALENDAR, Duty.CONFIRM_SANCTION}),
    "buoc": frozenset(
        {
            Duty.CORRECT_SEASON,
            Duty.ADD_PARTICIPANT,
            Duty.ASSIGN,
            Duty.SETTLE_CONTENTS,
            Duty.OPEN_SEASON,
            Duty.REOPEN,
            Duty.CONSOLIDATE,
            Duty.POST,
            Duty.ANSWER_COMMENT,
            Duty.AGREE,
            Duty.SUBMIT,
            Duty.REPORT,
        }
    ),
}


#: Where on the page of a season stands what it waits for before it opens.
BEFORE_THE_OPENING: Mapping[Duty, str] = {
    Duty.ADD_PARTICIPANT: "#don-vi",
    Duty.ASSIGN: "#phan-cong",
    Duty.SETTLE_CONTENTS: "#khong-xet",
    Duty.OPEN_SEASON: "#mo-mua",
}


class WorkItem(NamedTuple):
    """A task as it is shown: what to do, where it is done; `rulebook` is the name of one that the task is about."""

    task: Task
    urgency: Urgency
    commune: UnitRow | None
    indicator: Indicator | None
    levels: bool
    rulebook: str
    href: str

    @property
    def is_practice(self) -> bool:
        """Whether the task is one of a round for practice."""
        return is_practice(self.task.season)


class Progress(NamedTuple):
    """How far a commune's dossier is."""

    season: str
    is_practice: bool
    commune: UnitRow
    done: int
    of: int

    @property
    def share(self) -> int:
        return self.done * 100 // max(self.of, 1)


@page(urls.WORK)
async def show(visit: Visit) -> PageResponse:
    """The tasks of this person by urgency, those of rounds for practice below them; `?loai=` shows one kind."""
    await visit.own_write(SEASONS, STANDINGS, TALLIES, REVIEWS, ADOPTIONS, DAYS_OFF)
    rulebooks = await visit.rulebooks()
    tasks: list[Task] = await _drafts(visit, rulebooks)
    progress: list[Progress] = []
    async with visit.reads() as view:
        every = sorted(await view.all(SEASONS), key=lambda row: (row.is_practice, row.order))
        seasons = {row.season: row for row in every}
        units = {row.code: row for row in await view.all(UNITS)}
        adopted = {row.rulebook: row.sha256 for row in await view.all(ADOPTIONS)}
        tasks += of_calendar(await view.one(DAYS_OFF, days_off_stream().subject) or DaysOffRow(), visit.actor)
        for season in seasons.values():
            rulebook = rulebooks.text(season.rulebook_sha256)
            tasks += of_season(season, rulebook, visit.actor, adopted.get(season.rulebook))
            for standing in counted(await view.all(STANDINGS, season.season)):
                text = rulebooks.own_text(rulebook, standing.rulebook_sha256, decided=not standing.may_be_decided)
                tasks += of_commune(standing, season, text, visit.actor)
                progress += _progress(visit, standing, season, units)
            for meeting in await view.all(TALLIES, season.season):
                tasks += of_meeting(meeting, visit.actor)
            for review in await view.all(REVIEWS, season.season):
                tasks += of_review(review, season.participants[review.commune], visit.actor)
        position = view.position
    items = [_item(visit, task, seasons.get(task.season), units, rulebooks) for task in in_order(tasks)]
    tab = visit.query("loai")
    if tab and tab not in TABS:
        raise NotFound(tab=tab)
    shown = [item for item in items if not tab or item.task.duty in TABS[tab]]
    earnest = [item for item in shown if not item.is_practice]
    return await visit.page(
        "work_list/index.html",
        items=items,
        groups=[(urgency, [item for item in earnest if item.urgency is urgency]) for urgency in Urgency],
        practising=[item for item in shown if item.is_practice],
        tabs=[(key, sum(item.task.duty in duties for item in items)) for key, duties in TABS.items()],
        tab=tab,
        progress=progress,
        coming=_coming(visit, seasons),
        today=visit.today,
        position=position,
    )


async def _drafts(visit: Visit, rulebooks: Rulebooks) -> list[Task]:
    """The drafts of rulebooks that wait for this person; a page of the past shows none, for they have no rows."""
    if visit.past or not any(could(visit.actor, act) for act in (Act.SIGN_OFF_RULEBOOK, Act.CORRECT_RULEBOOK)):
        return []
    waiting = await waiting_drafts(visit.work(), rulebooks)
    return [
        task
        for one in waiting
        for task in of_draft(one.rulebook.id, one.changes, one.editors, visit.actor, one.returned, one.problems)
    ]


def _progress(visit: Visit, standing: Standing, season: SeasonRow, units: Mapping[str, UnitRow]) -> list[Progress]:
    """How far the person's own commune is, while it is at work."""
    if season.state != "open" or standing.stage not in ("collecting", "supplement"):
        return []
    if standing.commune not in {mandate.unit for mandate in visit.actor.mandates}:
        return []
    done = sum(cell.is_scored and cell.is_supported and not cell.returned for cell in standing.cells.values())
    return [Progress(season.season, season.is_practice, units[standing.commune], done, len(season.indicators))]


def _coming(visit: Visit, seasons: Mapping[str, SeasonRow]) -> list[tuple[str, str, object]]:
    """The next deadlines of the open seasons: season, step, day."""
    found = [
        (season.is_practice, deadline.on, season.season, step)
        for season in seasons.values()
        if season.state == "open"
        for step, deadline in season.deadlines.items()
        if deadline.on >= visit.today
    ]
    return [(season, str(step), on) for _, on, season, step in sorted(found)[:3]]


def _item(
    visit: Visit,
    task: Task,
    season: SeasonRow | None,
    units: Mapping[str, UnitRow],
    rulebooks: Rulebooks,
) -> WorkItem:
    rulebook = rulebooks.text(season.rulebook_sha256) if season else None
    return WorkItem(
        task,
        task.urgency(visit.today),
        units.get(task.commune),
        rulebook.by_code.get(task.indicator or "") if rulebook else None,
        rulebook is not None and rulebook.model == "levels",
        rulebooks.newest(task.rulebook).short if task.rulebook else "",
        _href(visit, task),
    )


def _href(visit: Visit, task: Task) -> str:  # noqa: PLR0911 - one flat match over duties
    """Where the task is done: one click, no choosing on the way."""
    url = visit.url
    if not task.commune:
        return _href_of_province(visit, task)
    match task.duty:
        case Duty.ENTER | Duty.PROPOSE | Duty.SUPPLEMENT:
            return url.dossier(task.season, task.commune, indicator=task.indicator)
        case Duty.SUPPLY_EVIDENCE:
            return url.dossier(task.season, task.commune, indicator=task.indicator) + "#minh-chung"
        case Duty.REOPEN | Duty.CONFIRM_SANCTION:
            return url.dossier(task.season, task.commune) + ("#mo-lai" if task.duty is Duty.REOPEN else "#xu-ly")
        case Duty.APPRAISE | Duty.CONCLUDE:
            return url.appraisal(task.season, task.commune)
        case Duty.CONVENE:
            return url.council(task.season)
        case Duty.VOTE:
            return url.meeting(task.season, task.meeting or "")
        case Duty.EXPLAIN_IN_REVIEW | Duty.CONCLUDE_REVIEW:
            return url.review(task.season, task.commune, task.review)
        case Duty.DECIDE | Duty.SIGN | Duty.PUBLISH:
            return url.decision(task.season, task.commune)
        case _:
            return url.dossier(task.season, task.commune)


def _href_of_province(visit: Visit, task: Task) -> str:
    """Where a task is done that is about no commune."""
    url = visit.url
    match task.duty:
        case Duty.SIGN_OFF_RULEBOOK:
            return url.rulebook(task.rulebook) + "/ky-duyet"
        case Duty.REWORK_RULEBOOK | Duty.COMPLETE_RULEBOOK:
            return url.rulebook(task.rulebook, loc="changed")
        case Duty.CONFIRM_CALENDAR:
            return url.days_off(nam=task.year) + "#cho-xac-nhan"
        case Duty.CORRECT_SEASON:
            return url.season(task.season) + "/ban-sua"
        case _:
            return url.season(task.season) + BEFORE_THE_OPENING[task.duty]


ROUTES = [show]
