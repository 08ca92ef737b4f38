"""A province's season told through the use cases: every act by the position that may do it, on the day of its document.

Each act is a command whose id follows from what it is, so telling a story again adds nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID, uuid5

from domain.appraisal import Proposal, appraisal_stream
from domain.assessment import Assessment, assessment_stream
from domain.commune_steps import NAMED_GROUPS, Attended, Channel, Display, Leader
from domain.council import Member
from domain.errors import AlreadyThere, IndicatorsUnassigned, YearPlanned
from domain.export import Document, ExportState
from domain.fact import STREAMS
from domain.measure import Outcome
from domain.meeting import Choice
from domain.official import Mandate, Office, person_of
from domain.permissions import Actor
from domain.recognition import Result
from domain.rulebook import Rulebook
from domain.season import Participant, Season, State, Step, season_stream
from infra.identity.tenants import IdentityProvider, Tenant, Tenants
from infra.jobs.export_runs import ExportRuns, Run
from infra.log.eventstore import CommandReused, Loaded
from infra.reference.assignments import load_matrices
from infra.reference.units import units_of
from projections.tables.exports import EXPORTS, ExportRow
from services.administration.administer import NewMandate, classify_unit, enrol_official
from services.app import App
from services.appraisal import appraise as appraising
from services.assessment import assess, commune_steps
from services.assessment.assess import Upload
from services.command_ids import derived
from services.council import consulting, preparing, voting
from services.demo.figures import EnteredFigure, figures
from services.demo.offices import SEATS, SINCE, HeldOffice, office_key, offices, seat_key
from services.demo.papers import FALSE, SIGNED, Papers
from services.demo.provinces import COPIED_FROM, FALSE_EVIDENCE, Dossier, SeasonDays, Story, Until
from services.exports import requests
from services.operations.create_tenant import NewTenant, create_tenant
from services.recognition import listing, recognise
from services.season import organise
from services.work import CommandResult, Work

#: Dossiers told at the same time: enough to fill the group commit, few enough to leave the pages room.
TOGETHER = 6

#: Seconds until a document must be made, unless a worker is at it: they have many at once, and the machine may have
#: much else to do.
PATIENCE = 300.0

T = TypeVar("T")


class DocumentNotMade(Exception):
    """A document of the story was not made; the text says how far it came."""


class StoryBuilder:
    """One story being told in one house. `provider` is where the province's people sign in."""

    def __init__(self, house: App, story: Story, tenant: Tenant, provider: IdentityProvider) -> None:
        self.house = house
        self.story = story
        self.tenant = tenant
        self.issuer = provider.issuer
        self.season = str(story.year)
        self.units = units_of(story.province, story.era)
        self.papers = Papers(tenant.name, story.year)

    @property
    def rulebook(self) -> Rulebook:
        return self.house.rulebooks.newest(self.story.rulebook)

    # Who acts -----------------------------------------------------------------------------------------

    def person(self, key: str) -> UUID:
        """The person whom the sign-in knows by this key."""
        return person_of(self.tenant.id, self.issuer, key)

    async def by(self, key: str, what: str, day: date) -> Work:
        """The command named `what`, by the person of this key, on a day."""
        actor = await self.house.people.actor(self.tenant, self.person(key), day)
        if actor is None:
            raise LookupError(key)
        return self._command(actor, what, day)

    async def held(self, unit: str, position: Office, what: str, day: date) -> Work:
        """The command named `what`, by the holder of a position."""
        return await self.by(office_key(unit, position), what, day)

    def _administrator(self, what: str) -> Work:
        mandate = Mandate(uuid5(STREAMS, "told"), Office.ADMINISTRATOR, self.story.province, SINCE, None, "")
        actor = Actor(str(self.person(ADMINISTRATOR)), (mandate,))
        return self._command(actor, what, SINCE)

    def _command(self, actor: Actor, what: str, day: date) -> Work:
        told = f"{self.tenant.id} told {what}"
        return self.house.work(self.tenant, actor, derived(told, former=uuid5(STREAMS, told)), day)

    # The season ---------------------------------------------------------------------------------------

    async def enrol(self) -> None:
        """Everybody who has a part in the story gets a mandate; communes get their class where it matters."""
        held = offices(self.story, self.units)
        await together(self._enrol(office, number) for number, office in enumerate(held, start=1))
        await together(
            classify_unit(self._administrator(f"class {one.commune}"), one.commune, one.unit_class, self.story.basis)
            for one in self.story.dossiers
            if one.unit_class
        )

    async def _enrol(self, office: HeldOffice, number: int) -> CommandResult:
        mandate = NewMandate(office.position, office.unit, SINCE, f"{number:02d}/QĐ-UBND")
        work = self._administrator(f"enrol {office.key}")
        return await enrol_official(work, office.name, self.issuer, office.key, office.agency, [mandate])

    async def plan(self) -> None:
        """The season is planned, its deadlines are set, and the matrix is loaded: not every indicator has a lead."""
        story, days = self.story, self.story.calendar
        participants = [Participant(one.commune, story.decided_by) for one in story.dossiers]
        await organise.plan_season(
            await self._department("plan", days.planned), story.year, story.rulebook, participants
        )
        for step, on in (
            (Step.SCORED, days.scored),
            (Step.POSTED, days.posted),
            (Step.SUBMITTED, days.submitted),
            (Step.APPRAISED, days.appraised),
            (Step.VOTED, days.met),
            (Step.DECIDED, days.decided),
        ):
            work = await self._department(f"deadline {step}", days.planned)
            await organise.set_deadline(work, self.season, step, on, story.basis)
        work = await self._department("matrix", days.planned)
        await organise.assign_indicators(work, self.season, self.matrix(), story.basis)

    def matrix(self) -> list[organise.Assignment]:
        """Who leads what: the published matrix for 619/2017, and the justice officer and the office in turn else."""
        if published := load_matrices().get(self.story.rulebook):
            return [(indicator, line.lead, line.coordinating) for indicator, line in published.lines.items()]
        by_criterion = {
            "TC1": (Office.OFFICE_STATISTICS, (Office.JUSTICE_OFFICER,)),
            "TC2": (Office.JUSTICE_OFFICER, (Office.CULTURE_SOCIAL,)),
            "TC3": (Office.JUSTICE_OFFICER, (Office.FINANCE_ACCOUNTING,)),
            "TC4": (Office.OFFICE_STATISTICS, (Office.LAND_CONSTRUCTION,)),
            "TC5": (Office.POLICE_CHIEF, (Office.OFFICE_STATISTICS,)),
        }
        return [(one.code, *by_criterion[one.criterion]) for one in self.rulebook.indicators]

    async def open(self) -> tuple[str, ...]:
        """Open the season, without the contents that have no text; the indicators that had no lead are said first, then
        assigned.
        """
        on = self.story.calendar.opened
        if lacking := self.rulebook.without_text:
            work = await self._department("leave out", on)
            await organise.leave_out_contents(work, self.season, lacking, self.story.basis, on)
        try:
            await organise.open_season(await self._department("open", on), self.season, on)
        except IndicatorsUnassigned as refused:
            unassigned: tuple[str, ...] = refused.details["indicators"]
        else:
            return ()
        rest = [(one, Office.OFFICE_STATISTICS, (Office.JUSTICE_OFFICER,)) for one in unassigned]
        await organise.assign_indicators(
            await self._department("rest of the matrix", on), self.season, rest, self.story.basis
        )
        await organise.open_season(await self._department("open", on), self.season, on)
        return unassigned

    async def close(self) -> None:
        """The year's work is done."""
        on = self.story.calendar.decided
        await organise.close_season(await self._department("close", on), self.season, on)

    async def is_closed(self) -> bool:
        """Whether the season has ended."""
        loaded = await self.house.store.load(self.tenant, season_stream(self.season))
        season = loaded.aggregate if isinstance(loaded, Loaded) else None
        return isinstance(season, Season) and season.state is State.CLOSED

    async def _department(self, what: str, day: date) -> Work:
        return await self.held(self.story.province, Office.JUSTICE_DEPARTMENT, what, day)

    # A dossier ----------------------------------------------------------------------------------------

    async def tell(self, dossier: Dossier) -> None:
        """A commune's dossier, as far as it gets before the council meets."""
        if dossier.until >= Until.ENTERED:
            await self.enter(dossier)
        if dossier.until >= Until.CONSOLIDATED:
            await self.consolidate(dossier)
        if dossier.until >= Until.SUBMITTED:
            await self.submit(dossier)
        if dossier.until >= Until.APPRAISED:
            await self.appraise(dossier)

    def days(self, dossier: Dossier) -> SeasonDays:
        """The days of a dossier: those of the season, or of what is taken up inside the year."""
        return self.story.early if dossier.early and self.story.early else self.story.calendar

    async def enter(self, dossier: Dossier) -> None:
        """Each lead enters data and attaches a paper."""
        leads = {indicator: lead for indicator, lead, _ in self.matrix()}
        told = figures(self.rulebook, self.house.calendar, dossier, self.story.year)
        for figure in told[: dossier.entered]:
            lead = leads.get(figure.indicator, Office.OFFICE_STATISTICS)
            await self._enter(dossier, figure, lead)

    async def _enter(self, dossier: Dossier, figure: EnteredFigure, lead: Office) -> None:
        commune, code, day = dossier.commune, figure.indicator, self.days(dossier).scored
        today = date.today()  # noqa: DTZ011 - the machine's day, by which the demonstration is entered
        day = min(day, today) if self.story.year >= today.year else day
        work = await self.held(commune, lead, f"score {commune} {code}", day)
        await assess.score_indicator(work, self.season, commune, code, figure.measures)
        false = code == FALSE_EVIDENCE[1] and commune in (FALSE_EVIDENCE[0], COPIED_FROM)
        paper = self.papers.paper(COPIED_FROM, code, FALSE) if false else self.papers.paper(commune, code)
        name = f"{'danh-sach-tap-huan' if false else 'minh-chung'}-{code.lower().replace('.', '-')}.pdf"
        work = await self.held(commune, lead, f"attach {commune} {code}", day)
        await assess.attach_evidence(work, self.season, commune, code, Upload(name, paper))

    async def consolidate(self, dossier: Dossier) -> None:
        """The justice officer declares the conditions and brings the sheet together."""
        commune, day = dossier.commune, self.days(dossier).scored
        for condition in assess.declarable(self.rulebook):
            work = await self.held(commune, Office.JUSTICE_OFFICER, f"veto {commune} {condition}", day)
            await assess.declare_veto(
                work, self.season, commune, condition, dossier.veto, "Phòng Nội vụ xác nhận bằng văn bản"
            )
        if dossier.satisfied is not None:
            work = await self.held(commune, Office.JUSTICE_OFFICER, f"satisfaction {commune}", day)
            await assess.measure_satisfaction(work, self.season, commune, dossier.satisfied, 100, 120)
        work = await self.held(commune, Office.JUSTICE_OFFICER, f"consolidate {commune}", day)
        await assess.consolidate(work, self.season, commune, day)

    async def submit(self, dossier: Dossier) -> None:
        """The result is posted publicly; then the chairman sends the dossier, or only reports.

        Where the text of the year names the commune's steps, its meeting agrees on the result before.
        """
        commune, days = dossier.commune, self.days(dossier)
        work = await self.held(commune, Office.JUSTICE_OFFICER, f"post {commune}", days.posted)
        if self.rulebook.commune_steps is None:
            place = "Trụ sở Ủy ban nhân dân, nhà văn hóa; đọc trên loa truyền thanh"
            await assess.post(work, self.season, commune, place, days.posted, days.posted_until)
        else:
            await commune_steps.display_result(work, self.season, commune, displays(days))
            await self._agree(dossier)
        work = await self.held(commune, Office.COMMUNE_CHAIRMAN, f"submit {commune}", days.submitted)
        if dossier.reports:
            await commune_steps.report_not_meeting(work, self.season, commune, "02/BC-UBND", days.submitted)
        else:
            await assess.submit(work, self.season, commune, "02/TTr-UBND", days.submitted)

    async def _agree(self, dossier: Dossier) -> None:
        """The commune's meeting finds what the sheet gives, unless it has a reason to ask despite it."""
        commune, day = dossier.commune, self.days(dossier).submitted
        await commune_steps.agree_on_result(
            await self.held(commune, Office.JUSTICE_OFFICER, f"meeting {commune}", day),
            self.season,
            commune,
            day,
            "Hội trường Ủy ban nhân dân",
            Leader.CHAIRMAN,
            [Attended(group, 2) for group in NAMED_GROUPS],
            Upload("bien-ban-hop.pdf", self.papers.paper(commune, "bien-ban-hop", SIGNED)),
            Outcome.MET if dossier.despite else None,
            dossier.despite,
        )

    async def appraise(self, dossier: Dossier) -> None:
        """The appraiser asks for a supplement where the story has one, opens the papers, agrees and concludes."""
        commune, days = dossier.commune, self.days(dossier)
        if dossier.returned:
            work = await self._appraiser(f"return {commune}", days)
            due = self.house.calendar.after(days.submitted, 5)
            reason = "Đề nghị bổ sung biên bản của các hội nghị trong năm."
            await appraising.return_indicator(work, self.season, commune, dossier.returned, reason, due)
            lead = next(line[1] for line in self.matrix() if line[0] == dossier.returned)
            paper = self.papers.paper(commune, f"{dossier.returned}.bo-sung")
            work = await self.held(commune, lead, f"supplement {commune}", due)
            await assess.attach_evidence(
                work, self.season, commune, dossier.returned, Upload("bien-ban-bo-sung.pdf", paper)
            )
            work = await self.held(commune, Office.COMMUNE_CHAIRMAN, f"resubmit {commune}", due)
            await assess.resubmit(work, self.season, commune, due)
        await self._open_papers(commune, days)
        for code, points in dossier.lowered.items():
            await self._lower(commune, code, points, days)
        await appraising.agree_all_unchanged(await self._appraiser(f"agree {commune}", days), self.season, commune)
        await appraising.conclude(
            await self._appraiser(f"conclude {commune}", days), self.season, commune, on=days.appraised
        )

    async def _lower(self, commune: str, code: str, points: Decimal, days: SeasonDays) -> None:
        """The appraiser gives an indicator fewer points than the commune did."""
        work = await self._appraiser(f"lower {commune} {code}", days)
        proposed = (await work.look(Assessment, assessment_stream(self.season, commune))).entry(code).points
        if proposed is None:
            raise LookupError(code)
        reason = "Hồ sơ hòa giải chưa đủ biên bản."
        await appraising.appraise_indicator(work, self.season, commune, code, proposed - points, reason)

    async def _open_papers(self, commune: str, days: SeasonDays) -> None:
        """Every paper but the false one, which would not have passed if somebody had looked at it."""
        loaded = await self.house.store.load(self.tenant, assessment_stream(self.season, commune))
        dossier = loaded.aggregate if isinstance(loaded, Loaded) else None
        entries = dossier.entries if isinstance(dossier, Assessment) else {}
        for code, entry in entries.items():
            for evidence in entry.evidence if (commune, code) != FALSE_EVIDENCE else ():
                work = await self._appraiser(f"open {evidence}", days)
                await appraising.open_evidence(work, self.season, commune, code, evidence)

    async def _appraiser(self, what: str, days: SeasonDays) -> Work:
        """The officer of the justice office, who is the council's secretary too."""
        return await self.by(seat_key(self.story.decided_by, 2), what, days.appraised)

    # The council and the decision ---------------------------------------------------------------------

    async def constitute(self) -> None:
        """The council is set up by a decision."""
        unit, days = self.story.decided_by, self.story.early or self.story.calendar
        members = [Member(self.person(seat_key(unit, n)), seat.role, seat.agency) for n, seat in enumerate(SEATS)]
        work = await self.by(office_key(unit, Office.DISTRICT_CHAIRMAN), "council", days.council)
        await voting.constitute_council(work, self.season, unit, "35/QĐ-UBND", days.council, members)

    async def convene(self, communes: Sequence[str], days: SeasonDays | None = None) -> str:
        """The council meets with all its members but one; the meeting's key.

        The members get the papers before; who cannot come to the early meeting sends an opinion.
        """
        unit, early, days = self.story.decided_by, days is self.story.early, days or self.story.calendar
        also = " early" if early and self.story.early else ""
        work = await self.by(seat_key(unit, 0), f"convene{also}", days.met)
        _, meeting = await voting.convene(work, self.season, unit, days.met, "Phòng họp Ủy ban nhân dân", communes)
        if days.papers:
            work = await self.by(seat_key(unit, 2), f"papers{also}", days.met)
            await preparing.send_papers(work, self.season, meeting, days.papers)
            for number in range(len(SEATS) - 1):
                work = await self.by(seat_key(unit, number), f"papers {number}{also}", days.met)
                await preparing.acknowledge_papers(work, self.season, meeting)
        present = [self.person(seat_key(unit, number)) for number in range(len(SEATS) - 1)]
        work = await self.by(seat_key(unit, 2), f"attendance{also}", days.met)
        await voting.record_attendance(work, self.season, meeting, present)
        if also:
            await self._absent_opinions(meeting, communes, days)
        return meeting

    async def _absent_opinions(self, meeting: str, communes: Sequence[str], days: SeasonDays) -> None:
        """The secretary records what the absent member wrote."""
        unit, absent = self.story.decided_by, self.person(seat_key(self.story.decided_by, len(SEATS) - 1))
        for commune in communes:
            work = await self.by(seat_key(unit, 2), f"absent opinion {commune}", days.met)
            paper = await self._signed(commune, "y-kien-vang-mat")
            await preparing.receive_absent_opinion(
                work, self.season, meeting, commune, absent, Choice.FOR, "17/CV-BDV", paper
            )

    async def vote(self, meeting: str, commune: str, days: SeasonDays | None = None) -> None:
        """The members vote as the rules judge: for a commune that meets the standard, against one that does not."""
        unit, day = self.story.decided_by, (days or self.story.calendar).met
        choice = Choice.FOR if await self.meets(commune) else Choice.AGAINST
        await voting.take_up(await self.by(seat_key(unit, 0), f"take up {commune}", day), self.season, meeting, commune)
        work = await self.by(seat_key(unit, 0), f"open vote {commune}", day)
        await voting.open_vote(work, self.season, meeting, commune)
        await together(self._ballot(meeting, commune, number, choice, day) for number in range(len(SEATS) - 1))
        work = await self.by(seat_key(unit, 0), f"conclude vote {commune}", day)
        await voting.conclude_vote(work, self.season, meeting, commune)

    async def _ballot(self, meeting: str, commune: str, number: int, choice: Choice, day: date) -> CommandResult:
        work = await self.by(seat_key(self.story.decided_by, number), f"ballot {commune} {number}", day)
        return await voting.cast_ballot(work, self.season, meeting, commune, choice)

    async def close_meeting(self, meeting: str, days: SeasonDays | None = None) -> None:
        """The chair ends the meeting; the worker makes its minutes, which the secretary issues."""
        unit, day = self.story.decided_by, (days or self.story.calendar).met
        also = " early" if days is not None and days is self.story.early else ""
        work = await self.by(seat_key(unit, 0), f"close meeting{also}", day)
        await voting.close_meeting(work, self.season, meeting, day)
        await self._minutes(meeting, "02/BB-HĐ" if also else "03/BB-HĐ", "bien-ban", day, also)

    async def _minutes(self, meeting: str, number: str, called: str, day: date, also: str) -> None:
        unit = self.story.decided_by
        work = await self.by(seat_key(unit, 2), f"minutes{also}", day)
        asked = await requests.request_export(work, Document.MINUTES, self.season, meeting, number)
        await self._document(requests.export_id(work), asked.last)
        work = await self.by(seat_key(unit, 2), f"issue minutes{also}", day)
        await voting.issue_minutes(work, self.season, meeting, await self._signed(unit, called), number)

    async def consult(self, communes: Sequence[str]) -> None:
        """The council is asked in writing: all but two answer here, one on paper, one not at all."""
        unit, day = self.story.decided_by, self.story.calendar.met
        until = self.house.calendar.after(day, 3)
        work = await self.by(seat_key(unit, 0), "consult", day)
        _, asked = await consulting.open_consultation(work, self.season, unit, until, communes)
        here = range(len(SEATS) - 2)
        for commune in communes:
            choice = Choice.FOR if await self.meets(commune) else Choice.AGAINST
            await together(self._ballot(asked, commune, number, choice, day) for number in here)
            work = await self.by(seat_key(unit, 2), f"paper answer {commune}", until)
            on_paper = self.person(seat_key(unit, len(SEATS) - 2))
            paper = await self._signed(commune, "phieu-lay-y-kien")
            await consulting.receive_paper_answer(
                work, self.season, asked, commune, on_paper, choice, "21/CV-MTTQ", paper
            )
        work = await self.by(seat_key(unit, 0), "close consultation", until)
        await consulting.close_consultation(work, self.season, asked)
        await self._minutes(asked, "01/TH-HĐ", "tong-hop-y-kien", until, " in writing")

    async def meets(self, commune: str) -> bool:
        """What the appraisal concluded, which is what the rules say."""
        loaded = await self.house.store.load(self.tenant, appraisal_stream(self.season, commune))
        return isinstance(loaded, Loaded) and loaded.aggregate.proposal is Proposal.RECOGNISE

    async def decide(self, commune: str, number: int, days: SeasonDays | None = None) -> None:
        """The chairman decides as the council advised; the worker makes the document, which is signed and published."""
        unit, day = self.story.decided_by, (days or self.story.calendar).decided
        result = Result.RECOGNISED if await self.meets(commune) else Result.NOT_RECOGNISED
        chairman = office_key(unit, Office.DISTRICT_CHAIRMAN)
        work = await self.by(chairman, f"decide {commune}", day)
        await recognise.decide(work, self.season, commune, result, f"{number:02d}/QĐ-UBND", day)
        work = await self.by(chairman, f"document {commune}", day)
        asked = await requests.request_export(work, Document.DECISION, self.season, commune)
        await self._document(requests.export_id(work), asked.last)
        signed = await self._signed(commune, "quyet-dinh")
        await recognise.sign(await self.by(chairman, f"sign {commune}", day), self.season, commune, signed, day)
        work = await self.by(chairman, f"publish {commune}", day)
        await recognise.publish(work, self.season, commune, "Cổng thông tin điện tử", day)

    async def list_not_meeting(self, commune: str, number: int) -> None:
        """The chairman puts a commune that reported on the list of those that do not meet the standard."""
        day = self.story.calendar.decided
        work = await self.by(office_key(self.story.decided_by, Office.DISTRICT_CHAIRMAN), f"list {commune}", day)
        await listing.list_not_meeting(work, self.season, commune, f"{number:02d}/QĐ-UBND", day)

    async def _signed(self, about: str, document: str) -> str:
        """The hash of the scan that people bring back once a document is signed on paper."""
        return await self.house.files(self.tenant).put(self.papers.paper(about, document, SIGNED))

    async def _document(self, export: UUID, asked: int) -> str:
        """The hash of the finished document, asked for at this position; the worker makes it.

        Raises DocumentNotMade when it could not be made, or when after PATIENCE no worker is at it.
        """
        end = time.monotonic() + PATIENCE
        await self.house.reads.reached(self.tenant, asked, [EXPORTS], PATIENCE)
        while True:
            async with self.house.reads.at(self.tenant) as view:
                row = await view.one(EXPORTS, str(export))
            if row is not None and row.sha256 is not None:
                return row.sha256
            if row is not None and row.state is not ExportState.QUEUED:
                raise DocumentNotMade(f"{self.story.slug}: {export} {await self._how_far(export, row)}")
            if time.monotonic() > end and not await self._is_being_made(export):
                raise DocumentNotMade(f"{self.story.slug}: {export} {await self._how_far(export, row)}")
            await asyncio.sleep(0.2)

    async def _is_being_made(self, export: UUID) -> bool:
        run = await self._run(export)
        return run is not None and run.running

    async def _run(self, export: UUID) -> Run | None:
        return (await ExportRuns(self.house.database).of(self.tenant, [export])).get(export)

    async def _how_far(self, export: UUID, row: ExportRow | None) -> str:
        """What the table, the workers and the read models say of a document."""
        told = "is not in the table" if row is None else f"{row.document} is {row.state} {row.reason or ''}"
        run = await self._run(export)
        models = await self.house.reads.status(self.tenant)
        behind, stopped = models.behind, ", ".join(f"{one.projection} {one.key}" for one in models.stopped)
        return f"{told}; {run}; read models {behind} facts behind, stopped: {stopped or 'none'}"


