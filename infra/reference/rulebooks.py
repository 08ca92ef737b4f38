"""Reads the rulebooks and the public holidays that ship with the program, and refuses data that does not close.

The files stand beside the domain that gives them meaning; their text is hashed as it stands, so that an
adoption can pin exactly what was used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType

import msgspec
import yaml

from domain.errors import NotFound, RulebookUnusable
from domain.measure import (
    Amount,
    Band,
    Checklist,
    ChecklistEntry,
    ManualPoints,
    Measure,
    Option,
    Options,
    Penalty,
    Ratio,
    RatioBands,
    RatioThreshold,
    Rounding,
    SurveyRatio,
    WorkingDayTerm,
    YesNo,
)
from domain.rate import Rate
from domain.rulebook import (
    Agreement,
    CommuneSteps,
    Condition,
    CouncilRule,
    Criterion,
    Dated,
    Indicator,
    LegalBasis,
    Part,
    Rulebook,
    Source,
    Term,
    Unverified,
)
from domain.sanction import Counted
from domain.working_days import Calendar
from infra.reference.rulebook_closing import problems_of
from infra.reference.rulebook_file import (
    AmountFields,
    BandsFields,
    BooleanFields,
    ChecklistFields,
    CommuneStepsFields,
    ConditionFields,
    CouncilFields,
    CountedFields,
    CriterionFields,
    DeadlineFields,
    HolidaysFields,
    IndicatorFields,
    MeasureFields,
    OptionsFields,
    PartFields,
    PenaltyFields,
    PointsFields,
    RatioFields,
    RulebookFields,
    RulebookInvalid,
    SourceFields,
    SurveyFields,
    TermFields,
    ThresholdFields,
    _Loader,
    decimal_of,
    in_range,
    load,
    numbers_in,
)

#: No term of the procedure runs longer, in days or in months.
LONGEST = 366
#: A year without a 29 February.
SOME_YEAR = 2023


class Rulebooks:
    """Texts of rulebooks, several of one rulebook side by side: whatever was judged is judged by its own text.

    Iterating gives the ids of the rulebooks.
    """

    def __init__(self, shipped: Iterable[Rulebook], own: Mapping[str, str] = MappingProxyType({})) -> None:
        """`shipped` in the order in which they came, `own` the texts that a province keeps, by hash."""
        self._shipped = tuple(shipped)
        self._by_hash = {rulebook.sha256: rulebook for rulebook in self._shipped}
        self._newest = {rulebook.id: rulebook for rulebook in self._shipped}
        self._own = own

    def with_own(self, own: Mapping[str, str]) -> Rulebooks:
        """The shipped texts, and these that a province keeps, by hash."""
        return Rulebooks(self._shipped, own)

    def newest(self, id: str) -> Rulebook:
        """The newest text of a rulebook that ships. NotFound for an id of none."""
        if id not in self._newest:
            raise NotFound(rulebook=id)
        return self._newest[id]

    def newest_of_each(self) -> tuple[Rulebook, ...]:
        """Of each rulebook the newest text that ships."""
        return tuple(self._newest.values())

    def text(self, sha256: str) -> Rulebook:
        """The rulebook in the very text of this hash. RulebookUnusable where it is not here, or cannot be read with
        this program.
        """
        if sha256 in self._by_hash:
            return self._by_hash[sha256]
        if sha256 not in self._own:
            raise RulebookUnusable(reason="missing", sha256=sha256)
        try:
            return _parsed(self._own[sha256])
        except RulebookInvalid as invalid:
            raise RulebookUnusable(reason="unreadable", sha256=sha256, why=str(invalid)) from invalid

    def ships(self, sha256: str) -> bool:
        """Whether the text of this hash came with the program."""
        return sha256 in self._by_hash

    def written(self, sha256: str) -> str:
        """The text of this hash as it is written, whether it can be judged by or not. RulebookUnusable."""
        text = self._own.get(sha256) or _shipped_by_hash().get(sha256)
        if text is None:
            raise RulebookUnusable(reason="missing", sha256=sha256)
        return text

    def named(self, name: str) -> Rulebook | None:
        """The rulebook of this id in the newest text that ships, or the text of this hash; None for neither."""
        return self._newest.get(name) or self.find(name)

    def find(self, sha256: str) -> Rulebook | None:
        """The same, None where it cannot be judged by."""
        try:
            return self.text(sha256)
        except RulebookUnusable:
            return None

    def own_text(self, rulebook: Rulebook, sha256: str, *, decided: bool) -> Rulebook:
        """What `of_dossier` gives, for a list of communes of a season under `rulebook`: an unusable text is none."""
        found = self.find(sha256)
        return found if found is not None and (decided or found.id == rulebook.id) else rulebook

    def of_dossier(self, own: str, rulebook: str, sha256: str, *, decided: bool) -> Rulebook:
        """The text by which a commune is judged, in a season that runs under the text `sha256` of `rulebook`.

        It is the dossier's `own`, which stays when the season's is corrected after the decision; the season's where
        the season went over to another rulebook, as long as no decision stands. RulebookUnusable.
        """
        held = self.text(own)
        return held if decided or held.id == rulebook else self.text(sha256)

    def texts_of(self, id: str) -> tuple[Rulebook, ...]:
        """All texts of a rulebook that can be judged by, shipped ones first."""
        every = [*self._by_hash, *(sha256 for sha256 in self._own if sha256 not in self._by_hash)]
        found = (self.find(sha256) for sha256 in every)
        return tuple(rulebook for rulebook in found if rulebook is not None and rulebook.id == id)

    def __contains__(self, id: object) -> bool:
        return id in self._newest

    def __iter__(self) -> Iterator[str]:
        return iter(self._newest)


@lru_cache(maxsize=256)
def _parsed(text: str) -> Rulebook:
    return parse_rulebook(text.encode())


# The files -------------------------------------------------------------------------------------------


@cache
def load_rulebooks() -> Rulebooks:
    """All texts that ship."""
    return Rulebooks(parse_rulebook(text) for text in shipped_texts())


@cache
def _shipped_by_hash() -> dict[str, str]:
    return {hashlib.sha256(text).hexdigest(): text.decode() for text in shipped_texts()}


def shipped_texts() -> list[bytes]:
    """The files, those of one rulebook from its first text to its newest. None is ever changed or taken away, for
    somebody may have been judged by it.
    """
    folders = sorted((resources.files("domain") / "rulebooks").iterdir(), key=lambda folder: folder.name)
    numbered = [
        (folder.name, int(file.name.removesuffix(".yaml")), file)
        for folder in folders
        if folder.is_dir()
        for file in folder.iterdir()
        if file.name.endswith(".yaml")
    ]
    return [file.read_bytes() for _, _, file in sorted(numbered, key=lambda one: one[:2])]


@cache
def load_calendar() -> Calendar:
    """The working days of the years whose public holidays ship."""
    return parse_calendar((resources.files("domain") / "holidays.yaml").read_bytes())


def parse_rulebook(text: bytes) -> Rulebook:
    """The rulebook in this text, which can be judged by; raises RulebookInvalid."""
    rulebook = parse_draft(text)
    if problems := problems_of(rulebook):
        raise RulebookInvalid("; ".join(map(str, problems)))
    return rulebook


def parse_draft(text: bytes) -> Rulebook:
    """The rulebook in this text, whose numbers need not close; raises RulebookInvalid where it has another form."""
    try:
        content = msgspec.convert(load(text), RulebookFields)
        _require(all(map(in_range, numbers_in(content))), content.id, "a number out of range")
        rulebook = _rulebook(content, hashlib.sha256(text).hexdigest())
    except (msgspec.ValidationError, yaml.YAMLError, ValueError, ArithmeticError, RecursionError) as error:
        raise RulebookInvalid(str(error)) from error
    return rulebook


def parse_calendar(text: bytes) -> Calendar:
    """The calendar in this text. A doubtful day is what its day of the week says."""
    content = msgspec.convert(load(text), HolidaysFields)
    days = frozenset(day for entry in content.days_off for day in entry.days())
    saturdays = frozenset(entry.day for entry in content.worked_saturdays)
    return Calendar(content.first, content.last, days, saturdays)


_Loader.add_constructor("tag:yaml.org,2002:float", decimal_of)


# What the text may hold ------------------------------------------------------------------------------


# From text to meaning --------------------------------------------------------------------------------


def _rulebook(text: RulebookFields, sha256: str) -> Rulebook:
    return Rulebook(
        id=text.id,
        title=text.title,
        short=text.short,
        model=text.model,
        status=text.status,
        in_force_from=Dated(text.in_force.from_.value, text.in_force.from_.provenance),
        in_force_to=Dated(text.in_force.to.value, text.in_force.to.provenance),
        unit_types=tuple(text.unit_types),
        unit_classes=tuple(text.unit_classes),
        criteria=tuple(_criterion(one, text.score_decimals, text.rounding) for one in text.criteria),
        conditions=tuple(_condition(condition) for condition in text.conditions),
        recognising_level=text.recognising_level.value,
        recognising_level_provenance=text.recognising_level.provenance,
        council=_council(text.council),
        terms=tuple(_term(term) for term in text.deadlines),
        score_decimals=text.score_decimals,
        agreements=tuple(
            Agreement(a.part, a.figure, a.other_part, a.other_figure, a.provenance) for a in text.agreements
        ),
        suspended_years=tuple((year.year, year.provenance) for year in text.suspended_years),
        sha256=sha256,
        legal_bases=tuple(LegalBasis(basis.text, basis.provenance) for basis in text.legal_bases),
        commune_steps=_commune_steps(text.commune_steps),
        rounding=text.rounding,
        unknown=text.unknown,
        sources={path: _source(source) for path, source in text.sources.items()},
    )


def _criterion(text: CriterionFields, decimals: int, rounding: Rounding) -> Criterion:
    return Criterion(
        code=text.code,
        name=text.name,
        max_points=text.max_points,
        indicators=tuple(_indicator(indicator, text.code, decimals, rounding) for indicator in text.indicators),
        name_provenance=text.name_provenance,
        points_provenance=text.points_provenance,
    )


def _indicator(text: IndicatorFields, criterion: str, decimals: int, rounding: Rounding) -> Indicator:
    parts = text.parts
    if text.measure is not None:
        whole = PartFields(
            text.code,
            text.name,
            text.measure,
            text.measure_provenance,
            max_points=text.max_points,
            points_provenance=text.points_provenance,
            counts=text.counts,
        )
        parts = [whole, *parts]
    provenance = text.pass_level_provenance if text.pass_level else text.points_provenance
    return Indicator(
        code=text.code,
        criterion=criterion,
        name=text.name,
        max_points=text.max_points,
        parts=tuple(_part(part, decimals, rounding) for part in parts),
        name_provenance=text.name_provenance,
        points_provenance=provenance,
        pass_level=text.pass_level,
        without_text=tuple(text.without_text),
    )


def _part(text: PartFields, decimals: int, rounding: Rounding) -> Part:
    return Part(
        code=text.code,
        name=text.name,
        max_points=text.max_points,
        measure=_measure(text.measure, decimals, rounding),
        provenance=text.provenance,
        points_provenance=text.points_provenance,
        not_arisen=text.not_arisen,
        not_arisen_provenance=text.not_arisen_provenance,
        evidence=text.evidence,
        formula=text.formula,
        counts=_counted(text.counts),
        doubtful=_doubtful(text.code, text.measure),
    )


def _measure(  # noqa: C901, PLR0911 - one flat match over measures
    text: MeasureFields, decimals: int, rounding: Rounding
) -> Measure:
    match text:
        case OptionsFields():
            return Options(tuple(Option(option.key, option.text, option.points) for option in text.options))
        case BandsFields():
            return RatioBands(tuple(Band(band.at_least, band.points) for band in text.bands))
        case RatioFields():
            return Ratio(decimals, rounding)
        case SurveyFields():
            return SurveyRatio(decimals, rounding)
        case ThresholdFields():
            return RatioThreshold(text.at_least)
        case BooleanFields():
            return YesNo()
        case ChecklistFields():
            return Checklist(tuple(ChecklistEntry(choice.key, choice.text) for choice in text.choices), text.minimum)
        case DeadlineFields():
            return WorkingDayTerm(text.working_days)
        case AmountFields():
            rates = tuple(
                Rate(rate.label, rate.dong * rate.times, rate.local, rate.monthly, rate.source) for rate in text.rates
            )
            return Amount(text.at_least, text.comparison, rates)
        case PenaltyFields():
            return Penalty(text.points)
        case PointsFields():
            return ManualPoints(text.step)


def _counted(text: CountedFields | None) -> Counted | None:
    if text is None:
        return None
    return Counted(text.officials, text.discipline_from, text.on_duty, text.prosecution, text.compensation)


def _doubtful(code: str, text: MeasureFields) -> tuple[Unverified, ...]:
    if isinstance(text, BandsFields):
        return tuple(
            Unverified(f"{code}.bands.{band.at_least}", band.provenance)
            for band in text.bands
            if band.provenance is not None
        )
    if isinstance(text, ThresholdFields) and text.at_least_provenance is not None:
        return (Unverified(f"{code}.at_least", text.at_least_provenance),)
    return ()


def _condition(text: ConditionFields) -> Condition:
    return Condition(
        text.code,
        text.kind,
        text.provenance,
        text.threshold,
        tuple(text.by_class.items()),
        text.text,
        _counted(text.counts),
        text.enough,
    )


def _council(text: CouncilFields) -> CouncilRule:
    return CouncilRule(
        required=text.required,
        quorum=Fraction(text.quorum.value),
        quorum_provenance=text.quorum.provenance,
        majority=text.majority.value,
        majority_provenance=text.majority.provenance,
        max_members=text.max_members.value,
        max_members_provenance=text.max_members.provenance,
        written_opinions=text.written_opinions.value,
        written_opinions_provenance=text.written_opinions.provenance,
        instruments=tuple(text.instruments),
        max_vice_chairs=text.max_vice_chairs.value,
        max_vice_chairs_provenance=text.max_vice_chairs.provenance,
        written_opinion_votes=text.written_opinion_votes is None or text.written_opinion_votes.value,
        written_opinion_votes_provenance=(text.written_opinion_votes or text.written_opinions).provenance,
        consultation=text.consultation.value,
        consultation_provenance=text.consultation.provenance,
    )


def _commune_steps(text: CommuneStepsFields | None) -> CommuneSteps | None:
    return CommuneSteps(text.provenance, text.broadcasts, text.opinion_sheets) if text else None


def _term(text: TermFields) -> Term:
    month, day = _day_of_year(text)
    term = Term(
        step=text.step,
        provenance=text.provenance,
        month=month,
        day=day,
        years_later=text.years_later,
        before=text.before is not None,
        working_days=text.working_days,
        text=text.text,
        calendar_days=text.calendar_days,
        months=text.months,
        minimum=text.minimum,
        ahead=text.ahead,
    )
    counts = [n for n in (term.working_days, term.calendar_days, term.months) if n is not None]
    ways = len(counts) + (text.by is not None) + (text.before is not None)
    _require(ways <= 1, text.step, "a term is a day of the year or one count, not both")
    _require(all(0 < n <= LONGEST for n in counts), text.step, f"a term counts from 1 to {LONGEST}")
    _require(term.is_counted or not (term.minimum or term.ahead), text.step, "only what is counted has such a side")
    _require(not term.years_later or day is not None, text.step, "years later without a day of the year")
    return term


def _day_of_year(text: TermFields) -> tuple[int | None, int | None]:
    written = text.by or text.before
    if written is None:
        return None, None
    try:
        month, day = (int(number) for number in written.split("-"))
        date(SOME_YEAR, month, day)
    except ValueError as error:
        raise RulebookInvalid(f"{text.step}: {written} is no day of every year") from error
    return month, day


def _source(text: SourceFields) -> Source:
    return Source(text.document, text.number, text.dated, text.article, text.page, text.address, text.sha256)


def _require(holds: bool, where: str, what: str) -> None:  # noqa: FBT001 - what is required
    if not holds:
        raise RulebookInvalid(f"{where}: {what}")
