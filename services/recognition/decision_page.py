"""The chairman's decision on a commune: what the rules give, what the council advised, what was decided and why."""

from typing import Any, NamedTuple

from domain.appraised import advised, computed_of
from domain.assessment import Stage
from domain.export import Document
from domain.fact import Recorded
from domain.meeting import number_of
from domain.permissions import Act, permit
from domain.recognition import Recognition, Result
from projections.fold import fold
from projections.tables.exports import EXPORTS
from projections.tables.register import REGISTER
from projections.tables.reviews import REVIEWS
from projections.tables.tallies import TALLIES, MeetingRow, Tally
from services.assessment.dossier_view import Case, gates, open_case, sheet_view
from services.assessment.evidence_list import DecisionPlace, evidence_of
from services.documents.signed_upload import SIGNED_BODY, signed_paper
from services.exports import requests
from services.exports.own_exports import own_last
from services.recognition import listing, recognise
from services.seals.seal_view import seal_of, sealed
from services.seals.verified_view import last_verified
from services.web import urls
from services.web.form_fields import FieldMissing
from services.web.handlers import act, page
from services.web.visit import PageResponse, Visit


class Voted(NamedTuple):
    """The council's vote on a commune: the meeting and the round that stands."""

    meeting: MeetingRow
    tally: Tally


#: What the page fetches of itself while a document is being made, by `?phan=`.
PARTS = {"ban-pdf": "decision/_paper.html", "doi-chung": "decision/_dossier.html"}


@page(urls.DECISION)
async def show(visit: Visit, season: str, commune: str) -> PageResponse:
    """The decision, or what it waits for."""
    case = await open_case(visit, season, commune)
    part = PARTS.get(visit.query("phan"))
    if part and visit.is_partial:
        made = await own_documents(visit, case)
        return await visit.page(part, fragment=part, season=season, commune=commune, **made)
    return await visit.page("decision/index.html", season=season, commune=commune, **await view_of(visit, case))


async def view_of(visit: Visit, case: Case) -> dict[str, Any]:
    """What the page shows."""
    season, commune = case.sheet.season, case.sheet.commune
    sheet = sheet_view(case)
    await visit.own_write(TALLIES, EXPORTS)
    vote = await vote_on(visit, season, commune)
    decided = fold(REGISTER, case.facts).get(f"{season}/{commune}")
    computed = computed_of(sheet.judged.verdict)
    return {
        "case": case,
        "sheet": sheet,
        "gates": gates(case),
        "computed": computed,
        "vote": vote,
        "voted": advised(vote.tally.outcome) if vote else None,
        "decided": decided,
        "reviews": sorted(fold(REVIEWS, case.facts).values(), key=lambda one: one.number),
        "basis": basis_of(case.facts),
        "seal": await seal_of(visit, next((one.position for one in case.facts if is_decision(one)), None)),
        "missing": missing(case, vote),
        **(await own_documents(visit, case) if decided else {}),
        "subject": case.subject(),
        "position": case.position,
        "verified": await last_verified(visit),
    }


async def vote_on(visit: Visit, season: str, commune: str) -> Voted | None:
    """The latest vote on the commune that stands, as of the visit's moment."""
    async with visit.reads() as view:
        meetings: list[MeetingRow] = await view.all(TALLIES, season)
    held = [one for one in meetings if commune in one.votes and not one.votes[commune].is_open]
    latest = max(held, key=lambda one: number_of(one.meeting), default=None)
    return Voted(latest, latest.votes[commune]) if latest else None


async def own_documents(visit: Visit, case: Case) -> dict[str, Any]:
    """What the person asked for last: the decision as `paper`, the dossier, the evidence; None for what they may not.

    With it how far the log is sealed if the dossier waits for that, and `wanted`, the files of the decision.
    """
    subject, season, commune = case.subject(), case.sheet.season, case.sheet.commune
    await visit.own_write(TALLIES, EXPORTS)
    last = await own_last(visit, season, commune, Document.DECISION, Document.DOSSIER, Document.EVIDENCE)
    found: dict[str, Any] = {"paper": last.get(Document.DECISION), "dossier": None, "evidence": None}
    if not visit.may(Act.EXPORT_DOSSIER, subject):
        return found
    line = last.get(Document.DOSSIER)
    waits = line is not None and line.is_unsealed
    decided = next((one.position for one in case.facts if is_decision(one)), 0)
    return {
        **found,
        "dossier": line,
        "dossier_seal": await seal_of(visit, line.row.at_position) if line and waits else None,
        "evidence": last.get(Document.EVIDENCE),
        "wanted": evidence_of(
            DecisionPlace(visit.tenant.log, season, commune, decided),
            (one for one in case.facts if one.position <= decided),
        ),
    }


