"""The review of a recognition: those of a season with the opening of another, and one from its ground to its end."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from domain.errors import NotANumber, NotFound
from domain.export import Document, ExportState
from domain.permissions import Act, Subject, may, permit, positions_for
from domain.review import REVIEWED_DECISIONS, Degree, Ground, Ruling, commune_and_number
from domain.vietnamese import sort_key
from infra.log.group_commit import CommandResult
from projections.analysis.flags import Sign
from projections.fold import fold
from projections.tables.councils import COUNCILS
from projections.tables.exports import EXPORTS, ExportRow
from projections.tables.officials import OfficialRow
from projections.tables.register import REGISTER, RegisterRow
from projections.tables.reviews import REVIEWS, ReviewRow
from projections.tables.seasons import SEASONS
from projections.tables.units import UNITS, UnitRow
from services.assessment.dossier_view import Case, read_case
from services.inspection.dossier_facts import dossier_in_words, facts_about
from services.inspection.review import conduct_review
from services.seals.seal_view import seal_of, sealed
from services.sentences import Holder, holder_in_words, says_position
from services.web import urls
from services.web.form_fields import FieldMissing
from services.web.handlers import act, page
from services.web.request_target import DIGITS
from services.web.visit import PageResponse, Visit

Choice = TypeVar("Choice", Ground, Degree, Ruling)


class ListedReview(NamedTuple):
    """A review as the list shows it."""

    review: ReviewRow
    unit: UnitRow


class OfficialChoice(NamedTuple):
    """Somebody who may be concerned, as holder of one mandate; `value` names both in a form."""

    value: str
    said: str
    acted: bool


# The season -------------------------------------------------------------------------------------------


@page(urls.REVIEWS)
async def listed(visit: Visit, season: str) -> PageResponse:
    """The reviews that the person may see; an inspector opens another.

    What led here fills the form: `?xa=` the commune, `?can-cu=` the ground, `?dan-chieu=` positions of the log,
    `?dau-hieu=` the sign of a flag.
    """
    await visit.own_write(REVIEWS, REGISTER)
    async with visit.reads() as view:
        row = await view.one(SEASONS, season)
        if row is None:
            raise NotFound(season=season)
        reviews: list[ReviewRow] = await view.all(REVIEWS, season)
        decisions: list[RegisterRow] = await view.all(REGISTER, season)
        members = {one.unit: one.people for one in await view.all(COUNCILS, season)}
        units = {unit.code: unit for unit in await view.all(UNITS)}
        position = view.position

    def subject(commune: str, asked: frozenset[str] = frozenset()) -> Subject:
        decided_by = row.participants[commune]
        return Subject(commune, decided_by, members=members.get(decided_by, frozenset()), asked=asked)

    seen = [one for one in reviews if may(visit.actor, Act.VIEW_REVIEW, subject(one.commune, one.asked))]
    standing = [units[one.commune] for one in decisions if one.stands]
    return await visit.page(
        "review/list.html",
        season=season,
        lines=[ListedReview(one, units[one.commune]) for one in sorted(seen, key=lambda one: one.opened, reverse=True)],
        candidates=sorted(standing, key=lambda unit: sort_key(unit.bare_name)),
        asked={name: visit.query(name) for name in ("xa", "can-cu", "dan-chieu")},
        sign=next((one for one in Sign if one == visit.query("dau-hieu")), None),
        grounds=Ground,
        position=position,
    )


@act(urls.REVIEWS + "/mo", again=listed)
async def open_review(visit: Visit, season: str) -> PageResponse:
    """Open a review."""
    typed = visit.typed
    commune, statement, document_no = typed.needed("commune"), typed.needed("statement"), typed.needed("document_no")
    document_on = typed.day("document_on")
    if document_on is None:
        raise FieldMissing(field="document_on")
    work = visit.work()
    result = await conduct_review.open_review(
        work,
        season,
        commune,
        chosen(visit, "ground", Ground),
        statement,
        document_no,
        document_on,
        positions(visit, "references"),
        typed.day_gone("on"),
    )
    begun = (await work.recorded(result))[0].stream.subject
    return await visit.done(await sealed(visit, result), to=visit.url.review(season, *commune_and_number(begun)))


# One review -------------------------------------------------------------------------------------------


@page(urls.REVIEW)
async def show(visit: Visit, season: str, commune: str, number: str) -> PageResponse:
    """The review with all that is recorded in it, and what the person may do next."""
    case = await read_case(visit, season, commune)
    review = review_of(case, number)
    seen = Subject(commune, case.sheet.decided_by, members=case.members, asked=review.asked)
    permit(visit.actor, Act.VIEW_REVIEW, seen)
    return await visit.page("review/index.html", season=season, **await view_of(visit, case, review, seen))


async def view_of(visit: Visit, case: Case, review: ReviewRow, subject: Subject) -> dict[str, Any]:
    """What the page shows. Notes of the inspection are for inspectors."""
    facts = await facts_about(visit, case)
    account = await dossier_in_words(visit, case, facts)
    latest: RegisterRow | None = fold(REGISTER, case.facts).get(f"{review.season}/{review.commune}")
    decided = latest.of_number(review.decision) if latest else None
    recognised_by = next((one.actor for one in facts if decided and one.position == decided.position), None)
    acted = {one.mandate for one in facts}
    return {
        "case": case,
        "review": review,
        "decided": decided,
        "subject": subject,
        "told": account.by_position,
        "names": {
            row.person: row.name
            for row in account.officials
            if not any(says_position(row.name, mandate.position, visit.words) for mandate in row.mandates)
        },
        "units": account.units,
        "officials": concerned(visit, account.officials, account.units, {review.commune, case.sheet.decided_by}, acted),
        "notes": review.notes if may(visit.actor, Act.CONDUCT_REVIEW, subject) else (),
        "mine": [
            (inquiry, one) for inquiry, one in review.inquiries.items() if str(one.official) == visit.actor.person
        ],
        "same_person": review.concluded_by is not None and review.concluded_by == recognised_by,
        "others": sorted(
            (one for one in fold(REVIEWS, case.facts).values() if one.number != review.number),
            key=lambda one: one.number,
        ),
        "documents": await documents(visit, review),
        "seal": await seal_of(visit, review.last),
        "degrees": Degree,
        "rulings": Ruling,
        "position": case.position,
    }


def review_of(case: Case, number: str) -> ReviewRow:
    """The commune's review of this number. NotFound."""
    review = fold(REVIEWS, case.facts).get(f"{case.sheet.season}/{case.sheet.commune}-{number}")
    if review is None:
        raise NotFound(kind="review", subject=number)
    return review


