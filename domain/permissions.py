"""Permissions: one table of acts, each with the offices that may do it and the condition that must hold.

Every use case asks it before anything is recorded; pages ask the same `may()` before they show a button. Whoever is
not in the table may not. A permission answers with the mandate that gives it, which is recorded beside the fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from domain.errors import NotPermitted
from domain.official import COMMUNE_OFFICERS, Mandate, Office


class Act(StrEnum):
    """What somebody may want to do, named area:verb-object."""

    ADOPT_RULEBOOK = "administration:adopt-rulebook"
    KEEP_RULEBOOK_TEXT = "administration:keep-rulebook-text"
    CORRECT_RULEBOOK = "administration:correct-rulebook"
    SIGN_OFF_RULEBOOK = "administration:sign-off-rulebook"
    ENROL_OFFICIAL = "administration:enrol-official"
    KEEP_CALENDAR = "administration:keep-calendar"
    CONFIRM_CALENDAR_CHANGE = "administration:confirm-calendar-change"
    SET_RATE = "administration:set-rate"
    REGISTER_UNIT = "administration:register-unit"
    SHRED_SUBJECT = "administration:shred-subject"
    AGREE_ON_RESULT = "assessment:agree-on-result"
    ANSWER_COMMENT = "assessment:answer-comment"
    ATTACH_EVIDENCE = "assessment:attach-evidence"
    CONSOLIDATE = "assessment:consolidate"
    CONFIRM_SANCTION = "assessment:confirm-sanction"
    DECLARE_SANCTION = "assessment:declare-sanction"
    DECLARE_VETO = "assessment:declare-veto"
    EXPLAIN = "assessment:explain"
    MEASURE = "assessment:measure"
    MEASURE_SATISFACTION = "assessment:measure-satisfaction"
    POST = "assessment:post"
    RESUBMIT = "assessment:resubmit"
    SCORE = "assessment:score"
    SUBMIT = "assessment:submit"
    APPRAISE = "appraisal:appraise"
    CONCLUDE_APPRAISAL = "appraisal:conclude"
    OPEN_EVIDENCE = "appraisal:open-evidence"
    RETURN_INDICATOR = "appraisal:return-indicator"
    ACKNOWLEDGE_PAPERS = "council:acknowledge-papers"
    AUTHORISE_VICE_CHAIR = "council:authorise-vice-chair"
    CAST_BALLOT = "council:cast-ballot"
    CONDUCT_MEETING = "council:conduct-meeting"
    CONSTITUTE_COUNCIL = "council:constitute"
    CONVENE_MEETING = "council:convene-meeting"
    OPEN_CONSULTATION = "council:open-consultation"
    DISMISS_FLAG = "inspection:dismiss-flag"
    EXPORT_DECISION = "export:decision"
    EXPORT_DOSSIER = "export:dossier"
    EXPORT_REVIEW = "export:review"
    EXPORT_STANDINGS = "export:standings"
    CORRECT_DECISION = "recognition:correct"
    DECIDE = "recognition:decide"
    LIST_COMMUNE = "recognition:list-commune"
    NOTE_PUBLISHED_TOTAL = "recognition:note-published-total"
    PUBLISH = "recognition:publish"
    SIGN = "recognition:sign"
    UPHOLD_APPEAL = "recognition:uphold-appeal"
    CONCLUDE_REVIEW = "review:conclude"
    CONDUCT_REVIEW = "review:conduct"
    EXPLAIN_IN_REVIEW = "review:explain"
    ASSIGN_INDICATOR = "season:assign-indicator"
    CORRECT_SEASON = "season:correct-rulebook"
    OPEN_SEASON = "season:open"
    PLAN_SEASON = "season:plan"
    SET_DEADLINE = "season:set-deadline"
    SUSPEND_SEASON = "season:suspend"
    VIEW_BOARD = "view:board"
    VIEW_DOSSIER = "view:dossier"
    VIEW_FLAGS = "view:flags"
    VIEW_REVIEW = "view:review"
    VIEW_TRAIL = "view:trail"
    VIEW_TRAIL_OF_PROVINCE = "view:trail-of-province"


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person with the mandates in force today.

    `succeeded` are the units that have ended, by the unit that their duties passed to (`domain/unit.py`).
    """

    person: str
    mandates: tuple[Mandate, ...]
    name: str = ""
    succeeded: Mapping[str, frozenset[str]] = field(default_factory=dict, compare=False)

    def stands_for(self, mandate: Mandate, unit: str) -> bool:
        """Whether the mandate is for the unit, or for the one that its duties passed to."""
        return mandate.unit == unit or unit in self.succeeded.get(mandate.unit, ())


