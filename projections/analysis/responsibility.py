"""Everybody who had a part in a value or a decision, from the assignment of the indicator to the signature.

Read from the log itself, like the trail; no rows of its own. It says who acted in which role, under which mandate,
on which files, in time or late, and who was to act and did not. It does not say who is to blame.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from domain.appraisal import Appraisal
from domain.assessment import Assessment
from domain.fact import Fact, Recorded
from domain.meeting import Meeting
from domain.official import Mandate, Office
from domain.recognition import Recognition, differs
from domain.season import Assignment, Deadline, Step
from projections.tables.officials import OfficialRow
from projections.tables.seasons import SeasonRow


class ChainRole(StrEnum):
    """What part somebody has, in the order in which a dossier passes through hands."""

    LEAD = "lead"
    COORDINATING = "coordinating"
    CONSOLIDATED = "consolidated"
    POSTED = "posted"
    SUBMITTED = "submitted"
    APPRAISED = "appraised"
    CONCLUDED = "concluded"
    CONDUCTED = "conducted"
    VOTED = "voted"
    DECIDED = "decided"
    PUBLISHED = "published"
    REVOKED = "revoked"


class Remark(StrEnum):
    """What an inspector should look at in somebody's part; a sign, never a verdict."""

    IDLE = "idle"
    """Assigned, and did nothing."""

    VACANT = "vacant"
    """Nobody held the post that was assigned."""

    LATE = "late"
    """After the step's last day."""

    UNOPENED = "unopened"
    """Appraised without having opened every file."""

    UNSUPPORTED = "unsupported"
    """Proposed, and there is neither a file nor an explanation."""

    DIFFERS = "differs"
    """Another value than the rule gives, or than was proposed."""

    MANDATE = "mandate"
    """The mandate was not in force on the legal date of the act."""

    AGAINST = "against"
    """Decided otherwise than the rules give or the council advised."""


@dataclass(slots=True)
class File:
    """A file that a part rests on; `opened` is when this person first opened it before appraising."""

    id: UUID
    sha256: str
    name: str
    indicator: str
    opened: datetime | None = None


@dataclass(slots=True)
class Link:
    """One person's part in one role; `actor` is "" where the post was vacant, `acts` empty where nothing was done.

    `on` is the legal date of the act that completed the step, or of the last that bears one; `deadline` that of the
    step. `mandate` is the one acted under, or, where nothing was done, the one that was held.
    """

    role: ChainRole
    actor: str
    mandate: Mandate | None
    unit: str
    position: Office | None = None
    acts: list[Recorded] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    on: date | None = None
    deadline: Deadline | None = None
    remarks: list[Remark] = field(default_factory=list)

    @property
    def due(self) -> date | None:
        return self.deadline.on if self.deadline else None

    @property
    def basis(self) -> str:
        """The document that set the last day, "" where none was set."""
        return self.deadline.basis if self.deadline else ""

    @property
    def late(self) -> int:
        """By how many days, 0 in time."""
        return max((self.on - self.due).days, 0) if self.on and self.due else 0

    @property
    def at(self) -> datetime | None:
        """When the part ended."""
        return self.acts[-1].at if self.acts else None


#: Roles that one person naturally holds together; whoever holds roles of several hands judged his own work.
HANDS: tuple[frozenset[ChainRole], ...] = (
    frozenset({ChainRole.LEAD, ChainRole.COORDINATING}),
    frozenset({ChainRole.CONSOLIDATED, ChainRole.POSTED, ChainRole.SUBMITTED}),
    frozenset({ChainRole.APPRAISED, ChainRole.CONCLUDED}),
    frozenset({ChainRole.CONDUCTED, ChainRole.VOTED}),
    frozenset({ChainRole.DECIDED, ChainRole.PUBLISHED, ChainRole.REVOKED}),
)


class Roles(NamedTuple):
    """One person in the roles of more than one hand."""

    actor: str
    mandate: Mandate | None
    roles: tuple[ChainRole, ...]


class Trace(NamedTuple):
    """The chain, in the order of its roles and of time, and who stands in it more than once."""

    links: tuple[Link, ...]
    several: tuple[Roles, ...]

    @property
    def remarks(self) -> int:
        """How many signs there are to look at."""
        return sum(len(link.remarks) for link in self.links) + len(self.several)


