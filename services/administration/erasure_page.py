"""Erasing personal data: an administrator finds a comment and has it destroyed, by an order and for a reason."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from domain.errors import NotFound, SeasonNotOpen
from domain.permissions import Act, permit
from domain.personal import EncryptedValue
from domain.vietnamese import sort_key
from projections.tables.seasons import SEASONS
from projections.tables.units import UNITS
from services.assessment.dossier_view import Case, read_case
from services.assessment.personal_view import CommentText, comments_said
from services.council.meeting_view import receipt_code
from services.privacy import personal_data
from services.web import urls
from services.web.handlers import act, page
from services.web.visit import PageResponse, Visit


class ErasableComment(NamedTuple):
    """A comment: its code, its day, what it says, and whether it can still be erased."""

    id: UUID
    code: str
    on: date
    said: CommentText
    erasable: bool


@page(urls.PERSONAL)
async def show(visit: Visit) -> PageResponse:
    """The comments on one dossier, `?nam=` and `?xa=`; `?ma=` only the one of this code."""
    permit(visit.actor, Act.SHRED_SUBJECT)
    season, commune = (visit.query(name) or visit.typed.text(name) for name in ("nam", "xa"))
    code = (visit.query("ma") or visit.typed.text("ma")).upper()
    async with visit.reads() as view:
        seasons = sorted(await view.all(SEASONS), key=lambda row: row.order, reverse=True)
        units = {unit.code: unit for unit in await view.all(UNITS)}
    taking_part = {one for row in seasons for one in row.participants}
    return await visit.page(
        "personal/index.html",
        seasons=seasons,
        communes=sorted((units[one] for one in taking_part if one in units), key=lambda one: sort_key(one.bare_name)),
        asked={"nam": season, "xa": commune, "ma": code},
        today=visit.today,
        **await found(visit, season, commune, code),
    )


async def found(visit: Visit, season: str, commune: str, code: str) -> dict[str, Any]:
    """The dossier that was asked for, and its comments; nothing where there is no such dossier."""
    try:
        case = await read_case(visit, season, commune) if season and commune else None
    except (NotFound, SeasonNotOpen):
        case = None
    return {"case": case, "lines": await lines_of(visit, case, code) if case else []}


async def lines_of(visit: Visit, case: Case, code: str) -> list[ErasableComment]:
    """The comments, newest first."""
    said = await comments_said(visit, case)
    lines = [
        ErasableComment(
            number,
            receipt_code(number),
            row.on,
            said[number],
            isinstance(row.text, EncryptedValue) and not said[number].erased,
        )
        for number, row in case.sheet.comments.items()
    ]
    return [line for line in lines if code in ("", line.code)][::-1]


@act(urls.PERSONAL + "/huy", again=show)
async def shred(visit: Visit) -> PageResponse:
    """Erase what the person who made this comment said."""
    typed = visit.typed
    season, commune, comment = typed.needed("nam"), typed.needed("xa"), typed.identifier("comment")
    if comment is None:
        raise NotFound(comment=typed.text("comment"))
    result = await personal_data.shred_subject(
        visit.work(), season, commune, comment, typed.needed("order_no"), typed.needed("reason"), typed.day("on")
    )
    return await visit.done(result, to=visit.url.personal(nam=season, xa=commune) + f"#y-kien-{comment}")


ROUTES = [show, shred]
