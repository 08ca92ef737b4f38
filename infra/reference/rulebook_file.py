"""The form of a rulebook's file: what is read, before it is made a rulebook of the domain."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec
import yaml

from domain.measure import (
    Comparison,
)
from domain.rulebook import (
    ZERO,
    ConditionKind,
    Figure,
    Majority,
    Model,
    NotArisen,
    Provenance,
    RecognisingLevel,
)


class RulebookInvalid(Exception):
    """The text is not a rulebook, or its numbers do not close; the message says where."""


class _Loader(yaml.SafeLoader):
    """YAML whose numbers with a point are decimals: scores never pass through binary floats."""


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    return Decimal(str(loader.construct_scalar(node)))


def _load(text: bytes) -> Any:
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader


class _Text(msgspec.Struct, forbid_unknown_fields=True):
    """Base of everything in the text: a key that is not known is a mistake."""


class _Option(_Text):
    key: str
    text: str
    points: Decimal


class _OptionsMeasure(_Text, tag="options", tag_field="kind"):
    options: list[_Option]


class _Band(_Text):
    at_least: Decimal
    points: Decimal
    provenance: Provenance | None = None


class _BandsMeasure(_Text, tag="ratio_bands", tag_field="kind"):
    bands: list[_Band]


class _RatioMeasure(_Text, tag="ratio", tag_field="kind"):
    pass


class _SurveyMeasure(_Text, tag="survey", tag_field="kind"):
    pass


class _ThresholdMeasure(_Text, tag="ratio_threshold", tag_field="kind"):
    at_least: Decimal
    at_least_provenance: Provenance | None = None


class _BooleanMeasure(_Text, tag="boolean", tag_field="kind"):
    pass


class _Choice(_Text):
    key: str
    text: str


class _ChecklistMeasure(_Text, tag="checklist", tag_field="kind"):
    minimum: int
    choices: list[_Choice]


class _DeadlineMeasure(_Text, tag="deadline", tag_field="kind"):
    working_days: int


class _Rate(_Text):
    label: str
    dong: int
    times: int = 1


class _AmountMeasure(_Text, tag="amount", tag_field="kind"):
    at_least: Decimal
    comparison: Comparison
    rates: list[_Rate]


class _PenaltyMeasure(_Text, tag="penalty", tag_field="kind"):
    points: Decimal


class _PointsMeasure(_Text, tag="points", tag_field="kind"):
    step: Decimal


_Measure: TypeAlias = (
    _OptionsMeasure
    | _BandsMeasure
    | _RatioMeasure
    | _SurveyMeasure
    | _ThresholdMeasure
    | _BooleanMeasure
    | _ChecklistMeasure
    | _DeadlineMeasure
    | _AmountMeasure
    | _PenaltyMeasure
    | _PointsMeasure
)


class _Part(_Text):
    code: str
    name: str
    measure: _Measure
    provenance: Provenance
    max_points: Decimal = ZERO
    points_provenance: Provenance = Provenance.PROVISIONAL
    not_arisen: NotArisen | None = None
    not_arisen_provenance: Provenance = Provenance.PROVISIONAL
    evidence: str = ""
    formula: str = ""


class _Indicator(_Text):
    code: str
    name: str
    name_provenance: Provenance
    max_points: Decimal = ZERO
    points_provenance: Provenance = Provenance.PROVISIONAL
    pass_level: str = ""
    pass_level_provenance: Provenance = Provenance.PROVISIONAL
    measure: _Measure | None = None
    measure_provenance: Provenance = Provenance.PROVISIONAL
    parts: list[_Part] = []


class _Criterion(_Text):
    code: str
    name: str
    name_provenance: Provenance
    indicators: list[_Indicator]
    max_points: Decimal = ZERO
    points_provenance: Provenance = Provenance.PROVISIONAL


class _Condition(_Text):
    code: str
    kind: ConditionKind
    provenance: Provenance
    threshold: Decimal | None = None
    by_class: dict[str, Decimal] = {}
    text: str = ""


class _Date(_Text):
    value: date | None
    provenance: Provenance


class _InForce(_Text, rename={"from_": "from"}):
    from_: _Date
    to: _Date


class _Level(_Text):
    value: RecognisingLevel
    provenance: Provenance


class _Quorum(_Text):
    value: str
    provenance: Provenance


class _Majority(_Text):
    value: Majority
    provenance: Provenance


class _Members(_Text):
    value: int | None = None
    provenance: Provenance = Provenance.PROVISIONAL


class _Allowed(_Text):
    value: bool = False
    provenance: Provenance = Provenance.PROVISIONAL


class _Council(_Text):
    required: bool
    quorum: _Quorum
    majority: _Majority
    max_members: _Members = msgspec.field(default_factory=_Members)
    written_opinions: _Allowed = msgspec.field(default_factory=_Allowed)
    instruments: list[str] = []


class _Term(_Text):
    step: str
    provenance: Provenance
    by: str | None = None
    before: str | None = None
    years_later: int = 0
    working_days: int | None = None
    text: str = ""


class _Year(_Text):
    year: int
    provenance: Provenance
    text: str = ""


class _Agreement(_Text):
    part: str
    figure: Figure
    other_part: str
    other_figure: Figure
    provenance: Provenance


class _Basis(_Text):
    text: str
    provenance: Provenance


class _Rulebook(_Text):
    id: str
    title: str
    short: str
    model: Model
    status: str
    in_force: _InForce
    unit_types: list[str]
    unit_classes: list[str]
    recognising_level: _Level
    score_decimals: int
    council: _Council
    deadlines: list[_Term]
    suspended_years: list[_Year]
    conditions: list[_Condition]
    criteria: list[_Criterion]
    agreements: list[_Agreement]
    legal_bases: list[_Basis] = []


class _DaysOff(_Text, rename={"from_": "from"}):
    from_: date
    name: str
    provenance: Provenance
    to: date | None = None

    def days(self) -> list[date]:
        """Every day from the first to the last."""
        count = ((self.to or self.from_) - self.from_).days
        return [self.from_ + timedelta(days=n) for n in range(count + 1)]


class _Saturday(_Text):
    day: date
    name: str
    provenance: Provenance


class _Holidays(_Text):
    first: int
    last: int
    days_off: list[_DaysOff]
    worked_saturdays: list[_Saturday]