@dataclass(frozen=True, slots=True)
class Subject:
    """What the act is about, as far as the conditions ask: all fields are unit codes, positions or person ids."""

    commune: str = ""
    decided_by: str = ""
    lead: Office | None = None
    coordinating: tuple[Office, ...] = ()
    proposed_by: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    conducting: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()


Condition: TypeAlias = Callable[[Actor, Mandate, Subject], bool]


def anywhere(actor: Actor, mandate: Mandate, subject: Subject) -> bool:
    """Anywhere in the province."""
    return True


def in_own_commune(actor: Actor, mandate: Mandate, subject: Subject) -> bool:
    """The mandate is for the commune concerned."""
    return mandate.unit == subject.commune


def as_lead(actor: Actor, mandate: Mandate, subject: Subject) -> bool:
    """The position leads the indicator in its own commune."""
    return mandate.unit == subject.commune and mandate.position is subject.lead


def as_lead_or_coordinating(actor: Actor, mandate: Mandate, subject: Subject) -> bool:
    """The position leads or coordinates the indicator in its own commune."""
    return as_lead(actor, mandate, subject) or (
        mandate.unit == subject.commune and mandate.position in subject.coordinating
    )


def in_deciding_unit(actor: Actor, mandate: Mandate, subject: Subject) -> bool:
    """The mandate is for the unit that decides on the commune (the district until 30/6/2025, then the province).

    The duties of a unit that has ended are its successor's, also for what it decided itself.
    """
    return actor.stands_for(mandate, subject.decided_by)


def in_deciding_unit_and_not_own_work(actor: Actor, mandate: Mandate, subject: Subject) -> bool:
    """The mandate is for the deciding unit, and the person did not propose the value concerned."""
    return actor.stands_for(mandate, subject.decided_by) and actor.person not in subject.proposed_by


def not_own_work(actor: Actor, mandate: Mandate, subject: Subject) -> bool:
    """Anywhere in the province, by another person than those who prepared what is confirmed."""
    return actor.person not in subject.proposed_by


def as_member(actor: Actor, mandate: Mandate, subject: Subject) -> bool:
    """The person sits in the council."""
    return actor.person in subject.members


def conducting(actor: Actor, mandate: Mandate, subject: Subject) -> bool:
    """The person is the council's chair or secretary, or a vice-chair whom the chair authorised for this meeting."""
    return actor.person in subject.conducting


def when_asked(actor: Actor, mandate: Mandate, subject: Subject) -> bool:
    """An inspector asked the person to explain."""
    return actor.person in subject.asked


#: Who may whatever their position, by the condition.
PARTS: dict[Condition, str] = {as_member: "member", conducting: "conducting", when_asked: "asked"}

#: What else is missing, by the condition, to somebody in the unit concerned.
_BESIDES: dict[Condition, str] = {
    as_lead: "another-lead",
    as_lead_or_coordinating: "another-lead",
    in_deciding_unit_and_not_own_work: "own-work",
    not_own_work: "own-work",
}

Rule: TypeAlias = tuple[tuple[Office, ...], Condition]

_APPRAISERS = (Office.DISTRICT_JUSTICE, Office.JUSTICE_DEPARTMENT)
_CHAIRMEN = (Office.DISTRICT_CHAIRMAN, Office.PROVINCE_CHAIRMAN)
_COMMUNE = (*COMMUNE_OFFICERS, Office.COMMUNE_CHAIRMAN)
_OVERSIGHT = (Office.JUSTICE_DEPARTMENT, Office.PROVINCE_CHAIRMAN, Office.INSPECTOR)
_ALL = tuple(Office)
_NO_MEMBERS = (Office.ADMINISTRATOR, Office.INSPECTOR)

_ADMINISTERS: Rule = ((Office.ADMINISTRATOR,), anywhere)
_RUNS_THE_SEASON: Rule = ((Office.ADMINISTRATOR, Office.JUSTICE_DEPARTMENT), anywhere)
_SECOND_PERSON: Rule = ((Office.ADMINISTRATOR, Office.JUSTICE_DEPARTMENT), not_own_work)
_JUSTICE_OFFICER: Rule = ((Office.JUSTICE_OFFICER,), in_own_commune)
_COMMUNE_CHAIRMAN: Rule = ((Office.COMMUNE_CHAIRMAN,), in_own_commune)
_APPRAISER: Rule = (_APPRAISERS, in_deciding_unit)
_INDEPENDENT_APPRAISER: Rule = (_APPRAISERS, in_deciding_unit_and_not_own_work)
_CHAIRMAN: Rule = (_CHAIRMEN, in_deciding_unit)
_MAY_SEE: tuple[Rule, ...] = (
    (_COMMUNE, in_own_commune),
    (_APPRAISERS + _CHAIRMEN, in_deciding_unit),
    (_OVERSIGHT, anywhere),
    (_ALL, as_member),
)