#: How the sign-in names a province's first administrator.
ADMINISTRATOR = "administrator"


def displays(days: SeasonDays) -> tuple[Display, ...]:
    """Where a commune posts its result, and how often its loudspeaker tells of it."""
    on, until = days.posted, days.posted_until
    return (
        Display(Channel.OFFICE, "Trụ sở Ủy ban nhân dân", on, until),
        Display(Channel.PORTAL, "Trang thông tin điện tử của xã", on, until),
        Display(Channel.LOUDSPEAKER, "Đài truyền thanh cấp xã", on, until, 3),
    )


async def take_in(house: App, operator: Tenants, story: Story, provider: IdentityProvider) -> StoryBuilder:
    """Create the province as an operator would, and get ready to tell its story."""
    tenant = await create_tenant(
        house,
        operator,
        NewTenant(
            slug=story.slug,
            province_code=story.province,
            era=story.era,
            rulebooks=(story.rulebook,),
            provider=provider,
            administrator=ADMINISTRATOR,
            demonstration=True,
        ),
    )
    return StoryBuilder(house, story, tenant, provider)


async def tell_all(teller: StoryBuilder) -> None:
    """The whole story of a province.

    A season that is closed has been told. What is there already in other words is left alone: people have planned the
    season themselves, or an earlier version of the program has told the story.
    """
    if await teller.is_closed():
        return
    with suppress(YearPlanned, AlreadyThere, CommandReused):
        await _tell_all(teller)


