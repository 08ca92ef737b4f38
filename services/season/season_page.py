"""A season: plan it, say who does what and until when, open it, and where the law demands it, halt it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, NamedTuple

from domain.errors import NotFound, Refused, UnitsUnsuitable
from domain.official import COMMUNE_OFFICERS, Office
from domain.permissions import Act, Subject, may
from domain.rulebook import RecognisingLevel, Rulebook
from domain.season import PRACTICE, Participant, State, Step, possible_years
from domain.unit import Level
from domain.vietnamese import sort_key
from domain.working_days import DayReading
from infra.log.group_commit import CommandResult
from projections.tables.adoptions import ADOPTIONS
from projections.tables.seasons import SEASONS, SeasonRow
from projections.tables.units import UNITS, UnitRow
from services.i18n import Words, indicator_number
from services.season import organise
from services.season.calendar import calendar_seen
from services.season.copy_year import earlier, ended_since
from services.season.deadlines_view import deadline_form, read_deadlines
from services.season.readiness import readiness_of, unstaffed
from services.season.readings import asked_readings, choose_reading, unknown_years
from services.season.saved import asked_of, saved_at, saved_of
from services.web import urls
from services.web.form_fields import FieldMissing, Typed
from services.web.handlers import act, page
from services.web.visit import PageResponse, Visit

#: Units that a refusal names, and how much of a code that nobody knows.
MOST_NAMED = 10
LONGEST_CODE = 20


class DecidingUnit(NamedTuple):
    """A deciding unit and the communes it decides on."""

    code: str
    name: str
    communes: tuple[UnitRow, ...]
    some_chosen: bool = False
    may_see: bool = False


class OfficeChoice(NamedTuple):
    """A position that can lead or coordinate."""

    key: Office
    name: str
    short: str


class TextlessContent(NamedTuple):
    """A part or condition whose wording is not known, and what it belongs to."""

    code: str
    of: str


class LastYear(NamedTuple):
    """A year whose communes may be taken again: how many of them are still there, and which are not."""

    season: str
    communes: int
    ended: tuple[UnitRow, ...]


class YearGone(Refused):
    """The year whose communes were to take part again is not there any more."""

    code: ClassVar[str] = "year-gone"


class Halt(NamedTuple):
    """A way to stop a season for a time or for good."""

    verb: str
    title: str
    button: str
    dated: bool = False


# Looking ----------------------------------------------------------------------------------------------


@page(urls.SEASONS)
async def index(visit: Visit) -> PageResponse:
    """All seasons, and the form that plans the next one."""
    await visit.own_write(SEASONS)
    async with visit.reads() as view:
        rows = await view.all(SEASONS)
        units = await view.all(UNITS)
        adopted = {row.rulebook for row in await view.all(ADOPTIONS)}
    rulebooks = [one for one in (await visit.rulebooks()).newest_of_each() if one.id in adopted]
    return await visit.page(
        "season/index.html",
        seasons=[
            {"row": row, "rulebook": (await visit.rulebooks()).text(row.rulebook_sha256).short}
            for row in sorted(rows, key=lambda row: row.order, reverse=True)
        ],
        rulebooks=rulebooks,
        groups=candidates(units, set(visit.typed.every("commune")), visit.today),
        chosen_units=set(visit.typed.every("unit")),
        chosen_communes=set(visit.typed.every("commune")),
        next_year=next_year(rows, visit.today),
        ended_years=sorted({row.year for row in rows if row.has_ended and not row.is_practice}, reverse=True),
        practice=PRACTICE,
        like=last_year(rows, units, visit.today),
        position=view.position,
    )


@page(urls.SEASON)
async def show(visit: Visit, season: str) -> PageResponse:
    """One season: opening, deadlines, the matrix of who does what, who takes part."""
    await visit.own_write(SEASONS)
    async with visit.reads() as view:
        row = await view.one(SEASONS, season)
        units = {unit.code: unit for unit in await view.all(UNITS)}
        lacking = await unstaffed(visit, view, row)
        adoptions = {one.rulebook: one.sha256 for one in await view.all(ADOPTIONS)}
        calendar = await calendar_seen(view, visit.app.calendar)
        rows = await view.all(SEASONS)
    if row is None:
        raise NotFound(season=season)
    rulebook = (await visit.rulebooks()).text(row.rulebook_sha256)
    readiness = None
    if row.state is State.PLANNED:
        lags = row.lags(adoptions.get(row.rulebook))
        readiness = await readiness_of(visit, row, rulebook, calendar, lacking, lags=lags)
    return await visit.page(
        "season/season.html",
        season=season,
        row=row,
        rulebook=rulebook,
        rulebooks=[one for one in (await visit.rulebooks()).newest_of_each() if one.id in adoptions],
        correctable=row.lags(adoptions.get(row.rulebook)),
        deadlines=deadline_form(row, rulebook, calendar, visit.words, visit.typed, visit.refusal),
        former=earlier(rows, row),
        readings=asked_readings(row, rulebook, calendar),
        unknown_years=unknown_years(row, rulebook, calendar),
        matrix=matrix(row, rulebook, visit.words),
        positions=offices(visit.words),
        groups=taking_part(visit, row, units),
        halts=halts(row, visit.words),
        unstaffed=[] if readiness else lacking,
        readiness=readiness,
        saved=saved_of(asked_of(visit, season), row, visit.words, visit.today),
        not_taking_part=not_taking_part(row, units.values(), visit.today),
        taking_part=_sorted(units[commune] for commune in row.participants),
        withdrawn=_sorted(units[commune] for commune in row.withdrawn),
        without_text=without_text(rulebook, visit.words),
        over=over_at_the_start(row, visit.today),
        today=visit.today,
        oversees=may(visit.actor, Act.VIEW_TRAIL),
        position=view.position,
    )


def over_at_the_start(row: SeasonRow, today: date) -> tuple[Step, ...]:
    """The steps whose last day was over before any work: of a season to be opened, or of a round for practice, whose
    days are copied from years that have gone by.
    """
    begins = row.state is State.PLANNED or (row.is_practice and row.state is State.OPEN)
    return row.over(today) if begins else ()


def last_year(rows: Sequence[SeasonRow], units: Sequence[UnitRow], today: date) -> LastYear | None:
    """The last year that was not cancelled, whose communes may take part again; None where there is none."""
    former = max(
        (row for row in rows if row.state is not State.CANCELLED and not row.is_practice),
        key=lambda row: row.order,
        default=None,
    )
    if former is None:
        return None
    by_code = {unit.code: unit for unit in units}
    there = [code for code in former.participants if code in by_code and by_code[code].is_there(today)]
    ended = ended_since(former, by_code, today)
    return LastYear(former.season, len(there), _sorted(ended)) if there else None


def next_year(rows: Sequence[SeasonRow], today: date) -> int:
    """The year after the last that is planned, this year where there is none, and no later than can be planned."""
    possible = possible_years(today)
    planned = [row.year for row in rows if row.year in possible and not row.is_practice]
    return min(max(planned, default=today.year - 1) + 1, possible[-1])


def candidates(units: Sequence[UnitRow], chosen: set[str], today: date) -> list[DecidingUnit]:
    """The communes that may take part, under the unit that would decide on them: their district, else the province."""
    by_code = {unit.code: unit for unit in units}
    groups: dict[str, list[UnitRow]] = {}
    for unit in units:
        if unit.level is Level.COMMUNE and unit.is_there(today) and unit.parent in by_code:
            groups.setdefault(unit.parent, []).append(unit)
    return [
        DecidingUnit(code, by_code[code].full_name, _sorted(communes), bool(chosen & {one.code for one in communes}))
        for code, communes in groups.items()
    ]


def taking_part(visit: Visit, row: SeasonRow, units: Mapping[str, UnitRow]) -> list[DecidingUnit]:
    """The season's communes under the unit that decides on them."""
    groups = []
    for code in row.deciding_units:
        communes = _sorted(units[commune] for commune, by in row.participants.items() if by == code)
        seen = may(visit.actor, Act.VIEW_DOSSIER, Subject(communes[0].code, code))
        groups.append(DecidingUnit(code, units[code].full_name, communes, may_see=seen))
    return groups


