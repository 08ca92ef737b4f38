"""The minutes of a council meeting as an official document (Nghị định 30/2020/NĐ-CP), for its secretary to sign.

Of a consultation in writing it is the synthesis of opinions (TT 09/2021, Mẫu 06), which takes the place of minutes.

They are made from the log up to the closing of the meeting, so that whatever is recorded later they come out the
same. Every ballot is named in them, and every round that was declared void, with the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import NamedTuple
from uuid import UUID

from markupsafe import Markup

from domain.appraisal import Appraisal, appraisal_stream
from domain.council import Council, Member, Role, council_stream
from domain.errors import OutOfOrder
from domain.fact import Recorded
from domain.meeting import Choice, Meeting, VoteOutcome, VoteRule, meeting_stream, unit_of
from domain.official import Official, official_stream
from domain.unit import Level
from projections.fold import fold
from projections.tables.tallies import TALLIES, MeetingRow, Tally
from services.case.council_meetings import members_of
from services.documents.forms import PRESENT, DocumentForm
from services.documents.reading import AsItStood
from services.documents.typesetting import NUMBERS, typeset
from services.documents.wording import NamedUnit
from services.i18n import vietnamese

#: The class of a column that holds a word of so many letters in one line: its width stands in print.css.
WIDTHS = ((5, "of-few"), (8, "of-some"), (99, "of-many"))


class Attendant(NamedTuple):
    """A member of the council."""

    name: str
    agency: str
    role: Role

    @property
    def post(self) -> str:
        """The role in words."""
        return vietnamese().say(f"role.{self.role}")


class MinutesBallot(NamedTuple):
    """A member's part in a round; `note` is the reason given, or the paper that an absent member sent, `came` whether
    that member then came after all.
    """

    member: Attendant
    choice: str
    note: str
    came: bool = False


class Round(NamedTuple):
    """One round of voting; `void_because` says why it does not count, None where it does."""

    number: int
    rule: VoteRule
    present: int
    counts: Mapping[Choice, int]
    silent: int
    carried: bool
    ballots: tuple[MinutesBallot, ...]
    void_because: str | None


class MinutesItem(NamedTuple):
    """One dossier of the agenda; `proposal` is the appraiser's, in words, "" where none was there.

    `opinions` are what absent members wrote where that is no ballot.
    """

    commune: NamedUnit
    proposal: str
    rounds: tuple[Round, ...]
    opinions: tuple[MinutesBallot, ...] = ()

    @property
    def result(self) -> Round | None:
        """The round that counts; None where the council did not vote."""
        return next((one for one in self.rounds if one.void_because is None), None)


class PapersTold(NamedTuple):
    """When the papers were sent, by when they were due, how many members have them."""

    sent: date
    due: date | None
    received: int

    @property
    def late(self) -> bool:
        """Whether they were sent later than the rulebook has it."""
        return self.due is not None and self.sent > self.due


class AuthorisationTold(NamedTuple):
    """The vice-chair whom the chair let conduct the meeting, by a document or a note."""

    member: Attendant
    document_no: str | None
    note: str | None


class MinutesDocument(NamedTuple):
    """Everything that the minutes say, as values; `answer_by` is the day of a consultation, None of a meeting."""

    unit: NamedUnit
    season: str
    document_no: str
    on: date
    place: str
    closed_on: date
    decision_no: str
    present: tuple[Attendant, ...]
    absent: tuple[Attendant, ...]
    former: tuple[Attendant, ...]
    chair: Attendant
    secretary: Attendant
    items: tuple[MinutesItem, ...]
    log: str
    position: int
    demonstration: bool
    answer_by: date | None = None
    papers: PapersTold | None = None

    @property
    def year(self) -> str:
        """The season as people name it."""
        return NUMBERS.season(self.season)

    authorised: tuple[AuthorisationTold, ...] = ()

    @property
    def opinions(self) -> list[MinutesItem]:
        """The dossiers about which absent members wrote."""
        return [item for item in self.items if item.opinions]

    @property
    def members(self) -> int:
        """How many the council has, without those who left it during the meeting (`former`)."""
        return len(self.present) + len(self.absent)

    @property
    def of_district(self) -> bool:
        """Whether a district's council met, as until 30/6/2025."""
        return self.unit.level is Level.DISTRICT

    @property
    def rules(self) -> list[VoteRule]:
        """The rule that was frozen into the votes; one, unless the rulebook changed between them."""
        return sorted({vote.rule for item in self.items for vote in item.rounds})

    @property
    def carried(self) -> list[MinutesItem]:
        """The dossiers whose recognition the council advises."""
        return [item for item in self.items if item.result and item.result.carried]

    @property
    def not_carried(self) -> list[MinutesItem]:
        """The dossiers whose recognition it advises against."""
        return [item for item in self.items if item.result and not item.result.carried]

    @property
    def left(self) -> list[MinutesItem]:
        """The dossiers that were not voted on."""
        return [item for item in self.items if item.result is None]


