"""Who is responsible for a value or a decision: the chain of officials, their acts, files, mandates and terms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from litestar import Response

from domain.errors import NotFound
from domain.official import Mandate
from domain.policy import Act, permit
from domain.review import Ground
from projections.fold import fold
from projections.register import REGISTER
from projections.responsibility import File, Link, Role, Roles, Trace, trace
from services.telling import Told
from services.web import urls
from services.web.dossiers import Case, open_case, sheet_view
from services.web.request import Answer, Visit, page
from services.web.telling import facts_about, told_of

#: Roles that bring files, and the facts by which they do.
BRINGING = frozenset({Role.LEAD, Role.COORDINATING})
FILES = frozenset({"assessment.evidence-attached", "assessment.evidence-reused"})


class Line(NamedTuple):
    """A link of the chain in words; `names` are those of the person, "" where the log does not say."""

    link: Link
    who: str
    name: str
    acts: tuple[Told, ...]
    indicators: tuple[str, ...]

    @property
    def ground(self) -> Ground:
        """What a review of this part would be for: its files where it brought any, else that it looks odd."""
        return Ground.FALSE_EVIDENCE if self.link.role in BRINGING and self.link.files else Ground.FLAG

    @property
    def pointed(self) -> list[int]:
        """The facts that such a review points to: those that brought the files, else all."""
        files = [act.entry.position for act in self.acts if act.entry.topic in FILES]
        return files if files and self.ground is Ground.FALSE_EVIDENCE else [act.entry.position for act in self.acts]


class Chain(NamedTuple):
    """The whole chain; the ballots stand apart, for there are many of them."""

    lines: tuple[Line, ...]
    ballots: tuple[Line, ...]
    trace: Trace

    def of(self, roles: Roles) -> str:
        """The person who stands in several roles, by the post of the first."""
        return next(line.who for line in (*self.lines, *self.ballots) if line.link.actor == roles.actor)


@page(urls.TRACE)
async def show(visit: Visit, season: str, commune: str) -> Answer:
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


@page(urls.TRACE + "/json")
async def export(visit: Visit, season: str, commune: str) -> Answer:
    """The same chain for programs."""
    case, indicator, chain = await chain_of(visit, season, commune)
    body = {
        "log": visit.tenant.log,
        "position": case.position,
        "season": season,
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
    account = await told_of(visit, case, facts)
    found = trace(facts, case.season, commune, account.officials, indicator or None)
    people = {row.person: row.name for row in account.officials}
    return case, indicator, _in_words(visit, case, found, account.by_position, people)


def _in_words(visit: Visit, case: Case, found: Trace, told: Mapping[int, Told], people: Mapping[str, str]) -> Chain:
    names = {case.sheet.commune: case.commune.inside, case.sheet.decided_by: case.deciding.inside}
    lines = [_line(visit, link, told, people, names) for link in found.links]
    return Chain(
        tuple(line for line in lines if line.link.role is not Role.VOTED),
        tuple(line for line in lines if line.link.role is Role.VOTED),
        found,
    )


def _line(
    visit: Visit, link: Link, told: Mapping[int, Told], people: Mapping[str, str], units: Mapping[str, str]
) -> Line:
    acts = tuple(told[act.position] for act in link.acts)
    if acts:
        who, name = acts[0].who, acts[0].name
    else:
        post = visit.words.say(f"position.{link.position}")
        who = visit.words.say("%(position)s, %(unit)s", position=post, unit=units.get(link.unit, link.unit))
        name = people.get(link.actor, "")
    about = dict.fromkeys(act.entry.indicator for act in acts if act.entry.indicator)
    return Line(link, who, name, acts, tuple(about))


def _spelled(line: Line) -> dict[str, Any]:
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