def not_taking_part(row: SeasonRow, units: Collection[UnitRow], today: date) -> tuple[UnitRow, ...]:
    """The communes that may be added to the season."""
    return _sorted(
        unit
        for unit in units
        if unit.level is Level.COMMUNE and unit.is_there(today) and unit.parent and unit.code not in row.participants
    )


def matrix(row: SeasonRow, rulebook: Rulebook, words: Words) -> list[dict[str, Any]]:
    """Who leads and who coordinates, criterion by criterion."""
    lines = []
    for criterion in rulebook.criteria:
        within = []
        for indicator in criterion.indicators:
            assigned = row.assignments.get(indicator.code)
            within.append(
                {
                    "code": indicator.code,
                    "name": indicator.name,
                    "lead": assigned.lead if assigned else "",
                    "lead_name": words.say(f"office.{assigned.lead}") if assigned else "",
                    "coordinating": assigned.coordinating if assigned else (),
                }
            )
        lines.append({"code": criterion.code, "name": criterion.name, "lines": within})
    return lines


def without_text(rulebook: Rulebook, words: Words) -> list[TextlessContent]:
    """The contents whose wording the rulebook does not have, each under its indicator or as a condition."""
    parts = [
        TextlessContent(code, words.say("Chỉ tiêu %(code)s: %(name)s", code=indicator_number(one.code), name=one.name))
        for one in rulebook.indicators
        for code in one.without_text
    ]
    conditions = [
        TextlessContent(one.code, words.say("Điều kiện về kỷ luật")) for one in rulebook.vetoes if not one.text
    ]
    return parts + conditions


