"""A council meeting: the chair conducts it, members cast their ballots, everybody with a seat sees the same count.

What changes by itself (`?phan=`) is fetched into regions that hold no field, so that a half-filled ballot is never
touched.
"""

from typing import Any

from litestar import Response

from domain.errors import NotFound
from domain.export import Document
from domain.meeting import Choice
from domain.permissions import Act, permit
from projections.tables.exports import EXPORTS
from services.assessment.dossier_view import Case, gates, read_case, sheet_view
from services.council import voting
from services.council.meeting_view import (
    ShownRound,
    Sitting,
    ballots,
    ballots_of,
    open_sitting,
    own_ballot,
    prepared,
    seats,
)
from services.documents.signed_upload import SIGNED_BODY, signed_paper
from services.documents.typesetting import PDF
from services.exports import requests
from services.exports.own_exports import OwnExport, own_last
from services.seals.proof_download import make_proof_download
from services.seals.seal_view import seal_of, sealed
from services.sentences import SentenceWriter, known_votes, meeting_steps
from services.web import urls
from services.web.file_bodies import handed_out
from services.web.form_fields import FieldMissing
from services.web.handlers import act, page
from services.web.visit import PageResponse, Visit

#: What the page fetches of itself every few seconds, by `?phan=`.
PARTS = {
    "dem": "meeting/_tally.html",
    "thanh-vien": "meeting/_members.html",
    "trang-thai": "meeting/_now.html",
    "bien-ban": "meeting/_minutes.html",
    "bien-nhan": "meeting/_receipt.html",
}
#: htmx stops asking when it is answered so.
STOP_ASKING = 286


@page(urls.MEETING)
async def show(visit: Visit, season: str, meeting: str) -> PageResponse:
    """The meeting; `?muc=` turns to an item, `?xem=phieu` is the member's own page."""
    sitting = await open_sitting(visit, season, meeting)
    part = PARTS.get(visit.query("phan"))
    if part and visit.is_partial:
        of_receipt = visit.query("phan") == "bien-nhan"
        view = await around(visit, sitting)
        view |= await receipt_of(visit, view) if of_receipt else {}
        over = is_over(view) and not of_receipt
        return await visit.page(part, fragment=part, status=STOP_ASKING if over else None, **view)
    is_member = visit.actor.person in sitting.people
    if sitting.meeting.is_consultation:
        return await consultation_page(visit, sitting)
    asked = visit.query("xem") or ("phieu" if is_member and not may_conduct(visit, sitting) else "hop")
    return await (ballot_page if asked == "phieu" and is_member else whole_page)(visit, sitting)


async def show_whole(visit: Visit, season: str, meeting: str) -> PageResponse:
    """The page that has the forms of who conducts the meeting, once more."""
    sitting = await open_sitting(visit, season, meeting)
    return await (consultation_page if sitting.meeting.is_consultation else whole_page)(visit, sitting)


async def show_ballot(visit: Visit, season: str, meeting: str) -> PageResponse:
    """The page that has the member's ballot, once more."""
    sitting = await open_sitting(visit, season, meeting)
    return await (consultation_page if sitting.meeting.is_consultation else ballot_page)(visit, sitting)


async def whole_page(visit: Visit, sitting: Sitting) -> PageResponse:
    """The meeting as everybody with a seat sees it."""
    return await visit.page("meeting/index.html", **await whole(visit, sitting))


async def consultation_page(visit: Visit, sitting: Sitting) -> PageResponse:
    """The consultation as every member sees it: all dossiers, one's own answers, the forms of who conducts it."""
    view = await whole(visit, sitting)
    view |= await receipt_of(visit, view)
    if visit.refusal and not can_be_sent(visit, view):
        visit.renewed = "meeting/_ballot_again.html", view
    return await visit.page("meeting/consultation.html", **view)


async def ballot_page(visit: Visit, sitting: Sitting) -> PageResponse:
    """The meeting as a member votes in it."""
    view = await whole(visit, sitting)
    view |= await receipt_of(visit, view)
    if visit.refusal and not can_be_sent(visit, view):
        visit.renewed = "meeting/_ballot_again.html", view
    return await visit.page("meeting/member.html", **view)


