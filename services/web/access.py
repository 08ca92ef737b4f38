"""What a visit leaves in the access log: the file that it opened, the act that it was refused."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from domain.errors import NotFound, Refused
from infra.access_log import Access
from services.accesses import OPENED, TAKEN
from services.web.refusals import STATUS

if TYPE_CHECKING:
    from services.web.request import Visit

#: No path that anybody is led to is so long.
LONGEST = 300


async def note_opened(visit: Visit, season: str, commune: str, indicator: str, evidence: str) -> None:
    """The person takes a file to look at; who asks for its head alone has not seen it."""
    if visit.request.scope.get("method") == "HEAD":
        return
    access = _access(visit, OPENED, season, commune, evidence, "")
    await visit.house.accesses.note(visit.tenant, access, f"c:{indicator}")


async def note_taken(visit: Visit, season: str, commune: str, indicators: Iterable[str], name: str) -> None:
    """The person takes all files of a dossier with them: found by each indicator that rests on one of them."""
    if visit.request.scope.get("method") == "HEAD":
        return
    access = _access(visit, TAKEN, season, commune, name, "")
    await visit.house.accesses.note(visit.tenant, access, *(f"c:{indicator}" for indicator in indicators))


async def note_refused(visit: Visit, refused: Refused) -> None:
    """Somebody signed in may not do what they tried, or asked for what is somebody else's; else nothing is noted."""
    if visit.province is None or visit.signed_in is None or not _is_denied(refused):
        return
    where = visit.request.path_params
    season, commune, meeting = (str(where.get(name, ""))[:LONGEST] for name in ("season", "commune", "meeting"))
    path = visit.path.removeprefix(visit.url.home())[:LONGEST]
    act = str(refused.details.get("act", "")) or refused.code
    access = _access(visit, act, season, commune, path, refused.code)
    await visit.house.accesses.note(visit.province, access, *([f"h:{season}/{meeting}"] if meeting else []))


def _is_denied(refused: Refused) -> bool:
    if isinstance(refused, NotFound):  # another's export is said not to exist
        return refused.details.get("kind") == "export"
    return STATUS.get(refused.code) is HTTPStatus.FORBIDDEN


def _access(visit: Visit, act: str, season: str, commune: str, what: str, refused: str) -> Access:
    person = visit.person.person if visit.person else ""
    held = visit.person.mandates[0] if visit.person and visit.person.mandates else None
    office, unit = (held.position.value, held.unit) if held else ("", "")
    return Access(person, office, unit, act, season, commune, what, refused)
