"""A rulebook: the criteria, conditions and procedure of one decision of the Prime Minister, as data.

Each value carries its provenance, because the public texts seen are incomplete: nothing unverified is
ever shown as law, and a province adopts a rulebook by acknowledging what is still `unverified`.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from domain.errors import MeasureInvalid, NotANumber, ScoreAboveMaximum, ScoreBelowMinimum, UnknownIndicator
from domain.measure import Kind, Measure, Measured, Outcome, Penalty, Rounding
from domain.sanction import Counted
from domain.working_days import Calendar, months_later

ZERO = Decimal(0)


class Model(StrEnum):
    """How a result is reached: points out of 100, or indicators met and not met."""

    POINTS = "points"
    LEVELS = "levels"


class Provenance(StrEnum):
    """Where a value comes from; only `sourced` values were read in the legal text that sets them."""

    SOURCED = "sourced"
    REPORTED = "reported"  # seen in a third party's software or text
    RECALLED = "recalled"  # from memory, not checked
    PROVISIONAL = "provisional"  # a placeholder of this project, so that the arithmetic closes


class Unverified(NamedTuple):
    """One value that is not sourced: `path` such as "TC2.CT5.1.measure", "C3" or "council.quorum"."""

    path: str
    provenance: Provenance


#: How papers begin that tell of a legal text and are none, whatever number and day stand beside them.
WRITTEN_ABOUT = (
    *("bài ", "bản tin", "báo ", "bảng chấm", "cổng thông tin", "dữ liệu", "giải đáp", "giới thiệu", "hỏi đáp"),
    *("phần mềm", "slide", "sổ tay", "tài liệu", "tập huấn", "tin ", "tóm tắt", "tổng hợp", "trang ", "website"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value was read: the document as it is cited ("Thông tư số 09/2021/TT-BTP"), its number and date, the
    article or page, an address, and the SHA-256 of the file. What is not known is empty.
    """

    document: str
    number: str = ""
    dated: date | None = None
    article: str = ""
    page: str = ""
    address: str = ""
    sha256: str = ""

    @property
    def names_a_legal_text(self) -> bool:
        """Whether the document can be found by its number and day, as every legal text can, and does not call itself
        something that was written about one.
        """
        called = " ".join(self.document.split()).casefold()
        return bool(self.number.strip()) and self.dated is not None and not called.startswith(WRITTEN_ABOUT)


class NotArisen(StrEnum):
    """What earns full marks when nothing of the sort happened in the year."""

    PART = "part"
    INDICATOR = "indicator"  # the whole indicator, whatever its other parts say


@dataclass(frozen=True, slots=True)
class Part:
    """One content of an indicator, measured by itself; `code` such as "TC2.CT5.1".

    `not_arisen` is None where the part cannot be "not arisen". Parts of rulebooks without points have a
    maximum of 0. `doubtful` lists values inside the measure that are less certain than the measure itself.
    """

    code: str
    name: str
    max_points: Decimal
    measure: Measure
    provenance: Provenance
    points_provenance: Provenance
    not_arisen: NotArisen | None = None
    not_arisen_provenance: Provenance = Provenance.PROVISIONAL
    evidence: str = ""
    formula: str = ""
    #: Which sanctions of officials speak against full marks.
    counts: Counted | None = None
    doubtful: tuple[Unverified, ...] = ()


@dataclass(frozen=True, slots=True)
class Indicator:
    """A chỉ tiêu; `code` such as "TC2.CT5". One measured as a whole has one part with its own code.

    `without_text` are codes of parts whose wording nobody has found yet: nobody is asked for them.
    """

    code: str
    criterion: str
    name: str
    max_points: Decimal
    parts: tuple[Part, ...]
    name_provenance: Provenance
    points_provenance: Provenance
    pass_level: str = ""
    without_text: tuple[str, ...] = ()

    @property
    def min_points(self) -> Decimal:
        """0, or less where a penalty may apply."""
        penalties = [part.measure.points for part in self.parts if isinstance(part.measure, Penalty)]
        return min([ZERO, *penalties])

    def is_measured(self, parts: Collection[str]) -> bool:
        """Whether these parts are all that it has."""
        return all(part.code in parts for part in self.parts)

    @property
    def evidence(self) -> str:
        """What the rulebook expects as evidence, over all parts."""
        return "; ".join(dict.fromkeys(part.evidence for part in self.parts if part.evidence))


