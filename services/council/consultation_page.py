"""What belongs to a consultation in writing: it is opened, papers are entered for members, it is closed.

Members answer with the ballot of a meeting (`meeting_page`), which shows the consultation too.
"""

from domain.errors import NotFound
from services.council import consulting
from services.council.meeting_page import read_choice, show_whole
from services.council.meeting_view import open_sitting
from services.documents.signed_upload import SIGNED_BODY, signed_paper
from services.documents.typesetting import PDF
from services.web import urls
from services.web.file_bodies import handed_out
from services.web.form_fields import FieldMissing
from services.web.handlers import act, page
from services.web.visit import PageResponse, Visit


@act(urls.MEETING + "/y-kien-giay", again=show_whole, request_max_body_size=SIGNED_BODY)
async def receive_answer(visit: Visit, season: str, meeting: str) -> PageResponse:
    """Enter the answer that a member gave on paper, with the file of the paper."""
    item, member = visit.typed.needed("item"), visit.typed.identifier("member")
    if member is None:
        raise FieldMissing(field="member")
    choice, document_no = read_choice(visit), visit.typed.needed("document_no")
    work = visit.work()
    sha256 = await signed_paper(visit, work.files, season)
    result = await consulting.receive_paper_answer(
        work, season, meeting, item, member, choice, document_no, sha256, visit.typed.text("reason") or None
    )
    return await visit.done(result, to=visit.url.meeting(season, meeting, muc=item, xem="hop"))


@act(urls.MEETING + "/ket-thuc-lay-y-kien", again=show_whole)
async def close(visit: Visit, season: str, meeting: str) -> PageResponse:
    """Close the consultation: every dossier gets its outcome."""
    result = await consulting.close_consultation(visit.work(), season, meeting)
    return await visit.done(result, to=visit.url.meeting(season, meeting, xem="hop"))


@page(urls.MEETING + "/van-ban/{position:str}")
async def hand_out_opinion(visit: Visit, season: str, meeting: str, position: str) -> PageResponse:
    """The paper with an opinion, for everybody who may see the meeting; of a ballot once its vote is closed."""
    sitting = await open_sitting(visit, season, meeting)
    papers = {str(one.position): one.sha256 for one in sitting.meeting.opinions}
    for tally in sitting.meeting.rounds:
        papers |= {str(one.position): one.sha256 for one in tally.ballots.values() if one.sha256 and not tally.is_open}
    if position not in papers:
        raise NotFound(kind="opinion", subject=position)
    file = await visit.app.files(visit.tenant).open(papers[position])
    return handed_out(file, PDF, f'attachment; filename="y-kien-{season}-{meeting}-{position}.pdf"')


ROUTES = [receive_answer, close, hand_out_opinion]