async def _tell_all(teller: StoryBuilder) -> None:
    story = teller.story
    await teller.enrol()
    await teller.plan()
    await teller.open()
    await together(teller.tell(dossier) for dossier in story.dossiers)
    finished = [one for one in story.dossiers if one.until is Until.PUBLISHED]
    if finished:
        await teller.constitute()
        await _advise_and_decide(teller, finished)
    for number, dossier in enumerate((one for one in story.dossiers if one.reports), start=101 + len(finished)):
        await teller.list_not_meeting(dossier.commune, number)
    if story.closes:
        await teller.close()


async def _advise_and_decide(teller: StoryBuilder, finished: Sequence[Dossier]) -> None:
    """The council meets inside the year where the story has it, then in January, and answers in writing."""
    closing: list[Coroutine[Any, Any, None]] = []
    for days in (teller.story.early, teller.story.calendar):
        sitting = [one.commune for one in finished if not one.in_writing and teller.days(one) is days]
        if not sitting:
            continue
        meeting = await teller.convene(sitting, days)
        for commune in sitting:
            await teller.vote(meeting, commune, days)
        closing.append(teller.close_meeting(meeting, days))
    if asked := [one.commune for one in finished if one.in_writing]:
        await teller.consult(asked)
    decisions = (teller.decide(one.commune, number, teller.days(one)) for number, one in enumerate(finished, start=101))
    await together([*closing, *decisions])


async def together(acts: Iterable[Coroutine[Any, Any, T]], at_once: int = TOGETHER) -> list[T]:
    """Do these at the same time, a few at once; the first failure is raised when all have ended."""
    gate = asyncio.Semaphore(at_once)

    async def one(act: Coroutine[Any, Any, T]) -> T:
        try:
            async with gate:
                return await act
        finally:
            act.close()  # what was cancelled before its turn

    ended = await asyncio.gather(*map(one, acts), return_exceptions=True)
    for outcome in ended:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in ended if not isinstance(outcome, BaseException)]
