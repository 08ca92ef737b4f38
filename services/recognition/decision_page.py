"""The chairman's decision on a commune: what the rules give, what the council advised, what was decided and why."""

from typing import Any, NamedTuple
from uuid import UUID

from domain.appraised import advised, computed_of
from domain.assessment import Stage
from domain.errors import NotFound
from domain.export import Document
from domain.fact import Recorded
from domain.meeting import meeting_stream, number_of
from domain.official import Mandate
from domain.permissions import Act, Actor, may, permit
from domain.recognition import Decision, Result
from projections.fold import fold
from projections.tables.exports import EXPORTS
from projections.tables.officials import OFFICIALS
from projections.tables.register import REGISTER, RegisterRow
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
    decided: RegisterRow | None = fold(REGISTER, case.facts).get(f"{season}/{commune}")
    anew = decided is not None and decided.may_be_decided_again
    basis, vote = basis_of(case.facts), await vote_on(visit, season, commune)
    if anew and basis and vote and is_of(basis, meeting_stream(season, vote.meeting.meeting).id(visit.tenant.id)):
        vote = None
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
        "anew": anew,
        "signer": await signer_of(visit, decided),
        "signers": await signers(visit, case) if decided and visit.may(Act.CORRECT_DECISION, case.subject()) else (),
        "basis": basis,
        "seal": await seal_of(visit, decided.position if decided else None),
        "missing": missing(case, vote, anew=anew),
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
    decided = max((one.position for one in case.facts if is_decision(one)), default=0)
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


def missing(case: Case, vote: Voted | None, *, anew: bool = False) -> str:
    """What the decision still lacks: `appraisal`, a `new-appraisal` in another's place, `vote`, or nothing; `request`
    where the commune asks for none.
    """
    if case.sheet.stage in (Stage.REPORTED, Stage.LISTED):
        return "request"
    if anew and not case.standing.taken_up:
        return "new-appraisal"
    if case.sheet.proposal is None:
        return "appraisal"
    return "vote" if vote is None and case.rulebook.council.required else ""


def is_decision(recorded: Recorded) -> bool:
    return isinstance(recorded.fact, Decision)


def basis_of(facts: list[Recorded]) -> Decision | None:
    """The latest decision's own fact, with the streams that it rests on."""
    return next((one.fact for one in reversed(facts) if isinstance(one.fact, Decision)), None)


def is_of(decided: Decision, stream: UUID) -> bool:
    """Whether the decision relied on the stream."""
    return any(one.stream == stream for one in decided.relied_on)


class PossibleSigner(NamedTuple):
    """A mandate under which somebody could sign the decision, and how it is named in the form."""

    key: str
    name: str
    mandate: Mandate


async def signers(visit: Visit, case: Case) -> list[PossibleSigner]:
    """The chairmen, and deputies who sign for them, that decide on the commune, with mandates of before among them."""
    async with visit.reads() as view:
        officials = await view.all(OFFICIALS)
    return [
        PossibleSigner(f"{row.person}/{mandate.id}", row.name, mandate)
        for row in officials
        for mandate in row.mandates
        if may(Actor(row.person, (mandate,), succeeded=visit.actor.succeeded), Act.SIGN, case.subject())
    ]


async def signer_of(visit: Visit, decided: RegisterRow | None) -> str:
    """The name of who signed, where a correction says who; "" otherwise."""
    if decided is None or decided.signer is None:
        return ""
    async with visit.reads() as view:
        row = await view.one(OFFICIALS, str(decided.signer.official))
    return row.name if row else ""


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
        visit.work(), season, commune, typed.needed("list_no"), typed.day_gone("listed_on")
    )
    return await visit.done(result, to=visit.url.decision(season, commune))


@act(urls.DECISION + "/ky", again=show, request_max_body_size=SIGNED_BODY)
async def sign(visit: Visit, season: str, commune: str) -> PageResponse:
    """Record the signed document: a scan, or a PDF with a digital signature."""
    case = await open_case(visit, season, commune)
    permit(visit.actor, Act.SIGN, case.subject())
    work, on = visit.work(), visit.typed.day_gone("on")
    digest = await signed_paper(visit, work.files, season)
    result = await recognise.sign(work, season, commune, digest, on)
    return await visit.done(result, to=visit.url.decision(season, commune))


@act(urls.DECISION + "/cong-bo", again=show)
async def publish(visit: Visit, season: str, commune: str) -> PageResponse:
    """Publish the signed decision."""
    typed = visit.typed
    result = await recognise.publish(visit.work(), season, commune, typed.needed("place"), typed.day_gone("on"))
    return await visit.done(result, to=visit.url.decision(season, commune))


# What comes after -------------------------------------------------------------------------------------


@act(urls.DECISION + "/dinh-chinh", again=show)
async def correct(visit: Visit, season: str, commune: str) -> PageResponse:
    """Correct a slip in the number, the day or the signer."""
    typed = visit.typed
    result = await recognise.correct(
        visit.work(),
        season,
        commune,
        typed.text("reason"),
        typed.text("document_no"),
        typed.day("corrected_on"),
        typed.text("corrected_no") or None,
        typed.day("decided_on"),
        *read_signer(typed.text("signer")),
    )
    return await visit.done(result, to=visit.url.decision(season, commune))


@act(urls.DECISION + "/chap-nhan-khieu-nai", again=show)
async def uphold_appeal(visit: Visit, season: str, commune: str) -> PageResponse:
    """Find the appeal of a commune that was not recognised right."""
    typed = visit.typed
    result = await recognise.uphold_appeal(
        visit.work(), season, commune, typed.text("reason"), typed.text("document_no"), typed.day("upheld_on")
    )
    return await visit.done(result, to=visit.url.decision(season, commune))


@act(urls.DECISION + "/diem-cong-bo", again=show)
async def note_published_total(visit: Visit, season: str, commune: str) -> PageResponse:
    """Note the total as others published it, rounded."""
    typed = visit.typed
    total = typed.decimal("total")
    if total is None:
        raise FieldMissing(field="total")
    result = await recognise.note_published_total(
        visit.work(),
        season,
        commune,
        total,
        typed.needed("published_by"),
        typed.text("document_no"),
        typed.needed_day("published_total_on"),
    )
    return await visit.done(result, to=visit.url.decision(season, commune))


def read_signer(typed: str) -> tuple[UUID | None, UUID | None]:
    """The person and the mandate chosen, if any. NotFound for what no form offers."""
    if not typed:
        return None, None
    person, _, mandate = typed.partition("/")
    try:
        return UUID(person), UUID(mandate)
    except ValueError:
        raise NotFound(kind="mandate", subject=typed) from None


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


ROUTES = [
    show,
    decide,
    list_commune,
    sign,
    publish,
    correct,
    uphold_appeal,
    note_published_total,
    draw_up,
    ask_for_dossier,
    ask_for_evidence,
]
