"""What goes before a meeting, on its page: papers and who has them, who conducts it, what absent members wrote."""

from services.council import preparing
from services.council.meeting_page import read_choice, show_whole
from services.documents.signed_upload import SIGNED_BODY, signed_paper
from services.web import urls
from services.web.form_fields import FieldMissing
from services.web.handlers import act
from services.web.visit import PageResponse, Visit


@act(urls.MEETING + "/gui-tai-lieu", again=show_whole)
async def send_papers(visit: Visit, season: str, meeting: str) -> PageResponse:
    """Record when the papers were sent."""
    on = visit.typed.day("sent")
    if on is None:
        raise FieldMissing(field="sent")
    result = await preparing.send_papers(visit.work(), season, meeting, on)
    return await visit.done(result, to=visit.url.meeting(season, meeting, xem="hop") + "#tai-lieu")


@act(urls.MEETING + "/nhan-tai-lieu", again=show_whole)
async def acknowledge_papers(visit: Visit, season: str, meeting: str) -> PageResponse:
    """Confirm having the papers."""
    result = await preparing.acknowledge_papers(visit.work(), season, meeting)
    return await visit.done(result, to=visit.url.meeting(season, meeting))


@act(urls.MEETING + "/ghi-nhan-tai-lieu", again=show_whole)
async def note_papers_received(visit: Visit, season: str, meeting: str) -> PageResponse:
    """Note since when a member has the papers."""
    member, on = visit.typed.identifier("receiver"), visit.typed.day_gone("received")
    if member is None or on is None:
        raise FieldMissing(field="receiver" if member is None else "received")
    result = await preparing.note_papers_received(visit.work(), season, meeting, member, on)
    return await visit.done(result, to=visit.url.meeting(season, meeting, xem="hop") + "#tai-lieu")


@act(urls.MEETING + "/uy-quyen", again=show_whole)
async def authorise(visit: Visit, season: str, meeting: str) -> PageResponse:
    """Let a vice-chair conduct the meeting."""
    member = visit.typed.identifier("vice_chair")
    if member is None:
        raise FieldMissing(field="vice_chair")
    result = await preparing.authorise_vice_chair(
        visit.work(),
        season,
        meeting,
        member,
        visit.typed.text("document_no") or None,
        visit.typed.text("note") or None,
    )
    return await visit.done(result, to=visit.url.meeting(season, meeting, xem="hop"))


@act(urls.MEETING + "/y-kien-vang", again=show_whole, request_max_body_size=SIGNED_BODY)
async def receive_opinion(visit: Visit, season: str, meeting: str) -> PageResponse:
    """Record what an absent member wrote, where that is no ballot."""
    item, member = visit.typed.needed("item"), visit.typed.identifier("member")
    if member is None:
        raise FieldMissing(field="member")
    choice, document_no = read_choice(visit), visit.typed.needed("document_no")
    work = visit.work()
    sha256 = await signed_paper(visit, work.files, season)
    result = await preparing.receive_absent_opinion(
        work, season, meeting, item, member, choice, document_no, sha256, visit.typed.text("reason") or None
    )
    return await visit.done(result, to=visit.url.meeting(season, meeting, muc=item, xem="hop"))


ROUTES = [send_papers, acknowledge_papers, note_papers_received, authorise, receive_opinion]
