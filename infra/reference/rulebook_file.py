"""The form of a rulebook's file: what is read, before it is made a rulebook of the domain."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import msgspec
import yaml

from domain.measure import Comparison, Rounding
from domain.rate import RateName
from domain.rulebook import (
    ZERO,
    ConditionKind,
    Figure,
    Majority,
    Model,
    NotArisen,
    Provenance,
    RecognisingLevel,
    Unknown,
)
from domain.sanction import Form, Officials

#: No number of a rulebook has more digits before or behind the point.
DIGITS = 15


class RulebookInvalid(Exception):
    """The text is not a rulebook, or its numbers do not close; the message says where."""


class _Loader(yaml.SafeLoader):
    """YAML whose numbers with a point are decimals: scores never pass through binary floats.

    It knows no aliases, by which a short text can stand for one without end, and no key twice in one mapping.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]
            raise yaml.YAMLError(f"line {line}: an alias")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - as PyYAML calls it
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) < len(node.value):
            raise yaml.YAMLError(f"line {_second_of_two(node).start_mark.line + 1}: a key stands twice")
        return mapping


def _second_of_two(node: yaml.MappingNode) -> yaml.Node:
    """The first key that stood before; the mapping where two that are written apart are one (1 and 1.0)."""
    before = set[str]()
    for key, _ in node.value:
        if key.value in before:
            return key  # type: ignore[no-any-return]
        before.add(key.value)
    return node


def in_range(number: Decimal) -> bool:
    """Whether it is a number that a rulebook can have."""
    return number.is_finite() and abs(number.adjusted()) <= DIGITS


