"""Notes in the access log: the file that a visit opened, the act that it was refused."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from domain.errors import NotFound, Refused
from infra.storage.access_log import Access
from services.privacy.accesses import OPENED, TAKEN, Accesses
from services.web.refusals import STATUS
from services.web.viewing import Viewing

#: No path that anybody is led to is so long.
LONGEST = 300


async def note_opened(viewing: Viewing, season: str, commune: str, indicator: str, evidence: str) -> None:
    """The person takes a file to look at; who asks for its head alone has not seen it."""
    if viewing.method == "HEAD":
        return
    access = _access(viewing, OPENED, season, commune, evidence, "")
    await viewing.app.part(Accesses).note(viewing.tenant, access, f"c:{indicator}")


async def note_taken(viewing: Viewing, season: str, commune: str, indicators: Iterable[str], name: str) -> None:
    """The person takes all files of a dossier with them: found by each indicator that rests on one of them."""
    if viewing.method == "HEAD":
        return
    access = _access(viewing, TAKEN, season, commune, name, "")
    await viewing.app.part(Accesses).note(viewing.tenant, access, *(f"c:{indicator}" for indicator in indicators))


async def note_refused(viewing: Viewing, refused: Refused) -> None:
    """Somebody signed in may not do what they tried, or asked for what is somebody else's; else nothing is noted."""
    if viewing.province is None or viewing.signed_in is None or not _is_denied(refused):
        return
    where = viewing.request.path_params
    season, commune, meeting = (str(where.get(name, ""))[:LONGEST] for name in ("season", "commune", "meeting"))
    path = viewing.path.removeprefix(viewing.url.home())[:LONGEST]
    act = str(refused.details.get("act", "")) or refused.code
    access = _access(viewing, act, season, commune, path, refused.code)
    await viewing.app.part(Accesses).note(viewing.province, access, *([f"h:{season}/{meeting}"] if meeting else []))


def _is_denied(refused: Refused) -> bool:
    if isinstance(refused, NotFound):  # another's export is said not to exist
        return refused.details.get("kind") == "export"
    return STATUS.get(refused.code) is HTTPStatus.FORBIDDEN


def _access(viewing: Viewing, act: str, season: str, commune: str, what: str, refused: str) -> Access:
    person = viewing.person.person if viewing.person else ""
    held = viewing.person.mandates[0] if viewing.person and viewing.person.mandates else None
    office, unit = (held.position.value, held.unit) if held else ("", "")
    return Access(person, office, unit, act, season, commune, what, refused)