def offices(words: Words) -> list[OfficeChoice]:
    """Those who can lead or coordinate."""
    return [OfficeChoice(one, words.say(f"office.{one}"), words.say(f"abbr.{one}")) for one in COMMUNE_OFFICERS]


def halts(row: SeasonRow, words: Words) -> list[Halt]:
    """What may be done to a season that should not simply go on."""
    say = words.say
    suspend = Halt("tam-dung", say("Tạm dừng đợt đánh giá"), say("Tạm dừng đợt đánh giá này"))
    resume = Halt("tiep-tuc", say("Tiếp tục đợt đánh giá"), say("Tiếp tục đợt đánh giá này"))
    convert = Halt("chuyen", say("Chuyển sang bộ tiêu chí khác"), say("Chuyển bộ tiêu chí"))
    cancel = Halt("huy", say("Hủy đợt đánh giá"), say("Hủy đợt đánh giá này"))
    close = Halt("ket-thuc", say("Kết thúc đợt đánh giá"), say("Kết thúc đợt đánh giá này"), dated=True)
    reopen = Halt("tiep-tuc", say("Mở lại đợt đánh giá"), say("Mở lại đợt đánh giá này"))
    return {
        "planned": [convert, cancel],
        "open": [suspend, close, cancel],
        "suspended": [resume, convert, cancel],
        "closed": [reopen],
    }.get(row.state, [])


# Doing ------------------------------------------------------------------------------------------------


@act(urls.SEASONS + "/lap-ke-hoach", again=index)
async def plan(visit: Visit) -> PageResponse:
    """Plan the assessment of a year, or a round for practice."""
    typed = visit.typed
    typed.needed("year")
    year = typed.whole("year") or 0
    if typed.text("rulebook") not in await visit.rulebooks():
        raise FieldMissing(field="rulebook")
    rulebook = (await visit.rulebooks()).newest(typed.text("rulebook"))
    async with visit.reads() as view:
        units = await view.all(UNITS)
        rows = {row.season: row for row in await view.all(SEASONS)}
    like = typed.text("like")
    if like and like not in rows:
        raise YearGone(field="commune")
    before = rows[like].participants if like else ()
    participants = chosen(units, typed, rulebook, visit.today, before)
    if not participants:
        raise FieldMissing(field="commune")
    if typed.text("purpose") not in ("", PRACTICE):
        raise FieldMissing(field="purpose")
    work = visit.work()
    result = await organise.plan_season(
        work,
        year,
        rulebook.id,
        participants,
        further_round=bool(typed.text("further-round")),
        practice=typed.text("purpose") == PRACTICE,
    )
    planned, *_ = await work.recorded(result)
    return await _saved(visit, result, planned.stream.season, "lap")