def can_be_sent(visit: Visit, view: dict[str, Any]) -> bool:
    """Whether the ballot that was refused can still succeed: the vote is open, in its round, and none is recorded."""
    ballots: ShownRound | None = view["ballots"]
    if ballots is None or not ballots.tally.is_open or view["own"]:
        return False
    roll = view["me"] is not None and view["me"].person in ballots.tally.roll
    return roll and visit.typed.text("round") == str(ballots.tally.round)


async def whole(visit: Visit, sitting: Sitting) -> dict[str, Any]:
    """What a whole page shows."""
    return {
        "season": sitting.season.season,
        "is_member": visit.actor.person in sitting.people,
        **await around(visit, sitting),
        **await dossier_of(visit, sitting),
    }


def is_over(view: dict[str, Any]) -> bool:
    """Whether what the page fetches will not change any more: the meeting is closed, no minutes are being made."""
    paper: OwnExport | None = view["paper"]
    return view["meeting"].closed_on is not None and not (paper and paper.is_under_way)


async def around(visit: Visit, sitting: Sitting) -> dict[str, Any]:
    """What every part of the page shows."""
    meeting = sitting.meeting
    item = viewed(visit, sitting)
    current = ballots_of(sitting, item) if item else None
    papers = current.papers if current else ()
    voted = sum(paper.voted for paper in papers)
    present = sum(paper.present for paper in papers) if current else len(sitting.present)
    rule = current.tally.rule if current else sitting.rule
    names = {code: unit.inside for code, unit in sitting.items.items()}
    teller = SentenceWriter(visit.words, names, {}, sitting.everybody, known_votes(sitting.facts))
    own = own_ballot(sitting, item, visit.actor.person) if item else None
    mine = next((one for one in sitting.everybody if str(one.person) == visit.actor.person), None)
    return {
        "sitting": sitting,
        "meeting": meeting,
        "item": item,
        "ballots": current,
        "rule": rule,
        "rounds": [ballots(sitting, tally) for tally in meeting.void.get(item or "", ())],
        "seats": seats(rule, present, voted),
        "following": sitting.after(item) if item else None,
        "steps": meeting_steps(sitting.facts, meeting.meeting, teller)[:12],
        "me": mine,
        "own": own,
        "conducts": may_conduct(visit, sitting),
        "prepared": prepared(visit, sitting, item),
        "issues": may_issue(visit, sitting),
        "paper": await own_minutes(visit, sitting) if may_issue(visit, sitting) else None,
        "state": state_of(sitting),
        "Choice": Choice,
        "position": sitting.position,
    }


async def receipt_of(visit: Visit, view: dict[str, Any]) -> dict[str, Any]:
    """What the receipt of the person's own ballot shows besides."""
    return {"seal": await seal_of(visit, view["own"].position if view["own"] else None)}


async def dossier_of(visit: Visit, sitting: Sitting) -> dict[str, Any]:
    """The dossier under discussion."""
    item = viewed(visit, sitting)
    if item is None:
        return {"case": None, "sheet": None, "gates": ()}
    case: Case = await read_case(visit, sitting.season.season, item)
    return {"case": case, "sheet": sheet_view(case), "gates": gates(case)}


def viewed(visit: Visit, sitting: Sitting) -> str | None:
    """The item that the page shows: the one asked for, the one being voted on, the one taken up, the first."""
    asked = visit.query("muc") or visit.typed.text("item")
    if asked and asked not in sitting.meeting.items:
        if not visit.refusal:
            raise NotFound(item=asked)
        asked = ""
    first = next(iter(sitting.meeting.items), None)
    return asked or sitting.meeting.open_item or sitting.meeting.current or first


def state_of(sitting: Sitting) -> str:
    """Names what stands now, so that a page can see that it is an earlier one: item, round, open or not."""
    item = sitting.meeting.open_item
    if item is None:
        return f"{sitting.meeting.current or ''}.{len(sitting.meeting.votes)}"
    return f"{item}.{sitting.meeting.votes[item].round}.mo"


def may_conduct(visit: Visit, sitting: Sitting) -> bool:
    """Whether the person conducts this meeting, today."""
    return visit.may(Act.CONDUCT_MEETING, sitting.subject) and sitting.meeting.closed_on is None


