"""The chairman's decision on a commune as an official document (Nghị định 30/2020/NĐ-CP).

It is made from the log up to the decision itself: whatever is recorded later, the same decision gives the same
document, so the bytes that were signed can be made and compared again at any time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import ClassVar, NamedTuple
from uuid import UUID

from domain.appraisal import Appraisal, appraisal_stream
from domain.appraised import appraised_sheet, spelled
from domain.assessment import Assessment, assessment_stream
from domain.council import Council, council_stream
from domain.errors import OutOfOrder, Refused
from domain.fact import Recorded, StreamName, replay
from domain.judging import ConditionResult, CriterionResult, Verdict, judge
from domain.measure import Outcome
from domain.meeting import Choice, Meeting, VoteOutcome, VoteRule
from domain.official import Capacity, Official, official_stream
from domain.recognition import Decision, Result, recognition_stream
from domain.rulebook import ConditionKind, Model, Provenance, Rulebook
from domain.season import LeftOut, Season, season_stream
from domain.unit import Level
from domain.working_days import Calendar
from infra.ledger.canonical_json import canonical
from infra.ledger.leaf import payload_hash
from infra.reference.rulebooks import Rulebooks
from services.case.meeting_walk import walk_meetings
from services.documents.forms import LATER_ON_2026_11_30, PRESENT, UNTIL_2026_11_30, DocumentForm
from services.documents.reading import AsItStood
from services.documents.typesetting import NUMBERS, typeset
from services.documents.wording import NamedUnit, lower_first, signature
from services.i18n import vietnamese

#: The general basis of a committee's decisions. The law of 2015 was amended with effect from 1/7/2020 and replaced
#: in 2025; the day of the later law was not verified, so only its year is cited.
LAW_OF_2015 = "Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2015"
AMENDMENT = (
    "Luật sửa đổi, bổ sung một số điều của Luật Tổ chức Chính phủ và Luật Tổ chức chính quyền địa phương "
    "ngày 22 tháng 11 năm 2019"
)
LAW_OF_2025 = "Luật Tổ chức chính quyền địa phương năm 2025"
AMENDED_FROM = date(2020, 7, 1)
REPLACED_FROM = date(2025, 3, 1)

NOTHING = "–"


class DecisionWording(NamedTuple):
    """How tables of a decision say what there is; `by_text` where points have the decimals of the rulebook's text.

    `sanctioned` and `not_sanctioned` are what is found under a veto. `unnamed` stands for a veto whose wording is not
    known, `no_minimum` follows a satisfaction without threshold; where `unnamed` is "", such a veto has no line.
    """

    percent: str
    ensured: str
    not_ensured: str
    sanctioned: str
    not_sanctioned: str
    not_verifiable: str
    unnamed: str
    no_minimum: str
    by_text: bool

    def share(self, value: Decimal, places: int | None = None) -> str:
        """A percentage in percent."""
        return f"{NUMBERS.number(value, places)}{self.percent}"

    def points(self, value: Decimal, rulebook: Rulebook) -> str:
        """A number of points."""
        return NUMBERS.total(value, rulebook.score_decimals) if self.by_text else NUMBERS.points(value)


_WORDING = DecisionWording(
    "%", "Bảo đảm", "Không bảo đảm", "có trường hợp bị xử lý", "không có", NOTHING, "", "", by_text=True
)
WORDINGS = {
    PRESENT: _WORDING,
    LATER_ON_2026_11_30: _WORDING._replace(not_ensured="Chưa bảo đảm", sanctioned=NOTHING, not_sanctioned=NOTHING),
    UNTIL_2026_11_30: DecisionWording(
        "\N{NO-BREAK SPACE}%",
        "Không vướng",
        "Vướng",
        NOTHING,
        NOTHING,
        "Chưa đối chiếu được",
        "Điều kiện loại trừ (chưa có nội dung trong dữ liệu bộ tiêu chí)",
        " (chưa có mức tối thiểu trong dữ liệu bộ tiêu chí)",
        by_text=False,
    ),
}

#: How the result that the rules give is printed; None where they left it open.
COMPUTED = {Result.RECOGNISED: "Đạt", Result.NOT_RECOGNISED: "Không đạt", None: "Chưa đủ căn cứ để kết luận"}


class StateDiffers(Refused):
    """What is judged now is not what the decision says was judged: the document would not state what was decided."""

    code: ClassVar[str] = "state-differs"


class TableLine(NamedTuple):
    """A line of a table. `doubtful`: the value that the rulebook gives was not compared with the published text."""

    cells: tuple[str, ...]
    result: str
    doubtful: bool


class CouncilVote(NamedTuple):
    """The council's vote that the decision had before it: at a meeting, or in writing and then `summed_up_on` a day."""

    on: date
    place: str
    decision_no: str
    rule: VoteRule
    present: int
    counts: Mapping[Choice, int]
    carried: bool
    summed_up_on: date | None = None

    @property
    def in_writing(self) -> bool:
        """Whether the members were asked in writing, without a meeting."""
        return self.summed_up_on is not None

    @property
    def counted(self) -> str:
        """How many chose what, as a sentence without its full stop."""
        words = [f"{vietnamese().say(f'choice.{choice}')} {count}" for choice, count in self.counts.items()]
        return ", ".join([words[0], *map(lower_first, words[1:])])


