"""The commune's steps between scoring and sending: posting, opinions on paper, opinion sheets, meeting, report."""

from collections.abc import Iterator
from urllib.parse import quote

from domain.commune_steps import (
    FORMS_LIMIT,
    Attendance,
    Attended,
    Channel,
    Display,
    FormTally,
    Leader,
    Sender,
    SheetsTally,
)
from domain.errors import MeasureInvalid, NotFound, SheetsTallyInvalid
from domain.measure import Outcome
from domain.permissions import Act
from services.assessment import commune_steps as steps
from services.assessment.assess import Upload
from services.assessment.dossier_page import needed_whole, show
from services.assessment.dossier_view import open_case
from services.assessment.evidence_page import BODY_LIMIT, DRAWN
from services.web import urls
from services.web.file_bodies import chosen_in, handed_out, pieces_of
from services.web.form_fields import FieldMissing, Typed
from services.web.handlers import act, page
from services.web.visit import PageResponse, Visit

#: Lines for forms and models that the page offers beyond those that are there.
SPARE_LINES = 4


@act(urls.DOSSIER + "/niem-yet-cac-noi", again=show)
async def display(visit: Visit, season: str, commune: str) -> PageResponse:
    """Post the draft report and the table at the places that were filled in."""
    displays = list(displays_typed(visit.typed))
    result = await steps.display_result(visit.work(), season, commune, displays)
    return await visit.done(result, to=visit.url.dossier(season, commune))


def displays_typed(typed: Typed) -> Iterator[Display]:
    """The places that have a name, each with its days. FieldMissing for one without a day."""
    for channel in Channel:
        place = typed.text(f"{channel}_place")
        if not place:
            continue
        on, until = typed.day(f"{channel}_on"), typed.day(f"{channel}_until")
        if on is None or until is None:
            raise FieldMissing(field=f"{channel}_on" if on is None else f"{channel}_until")
        times = typed.whole(f"{channel}_times") if channel is Channel.LOUDSPEAKER else None
        yield Display(channel, place, on, until, times)


@act(urls.DOSSIER + "/ghi-y-kien", again=show)
async def take_down(visit: Visit, season: str, commune: str) -> PageResponse:
    """Take an opinion down that came on paper or by word of mouth."""
    typed = visit.typed
    if typed.text("sender") not in set(Sender):
        raise FieldMissing(field="sender")
    on = typed.day_gone("received_on")
    if on is None:
        raise FieldMissing(field="received_on")
    result = await steps.take_down_opinion(
        visit.work(),
        season,
        commune,
        typed.needed("opinion"),
        Sender(typed.text("sender")),
        typed.needed("sender_name"),
        on,
    )
    return await visit.done(result, to=visit.url.dossier(season, commune))


@act(urls.DOSSIER + "/hop-thong-nhat", again=show, request_max_body_size=BODY_LIMIT)
async def agree(visit: Visit, season: str, commune: str) -> PageResponse:
    """Record the commune's meeting, with its record as a file."""
    typed = visit.typed
    on = typed.day("met_on")
    if on is None:
        raise FieldMissing(field="met_on")
    if typed.text("leader") not in set(Leader):
        raise FieldMissing(field="leader")
    said = typed.text("outcome")
    if said not in ("", Outcome.MET, Outcome.NOT_MET):
        raise FieldMissing(field="outcome")
    file = typed.needed_file("record")
    with chosen_in("record"):
        result = await steps.agree_on_result(
            visit.work(),
            season,
            commune,
            on,
            typed.needed("met_at"),
            Leader(typed.text("leader")),
            list(attended_typed(typed)),
            Upload(file.filename, pieces_of(file)),
            Outcome(said) if said else None,
            typed.text("met_reason") or None,
        )
    return await visit.done(result, to=visit.url.dossier(season, commune))


def attended_typed(typed: Typed) -> Iterator[Attended]:
    """The groups with a number; those left empty did not come."""
    for group in Attendance:
        count = typed.whole(group.value)
        if count is not None:
            yield Attended(group, count)


@act(urls.DOSSIER + "/gui-bao-cao", again=show)
async def report(visit: Visit, season: str, commune: str) -> PageResponse:
    """The chairman sends the report and the table of a commune that does not meet the conditions."""
    typed = visit.typed
    result = await steps.report_not_meeting(
        visit.work(), season, commune, typed.needed("document_no"), typed.day_gone("on")
    )
    return await visit.done(result, to=visit.url.dossier(season, commune))


@page(urls.DOSSIER + "/bien-ban-hop")
async def hand_out_record(visit: Visit, season: str, commune: str) -> PageResponse:
    """The record of the commune's meeting, its bytes hashed again on the way."""
    case = await open_case(visit, season, commune)
    if case.sheet.agreed is None:
        raise NotFound(kind="record", subject=commune)
    record = case.sheet.agreed.record
    file = await visit.app.files(visit.tenant).open(record.sha256)
    shown = "inline" if record.media_type in DRAWN else "attachment"
    return handed_out(
        file,
        record.media_type,
        f"{shown}; filename*=UTF-8''{quote(record.name, safe='')}",
        {"Content-Security-Policy": "default-src 'none'; sandbox"},
    )


# Opinion sheets ---------------------------------------------------------------------------------------


@page(urls.DOSSIER + "/phieu-lay-y-kien")
async def show_sheets(visit: Visit, season: str, commune: str) -> PageResponse:
    """The opinion sheets on forms and models of legal education: the sheet to print, and its tally (Mẫu 04)."""
    case = await open_case(visit, season, commune)
    code = steps.sheets_indicator(case.rulebook)
    entry = case.sheet.entries.get(code)
    tally = entry.tally if entry else None
    subject = case.subject(code)
    editable = case.sheet.may_edit(code) and case.runs and visit.past is None
    return await visit.page(
        "dossier/sheets.html",
        season=season,
        case=case,
        indicator=case.rulebook.indicator(code),
        tally=tally,
        lines=range(1, min(FORMS_LIMIT, (len(tally.forms) if tally else 0) + SPARE_LINES) + 1),
        may_tally=editable and visit.may(Act.MEASURE, subject),
        position=case.position,
    )


@act(urls.DOSSIER + "/phieu-lay-y-kien/ghi", again=show_sheets)
async def tally(visit: Visit, season: str, commune: str) -> PageResponse:
    """Record the tally as typed; lines without name and numbers are passed over."""
    typed = visit.typed
    handed_out_, collected = needed_whole(typed, "handed_out"), needed_whole(typed, "collected")
    counted = SheetsTally(handed_out_, collected, tuple(forms_typed(typed)))
    result = await steps.tally_sheets(visit.work(), season, commune, counted)
    return await visit.done(result, to=visit.url.opinion_sheets(season, commune))


def forms_typed(typed: Typed) -> Iterator[FormTally]:
    """The lines of the tally. MeasureInvalid for a count that is missing beside a name."""
    for number in range(1, FORMS_LIMIT + 1):
        name = typed.text(f"form_{number}")
        effective, not_effective = typed.whole(f"effective_{number}"), typed.whole(f"not_effective_{number}")
        if not name and effective is None and not_effective is None:
            continue
        if not name:
            raise SheetsTallyInvalid(reason="unnamed", field=f"form_{number}")
        if effective is None or not_effective is None:
            missing = f"effective_{number}" if effective is None else f"not_effective_{number}"
            raise MeasureInvalid(reason="missing", field=missing, typed="")
        yield FormTally(name, effective, not_effective)


ROUTES = [display, take_down, agree, report, hand_out_record, show_sheets, tally]