def may_issue(visit: Visit, sitting: Sitting) -> bool:
    """Whether the person may issue the minutes now: who conducts, after the meeting, once, while the season is open."""
    meeting = sitting.meeting
    may = visit.may(Act.CONDUCT_MEETING, sitting.subject) and sitting.season.state == "open"
    return may and meeting.closed_on is not None and meeting.minutes_sha256 is None


async def own_minutes(visit: Visit, sitting: Sitting) -> OwnExport | None:
    """The minutes that the person asked for last, made or being made."""
    await visit.own_write(EXPORTS)
    last = await own_last(visit, sitting.season.season, sitting.meeting.meeting, Document.MINUTES)
    return last.get(Document.MINUTES)


# The chair --------------------------------------------------------------------------------------------


@act(urls.MEETING + "/diem-danh", again=show_whole)
async def record_attendance(visit: Visit, season: str, meeting: str) -> PageResponse:
    """Record who is present."""
    present = visit.typed.identifiers("present")
    result = await voting.record_attendance(visit.work(), season, meeting, present)
    return await visit.done(result, to=visit.url.meeting(season, meeting, xem="hop"))


@act(urls.MEETING + "/chuyen-muc", again=show_whole)
async def take_up(visit: Visit, season: str, meeting: str) -> PageResponse:
    """Turn the meeting to an item."""
    item = visit.typed.needed("item")
    result = await voting.take_up(visit.work(), season, meeting, item)
    return await visit.done(result, to=visit.url.meeting(season, meeting, muc=item, xem="hop"))


@act(urls.MEETING + "/mo-bieu-quyet", again=show_whole)
async def open_vote(visit: Visit, season: str, meeting: str) -> PageResponse:
    """Open the vote; roll, quorum and majority stand from now on."""
    item = visit.typed.needed("item")
    result = await voting.open_vote(visit.work(), season, meeting, item)
    return await visit.done(result, to=visit.url.meeting(season, meeting, muc=item, xem="hop"))


@act(urls.MEETING + "/dong-bieu-quyet", again=show_whole)
async def conclude_vote(visit: Visit, season: str, meeting: str) -> PageResponse:
    """Close the vote, with members missing only when the chair says so."""
    item = visit.typed.needed("item")
    without = bool(visit.typed.text("without_missing"))
    result = await voting.conclude_vote(visit.work(), season, meeting, item, without_missing=without)
    return await visit.done(result, to=visit.url.meeting(season, meeting, muc=item, xem="hop"))


@act(urls.MEETING + "/bo-phieu-lai", again=show_whole)
async def reopen_vote(visit: Visit, season: str, meeting: str) -> PageResponse:
    """Declare the concluded vote void, with the reason; a new round may follow."""
    item = visit.typed.needed("item")
    result = await voting.reopen_vote(visit.work(), season, meeting, item, visit.typed.needed("reason"))
    return await visit.done(result, to=visit.url.meeting(season, meeting, muc=item, xem="hop"))


@act(urls.MEETING + "/y-kien-van-ban", again=show_whole)
async def receive_opinion(visit: Visit, season: str, meeting: str) -> PageResponse:
    """Record an absent member's opinion on paper."""
    item, member = visit.typed.needed("item"), visit.typed.identifier("member")
    if member is None:
        raise FieldMissing(field="member")
    result = await voting.receive_written_opinion(
        visit.work(),
        season,
        meeting,
        item,
        member,
        read_choice(visit),
        visit.typed.needed("document_no"),
        visit.typed.text("reason") or None,
    )
    return await visit.done(result, to=visit.url.meeting(season, meeting, muc=item, xem="hop"))


@act(urls.MEETING + "/ket-thuc", again=show_whole)
async def close(visit: Visit, season: str, meeting: str) -> PageResponse:
    """End the meeting."""
    result = await voting.close_meeting(visit.work(), season, meeting, visit.typed.day_gone("on"))
    return await visit.done(result, to=visit.url.meeting(season, meeting))


# The minutes ------------------------------------------------------------------------------------------