@dataclass(frozen=True, slots=True)
class Criterion:
    """A tiêu chí with its indicators; `code` such as "TC2"."""

    code: str
    name: str
    max_points: Decimal
    indicators: tuple[Indicator, ...]
    name_provenance: Provenance
    points_provenance: Provenance


class ConditionKind(StrEnum):
    """The conditions of recognition, in the order in which they are judged: gates first, the total last."""

    VETO = "veto"
    MIN_SATISFACTION = "min_satisfaction"
    ALL_INDICATORS_PASS = "all_indicators_pass"  # noqa: S105 - no password
    MIN_EACH_CRITERION_RATIO = "min_each_criterion_ratio"
    MIN_TOTAL = "min_total"
    MIN_TOTAL_BY_CLASS = "min_total_by_class"


JUDGING_ORDER = tuple(ConditionKind)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of recognition; `threshold` and `by_class` are empty where the number is not known.

    `threshold` is points (min_total), percent (min_satisfaction) or a share such as 0.5
    (min_each_criterion_ratio). `text` is the law's wording, which a veto consists of. `enough` is a number known to be
    enough where the least is not: a commune with so much was recognised.
    """

    code: str
    kind: ConditionKind
    provenance: Provenance
    threshold: Decimal | None = None
    by_class: tuple[tuple[str, Decimal], ...] = ()
    text: str = ""
    #: Of a veto: which sanctions of officials it counts; None where it is declared as such.
    counts: Counted | None = None
    enough: Decimal | None = None

    def required_of(self, unit_class: str | None) -> Decimal | None:
        """The number that a commune of this class has to reach, or None where it is not known."""
        if self.kind is not ConditionKind.MIN_TOTAL_BY_CLASS:
            return self.threshold
        return next((points for of_class, points in self.by_class if of_class == unit_class), None)


class Unknown(StrEnum):
    """What becomes of a verdict that hangs on a condition whose wording or number the rulebook lacks.

    Part of each rulebook's text, so that an old text judges as it did: those that do not say pass the condition over.
    """

    PASSED_OVER = "passed_over"
    LEFT_OPEN = "left_open"


class Majority(StrEnum):
    """Of whom the votes in favour must be more than half."""

    MORE_THAN_HALF_OF_ALL_MEMBERS = "more_than_half_of_all_members"


class RecognisingLevel(StrEnum):
    """Whose chairman decides."""

    DISTRICT = "district"
    PROVINCE = "province"


@dataclass(frozen=True, slots=True)
class CouncilRule:
    """Whether a council advises, and how it reaches an opinion. Quorum is a share of all members.

    `written_opinion_votes` says whether an absent member's opinion on paper is a ballot, `consultation` whether the
    members may be asked in writing without a meeting.
    """

    required: bool
    quorum: Fraction
    quorum_provenance: Provenance
    majority: Majority
    majority_provenance: Provenance
    max_members: int | None = None
    max_members_provenance: Provenance = Provenance.PROVISIONAL
    written_opinions: bool = False
    written_opinions_provenance: Provenance = Provenance.PROVISIONAL
    instruments: tuple[str, ...] = ()
    max_vice_chairs: int | None = None
    max_vice_chairs_provenance: Provenance = Provenance.PROVISIONAL
    written_opinion_votes: bool = True
    written_opinion_votes_provenance: Provenance = Provenance.PROVISIONAL
    consultation: bool = False
    consultation_provenance: Provenance = Provenance.PROVISIONAL

    def quorum_of(self, members: int) -> int:
        """How many of so many members must be present."""
        needed = self.quorum * members
        return -(-needed.numerator // needed.denominator)


@dataclass(frozen=True, slots=True)
class Term:
    """A deadline of the procedure: a day of the year, or a time that runs from an event, or only words.

    A day of the year is `month`, `day` and `years_later`; `before` marks one that is itself too late ("trước ngày
    10/02"). A time is counted in `working_days`, `calendar_days` or `months`. `minimum` marks one that may be longer
    and not shorter ("ít nhất 05 ngày"), `ahead` one that lies before its event ("trước ngày tổ chức cuộc họp").
    """

    step: str
    provenance: Provenance
    month: int | None = None
    day: int | None = None
    years_later: int = 0
    before: bool = False
    working_days: int | None = None
    text: str = ""
    calendar_days: int | None = None
    months: int | None = None
    minimum: bool = False
    ahead: bool = False

    def last_day(self, year: int) -> date | None:
        """The last day in time for the assessment year as it stands in the text, or None where the term is not a day
        of the year, or the year of an old season is none. A day off is not moved: see `Calendar.readings`.
        """
        day = self.limit(year)
        return day - timedelta(days=1) if day and self.before else day

    def limit(self, year: int) -> date | None:
        """The day that the text names, which `before` makes one too late; None as for `last_day`."""
        if self.month is None or self.day is None or not MINYEAR < year + self.years_later < MAXYEAR:
            return None
        return date(year + self.years_later, self.month, self.day)

    @property
    def is_counted(self) -> bool:
        """Whether the term runs from an event."""
        return any((self.working_days, self.calendar_days, self.months))

    def ends_after(self, event: date, calendar: Calendar) -> date | None:
        """The last day of a term that runs from this day, or None where it does not run from an event.

        The day of the event is not counted (Bộ luật Dân sự 2015, Điều 147). What has to be done within calendar days or
        months may still be done on the next working day when they end on a day off (Điều 148 khoản 5); the days that
        something has to last at least are only counted. A term `ahead` gives the last day before its event.
        Raises CalendarUnknown where it needs a year whose days off are not known.
        """
        if self.working_days is not None:
            count = calendar.back if self.ahead else calendar.after
            return count(event, self.working_days)
        sign = -1 if self.ahead else 1
        if self.calendar_days is not None:
            end = event + timedelta(days=sign * self.calendar_days)
        elif self.months is not None:
            end = months_later(event, sign * self.months)
        else:
            return None
        return end if self.minimum or self.ahead else calendar.on_or_after(end)


@dataclass(frozen=True, slots=True)
class CommuneSteps:
    """What a commune does between scoring and sending: it posts at several places and meets to agree on the result.

    `broadcasts` is how often a loudspeaker tells of the result at least, `opinion_sheets` the indicator on forms and
    models of legal education whose opinion sheets are tallied (TT 09/2021, Điều 3 khoản 1, Mẫu 04), "" for none.
    """

    provenance: Provenance
    broadcasts: int = 0
    opinion_sheets: str = ""


class Figure(StrEnum):
    """A number of a measured value that another part's number has to agree with."""

    NUMERATOR = "numerator"
    DENOMINATOR = "denominator"
    FIRST_COUNT = "first_count"

    def of(self, measured: Measured) -> int | None:
        """The number; 0 where nothing arose."""
        if measured.kind is Kind.NOT_ARISEN:
            return 0
        if self is Figure.FIRST_COUNT:
            return measured.counts[0] if measured.counts else None
        return measured.numerator if self is Figure.NUMERATOR else measured.denominator


class Agreement(NamedTuple):
    """`figure` of `part` counts the same things as `other_figure` of `other_part`."""

    part: str
    figure: Figure
    other_part: str
    other_figure: Figure
    provenance: Provenance


class LegalBasis(NamedTuple):
    """An instrument as decisions cite it ("Căn cứ …"), without the closing semicolon."""

    text: str
    provenance: Provenance


class Dated(NamedTuple):
    """A date of the instrument, or None where there is none or it is not known."""

    value: date | None
    provenance: Provenance


@dataclass(frozen=True)
class Rulebook:
    """One criteria set; `sha256` is of the text it was read from and pins what each decision used."""

    id: str
    title: str
    short: str
    model: Model
    status: str
    in_force_from: Dated
    in_force_to: Dated
    unit_types: tuple[str, ...]
    unit_classes: tuple[str, ...]
    criteria: tuple[Criterion, ...]
    conditions: tuple[Condition, ...]
    recognising_level: RecognisingLevel
    recognising_level_provenance: Provenance
    council: CouncilRule
    terms: tuple[Term, ...]
    score_decimals: int
    agreements: tuple[Agreement, ...]
    suspended_years: tuple[tuple[int, Provenance], ...]
    sha256: str
    legal_bases: tuple[LegalBasis, ...] = ()
    #: None where the text names no such steps: then the result is posted at one place and sent without a meeting.
    commune_steps: CommuneSteps | None = None
    rounding: Rounding = Rounding.DOWN
    unknown: Unknown = Unknown.LEFT_OPEN
    #: By the path of the value, as in `provenances`.
    sources: Mapping[str, Source] = field(default_factory=dict, hash=False)
    #: Paths of the values that provinces set themselves. No text names one so far; reading one means applying it
    #: where a season is judged, as of that season.
    local: frozenset[str] = frozenset()

    @cached_property
    def indicators(self) -> tuple[Indicator, ...]:
        """All indicators in the rulebook's order."""
        return tuple(indicator for criterion in self.criteria for indicator in criterion.indicators)

    @cached_property
    def by_code(self) -> dict[str, Indicator]:
        """Indicators by code."""
        return {indicator.code: indicator for indicator in self.indicators}

    @cached_property
    def parts(self) -> dict[str, Part]:
        """Parts of all indicators by code."""
        return {part.code: part for indicator in self.indicators for part in indicator.parts}

    @cached_property
    def judged(self) -> tuple[Condition, ...]:
        """The conditions in the order in which they are judged."""
        return tuple(sorted(self.conditions, key=lambda condition: JUDGING_ORDER.index(condition.kind)))

    @cached_property
    def vetoes(self) -> tuple[Condition, ...]:
        """The conditions that exclude a commune by having occurred."""
        return tuple(condition for condition in self.conditions if condition.kind is ConditionKind.VETO)

    @cached_property
    def counting(self) -> tuple[tuple[str, Counted | None], ...]:
        """The veto conditions by code with the sanctions that each counts."""
        return tuple((condition.code, condition.counts) for condition in self.vetoes)

    @cached_property
    def asks_satisfaction(self) -> bool:
        """Whether the satisfaction percentage belongs on the sheet, even where its threshold is not known."""
        return any(condition.kind is ConditionKind.MIN_SATISFACTION for condition in self.conditions)

    @cached_property
    def needs_satisfaction(self) -> bool:
        """Whether a commune cannot be judged without it: its threshold is known."""
        return any(
            condition.kind is ConditionKind.MIN_SATISFACTION and condition.threshold is not None
            for condition in self.conditions
        )

    @cached_property
    def asks_class(self) -> bool:
        """Whether the total required depends on the commune's class."""
        return any(condition.kind is ConditionKind.MIN_TOTAL_BY_CLASS for condition in self.conditions)

    @cached_property
    def least_share(self) -> Decimal | None:
        """The least share of each criterion's maximum, such as 0.5, or None where there is no such rule."""
        shares = [c.threshold for c in self.conditions if c.kind is ConditionKind.MIN_EACH_CRITERION_RATIO]
        return shares[0] if shares else None

    @cached_property
    def max_points(self) -> Decimal:
        """The maximum over all criteria: 100, or 0 where there are no points."""
        return sum((criterion.max_points for criterion in self.criteria), ZERO)

    @cached_property
    def without_text(self) -> tuple[str, ...]:
        """Codes of the parts and vetoes whose wording is not known. A season opens when a province has completed
        them, or with a decision that leaves them out.
        """
        parts = [code for indicator in self.indicators for code in indicator.without_text]
        return (*parts, *(condition.code for condition in self.vetoes if not condition.text))

    @cached_property
    def provenances(self) -> dict[str, Provenance]:
        """Of every value, by its path, where it comes from.

        One that is said to be `sourced` is so with the number and day of its legal text only: else it was `reported` by
        the paper that is named, or is `recalled` where none is.
        """
        return {entry.path: proved(entry.provenance, self.sources.get(entry.path)) for entry in _provenances(self)}

    @cached_property
    def unnamed_sources(self) -> tuple[str, ...]:
        """Paths of the values that are `sourced` without saying where they were read."""
        return tuple(
            path
            for path, provenance in _provenances(self)
            if provenance is Provenance.SOURCED and path not in self.sources
        )

    @cached_property
    def unverified(self) -> tuple[Unverified, ...]:
        """Every value whose provenance is not `sourced`, which an adoption has to acknowledge."""
        return tuple(Unverified(*entry) for entry in self.provenances.items() if entry[1] is not Provenance.SOURCED)

    def term(self, *steps: str) -> Term | None:
        """The term of the first of these steps that has one; None where the text sets none."""
        return next((term for step in steps for term in self.terms if term.step == step), None)

    def indicator(self, code: str) -> Indicator:
        """The indicator; raises UnknownIndicator."""
        found = self.by_code.get(code)
        if found is None:
            raise UnknownIndicator(rulebook=self.id, indicator=code)
        return found

    def criterion(self, code: str) -> Criterion:
        """The criterion; raises UnknownIndicator."""
        for criterion in self.criteria:
            if criterion.code == code:
                return criterion
        raise UnknownIndicator(rulebook=self.id, criterion=code)

    def part(self, code: str) -> Part:
        """The part; raises UnknownIndicator."""
        found = self.parts.get(code)
        if found is None:
            raise UnknownIndicator(rulebook=self.id, part=code)
        return found

    def check_score(self, code: str, value: Decimal | Outcome) -> None:
        """Refuse what cannot be the score of this indicator.

        Points: between the indicator's minimum and maximum, with no more than the rulebook's decimals.
        Levels: met or not met. Raises ScoreAboveMaximum, ScoreBelowMinimum, NotANumber, MeasureInvalid.
        """
        indicator = self.indicator(code)
        if self.model is Model.LEVELS:
            if value not in (Outcome.MET, Outcome.NOT_MET):
                raise MeasureInvalid(reason="wrong-kind", indicator=code, field="score", typed=str(value))
            return
        if not isinstance(value, Decimal):
            raise MeasureInvalid(reason="wrong-kind", indicator=code, field="score", typed=str(value))
        check_points(code, value, indicator.min_points, indicator.max_points, self.score_decimals)


def check_points(code: str, points: Decimal, minimum: Decimal, maximum: Decimal, decimals: int) -> None:
    """Refuse points outside the bounds or with too many decimals."""
    if not points.is_finite():
        raise NotANumber(indicator=code, typed=str(points))
    if points > maximum:
        raise ScoreAboveMaximum(indicator=code, points=points, maximum=maximum)
    if points < minimum:
        raise ScoreBelowMinimum(indicator=code, points=points, minimum=minimum)
    step = Decimal(1).scaleb(-decimals)
    if points % step:
        raise MeasureInvalid(reason="off-step", indicator=code, field="score", typed=points, step=step)


def check(part: Part, measured: Measured) -> None:
    """Refuse what cannot be a value of this part's measure; raises MeasureInvalid.

    0 of 0 says that nothing arose. Where the rulebook has a rule for that, it is said as such; where it has none,
    nothing is measured and the value of the indicator is proposed with its ground.
    """
    if measured.kind is Kind.NOT_ARISEN:
        if part.not_arisen is None:
            raise MeasureInvalid(reason="nothing-arose-no-rule", part=part.code)
        return
    if measured.kind is not part.measure.kind:
        raise MeasureInvalid(
            reason="wrong-kind", part=part.code, field="kind", typed=measured.kind, expected=part.measure.kind
        )
    try:
        part.measure.check(measured, part.max_points)
    except MeasureInvalid as invalid:
        details = dict(invalid.details)
        if details["reason"] == "denominator-zero" and part.not_arisen is None:
            details["reason"] = "nothing-arose-no-rule"
        raise MeasureInvalid(part=part.code, **details) from None


def proved(provenance: Provenance, source: Source | None) -> Provenance:
    """What a value that is said to be known so is with this source: `sourced` by the number and day of its legal text
    only.
    """
    if provenance is not Provenance.SOURCED or (source is not None and source.names_a_legal_text):
        return provenance
    return Provenance.RECALLED if source is None else Provenance.REPORTED


def _of_council(council: CouncilRule) -> Iterator[Unverified]:
    yield Unverified("council.quorum", council.quorum_provenance)
    yield Unverified("council.majority", council.majority_provenance)
    if council.max_members is not None:
        yield Unverified("council.max_members", council.max_members_provenance)
    if council.written_opinions:
        yield Unverified("council.written_opinions", council.written_opinions_provenance)
        yield Unverified("council.written_opinion_votes", council.written_opinion_votes_provenance)
    if council.max_vice_chairs is not None:
        yield Unverified("council.max_vice_chairs", council.max_vice_chairs_provenance)
    if council.consultation:
        yield Unverified("council.consultation", council.consultation_provenance)


def _provenances(rulebook: Rulebook) -> Iterator[Unverified]:
    for number, basis in enumerate(rulebook.legal_bases, start=1):
        yield Unverified(f"legal_bases.{number}", basis.provenance)
    yield Unverified("in_force.from", rulebook.in_force_from.provenance)
    yield Unverified("in_force.to", rulebook.in_force_to.provenance)
    yield Unverified("recognising_level", rulebook.recognising_level_provenance)
    for criterion in rulebook.criteria:
        yield from _of_criterion(criterion, rulebook.model)
    for condition in rulebook.conditions:
        yield Unverified(condition.code, condition.provenance)
    for agreement in rulebook.agreements:
        yield Unverified(f"{agreement.part}.{agreement.figure}.agrees_with", agreement.provenance)
    yield from _of_council(rulebook.council)
    for term in rulebook.terms:
        yield Unverified(f"deadlines.{term.step}", term.provenance)
    if rulebook.commune_steps is not None:
        yield Unverified("commune_steps", rulebook.commune_steps.provenance)
    for year, provenance in rulebook.suspended_years:
        yield Unverified(f"suspended_years.{year}", provenance)


def _of_criterion(criterion: Criterion, model: Model) -> Iterator[Unverified]:
    yield Unverified(f"{criterion.code}.name", criterion.name_provenance)
    if model is Model.POINTS:
        yield Unverified(f"{criterion.code}.points", criterion.points_provenance)
    for indicator in criterion.indicators:
        yield Unverified(f"{indicator.code}.name", indicator.name_provenance)
        what = "points" if model is Model.POINTS else "pass_level"
        yield Unverified(f"{indicator.code}.{what}", indicator.points_provenance)
        for part in indicator.parts:
            yield Unverified(f"{part.code}.measure", part.provenance)
            yield from part.doubtful
            if len(indicator.parts) > 1 and model is Model.POINTS:
                yield Unverified(f"{part.code}.points", part.points_provenance)
            if part.not_arisen is not None:
                yield Unverified(f"{part.code}.not_arisen", part.not_arisen_provenance)
        for code in indicator.without_text:
            yield Unverified(f"{code}.text", Provenance.PROVISIONAL)