def decimal_of(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    try:
        number = Decimal(str(loader.construct_scalar(node)))
    except InvalidOperation:  # what YAML takes for a number besides: .inf, .nan, 1:30.5
        number = Decimal("NaN")
    if not in_range(number):
        raise yaml.YAMLError(f"line {node.start_mark.line + 1}: a number out of range")
    return number


def numbers_in(value: Any) -> Iterator[Decimal]:
    """Every number of what was read, also those that were written as words ("1e99")."""
    if isinstance(value, Decimal | int):
        yield Decimal(value)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from numbers_in(getattr(value, name))
    elif isinstance(value, list | dict):
        for held in value.values() if isinstance(value, dict) else value:
            yield from numbers_in(held)


def load(text: bytes) -> Any:
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader


class TextFields(msgspec.Struct, forbid_unknown_fields=True):
    """Base of everything in the text: a key that is not known is a mistake."""


class OptionFields(TextFields):
    key: str
    text: str
    points: Decimal


class OptionsFields(TextFields, tag="options", tag_field="kind"):
    options: list[OptionFields]


class BandFields(TextFields):
    at_least: Decimal
    points: Decimal
    provenance: Provenance | None = None


class BandsFields(TextFields, tag="ratio_bands", tag_field="kind"):
    bands: list[BandFields]


class RatioFields(TextFields, tag="ratio", tag_field="kind"):
    pass


class SurveyFields(TextFields, tag="survey", tag_field="kind"):
    pass


class ThresholdFields(TextFields, tag="ratio_threshold", tag_field="kind"):
    at_least: Decimal
    at_least_provenance: Provenance | None = None


class BooleanFields(TextFields, tag="boolean", tag_field="kind"):
    pass


class ChoiceFields(TextFields):
    key: str
    text: str


class ChecklistFields(TextFields, tag="checklist", tag_field="kind"):
    minimum: int
    choices: list[ChoiceFields]


class DeadlineFields(TextFields, tag="deadline", tag_field="kind"):
    working_days: int


class RateFields(TextFields):
    label: str
    dong: int
    times: int = 1
    local: RateName | None = None
    monthly: bool = False
    source: str = ""


class AmountFields(TextFields, tag="amount", tag_field="kind"):
    at_least: Decimal
    comparison: Comparison
    rates: list[RateFields]


class PenaltyFields(TextFields, tag="penalty", tag_field="kind"):
    points: Decimal


class PointsFields(TextFields, tag="points", tag_field="kind"):
    step: Decimal


MeasureFields: TypeAlias = (
    OptionsFields
    | BandsFields
    | RatioFields
    | SurveyFields
    | ThresholdFields
    | BooleanFields
    | ChecklistFields
    | DeadlineFields
    | AmountFields
    | PenaltyFields
    | PointsFields
)


class CountedFields(TextFields):
    officials: Officials
    discipline_from: Form | None = None
    on_duty: bool = False
    prosecution: bool = False
    compensation: bool = False


class PartFields(TextFields):
    code: str
    name: str
    measure: MeasureFields
    provenance: Provenance
    max_points: Decimal = ZERO
    points_provenance: Provenance = Provenance.PROVISIONAL
    not_arisen: NotArisen | None = None
    not_arisen_provenance: Provenance = Provenance.PROVISIONAL
    evidence: str = ""
    formula: str = ""
    counts: CountedFields | None = None


class IndicatorFields(TextFields):
    code: str
    name: str
    name_provenance: Provenance
    max_points: Decimal = ZERO
    points_provenance: Provenance = Provenance.PROVISIONAL
    pass_level: str = ""
    pass_level_provenance: Provenance = Provenance.PROVISIONAL
    measure: MeasureFields | None = None
    counts: CountedFields | None = None
    measure_provenance: Provenance = Provenance.PROVISIONAL
    parts: list[PartFields] = []
    without_text: list[str] = []


class CriterionFields(TextFields):
    code: str
    name: str
    name_provenance: Provenance
    indicators: list[IndicatorFields]
    max_points: Decimal = ZERO
    points_provenance: Provenance = Provenance.PROVISIONAL


class ConditionFields(TextFields):
    code: str
    kind: ConditionKind
    provenance: Provenance
    threshold: Decimal | None = None
    by_class: dict[str, Decimal] = {}
    text: str = ""
    counts: CountedFields | None = None
    enough: Decimal | None = None


class DateFields(TextFields):
    value: date | None
    provenance: Provenance


class InForceFields(TextFields, rename={"from_": "from"}):
    from_: DateFields
    to: DateFields


class LevelFields(TextFields):
    value: RecognisingLevel
    provenance: Provenance


class QuorumFields(TextFields):
    value: str
    provenance: Provenance


class MajorityFields(TextFields):
    value: Majority
    provenance: Provenance


class MembersFields(TextFields):
    value: int | None = None
    provenance: Provenance = Provenance.PROVISIONAL


class AllowedFields(TextFields):
    value: bool = False
    provenance: Provenance = Provenance.PROVISIONAL


class CouncilFields(TextFields):
    required: bool
    quorum: QuorumFields
    majority: MajorityFields
    max_members: MembersFields = msgspec.field(default_factory=MembersFields)
    written_opinions: AllowedFields = msgspec.field(default_factory=AllowedFields)
    instruments: list[str] = []
    max_vice_chairs: MembersFields = msgspec.field(default_factory=MembersFields)
    written_opinion_votes: AllowedFields | None = None
    consultation: AllowedFields = msgspec.field(default_factory=AllowedFields)


class TermFields(TextFields):
    step: str
    provenance: Provenance
    by: str | None = None
    before: str | None = None
    years_later: int = 0
    working_days: int | None = None
    calendar_days: int | None = None
    months: int | None = None
    minimum: bool = False
    ahead: bool = False
    text: str = ""


class CommuneStepsFields(TextFields):
    provenance: Provenance
    broadcasts: int = 0
    opinion_sheets: str = ""


class YearFields(TextFields):
    year: int
    provenance: Provenance
    text: str = ""


class AgreementFields(TextFields):
    part: str
    figure: Figure
    other_part: str
    other_figure: Figure
    provenance: Provenance


class BasisFields(TextFields):
    text: str
    provenance: Provenance


class SourceFields(TextFields):
    document: str
    number: str = ""
    dated: date | None = None
    article: str = ""
    page: str = ""
    address: str = ""
    sha256: str = ""


class RulebookFields(TextFields):
    id: str
    title: str
    short: str
    model: Model
    status: str
    in_force: InForceFields
    unit_types: list[str]
    unit_classes: list[str]
    recognising_level: LevelFields
    score_decimals: int
    council: CouncilFields
    deadlines: list[TermFields]
    suspended_years: list[YearFields]
    conditions: list[ConditionFields]
    criteria: list[CriterionFields]
    agreements: list[AgreementFields]
    legal_bases: list[BasisFields] = []
    commune_steps: CommuneStepsFields | None = None
    rounding: Rounding = Rounding.HALF_UP
    unknown: Unknown = Unknown.PASSED_OVER
    sources: dict[str, SourceFields] = {}


class DaysOffFields(TextFields, rename={"from_": "from"}):
    from_: date
    name: str
    provenance: Provenance
    source: str
    to: date | None = None

    def days(self) -> list[date]:
        """Every day from the first to the last."""
        count = ((self.to or self.from_) - self.from_).days
        return [self.from_ + timedelta(days=n) for n in range(count + 1)]


class DayFields(TextFields):
    day: date
    name: str
    provenance: Provenance
    source: str


class HolidaysFields(TextFields):
    first: int
    last: int
    days_off: list[DaysOffFields]
    worked_saturdays: list[DayFields]
    doubtful: list[DayFields] = []