@act(urls.MEETING + "/lap-bien-ban", again=show_whole)
async def draw_up_minutes(visit: Visit, season: str, meeting: str) -> PageResponse:
    """Have the minutes made as a document, under the number that they are to bear."""
    number = visit.typed.needed("document_no")
    result = await requests.request_export(visit.work(), Document.MINUTES, season, meeting, number)
    return await visit.done(result, to=visit.url.meeting(season, meeting, xem="hop") + "#bien-ban")


@act(urls.MEETING + "/ban-hanh-bien-ban", again=show_whole, request_max_body_size=SIGNED_BODY)
async def issue_minutes(visit: Visit, season: str, meeting: str) -> PageResponse:
    """Issue the minutes by their signed copy: a scan, or a PDF with a digital signature."""
    sitting = await open_sitting(visit, season, meeting)
    permit(visit.actor, Act.CONDUCT_MEETING, sitting.subject)
    made = await own_minutes(visit, sitting)
    if made is None or str(made.row.export) != visit.typed.text("made") or made.row.sha256 is None:
        raise NotFound(kind="export", subject=visit.typed.text("made"))
    work = visit.work()
    digest = await signed_paper(visit, work.files, season)
    result = await voting.issue_minutes(work, season, meeting, digest, made.row.document_no or "")
    return await visit.done(await sealed(visit, result), to=visit.url.meeting(season, meeting, xem="hop") + "#bien-ban")


@page(urls.MEETING + "/bien-ban")
async def hand_out_minutes(visit: Visit, season: str, meeting: str) -> PageResponse:
    """The issued minutes, hashed again on the way, for everybody who may see the meeting."""
    sitting = await open_sitting(visit, season, meeting)
    if sitting.meeting.minutes_sha256 is None:
        raise NotFound(season=season, meeting=meeting)
    file = await visit.app.files(visit.tenant).open(sitting.meeting.minutes_sha256)
    return handed_out(file, PDF, f'attachment; filename="bien-ban-{season}-{meeting}.pdf"')


# The member -------------------------------------------------------------------------------------------


@act(urls.MEETING + "/ghi-phieu", again=show_ballot)
async def cast_ballot(visit: Visit, season: str, meeting: str) -> PageResponse:
    """Record one's own ballot; sent again, it is answered with the same receipt."""
    item = visit.typed.needed("item")
    result = await voting.cast_ballot(
        visit.work(),
        season,
        meeting,
        item,
        read_choice(visit),
        visit.typed.text("reason") or None,
        visit.typed.whole("round"),
    )
    await sealed(visit, result)
    to = visit.url.meeting(season, meeting, muc=item, xem="phieu")
    view = await around(visit, await open_sitting(visit, season, meeting)) if visit.is_partial else {"own": None}
    if view["own"] is None:  # a whole page, or a ballot sent again whose round is void since
        return await visit.done(result, to=to)
    view |= await receipt_of(visit, view)
    return await visit.done(result, to=to, fragment="meeting/_receipt.html", season=season, **view)


@page(urls.MEETING + "/bien-nhan")
async def hand_out_receipt(visit: Visit, season: str, meeting: str) -> PageResponse:
    """The person's own ballot to take home: the proof that it is in the log, or our promise that it will be."""
    sitting = await open_sitting(visit, season, meeting)
    item = viewed(visit, sitting)
    own = own_ballot(sitting, item, visit.actor.person) if item else None
    if own is None:
        raise NotFound(season=season, meeting=meeting)
    kept = await make_proof_download(visit.app.database, visit.app.settings.secret, visit.tenant, own.position)
    return Response(
        kept.content,
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="bien-nhan-{own.code}.{kept.suffix}"',
            "Cache-Control": "private, no-store",
        },
    )


def read_choice(visit: Visit) -> Choice:
    """The choice on the ballot; FieldMissing where none was made."""
    try:
        return Choice(visit.typed.needed("choice"))
    except ValueError:
        raise FieldMissing(field="choice") from None


ROUTES = [
    show,
    record_attendance,
    take_up,
    open_vote,
    conclude_vote,
    reopen_vote,
    receive_opinion,
    close,
    draw_up_minutes,
    issue_minutes,
    hand_out_minutes,
    cast_ballot,
    hand_out_receipt,
]