def trace(
    facts: Iterable[Recorded],
    season: SeasonRow,
    commune: str,
    officials: Iterable[OfficialRow],
    indicator: str | None = None,
) -> Trace:
    """Everybody's part in one indicator, or in the whole dossier and its decision.

    `facts` are those that concern the commune's year, in the order of the log; `officials` as of the same moment.
    """
    mandates = {str(mandate.id): mandate for row in officials for mandate in row.mandates}
    chain = _Chain(season, commune, indicator, mandates)
    for recorded in facts:
        chain.take(recorded)
    if indicator is not None:
        chain.miss(officials)
    chain.remark()
    links = chain.in_order()
    return Trace(links, _several(links))


# Facts to parts ---------------------------------------------------------------------------------------

#: Facts of the dossier as a whole, with the role of whoever recorded them and the step that they complete.
WHOLE: dict[type[Fact], tuple[ChainRole, Step | None]] = {
    Assessment.Consolidated: (ChainRole.CONSOLIDATED, Step.SCORED),
    Assessment.Reopened: (ChainRole.CONSOLIDATED, None),
    Assessment.Posted: (ChainRole.POSTED, Step.POSTED),
    Assessment.CommentAnswered: (ChainRole.POSTED, None),
    Assessment.CommentsAnswered: (ChainRole.POSTED, None),
    Assessment.CommentsSetAside: (ChainRole.POSTED, None),
    Assessment.ResultAgreed: (ChainRole.CONSOLIDATED, None),
    Assessment.Submitted: (ChainRole.SUBMITTED, Step.SUBMITTED),
    Assessment.Reported: (ChainRole.SUBMITTED, Step.SUBMITTED),
    Assessment.Listed: (ChainRole.DECIDED, Step.DECIDED),
    Assessment.Resubmitted: (ChainRole.SUBMITTED, None),
    Appraisal.Concluded: (ChainRole.CONCLUDED, Step.APPRAISED),
    Appraisal.Resumed: (ChainRole.CONCLUDED, None),
    Meeting.ConsultationOpened: (ChainRole.CONDUCTED, None),
    Meeting.ViceChairAuthorised: (ChainRole.CONDUCTED, None),
    Meeting.AbsentOpinionReceived: (ChainRole.CONDUCTED, None),
    Meeting.VoteOpened: (ChainRole.CONDUCTED, None),
    Meeting.VoteReopened: (ChainRole.CONDUCTED, None),
    Meeting.VoteConcluded: (ChainRole.CONDUCTED, Step.VOTED),
    Meeting.WrittenOpinionReceived: (ChainRole.CONDUCTED, None),
    Meeting.BallotCast: (ChainRole.VOTED, None),
    Recognition.Decided: (ChainRole.DECIDED, Step.DECIDED),
    Recognition.Signed: (ChainRole.DECIDED, None),
    Recognition.Published: (ChainRole.PUBLISHED, None),
    Recognition.Revoked: (ChainRole.REVOKED, None),
    Recognition.AppealUpheld: (ChainRole.DECIDED, None),
    Recognition.DecidedAgain: (ChainRole.DECIDED, None),
    Recognition.Corrected: (ChainRole.DECIDED, None),
}

Entering: TypeAlias = (
    Assessment.IndicatorMeasured
    | Assessment.IndicatorScored
    | Assessment.EvidenceAttached
    | Assessment.EvidenceReused
    | Assessment.EvidenceWithdrawn
    | Assessment.Explained
    | Assessment.OpinionSheetsTallied
)