TABLE: dict[Act, tuple[Rule, ...]] = {
    Act.ADOPT_RULEBOOK: (_ADMINISTERS,),
    Act.ENROL_OFFICIAL: (_ADMINISTERS,),
    Act.KEEP_RULEBOOK_TEXT: (_RUNS_THE_SEASON,),
    Act.CORRECT_RULEBOOK: (_RUNS_THE_SEASON,),
    Act.SIGN_OFF_RULEBOOK: (_SECOND_PERSON,),
    Act.KEEP_CALENDAR: (_RUNS_THE_SEASON,),
    Act.CONFIRM_CALENDAR_CHANGE: (_SECOND_PERSON,),
    Act.SET_RATE: (_RUNS_THE_SEASON,),
    Act.REGISTER_UNIT: (_ADMINISTERS,),
    Act.SHRED_SUBJECT: (_ADMINISTERS,),
    Act.AGREE_ON_RESULT: (_JUSTICE_OFFICER, _COMMUNE_CHAIRMAN),
    Act.ANSWER_COMMENT: (_JUSTICE_OFFICER, _COMMUNE_CHAIRMAN),
    Act.ATTACH_EVIDENCE: ((COMMUNE_OFFICERS, as_lead_or_coordinating),),
    Act.CONSOLIDATE: (_JUSTICE_OFFICER,),
    Act.CONFIRM_SANCTION: (_APPRAISER,),
    Act.DECLARE_SANCTION: (_JUSTICE_OFFICER, _APPRAISER),
    Act.DECLARE_VETO: (_JUSTICE_OFFICER,),
    Act.EXPLAIN: ((COMMUNE_OFFICERS, as_lead_or_coordinating),),
    Act.MEASURE: ((COMMUNE_OFFICERS, as_lead_or_coordinating),),
    Act.MEASURE_SATISFACTION: (_JUSTICE_OFFICER,),
    Act.POST: (_JUSTICE_OFFICER, _COMMUNE_CHAIRMAN),
    Act.RESUBMIT: (_COMMUNE_CHAIRMAN,),
    Act.SCORE: ((COMMUNE_OFFICERS, as_lead),),
    Act.SUBMIT: (_COMMUNE_CHAIRMAN,),
    Act.APPRAISE: (_INDEPENDENT_APPRAISER,),
    Act.CONCLUDE_APPRAISAL: (_APPRAISER,),
    Act.OPEN_EVIDENCE: (_APPRAISER,),
    Act.RETURN_INDICATOR: (_APPRAISER,),
    Act.ACKNOWLEDGE_PAPERS: ((_ALL, as_member),),
    Act.AUTHORISE_VICE_CHAIR: ((_ALL, conducting),),
    Act.CAST_BALLOT: ((_ALL, as_member),),
    Act.CONDUCT_MEETING: ((_ALL, conducting),),
    Act.CONSTITUTE_COUNCIL: (_APPRAISER, _CHAIRMAN),
    Act.CONVENE_MEETING: (_APPRAISER, (_ALL, conducting)),
    Act.OPEN_CONSULTATION: ((_ALL, conducting),),
    Act.DISMISS_FLAG: (((Office.JUSTICE_DEPARTMENT, Office.INSPECTOR), anywhere),),
    Act.EXPORT_DECISION: _MAY_SEE,
    # A dossier tells all that the council did, about other communes too: not everybody who may see one of these may.
    Act.EXPORT_DOSSIER: ((_APPRAISERS + _CHAIRMEN, in_deciding_unit), (_OVERSIGHT, anywhere)),
    Act.EXPORT_REVIEW: _MAY_SEE,
    Act.EXPORT_STANDINGS: ((_APPRAISERS + _CHAIRMEN + _OVERSIGHT + (Office.ADMINISTRATOR,), anywhere),),
    Act.CORRECT_DECISION: (_CHAIRMAN,),
    Act.DECIDE: (_CHAIRMAN,),
    Act.LIST_COMMUNE: (_CHAIRMAN,),
    Act.NOTE_PUBLISHED_TOTAL: (_APPRAISER, _CHAIRMAN),
    Act.PUBLISH: (_APPRAISER, _CHAIRMAN),
    Act.SIGN: (_CHAIRMAN,),
    Act.UPHOLD_APPEAL: (_CHAIRMAN,),
    Act.CONCLUDE_REVIEW: (_CHAIRMAN,),
    Act.CONDUCT_REVIEW: (((Office.INSPECTOR,), anywhere),),
    Act.EXPLAIN_IN_REVIEW: ((_ALL, when_asked),),
    Act.ASSIGN_INDICATOR: (_RUNS_THE_SEASON,),
    Act.CORRECT_SEASON: (_RUNS_THE_SEASON,),
    Act.OPEN_SEASON: (_RUNS_THE_SEASON,),
    Act.PLAN_SEASON: (_RUNS_THE_SEASON,),
    Act.SET_DEADLINE: (_RUNS_THE_SEASON,),
    Act.SUSPEND_SEASON: (_RUNS_THE_SEASON,),
    Act.VIEW_BOARD: ((_ALL, anywhere),),
    Act.VIEW_DOSSIER: _MAY_SEE,
    Act.VIEW_FLAGS: _MAY_SEE,
    Act.VIEW_REVIEW: (*_MAY_SEE, (_ALL, when_asked)),
    Act.VIEW_TRAIL: _MAY_SEE,
    Act.VIEW_TRAIL_OF_PROVINCE: (((*_OVERSIGHT, Office.ADMINISTRATOR), anywhere),),
}