@act(urls.SEASON + "/bo-sung-don-vi", again=show)
async def add_participant(visit: Visit, season: str) -> PageResponse:
    """Let a commune take part; the rulebook says whether its district or the province decides on it."""
    commune = visit.typed.needed("commune")
    reason, document_no = _reasoned(visit.typed)
    async with visit.reads() as view:
        row = await view.one(SEASONS, season)
        units = await view.all(UNITS)
    if row is None:
        raise NotFound(season=season)
    rulebook = (await visit.rulebooks()).text(row.rulebook_sha256)
    participant, *_ = chosen(units, visit.typed, rulebook, visit.today)
    result = await organise.add_participant(visit.work(), season, commune, participant.decided_by, reason, document_no)
    return await _saved(visit, result, season, "bo-sung-don-vi")


@act(urls.SEASON + "/rut-don-vi", again=show)
async def withdraw_participant(visit: Visit, season: str) -> PageResponse:
    """End a commune's part before anything is decided on it."""
    commune = visit.typed.needed("commune")
    result = await organise.withdraw_participant(visit.work(), season, commune, *_reasoned(visit.typed))
    return await _saved(visit, result, season, "rut-don-vi")


@act(urls.SEASON + "/phan-cong", again=show)
async def assign(visit: Visit, season: str) -> PageResponse:
    """Say who leads and who coordinates; lines without a lead stay as they are."""
    lines = [
        (name.removeprefix("lead."), Office(lead), coordinating(visit.typed, name.removeprefix("lead."), lead))
        for name, lead in visit.typed.items()
        if name.startswith("lead.") and lead in COMMUNE_OFFICERS
    ]
    result = await organise.assign_indicators(visit.work(), season, lines, visit.typed.text("decision_no") or None)
    return await _saved(visit, result, season, "phan-cong")


@act(urls.SEASON + "/dat-han", again=show)
async def set_deadlines(visit: Visit, season: str) -> PageResponse:
    """Set or move the last days of all steps."""
    async with visit.reads() as view:
        row = await view.one(SEASONS, season)
    if row is None:
        raise NotFound(season=season)
    deadlines = read_deadlines(visit.typed, row)
    result = await organise.set_deadlines(visit.work(), season, deadlines, version=visit.version)
    return await _saved(visit, result, season, "han")


@act(urls.SEASON + "/chon-cach-tinh", again=show)
async def read_day(visit: Visit, season: str) -> PageResponse:
    """Say how a last day that falls on a day off is read."""
    typed = visit.typed
    day = typed.day("day")
    step, reading = typed.needed("step"), typed.needed("reading")
    if step not in set(Step) or reading not in set(DayReading) or day is None:
        raise NotFound(step=step)
    result = await choose_reading(
        visit.work(), season, Step(step), day, DayReading(reading), typed.needed("reading-basis")
    )
    return await _saved(visit, result, season, "cach-tinh")


@act(urls.SEASON + "/khong-xet", again=show)
async def leave_out(visit: Visit, season: str) -> PageResponse:
    """Let the season do without contents that have no text."""
    typed = visit.typed
    document_no = typed.needed("left-out-no")
    typed.needed("left-out-on")
    document_on = typed.day("left-out-on")
    assert document_on is not None  # noqa: S101 - it is not empty
    result = await organise.leave_out_contents(visit.work(), season, typed.every("content"), document_no, document_on)
    return await _saved(visit, result, season, "khong-xet")