def concerned(
    visit: Visit, officials: Iterable[OfficialRow], units: Mapping[str, str], around: set[str], acted: set[str]
) -> list[OfficialChoice]:
    """Who acted in the dossier, and who holds or held an office in the commune or the unit that decides."""
    conducting = positions_for(Act.CONDUCT_REVIEW)
    found = [
        OfficialChoice(
            f"{row.person}/{mandate.id}",
            holder_in_words(Holder(row.name, mandate), visit.words, units.get(mandate.unit, mandate.unit)),
            str(mandate.id) in acted,
        )
        for row in officials
        for mandate in row.mandates
        if mandate.position not in conducting and (str(mandate.id) in acted or mandate.unit in around)
    ]
    return sorted(found, key=lambda one: (not one.acted, sort_key(one.said)))


async def documents(visit: Visit, review: ReviewRow) -> list[ExportRow]:
    """The conclusions that the person asked for and that are ready."""
    async with visit.reads() as view:
        rows: list[ExportRow] = await view.all(EXPORTS, review.season)
    about = f"{review.commune}-{review.number}"
    return [
        row
        for row in rows
        if (row.document, row.review, row.state) == (Document.REVIEW, about, ExportState.READY)
        and row.requested_by == visit.actor.person
    ]


# What is done in it -----------------------------------------------------------------------------------


@act(urls.REVIEW + "/hoi", again=show)
async def ask(visit: Visit, season: str, commune: str, number: str) -> PageResponse:
    """Ask an official to explain."""
    official, mandate = who(visit)
    question, due = visit.typed.needed("question"), visit.typed.day("due")
    if due is None:
        raise FieldMissing(field="due")
    result = await conduct_review.ask_official(
        visit.work(), season, commune, count(number), official, mandate, question, due
    )
    return await _recorded(visit, result, season, commune, number)


@act(urls.REVIEW + "/giai-trinh", again=show)
async def explain(visit: Visit, season: str, commune: str, number: str) -> PageResponse:
    """Explain, as the official who was asked."""
    inquiry = visit.typed.identifier("inquiry")
    if inquiry is None:
        raise FieldMissing(field="inquiry")
    result = await conduct_review.explain(
        visit.work(), season, commune, count(number), inquiry, visit.typed.needed("explanation")
    )
    return await _recorded(visit, result, season, commune, number)