def missing(case: Case, vote: Voted | None) -> str:
    """What the decision still lacks: `appraisal`, `vote`, or nothing; `request` where the commune asks for none."""
    if case.sheet.stage in (Stage.REPORTED, Stage.LISTED):
        return "request"
    if case.sheet.proposal is None:
        return "appraisal"
    return "vote" if vote is None and case.rulebook.council.required else ""


def is_decision(recorded: Recorded) -> bool:
    return isinstance(recorded.fact, Recognition.Decided)


def basis_of(facts: list[Recorded]) -> Recognition.Decided | None:
    """The decision's own fact, with the streams that it rests on."""
    return next((one.fact for one in facts if isinstance(one.fact, Recognition.Decided)), None)


# The chairman -----------------------------------------------------------------------------------------


@act(urls.DECISION + "/quyet-dinh", again=show)
async def decide(visit: Visit, season: str, commune: str) -> PageResponse:
    """Decide; a result other than the vote's or the rules' needs the written reason."""
    typed = visit.typed
    result = await recognise.decide(
        visit.work(),
        season,
        commune,
        read_result(visit),
        typed.needed("decision_no"),
        typed.day("on"),
        typed.text("reason") or None,
        basis=typed.text("basis") or None,
    )
    return await visit.done(await sealed(visit, result), to=visit.url.decision(season, commune))


@act(urls.DECISION + "/danh-sach", again=show)
async def list_commune(visit: Visit, season: str, commune: str) -> PageResponse:
    """Put a commune that reported that it does not meet the conditions on the list of those that do not."""
    typed = visit.typed
    result = await listing.list_not_meeting(
        visit.work(), season, commune, typed.needed("list_no"), typed.day("listed_on")
    )
    return await visit.done(result, to=visit.url.decision(season, commune))


@act(urls.DECISION + "/ky", again=show, request_max_body_size=SIGNED_BODY)
async def sign(visit: Visit, season: str, commune: str) -> PageResponse:
    """Record the signed document: a scan, or a PDF with a digital signature."""
    case = await open_case(visit, season, commune)
    permit(visit.actor, Act.SIGN, case.subject())
    work = visit.work()
    digest = await signed_paper(visit, work.files, season)
    result = await recognise.sign(work, season, commune, digest, visit.typed.day("on"))
    return await visit.done(result, to=visit.url.decision(season, commune))


@act(urls.DECISION + "/cong-bo", again=show)
async def publish(visit: Visit, season: str, commune: str) -> PageResponse:
    """Publish the signed decision."""
    typed = visit.typed
    result = await recognise.publish(visit.work(), season, commune, typed.needed("place"), typed.day("on"))
    return await visit.done(result, to=visit.url.decision(season, commune))


# Taking it away ---------------------------------------------------------------------------------------


@act(urls.DECISION + "/lap-quyet-dinh", again=show)
async def draw_up(visit: Visit, season: str, commune: str) -> PageResponse:
    """Have the decision made as a PDF, to be signed."""
    result = await requests.request_export(visit.work(), Document.DECISION, season, commune)
    return await visit.done(result, to=visit.url.decision(season, commune) + "#ban-pdf")


@act(urls.DECISION + "/ho-so-doi-chung", again=show)
async def ask_for_dossier(visit: Visit, season: str, commune: str) -> PageResponse:
    """Have the dossier made that proves the decision without us."""
    result = await requests.request_export(visit.work(), Document.DOSSIER, season, commune)
    return await visit.done(result, to=visit.url.decision(season, commune) + "#ho-so-doi-chung")


@act(urls.DECISION + "/minh-chung", again=show)
async def ask_for_evidence(visit: Visit, season: str, commune: str) -> PageResponse:
    """Have the files put together that the dossier names."""
    result = await requests.request_export(visit.work(), Document.EVIDENCE, season, commune)
    return await visit.done(result, to=visit.url.decision(season, commune) + "#minh-chung")


def read_result(visit: Visit) -> Result:
    """The result chosen; FieldMissing where none was."""
    try:
        return Result(visit.typed.needed("result"))
    except ValueError:
        raise FieldMissing(field="result") from None


ROUTES = [show, decide, list_commune, sign, publish, draw_up, ask_for_dossier, ask_for_evidence]