@act(urls.SEASON + "/mo", again=show)
async def open_season(visit: Visit, season: str) -> PageResponse:
    """Let the communes begin."""
    result = await organise.open_season(visit.work(), season, visit.typed.day("on"))
    return await _saved(visit, result, season, "mo")


@act(urls.SEASON + "/tam-dung", again=show)
async def suspend(visit: Visit, season: str) -> PageResponse:
    """Stop all work for a time."""
    result = await organise.suspend_season(visit.work(), season, *_reasoned(visit.typed))
    return await _saved(visit, result, season, "tam-dung")


@act(urls.SEASON + "/tiep-tuc", again=show)
async def resume(visit: Visit, season: str) -> PageResponse:
    """Go on after a suspension."""
    result = await organise.resume_season(visit.work(), season, *_reasoned(visit.typed))
    return await _saved(visit, result, season, "tiep-tuc")


@act(urls.SEASON + "/chuyen", again=show)
async def convert(visit: Visit, season: str) -> PageResponse:
    """Go on under another rulebook."""
    rulebook = visit.typed.needed("rulebook")
    result = await organise.convert_season(visit.work(), season, rulebook, *_reasoned(visit.typed))
    return await _saved(visit, result, season, "chuyen")


@act(urls.SEASON + "/huy", again=show)
async def cancel(visit: Visit, season: str) -> PageResponse:
    """Give the year up."""
    result = await organise.cancel_season(visit.work(), season, *_reasoned(visit.typed))
    return await _saved(visit, result, season, "huy")


@act(urls.SEASON + "/ket-thuc", again=show)
async def close(visit: Visit, season: str) -> PageResponse:
    """End the year's work."""
    result = await organise.close_season(visit.work(), season, visit.typed.day("on"))
    return await _saved(visit, result, season, "ket-thuc")


# Reading what was typed -------------------------------------------------------------------------------


def chosen(
    units: Sequence[UnitRow], typed: Typed, rulebook: Rulebook, today: date, before: Collection[str] = ()
) -> list[Participant]:
    """The communes that were ticked, alone or with their whole unit, and those of `before` that are still there, each
    with the unit that decides on it. UnitsUnsuitable names those ticked that cannot take part.
    """
    province = next((unit.code for unit in units if unit.level is Level.PROVINCE), "")
    there = {
        unit.code: unit.parent for unit in units if unit.level is Level.COMMUNE and unit.parent and unit.is_there(today)
    }
    whole, single = set(typed.every("unit")), set(typed.every("commune"))
    unsuitable = sorted((single - there.keys()) | (whole - set(there.values())))
    if unsuitable:
        names = {unit.code: unit.full_name for unit in units}
        named = tuple(f"{names[one]} ({one})" if one in names else one[:LONGEST_CODE] for one in unsuitable)
        raise UnitsUnsuitable(units=named[:MOST_NAMED], field="commune")
    return [
        Participant(code, province if rulebook.recognising_level is RecognisingLevel.PROVINCE else parent)
        for code, parent in there.items()
        if code in single or parent in whole or code in before
    ]


def coordinating(typed: Typed, code: str, lead: str) -> tuple[Office, ...]:
    """Those ticked beside an indicator, without its lead."""
    ticked = set(typed.every(f"with.{code}"))
    return tuple(one for one in COMMUNE_OFFICERS if one in ticked and one != lead)


async def _saved(visit: Visit, result: CommandResult, season: str, what: str) -> PageResponse:
    """The season's page, which confirms what was recorded."""
    return await visit.done(result, to=saved_at(visit, season, what))


def _reasoned(typed: Typed) -> tuple[str, str]:
    return typed.text("reason"), typed.needed("document_no")


def _sorted(units: Any) -> tuple[UnitRow, ...]:
    return tuple(sorted(units, key=lambda unit: sort_key(unit.name)))


ROUTES = [
    index,
    show,
    plan,
    add_participant,
    withdraw_participant,
    assign,
    set_deadlines,
    read_day,
    leave_out,
    open_season,
    suspend,
    resume,
    convert,
    cancel,
    close,
]