# Reading it from the log ------------------------------------------------------------------------------


async def closed_at(then: AsItStood, season: str, meeting: str) -> Recorded:
    """The closing of the meeting as it stands in the log. OutOfOrder while it goes on."""
    for recorded in await then.facts(meeting_stream(season, meeting)):
        if isinstance(recorded.fact, Meeting.Closed):
            return recorded
    raise OutOfOrder(step="issue-minutes", state="open")


async def read_paper(then: AsItStood, season: str, meeting: str, document_no: str) -> MinutesDocument:
    """What the minutes of this meeting say. OutOfOrder while it goes on."""
    closed = await closed_at(then, season, meeting)
    then = then._replace(position=closed.position)
    assert isinstance(closed.fact, Meeting.Closed)  # noqa: S101 - found by its type
    unit = unit_of(meeting)
    held = fold(TALLIES, await then.facts(meeting_stream(season, meeting)))[f"{season}/{meeting}"]
    council = await then.facts(council_stream(season, unit))
    called = {member for tally in held.rounds for member in tally.seated} or {*held.members, *held.present}
    seated = members_of(called, council)
    attendants = {member.person: await _attendant(then, member) for member in seated}
    heard = (tally.ballots if held.is_consultation else tally.roll for tally in held.rounds)
    came = {*held.present, *(member for members in heard for member in members)}
    last = max(held.rounds, key=lambda tally: tally.opened_at, default=None)
    staying = called if last is None else last.seated
    present = tuple(attendants[one.person] for one in seated if one.person in came & staying)
    constituted = council[0].fact
    assert isinstance(constituted, Council.Constituted)  # noqa: S101 - the first fact of a council
    return MinutesDocument(
        unit=await then.place(unit),
        season=season,
        document_no=document_no,
        on=held.on,
        place=held.place,
        closed_on=closed.fact.on,
        decision_no=constituted.decision_no,
        present=present,
        absent=tuple(attendants[one.person] for one in seated if one.person in staying - came),
        former=tuple(attendants[one.person] for one in seated if one.person not in staying),
        chair=_presiding(held, present, attendants),
        secretary=_in_role(present, attendants.values(), Role.SECRETARY),
        items=tuple([await _item(then, season, held, code, attendants) for code in held.items]),
        log=then.tenant.log,
        position=then.position,
        demonstration=then.tenant.demonstration,
        answer_by=held.answer_by,
        papers=_papers(held),
        authorised=tuple(
            AuthorisationTold(attendants[one.member], one.document_no, one.note)
            for one in held.authorised
            if one.member in attendants
        ),
    )


def _papers(held: MeetingRow) -> PapersTold | None:
    return PapersTold(held.papers_sent, held.papers_due, len(held.papers_received)) if held.papers_sent else None


