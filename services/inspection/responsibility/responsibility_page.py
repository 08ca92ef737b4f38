"""Responsibility for a value or a decision: the officials with their acts, files, mandates and terms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from litestar import Response

from domain.errors import NotFound
from domain.official import Mandate
from domain.permissions import Act, permit
from domain.season import is_practice
from projections.analysis.responsibility import File, trace
from projections.fold import fold
from projections.tables.register import REGISTER
from services.assessment.dossier_view import Case, open_case, sheet_view
from services.inspection.dossier_facts import dossier_in_words, facts_about
from services.inspection.responsibility.chain import Chain, ChainLink, in_words
from services.web import urls
from services.web.handlers import page
from services.web.visit import PageResponse, Visit


@page(urls.TRACE, effective=False)  # it shows mandates under which nobody acted
async def show(visit: Visit, season: str, commune: str) -> PageResponse:
    """The chain of the whole decision; `?chi-tieu=` that of one indicator."""
    case, indicator, chain = await chain_of(visit, season, commune)
    return await visit.page(
        "responsibility/index.html",
        season=season,
        case=case,
        sheet=sheet_view(case),
        decided=fold(REGISTER, case.facts).get(f"{season}/{commune}"),
        indicator=case.rulebook.by_code.get(indicator),
        chain=chain,
        position=case.position,
    )


@page(urls.TRACE + "/json", effective=False)
async def export(visit: Visit, season: str, commune: str) -> PageResponse:
    """The same chain for programs."""
    case, indicator, chain = await chain_of(visit, season, commune)
    body = {
        "log": visit.tenant.log,
        "position": case.position,
        "season": season,
        "practice": is_practice(season),
        "commune": commune,
        "indicator": indicator or None,
        "rulebook": case.sheet.rulebook,
        "rulebook_sha256": case.sheet.rulebook_sha256,
        "chain": [_spelled(line) for line in (*chain.lines, *chain.ballots)],
        "several_roles": [{"person": one.actor, "roles": one.roles} for one in chain.trace.several],
    }
    named = f"trach-nhiem-{season}-{commune}{'-' + indicator if indicator else ''}.json"
    return Response(
        body,
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{named}"', "Cache-Control": "no-store"},
    )


async def chain_of(visit: Visit, season: str, commune: str) -> tuple[Case, str, Chain]:
    """The dossier, the indicator asked about ("" for none) and who had a part in it. NotFound, NotPermitted."""
    case = await open_case(visit, season, commune)
    permit(visit.actor, Act.VIEW_TRAIL, case.subject())
    indicator = visit.query("chi-tieu")
    if indicator and indicator not in case.rulebook.by_code:
        raise NotFound(indicator=indicator)
    facts = await facts_about(visit, case)
    account = await dossier_in_words(visit, case, facts)
    found = trace(facts, case.season, commune, account.officials, indicator or None)
    people = {row.person: row.name for row in account.officials}
    return case, indicator, in_words(found, account.by_position, people, account.units, visit.words)


def _spelled(line: ChainLink) -> dict[str, Any]:
    link = line.link
    return {
        "role": link.role,
        "person": link.actor or None,
        "office": line.who,
        "unit": link.unit,
        "mandate": _mandate(link.mandate),
        "acts": [
            {
                "position": act.entry.position,
                "at": act.entry.at.isoformat(),
                "topic": act.entry.topic,
                "stream": "/".join(part for part in act.entry.stream if part),
                "version": act.entry.version,
                "sentence": act.sentence,
            }
            for act in line.acts
        ],
        "files": [_file(file) for file in _files(link.files)],
        "on": link.on and link.on.isoformat(),
        "due": link.due and link.due.isoformat(),
        "due_by": link.basis or None,
        "days_late": link.late,
        "remarks": link.remarks,
    }


def _mandate(mandate: Mandate | None) -> dict[str, Any] | None:
    if mandate is None:
        return None
    return {
        "id": str(mandate.id),
        "position": mandate.position,
        "decision_no": mandate.decision_no,
        "valid_from": mandate.valid_from.isoformat(),
        "valid_to": mandate.valid_to and mandate.valid_to.isoformat(),
    }


def _file(file: File) -> dict[str, Any]:
    opened = file.opened and file.opened.isoformat()
    return {"sha256": file.sha256, "name": file.name, "indicator": file.indicator, "opened": opened}


def _files(files: Iterable[File]) -> list[File]:
    return sorted(files, key=lambda file: (file.indicator, file.name))


ROUTES = [show, export]