class DocumentOrigin(NamedTuple):
    """Where the document comes from: enough to make it again and to compare it."""

    log: str
    position: int
    state_sha256: str
    rulebook_sha256: str
    relied_on: int


class ReplacedDecision(NamedTuple):
    """The decision that this one takes the place of; `revoked_on` where it was taken back before."""

    decision_no: str
    on: date
    revoked_on: date | None


class DecisionDocument(NamedTuple):
    """Everything that the document says, as values."""

    commune: NamedUnit
    unit: NamedUnit
    season: str
    result: Result
    decision_no: str
    on: date
    reason: str | None
    differs_from: tuple[str, ...]
    bases: tuple[str, ...]
    ballots: CouncilVote | None
    capacity: Capacity | None
    signer: str
    rulebook: str
    with_points: bool
    summary: str
    criteria: tuple[TableLine, ...]
    total: TableLine
    conditions: tuple[TableLine, ...]
    origin: DocumentOrigin
    demonstration: bool
    replaces: ReplacedDecision | None = None
    left_out: LeftOut | None = None

    @property
    def year(self) -> str:
        """The season as people name it."""
        return NUMBERS.season(self.season)

    @property
    def of_district(self) -> bool:
        """Whether a district decided, as until 30/6/2025."""
        return self.unit.level is Level.DISTRICT

    @property
    def recognised(self) -> bool:
        """Whether the commune was recognised."""
        return self.result is Result.RECOGNISED


# Reading it from the log ------------------------------------------------------------------------------


async def decided_at(then: AsItStood, season: str, commune: str) -> Recorded:
    """The latest decision as it stands in the log. OutOfOrder where there is none yet."""
    found = [one for one in await then.facts(recognition_stream(season, commune)) if isinstance(one.fact, Decision)]
    if not found:
        raise OutOfOrder(step="export-decision", state="undecided")
    return found[-1]


async def read_paper(
    then: AsItStood,
    season: str,
    commune: str,
    rulebooks: Rulebooks,
    calendar: Calendar,
    form: DocumentForm = PRESENT,
) -> DecisionDocument:
    """What the document on this commune says, in the words of this form.

    Raises OutOfOrder, RulebookUnusable, StateDiffers.
    """
    recorded = await decided_at(then, season, commune)
    decided = recorded.fact
    assert isinstance(decided, Decision)  # noqa: S101 - found by its type
    before = await replaced(then, recorded)
    then = then._replace(position=recorded.position, versions={one.stream: one.version for one in decided.relied_on})
    rulebook = rulebooks.text(decided.rulebook_sha256)
    dossier = await then.find(Assessment, assessment_stream(season, commune))
    appraisal = await then.find(Appraisal, appraisal_stream(season, commune))
    if dossier is None or appraisal is None:
        raise StateDiffers(position=recorded.position, missing="dossier")
    sheet = appraised_sheet(dossier, appraisal, rulebook, calendar)
    if payload_hash(canonical(spelled(sheet, rulebook))) != decided.state_sha256:
        raise StateDiffers(position=recorded.position)
    verdict, say = judge(sheet, rulebook), WORDINGS[form]
    running = await then.find(Season, season_stream(season))
    unit = await then.place(recorded.unit or dossier.decided_by)
    used = {one.stream for one in decided.relied_on} if before else None
    ballots = await read_ballots(then, season, dossier.decided_by, commune, used)
    signer, capacity = await read_signer(then, recorded)
    return DecisionDocument(
        commune=await then.place(commune),
        unit=unit,
        season=season,
        result=decided.result,
        decision_no=decided.decision_no,
        on=decided.on,
        reason=decided.reason,
        differs_from=tuple(differences(decided)),
        bases=tuple(legal_bases(decided.on, rulebook)),
        ballots=ballots,
        capacity=capacity,
        signer=signer,
        rulebook=rulebook.short,
        with_points=rulebook.model is Model.POINTS,
        summary=summary(verdict, rulebook, say),
        criteria=tuple(criterion_lines(verdict, rulebook, say)),
        total=total_line(verdict, rulebook, decided.computed, say),
        conditions=tuple(condition_lines(verdict, rulebook, sheet.unit_class, say)),
        origin=DocumentOrigin(
            then.tenant.log, then.position, decided.state_sha256, decided.rulebook_sha256, len(decided.relied_on)
        ),
        demonstration=then.tenant.demonstration,
        replaces=before,
        left_out=running.left_out if running else None,
    )