def _presiding(held: MeetingRow, present: Collection[Attendant], every: Mapping[UUID, Attendant]) -> Attendant:
    """The chair where present, else the vice-chair whom the chair authorised."""
    may = [every[one.member] for one in held.authorised if one.member in every and every[one.member] in present]
    if may and not any(one.role is Role.CHAIR for one in present):
        return may[0]
    return _in_role(present, every.values(), Role.CHAIR, Role.VICE_CHAIR)


async def _attendant(then: AsItStood, member: Member) -> Attendant:
    official = await then.find(Official, official_stream(member.person))
    return Attendant(official.name if official else "", member.agency, member.role)


def _in_role(present: Collection[Attendant], every: Collection[Attendant], *roles: Role) -> Attendant:
    """Who was present in the first of these roles that somebody was present in; else who holds the first."""
    held = [one for role in roles for one in present if one.role is role]
    return held[0] if held else next(one for one in every if one.role is roles[0])


async def _item(
    then: AsItStood, season: str, held: MeetingRow, commune: str, attendants: dict[UUID, Attendant]
) -> MinutesItem:
    appraisal = await then.find(Appraisal, appraisal_stream(season, commune))
    proposal = appraisal.proposal if appraisal else None
    voted = [*held.void.get(commune, ()), *([held.votes[commune]] if commune in held.votes else [])]
    return MinutesItem(
        commune=await then.place(commune),
        proposal=vietnamese().say(f"proposal.{proposal}") if proposal else "",
        rounds=tuple(_round(tally, attendants, in_writing=held.is_consultation) for tally in voted),
        opinions=tuple(
            MinutesBallot(
                attendants[one.member],
                vietnamese().say(f"choice.{one.choice}"),
                "; ".join(said for said in (one.document_no, one.reason) if said),
                came=one.member in held.present,
            )
            for one in held.opinions
            if one.item == commune and one.member in attendants
        ),
    )


def _round(tally: Tally, attendants: dict[UUID, Attendant], *, in_writing: bool) -> Round:
    return Round(
        number=tally.round,
        rule=tally.rule,
        present=len(tally.roll),
        counts=tally.counts,
        silent=tally.silent,
        carried=tally.outcome is VoteOutcome.CARRIED,
        ballots=tuple(_ballots(tally, attendants, in_writing=in_writing)),
        void_because=tally.void_because,
    )


def _ballots(tally: Tally, attendants: dict[UUID, Attendant], *, in_writing: bool) -> Iterator[MinutesBallot]:
    for person, member in attendants.items():
        if person not in tally.seated:  # no member yet, or no more
            continue
        cast = tally.ballots.get(person)
        if cast is None:
            silent = "không có ý kiến" if in_writing else "không bỏ phiếu"
            yield MinutesBallot(member, silent if person in tally.roll else "vắng", "")
            continue
        paper = f"bằng văn bản {cast.document_no}" if cast.document_no else ""
        yield MinutesBallot(
            member, vietnamese().say(f"choice.{cast.choice}"), "; ".join(one for one in (paper, cast.reason) if one)
        )


# The document -----------------------------------------------------------------------------------------


def render(paper: MinutesDocument, form: DocumentForm = PRESENT) -> str:
    """The minutes, or the synthesis of a consultation, as HTML for print."""
    template = "synthesis.html" if paper.answer_by else "minutes.html"
    return typeset(
        form.template(template), paper=paper, heads=[head(vietnamese().say(f"choice.{one}")) for one in Choice]
    )


def head(word: str) -> Markup:
    """The head of a narrow column: its word in two lines as even as they can be, in a width that holds the longer."""
    words = word.split()
    splits = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))] or [(word, "")]
    upper, lower = min(splits, key=lambda lines: max(map(len, lines)))
    width = next(width for letters, width in WIDTHS if max(len(upper), len(lower)) <= letters)
    return Markup('<th scope="col" class="{}">{}<br>{}</th>').format(width, upper, lower)
