"""The files of a dossier: taken in, used again, taken off, handed out."""

from urllib.parse import quote
from uuid import UUID

from domain.errors import UnknownEvidence
from infra.storage.files import LIMIT
from services.assessment import assess
from services.assessment.dossier_page import evidence_again, show
from services.assessment.dossier_view import open_case
from services.web import urls
from services.web.file_bodies import chosen_in, handed_out, pieces_of
from services.web.handlers import act, page
from services.web.note_access import note_opened
from services.web.visit import PageResponse, Visit

#: The file itself and the fields around it.
BODY_LIMIT = LIMIT + 500_000

#: What a browser may draw by itself, in a sandbox; everything else is handed over to be saved.
DRAWN = {"image/jpeg", "image/png"}


@act(urls.DOSSIER + "/minh-chung", again=show, request_max_body_size=BODY_LIMIT)
async def attach(visit: Visit, season: str, commune: str) -> PageResponse:
    """Take a file in and attach it to an indicator."""
    code = visit.typed.needed("chi-tieu")
    file = visit.typed.needed_file("tep")
    with chosen_in("tep"):
        upload = assess.Upload(file.filename, pieces_of(file))
        result = await assess.attach_evidence(visit.work(), season, commune, code, upload)
    return await evidence_again(visit, season, commune, result)


@act(urls.DOSSIER + "/minh-chung/dung-lai", again=show)
async def reuse(visit: Visit, season: str, commune: str) -> PageResponse:
    """Let a file of the dossier support another indicator as well."""
    code = visit.typed.needed("chi-tieu")
    source, _, evidence = visit.typed.needed("evidence").partition(" ")
    result = await assess.reuse_evidence(visit.work(), season, commune, code, _known(evidence), source)
    return await evidence_again(visit, season, commune, result)


@act(urls.DOSSIER + "/minh-chung/go", again=show)
async def withdraw(visit: Visit, season: str, commune: str) -> PageResponse:
    """Take a file off an indicator, with the reason."""
    code = visit.typed.needed("chi-tieu")
    result = await assess.withdraw_evidence(
        visit.work(), season, commune, code, _known(visit.typed.text("evidence")), visit.typed.text("reason")
    )
    return await evidence_again(visit, season, commune, result)


@page(urls.DOSSIER + "/minh-chung/{evidence:str}")
async def hand_out(visit: Visit, season: str, commune: str, evidence: str) -> PageResponse:
    """The file's bytes, hashed again on the way, and a note of who opened it. Nothing in it can run on our pages."""
    case = await open_case(visit, season, commune)
    wanted = _known(evidence)
    found = ((code, file) for code, entry in case.sheet.entries.items() for file in entry.evidence)
    code, held = next((one for one in found if one[1].id == wanted), ("", None))
    if held is None:  # a file that was taken off is no part of the dossier any more, but was one before
        raise UnknownEvidence(evidence=wanted)
    file = await visit.app.files(visit.tenant).open(held.sha256)
    await note_opened(visit, season, commune, code, str(wanted))
    shown = "inline" if held.media_type in DRAWN else "attachment"
    return handed_out(
        file,
        held.media_type,
        f"{shown}; filename*=UTF-8''{quote(held.name, safe='')}",
        {"Content-Security-Policy": "default-src 'none'; sandbox"},
    )


def _known(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise UnknownEvidence(evidence=text) from None


ROUTES = [attach, reuse, withdraw, hand_out]