class _Chain:
    """The parts as they are found, by role, person and mandate."""

    def __init__(self, season: SeasonRow, commune: str, indicator: str | None, mandates: Mapping[str, Mandate]) -> None:
        self._season = season
        self._commune = commune
        self._indicator = indicator
        self._mandates = mandates
        self._links: dict[tuple[ChainRole, str, str], Link] = {}
        self._files: dict[tuple[str, UUID], File] = {}
        self._explained: set[str] = set()
        self._opened: dict[tuple[str, UUID], datetime] = {}

    def take(self, recorded: Recorded) -> None:
        """Add the fact to the part of whoever recorded it."""
        fact: Any = recorded.fact
        whole = WHOLE.get(type(fact))
        if whole is not None:
            self._whole(recorded, *whole)
            return
        about = getattr(fact, "indicator", None)
        if about is None or self._indicator not in {None, about}:
            return
        match fact:
            case (
                Assessment.IndicatorMeasured()
                | Assessment.IndicatorScored()
                | Assessment.EvidenceAttached()
                | Assessment.EvidenceReused()
                | Assessment.EvidenceWithdrawn()
                | Assessment.Explained()
                | Assessment.OpinionSheetsTallied()
            ):
                self._entered(recorded, fact)
            case Appraisal.EvidenceOpened():
                self._opened.setdefault((recorded.actor, fact.evidence), recorded.at)
                self._link(ChainRole.APPRAISED, recorded).acts.append(recorded)
            case Appraisal.IndicatorAppraised() | Assessment.IndicatorReturned():
                self._appraised(recorded, about)

    def _link(self, role: ChainRole, recorded: Recorded) -> Link:
        key = (role, recorded.actor, recorded.mandate)
        if key not in self._links:
            mandate = self._mandates.get(recorded.mandate)
            self._links[key] = Link(role, recorded.actor, mandate, recorded.unit, mandate.position if mandate else None)
        return self._links[key]

    def _whole(self, recorded: Recorded, role: ChainRole, step: Step | None) -> None:
        link = self._link(role, recorded)
        link.acts.append(recorded)
        if step is not None or link.due is None:  # what is done again after the step was completed is not late by it
            link.on = getattr(recorded.fact, "on", None) or link.on
        if step is not None:
            link.deadline = self._season.deadlines.get(step)

    def _entered(self, recorded: Recorded, fact: Entering) -> None:
        link = self._link(self._role_of(recorded, fact), recorded)
        link.acts.append(recorded)
        link.deadline = self._season.deadlines.get(Step.SCORED)
        match fact:
            case Assessment.EvidenceAttached():
                file = File(fact.evidence, fact.sha256, fact.name, fact.indicator)
                self._files[fact.indicator, fact.evidence] = file
                link.files.append(file)
            case Assessment.EvidenceReused():
                source = self._files.get((fact.from_indicator, fact.evidence)) or self._anywhere(fact.evidence)
                if source is not None:
                    file = File(source.id, source.sha256, source.name, fact.indicator)
                    self._files[fact.indicator, fact.evidence] = file
                    link.files.append(file)
            case Assessment.EvidenceWithdrawn():
                gone = self._files.pop((fact.indicator, fact.evidence), None)
                for one in self._links.values():
                    one.files = [file for file in one.files if file is not gone]
            case Assessment.Explained():
                self._explained.add(fact.indicator)
            case _:
                pass

    def _anywhere(self, evidence: UUID) -> File | None:
        return next((file for file in self._files.values() if file.id == evidence), None)

    def _role_of(self, recorded: Recorded, fact: Entering) -> ChainRole:
        """By the post that the indicator was assigned to; whoever proposes a value leads, whatever the post."""
        mandate = self._mandates.get(recorded.mandate)
        assigned = self._season.assignments.get(fact.indicator)
        leads = mandate is not None and assigned is not None and mandate.position is assigned.lead
        return ChainRole.LEAD if leads or isinstance(fact, Assessment.IndicatorScored) else ChainRole.COORDINATING

    def _appraised(self, recorded: Recorded, indicator: str) -> None:
        link = self._link(ChainRole.APPRAISED, recorded)
        link.acts.append(recorded)
        link.deadline = self._season.deadlines.get(Step.APPRAISED)
        kept = [file for file in link.files if file.indicator != indicator]
        link.files = kept + [
            File(file.id, file.sha256, file.name, indicator, self._opened.get((recorded.actor, file.id)))
            for (code, _), file in self._files.items()
            if code == indicator
        ]

    # What was not done --------------------------------------------------------------------------------

    def miss(self, officials: Iterable[OfficialRow]) -> None:
        """Add the posts that the indicator was assigned to and that did nothing for it."""
        assigned = self._season.assignments.get(self._indicator or "")
        if assigned is None:
            return
        acted = {
            link.position for link in self._links.values() if link.role in {ChainRole.LEAD, ChainRole.COORDINATING}
        }
        for role, position in _posts(assigned):
            if position in acted:
                continue
            scoring = self._season.deadlines.get(Step.SCORED)
            held = [
                (row.person, mandate)
                for row in officials
                for mandate in row.mandates
                if mandate.position is position and mandate.unit == self._commune and self._in_season(mandate)
            ]
            for person, mandate in held:
                idle = Link(role, person, mandate, self._commune, position, deadline=scoring, remarks=[Remark.IDLE])
                self._links[role, person, str(mandate.id)] = idle
            if not held:
                vacant = Link(role, "", None, self._commune, position, deadline=scoring, remarks=[Remark.VACANT])
                self._links[role, "", position.value] = vacant

    def _in_season(self, mandate: Mandate) -> bool:
        """Whether the mandate was in force on some day between the opening of the season and the end of scoring."""
        opened, due = self._season.opened_on, self._season.due(Step.SCORED)
        begins = due is None or mandate.valid_from <= due
        return begins and (opened is None or mandate.valid_to is None or mandate.valid_to >= opened)

    # What to look at ----------------------------------------------------------------------------------

    def remark(self) -> None:
        """Note in each part what an inspector should look at."""
        for link in self._links.values():
            link.remarks += self._remarks(link)

    def _remarks(self, link: Link) -> Iterator[Remark]:
        if link.late:
            yield Remark.LATE
        if link.mandate is not None and not all(link.mandate.holds_on(day) for day in _days(link)):
            yield Remark.MANDATE
        if link.role is ChainRole.APPRAISED and any(file.opened is None for file in link.files) and _gave_values(link):
            yield Remark.UNOPENED
        if link.role is ChainRole.LEAD and any(not self._is_supported(code) for code in _proposed(link)):
            yield Remark.UNSUPPORTED
        if any(_differs(act.fact) for act in _last_of_each(link.acts)):
            yield Remark.DIFFERS
        if any(_is_against(act.fact) for act in link.acts):
            yield Remark.AGAINST

    def _is_supported(self, indicator: str) -> bool:
        return indicator in self._explained or any(code == indicator for code, _ in self._files)

    def in_order(self) -> tuple[Link, ...]:
        """By role, within a role by time; those who did nothing come last in theirs."""
        order = {role: number for number, role in enumerate(ChainRole)}
        last = max((link.acts[-1].position for link in self._links.values() if link.acts), default=0) + 1

        def place(link: Link) -> tuple[int, int]:
            return order[link.role], link.acts[0].position if link.acts else last

        return tuple(sorted(self._links.values(), key=place))


