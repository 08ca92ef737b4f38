"""A whole season played back, fact by fact: its milestones, how far its communes were then, how far they are now."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from eventsourcing.utils import get_topic

from domain.appraisal import Appraisal, appraisal_stream
from domain.assessment import Assessment, assessment_stream
from domain.council import Council, Member
from domain.errors import NotFound
from domain.fact import Fact, Recorded
from domain.permissions import Act, Subject, permit
from domain.vietnamese import sort_key
from projections.analysis.trail import TrailEntry, entries
from projections.fold import fold
from projections.tables.seasons import SEASONS
from projections.tables.units import UNITS
from services.inspection.replay.season_timeline import STAGES, TURNS, Course, Courses
from services.inspection.replay.steps_view import Reel, ReplayStep, Stone, along, around, asked, replay_writer_of
from services.sentences import FactSentence
from services.web import urls
from services.web.handlers import page
from services.web.visit import PageResponse, Visit

#: Steps over which one goes at once, back or on.
JUMP = 100

#: What a sentence may say of an earlier fact: a former value, the name of a file.
TOLD_OF: tuple[type[Fact], ...] = (
    Assessment.IndicatorMeasured,
    Assessment.IndicatorScored,
    Assessment.EvidenceAttached,
    Appraisal.IndicatorAppraised,
)


class Count(NamedTuple):
    """How many communes had come to a stage then, and how many have now; `cause` is the last step that made it more."""

    topic: str
    then: int
    now: int
    cause: int | None


@page(urls.REPLAY_SEASON, heavy=True)
async def show(visit: Visit, season: str) -> PageResponse:
    """The replay up to the visit's moment; `?den=` the position that is looked at, else the last fact; `?xa=` the
    commune whose milestones are listed. For those who oversee the whole season.
    """
    async with visit.reads() as view:
        row = await view.one(SEASONS, season)
        units = {unit.code: unit.inside for unit in await view.all(UNITS)}
    if row is None:
        raise NotFound(season=season)
    permit(visit.actor, Act.VIEW_TRAIL, Subject())
    commune = visit.query("xa")
    if commune and commune not in row.participants:
        raise NotFound(commune=commune)
    upto = visit.upto or await visit.app.store.position(visit.tenant)
    course = await visit.app.part(Courses).upto(visit.tenant, season, upto)
    at = asked(visit, course.positions)
    reel = await reel_at(visit, season, course, at, {code: units[code] for code in row.participants})
    return await visit.page(
        "replay/season.html",
        season=season,
        row=row,
        reel=reel,
        to=lambda position: visit.url.replay_season(season, den=position, xa=commune or None),
        jumps=[course.positions[index] for index in (at - JUMP, at + JUMP) if 0 <= index < len(course.positions)],
        commune=commune,
        own=stones([one for one in course.of(STAGES) if about(one) == commune], course) if commune else [],
        communes=sorted(((units[code], code) for code in row.participants), key=lambda one: sort_key(one[0])),
        counts=counts(course, reel.here.entry.position),
        stepped=stepped(reel.here.entry, row.participants),
        units=units,
        position=upto,
    )


async def reel_at(visit: Visit, season: str, course: Course, at: int, names: Mapping[str, str]) -> Reel:
    """The season at one of its steps; only the steps around it are read and told. `names` are its communes'."""
    positions = course.positions
    first, last = around(at, len(positions))
    pages = visit.app.store.read(visit.tenant, season=season, after=positions[first] - 1, upto=positions[last - 1])
    facts = [one async for page in pages for one in page]
    told = await sentences_of(visit, season, course, facts)
    return Reel(
        at + 1,
        len(positions),
        told[at - first],
        positions[at - 1] if at else None,
        positions[at + 1] if at + 1 < len(positions) else None,
        [
            ReplayStep(one, index == at, index > at, names.get(one.entry.commune or "", ""))
            for index, one in enumerate(told, start=first)
        ],
        stones(course.of(TURNS), course),
        along(at, len(positions)),
    )


async def sentences_of(visit: Visit, season: str, course: Course, facts: Sequence[Recorded]) -> list[FactSentence]:
    """These facts in words: with what was there before and what files are called, as earlier facts of the same
    dossiers and of the season say it.
    """
    communes = {one.stream.subject for one in facts if one.stream.kind in {"assessment", "appraisal"}}
    streams = [stream(season, commune) for commune in communes for stream in (assessment_stream, appraisal_stream)]
    pages = visit.app.store.read(visit.tenant, upto=facts[-1].position, streams=streams, facts=TOLD_OF)
    before = [one async for page in pages for one in page] if streams else []
    shown = {one.position for one in facts}
    known = sorted({one.position: one for one in (*before, *course.facts, *facts)}.values())
    rulebook = (await visit.rulebooks()).text(fold(SEASONS, course.facts)[season].rulebook_sha256)
    teller = await replay_writer_of(visit, facts, members_of(course.facts), course.facts, rulebook)
    return [teller.tell(entry) for entry in entries(known) if entry.position in shown]


def members_of(facts: Iterable[Recorded]) -> list[Member]:
    """Everybody who ever sat in one of the season's councils."""
    found: list[Member] = []
    for recorded in facts:
        match recorded.fact:
            case Council.Constituted() as fact:
                found += fact.members
            case Council.MemberReplaced() as fact:
                found.append(fact.member)
    return found


def stones(facts: Sequence[Recorded], course: Course) -> list[Stone]:
    """These facts on the time line; of several of one kind in a row the last."""
    count = len(course.positions)
    return [
        Stone(one.position, get_topic(type(one.fact)), along(bisect_left(course.positions, one.position), count))
        for one, following in zip_longest(facts, facts[1:])
        if following is None or type(following.fact) is not type(one.fact)
    ]


def about(recorded: Recorded) -> str:
    """The commune that a stage is of."""
    return str(getattr(recorded.fact, "item", recorded.stream.subject))


def counts(course: Course, position: int) -> list[Count]:
    """How many communes had come to each stage at the position, and have come to it at the end."""
    found = []
    for stage in STAGES:
        came = {about(one): one.position for one in reversed(course.of([stage]))}
        later = [one for one in came.values() if one > position]
        found.append(Count(get_topic(stage), len(came) - len(later), len(came), max(later, default=None)))
    return [one for one in found if one.now]


def stepped(entry: TrailEntry, participants: Collection[str]) -> str:
    """The commune that the step is about, "" where it is about none."""
    return entry.commune if entry.commune and entry.commune in participants else ""


ROUTES = [show]