@act(urls.REVIEW + "/xac-minh", again=show)
async def find(visit: Visit, season: str, commune: str, number: str) -> PageResponse:
    """Record a finding."""
    result = await conduct_review.record_finding(
        visit.work(), season, commune, count(number), visit.typed.needed("finding"), positions(visit, "references")
    )
    return await _recorded(visit, result, season, commune, number)


@act(urls.REVIEW + "/trach-nhiem", again=show)
async def determine(visit: Visit, season: str, commune: str, number: str) -> PageResponse:
    """Determine how an official answers for an act."""
    official, mandate = who(visit)
    result = await conduct_review.determine_responsibility(
        visit.work(),
        season,
        commune,
        count(number),
        official,
        mandate,
        one_position(visit, "act"),
        chosen(visit, "degree", Degree),
        visit.typed.needed("basis"),
    )
    return await _recorded(visit, result, season, commune, number)


@act(urls.REVIEW + "/ghi-chu", again=show)
async def note(visit: Visit, season: str, commune: str, number: str) -> PageResponse:
    """Mark a fact, with a note or without."""
    result = await conduct_review.add_note(
        visit.work(),
        season,
        commune,
        count(number),
        one_position(visit, "marked"),
        visit.typed.text("note") or None,
    )
    return await _recorded(visit, result, season, commune, number)


@act(urls.REVIEW + "/kien-nghi", again=show)
async def propose(visit: Visit, season: str, commune: str, number: str) -> PageResponse:
    """End the inspection with a proposal."""
    result = await conduct_review.propose(
        visit.work(),
        season,
        commune,
        count(number),
        chosen(visit, "ruling", Ruling),
        visit.typed.needed("reason"),
        visit.typed.day_gone("on"),
    )
    return await _recorded(visit, result, season, commune, number)


@act(urls.REVIEW + "/ket-luan", again=show)
async def conclude(visit: Visit, season: str, commune: str, number: str) -> PageResponse:
    """Confirm the recognition or revoke it."""
    typed = visit.typed
    result = await conduct_review.conclude(
        visit.work(),
        season,
        commune,
        count(number),
        chosen(visit, "ruling", Ruling),
        typed.needed("decision_no"),
        typed.day_gone("on"),
        typed.text("reason") or None,
    )
    return await _recorded(visit, result, season, commune, number)


async def _recorded(visit: Visit, result: CommandResult, season: str, commune: str, number: str) -> PageResponse:
    return await visit.done(await sealed(visit, result), to=visit.url.review(season, commune, number))


# What is typed ----------------------------------------------------------------------------------------


def count(number: str) -> int:
    """The number of a review in an address. NotFound."""
    if not (
        number.isascii()
        and number.isdecimal()
        and len(number) < DIGITS
        and 1 <= int(number) <= len(Ground) * REVIEWED_DECISIONS
    ):
        raise NotFound(kind="review", subject=number)
    return int(number)


def chosen(visit: Visit, name: str, choices: type[Choice]) -> Choice:
    """What was chosen of a list; FieldMissing where nothing was."""
    try:
        return choices(visit.typed.needed(name))
    except ValueError:
        raise FieldMissing(field=name) from None


def who(visit: Visit) -> tuple[UUID, UUID]:
    """The official and the mandate chosen; FieldMissing where none was."""
    try:
        official, mandate = visit.typed.needed("official").split("/")
        return UUID(official), UUID(mandate)
    except ValueError:
        raise FieldMissing(field="official") from None


def positions(visit: Visit, name: str) -> list[int]:
    """Positions of the log as people copy them from the trail: `#812, #1.044`. NotANumber."""
    typed = visit.typed.text(name)
    found = re.split(r"[\s,;#]+", typed.replace(visit.words.thousands, ""))
    if not all(one.isascii() and one.isdecimal() and len(one) < DIGITS for one in found if one):
        raise NotANumber(field=name, typed=typed)
    return [int(one) for one in found if one]


def one_position(visit: Visit, name: str) -> int:
    """Exactly one position. FieldMissing, NotANumber."""
    visit.typed.needed(name)
    found = positions(visit, name)
    if len(found) != 1:
        raise NotANumber(field=name, typed=visit.typed.text(name))
    return found[0]


ROUTES = [listed, open_review, show, ask, explain, find, determine, note, propose, conclude]