async def replaced(then: AsItStood, recorded: Recorded) -> ReplacedDecision | None:
    """The decision in whose place this one is, by its number and day as corrected; None for the first."""
    facts = [one.fact for one in await then.facts(recorded.stream) if one.position < recorded.position]
    before = replay(facts) if facts else None
    if before is None:
        return None
    return ReplacedDecision(before.decision_no, before.on, before.revoked_on)


async def read_signer(then: AsItStood, recorded: Recorded) -> tuple[str, Capacity | None]:
    """The name of who decided, and how the mandate says that they sign."""
    try:
        person = UUID(recorded.actor)
    except ValueError:
        return "", None
    official = await then.find(Official, official_stream(person))
    if official is None:
        return "", None
    mandates = [one for one in official.mandates.values() if str(one.id) == recorded.mandate]
    return official.name, mandates[0].signs if mandates else None


async def read_ballots(
    then: AsItStood, season: str, unit: str, commune: str, used: Collection[UUID] | None = None
) -> CouncilVote | None:
    """The council's last concluded vote on the commune; None where no council voted.

    `used` are the streams that a further decision relied on: the votes of other meetings were for those before.
    """
    found: CouncilVote | None = None
    council = await then.find(Council, council_stream(season, unit))

    async def read(names: Sequence[StreamName]) -> list[list[Recorded]]:
        return [await then.facts(name) for name in names]

    for name, facts in await walk_meetings(season, unit, read):
        if used is not None and name.id(then.tenant.id) not in used:
            continue
        convened, meeting = facts[0].fact, replay(one.fact for one in facts)
        assert isinstance(convened, Meeting.Convened | Meeting.ConsultationOpened)  # noqa: S101 - a meeting's first fact
        vote = meeting.votes.get(commune)
        if vote is None or vote.outcome is None:
            continue
        found = CouncilVote(
            on=convened.on,
            place=convened.place if isinstance(convened, Meeting.Convened) else "",
            summed_up_on=summed_up_on(facts) if meeting.is_consultation else None,
            decision_no=council.decision_no if council else "",
            rule=vote.rule,
            present=len(vote.ballots if meeting.is_consultation else vote.roll),
            counts=vote.counts,
            carried=vote.outcome is VoteOutcome.CARRIED,
        )
    return found


def summed_up_on(facts: Sequence[Recorded]) -> date | None:
    """The day on which a consultation was closed, which concludes its votes."""
    return next((one.fact.on for one in facts if isinstance(one.fact, Meeting.Closed)), None)


# Saying it --------------------------------------------------------------------------------------------


def legal_bases(on: date, rulebook: Rulebook) -> Iterator[str]:
    """What the decision cites ("Căn cứ …"), by the day of the decision. Only verified instruments are cited."""
    if on >= REPLACED_FROM:
        yield LAW_OF_2025
    elif on >= AMENDED_FROM:
        yield f"{LAW_OF_2015}; {AMENDMENT}"
    else:
        yield LAW_OF_2015
    for basis in rulebook.legal_bases:
        if basis.provenance is Provenance.SOURCED:
            yield basis.text


def differences(decided: Decision) -> Iterator[str]:
    """From what the decision differs, for which it carries a written reason."""
    if decided.computed is not None and decided.result is not decided.computed:
        yield "kết quả tính theo bộ tiêu chí"
    if decided.voted is not None and decided.result is not decided.voted:
        yield "kết quả biểu quyết của Hội đồng"


def summary(verdict: Verdict, rulebook: Rulebook, say: DecisionWording) -> str:
    """The result in a few words, within a sentence."""
    if verdict.total is not None:
        highest = sum((one.max_points for one in verdict.criteria if one.max_points is not None), Decimal(0))
        return f"tổng số điểm {say.points(verdict.total, rulebook)}/{NUMBERS.number(highest)}"
    met = sum(one.indicators_met or 0 for one in verdict.criteria)
    return f"đạt {met}/{sum(one.indicators for one in verdict.criteria)} chỉ tiêu"


def criterion_lines(verdict: Verdict, rulebook: Rulebook, say: DecisionWording) -> Iterator[TableLine]:
    """One line for each criterion: points and share, or how many indicators are met."""
    for result in verdict.criteria:
        criterion = rulebook.criterion(result.code)
        doubtful = rulebook.model is Model.POINTS and criterion.points_provenance is not Provenance.SOURCED
        yield TableLine((criterion.name, *_figures(result, rulebook, say)), _word(result.met, say), doubtful)