def _posts(assigned: Assignment) -> list[tuple[ChainRole, Office]]:
    return [
        (ChainRole.LEAD, assigned.lead),
        *((ChainRole.COORDINATING, position) for position in assigned.coordinating),
    ]


def _days(link: Link) -> list[date]:
    """The legal dates of the acts; that the mandate was in force when they were recorded was asked then."""
    days = (getattr(act.fact, "on", None) for act in link.acts)
    return [day for day in days if isinstance(day, date)]


def _proposed(link: Link) -> set[str]:
    return {act.fact.indicator for act in link.acts if isinstance(act.fact, Assessment.IndicatorScored)}


def _gave_values(link: Link) -> bool:
    return any(isinstance(act.fact, Appraisal.IndicatorAppraised) for act in link.acts)


def _last_of_each(acts: Sequence[Recorded]) -> Iterable[Recorded]:
    """Of several values for one indicator, the last."""
    return {(type(act.fact), getattr(act.fact, "indicator", "")): act for act in acts}.values()


def _is_against(fact: Fact) -> bool:
    match fact:
        case Recognition.Decided() | Recognition.DecidedAgain():
            return differs(fact.result, fact.computed, fact.voted)
    return False


def _differs(fact: Fact) -> bool:
    match fact:
        case Assessment.IndicatorScored():
            by_rule = fact.outcome_by_rule if fact.by_rule is None else fact.by_rule
            return by_rule is not None and by_rule != (fact.points if fact.outcome is None else fact.outcome)
        case Appraisal.IndicatorAppraised():
            proposed = fact.proposed_points if fact.proposed_outcome is None else fact.proposed_outcome
            return proposed is not None and proposed != (fact.points if fact.outcome is None else fact.outcome)
    return False


def _several(links: Iterable[Link]) -> tuple[Roles, ...]:
    """Who stands in the chain in the roles of several hands, the part of each being an act."""
    found: dict[str, dict[ChainRole, Mandate | None]] = {}
    for link in links:
        if link.acts and link.actor:
            found.setdefault(link.actor, {}).setdefault(link.role, link.mandate)
    return tuple(
        Roles(actor, next(iter(roles.values())), tuple(roles))
        for actor, roles in found.items()
        if sum(not hand.isdisjoint(roles) for hand in HANDS) > 1
    )