def permit(actor: Actor, act: Act, subject: Subject = Subject()) -> Mandate:
    """The mandate under which the actor may do this; NotPermitted when there is none."""
    mandate = _allowing(actor, act, subject)
    if mandate is None:
        raise NotPermitted(act=act, who=_who(act), reason=_missing(actor, act, subject))
    return mandate


def may(actor: Actor, act: Act, subject: Subject = Subject()) -> bool:
    """Whether `permit` would give a mandate."""
    return _allowing(actor, act, subject) is not None


def positions_for(act: Act) -> frozenset[Office]:
    """The positions that may do this about some subject, whatever else must hold."""
    return frozenset(position for positions, _ in TABLE[act] for position in positions)


def could(actor: Actor, act: Act) -> bool:
    """Whether one of the actor's positions may do this about some subject: for menus, where none is chosen yet."""
    return any(mandate.position in positions_for(act) for mandate in actor.mandates)


def may_sit(mandates: Iterable[Mandate]) -> bool:
    """Whether who holds these may be a member of a council: who administers or inspects the system may not."""
    return all(mandate.position not in _NO_MEMBERS for mandate in mandates)


def is_of_a_commune(mandate: Mandate) -> bool:
    """Whether the position works in one commune and sees that commune's dossier as its own."""
    return any(
        mandate.position in positions and condition is in_own_commune
        for positions, condition in TABLE[Act.VIEW_DOSSIER]
    )


def _allowing(actor: Actor, act: Act, subject: Subject) -> Mandate | None:
    for positions, condition in TABLE[act]:
        for mandate in actor.mandates:
            if mandate.position in positions and condition(actor, mandate, subject):
                return mandate
    return None


def _who(act: Act) -> tuple[str, ...]:
    """Who may do this, each once: positions, then who may by their part in it whatever their position."""
    by_position = [one for positions, _ in TABLE[act] if positions is not _ALL for one in positions]
    return tuple(dict.fromkeys([*by_position, *(PARTS[rule] for _, rule in TABLE[act] if rule in PARTS)]))


def _missing(actor: Actor, act: Act, subject: Subject) -> str:
    """What the person lacks, "" for a position that may.

    "part": no position gives the right. "another-unit": theirs gives it in their own unit. "another-lead": another
    officer of the commune has the indicator. "own-work": the value is their own.
    """
    by_position = [rule for rule in TABLE[act] if rule[0] is not _ALL]
    lacking = [
        _BESIDES.get(condition, "another-unit")
        if mandate.unit == subject.commune or actor.stands_for(mandate, subject.decided_by)
        else "another-unit"
        for positions, condition in by_position
        for mandate in actor.mandates
        if mandate.position in positions
    ]
    if not lacking:
        return "" if by_position else "part"
    return next((one for one in lacking if one != "another-unit"), "another-unit")