def total_line(verdict: Verdict, rulebook: Rulebook, computed: Result | None, say: DecisionWording) -> TableLine:
    """The line under the criteria, with the result that was computed when the decision was made."""
    word = COMPUTED[computed]
    if verdict.total is None:
        met = sum(one.indicators_met or 0 for one in verdict.criteria)
        return TableLine((str(len(rulebook.indicators)), str(met)), word, doubtful=False)
    share = _share(verdict.total / rulebook.max_points, say)
    return TableLine((NUMBERS.number(rulebook.max_points), say.points(verdict.total, rulebook), share), word, False)


def condition_lines(
    verdict: Verdict, rulebook: Rulebook, unit_class: str | None, say: DecisionWording
) -> Iterator[TableLine]:
    """One line for each condition of recognition: what it asks, what there is.

    A condition whose wording is not known says nothing about the commune and has no line.
    """
    by_code = {condition.code: condition for condition in rulebook.conditions}
    for result in verdict.conditions:
        condition = by_code[result.code]
        if condition.code in rulebook.without_text and not say.unnamed:
            continue
        text = _condition(result, condition.text or say.unnamed, unit_class, say)
        doubtful = result.provenance is not Provenance.SOURCED
        yield TableLine((text, _measured(result, rulebook, say)), _condition_word(result, say), doubtful)


def _figures(result: CriterionResult, rulebook: Rulebook, say: DecisionWording) -> tuple[str, ...]:
    if result.points is None or result.max_points is None or result.share is None:
        return str(result.indicators), str(result.indicators_met or 0)
    return NUMBERS.number(result.max_points), say.points(result.points, rulebook), _share(result.share, say)


def _condition(result: ConditionResult, text: str, unit_class: str | None, say: DecisionWording) -> str:  # noqa: PLR0911 - one flat match over conditions
    required = NOTHING if result.required is None else NUMBERS.number(result.required)
    match result.kind:
        case ConditionKind.VETO:
            return text
        case ConditionKind.MIN_SATISFACTION:
            if result.required is None:
                return f"Tỷ lệ hài lòng của tổ chức, cá nhân{say.no_minimum}"
            sign = say.percent.replace("\N{NO-BREAK SPACE}", " ")
            return f"Tỷ lệ hài lòng của tổ chức, cá nhân đạt từ {required}{sign} trở lên"
        case ConditionKind.ALL_INDICATORS_PASS:
            return "Đáp ứng đầy đủ các tiêu chí, chỉ tiêu"
        case ConditionKind.MIN_EACH_CRITERION_RATIO:
            share = NOTHING if result.required is None else _share(result.required, say)
            return f"Điểm của từng tiêu chí đạt từ {share} điểm tối đa trở lên"
        case ConditionKind.MIN_TOTAL:
            return f"Tổng số điểm của các tiêu chí đạt từ {required} điểm trở lên"
        case ConditionKind.MIN_TOTAL_BY_CLASS:
            which = f" đối với đơn vị hành chính loại {unit_class}" if unit_class else ""
            return f"Tổng số điểm của các tiêu chí đạt từ {required} điểm trở lên{which}"


def _measured(result: ConditionResult, rulebook: Rulebook, say: DecisionWording) -> str:
    if result.kind is ConditionKind.VETO and result.outcome is not Outcome.NOT_VERIFIABLE:
        return say.not_sanctioned if result.outcome is Outcome.MET else say.sanctioned
    if result.actual is None:
        return NOTHING
    match result.kind:
        case ConditionKind.MIN_EACH_CRITERION_RATIO:
            return f"thấp nhất {_share(result.actual, say)}"
        case ConditionKind.MIN_SATISFACTION:
            return say.share(result.actual, 2)
        case ConditionKind.ALL_INDICATORS_PASS:
            return f"{result.actual}/{result.required}"
        case _:
            return say.points(result.actual, rulebook)


def _condition_word(result: ConditionResult, say: DecisionWording) -> str:
    if result.kind is ConditionKind.VETO and result.outcome is not Outcome.NOT_VERIFIABLE:
        return say.ensured if result.outcome is Outcome.MET else say.not_ensured
    return _word(result.outcome, say)


def _word(outcome: Outcome, say: DecisionWording) -> str:
    return {
        Outcome.MET: "Đạt",
        Outcome.NOT_MET: "Không đạt",
        Outcome.NOT_VERIFIABLE: say.not_verifiable,
    }[outcome]


def _share(share: Decimal, say: DecisionWording) -> str:
    percent = share * 100
    return say.share(percent, 0 if percent == percent.to_integral_value() else 1)


# The document -----------------------------------------------------------------------------------------


def render(paper: DecisionDocument, form: DocumentForm = PRESENT) -> str:
    """The document as HTML for print."""
    lines = signature(paper.unit, paper.capacity)
    return typeset(form.template("decision.html"), paper=paper, signature=lines)
