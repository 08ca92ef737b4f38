"""`minhchuan judge FILE|-`: judge one sheet given as JSON, without a server or a database.

    {"rulebook": "qd-619-2017", "unit_class": "I", "satisfaction": "96.10", "vetoes": [],
     "criteria": {"TC1": "15", ...}}

Instead of `criteria`, or beside it for other criteria, `indicators` gives a value by indicator code:
points ("2.5" or "2,5"), "met" or "not_met", or what was measured ({"numerator": 19, "denominator": 22}). Parts
stand by their own codes ({"TC1.CT1.1": {"option": "a"}}). `vetoes` lists the codes of the conditions that
occurred. Scores are strings or exact numbers; nothing passes through a binary float.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from domain.errors import Refused
from domain.judging import CriterionResult, Finding, PartResult, Sheet, Value, Verdict, assess, cross_checks, judge
from domain.measure import HUNDRED, Kind, Measured, Outcome
from domain.rulebook import ZERO, ConditionKind, Model, NotArisen, Part, Rulebook, check, check_points
from infra.reference.rulebooks import load_calendar, load_rulebooks
from services.i18n import vietnamese
from services.visible import readable

REFUSED = 2

FIELDS = {"rulebook", "unit_class", "satisfaction", "vetoes", "criteria", "indicators"}
MEASURED_FIELDS = {field.name for field in fields(Measured)}
EXPECTED = {
    "kind": "kind: " + ", ".join(Kind),
    "numerator": "numerator: số nguyên",
    "denominator": "denominator: số nguyên",
    "counts": "counts: danh sách số nguyên",
    "amount": "amount: số nguyên (đồng)",
    "option": "option: chuỗi",
    "checked": "checked: danh sách chuỗi",
    "answer": "answer: yes hoặc no",
    "on": "on: ngày dạng YYYY-MM-DD",
    "from_on": "from_on: ngày dạng YYYY-MM-DD",
    "points": "points: số với dấu chấm thập phân",
    "text": "text: chuỗi",
}
#: What is said of each criterion.
CRITERION_FIELDS = ("code", "points", "max_points", "share", "met", "indicators_met", "indicators")
NUMBER = re.compile(r"-?[0-9]{1,15}([.,][0-9]{1,15})?")


# What cannot be judged -------------------------------------------------------------------------------


class FileUnreadable(Refused):
    """The file is not there or cannot be read."""

    code = "file-unreadable"


class NotJson(Refused):
    """The text is not JSON."""

    code = "not-json"


class UnknownField(Refused):
    """A key that no sheet has: probably a slip that would otherwise pass unseen."""

    code = "unknown-field"


class WrongType(Refused):
    """A value of a type that does not belong there."""

    code = "wrong-type"


class SheetFieldMissing(Refused):
    """A sheet cannot be judged without this field."""

    code = "field-missing"


class UnknownRulebook(Refused):
    """No rulebook of this id ships."""

    code = "unknown-rulebook"


class UnknownUnitClass(Refused):
    """The rulebook's thresholds depend on the class, and this one has none."""

    code = "unknown-unit-class"


class UnitClassMissing(Refused):
    """The rulebook's thresholds depend on the class of the commune."""

    code = "unit-class-missing"


class UnknownVeto(Refused):
    """The rulebook has no veto condition of this code."""

    code = "unknown-veto"


class UnknownCriterion(Refused):
    """The rulebook has no such criterion."""

    code = "unknown-criterion"


class GivenTwice(Refused):
    """Two values for the same thing."""

    code = "given-twice"


class NoPoints(Refused):
    """The rulebook has no points: its indicators are met or not met."""

    code = "no-points"


class PartsNeeded(Refused):
    """The indicator is measured in several parts, each by its own code."""

    code = "parts-needed"


def sentence(refused: Refused) -> str:
    """What is wrong and what to do, in Vietnamese."""
    words = vietnamese()
    details = {"part": refused.details.get("indicator", "?"), **refused.details}
    by_reason = f"judge.measure.{details.get('reason')}"
    if refused.code == "measure-invalid" and words.knows(by_reason):
        return words.say(by_reason, **details)
    return words.say(f"judge.{refused.code}", **details)


# Reading a sheet -------------------------------------------------------------------------------------


def main(argv: Sequence[str]) -> int:
    """Judge the sheet in the file named (or "-" for standard input); 0, or 2 with a refusal on stderr."""
    try:
        answer = judge_text(_read(argv[0] if argv else "-"))
    except Refused as refused:
        details = {key: _plain(value) for key, value in refused.details.items()}
        error = {"code": refused.code, "message": sentence(refused), "details": details}
        print(readable(json.dumps({"error": error}, ensure_ascii=False, default=str)), file=sys.stderr)
        return REFUSED
    print(readable(json.dumps(answer, ensure_ascii=False, indent=2)))
    return 0


def judge_text(text: bytes) -> dict[str, Any]:
    """The verdict on the sheet in this text, ready for JSON; raises a Refused for what cannot be judged."""
    content = _mapping(_parse(text), "sheet")
    _known(content, FIELDS, "sheet")
    rulebook = _rulebook(content)
    criteria = _criteria(content, rulebook)
    values, measures = _indicators(content, rulebook)
    for code in criteria:
        for indicator in rulebook.criterion(code).indicators:
            if indicator.code in values or any(part.code in measures for part in indicator.parts):
                raise GivenTwice(field=code)
    readings: list[PartResult] = []
    slacks: dict[str, Decimal] = {}
    missing: list[str] = []
    for indicator in rulebook.indicators:
        if indicator.code in values or indicator.criterion in criteria:
            continue
        assessed = assess(indicator, measures, load_calendar())
        readings.extend(part for part in assessed.parts if part.rule is not None)
        if assessed.complete and assessed.value is not None:
            values[indicator.code] = assessed.value
        else:
            missing.append(indicator.code)
        if assessed.slack is not None:
            slacks[indicator.code] = assessed.slack
    sheet = Sheet(
        values,
        unit_class=_unit_class(content, rulebook),
        satisfaction=_satisfaction(content),
        vetoes=_vetoes(content, rulebook),
        slacks=slacks,
        criteria=criteria,
    )
    verdict = judge(sheet, rulebook)
    return _shown(rulebook, verdict) | {
        "missing": missing,
        "readings": [_shown_reading(reading) for reading in readings],
        "findings": [_shown_finding(finding) for finding in cross_checks(rulebook, measures)],
    }


def _read(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise FileUnreadable(file=name) from error


def _parse(text: bytes) -> Any:
    try:
        return json.loads(
            text.decode(), parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_without_repeats
        )
    except (ValueError, RecursionError) as error:
        raise NotJson(problem=str(error)) from error


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        repeated = next(key for key, _ in pairs if sum(key == other for other, _ in pairs) > 1)
        raise GivenTwice(field=repeated)
    return content


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise WrongType(where=where, typed=_plain(value), expected="đối tượng {…}")
    return value


def _known(content: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in content:
        if key not in known:
            raise UnknownField(field=key, where=where, known=", ".join(sorted(known)))


def _rulebook(content: Mapping[str, Any]) -> Rulebook:
    rulebooks = load_rulebooks()
    name = content.get("rulebook")
    if name is None:
        raise SheetFieldMissing(field="rulebook")
    if not isinstance(name, str):
        raise WrongType(where="rulebook", typed=_plain(name), expected="chuỗi")
    if name not in rulebooks:
        raise UnknownRulebook(typed=name, known=", ".join(rulebooks))
    if content.get("criteria") is None and content.get("indicators") is None:
        raise SheetFieldMissing(field="indicators")
    return rulebooks.newest(name)


def _unit_class(content: Mapping[str, Any], rulebook: Rulebook) -> str | None:
    typed = content.get("unit_class")
    if typed is not None and not isinstance(typed, str):
        raise WrongType(where="unit_class", typed=_plain(typed), expected="chuỗi")
    if not rulebook.asks_class:
        return typed
    known = ", ".join(rulebook.unit_classes)
    if typed is None:
        raise UnitClassMissing(rulebook=rulebook.id, known=known)
    if typed not in rulebook.unit_classes:
        raise UnknownUnitClass(typed=typed, known=known)
    return typed


def _satisfaction(content: Mapping[str, Any]) -> Decimal | None:
    typed = content.get("satisfaction")
    if typed is None:
        return None
    percent = _number(typed, "satisfaction")
    if not ZERO <= percent <= HUNDRED:
        raise WrongType(where="satisfaction", typed=_plain(typed), expected="tỷ lệ phần trăm từ 0 đến 100")
    return percent


def _vetoes(content: Mapping[str, Any], rulebook: Rulebook) -> tuple[str, ...]:
    typed = content.get("vetoes")
    if typed is None:
        return ()
    if not isinstance(typed, list):
        raise WrongType(where="vetoes", typed=_plain(typed), expected="danh sách [...]")
    known = [condition.code for condition in rulebook.conditions if condition.kind is ConditionKind.VETO]
    for code in typed:
        if code not in known:
            raise UnknownVeto(typed=_plain(code), rulebook=rulebook.id, known=", ".join(known))
    return tuple(typed)


def _criteria(content: Mapping[str, Any], rulebook: Rulebook) -> dict[str, Decimal]:
    typed = content.get("criteria")
    if typed is None:
        return {}
    if rulebook.model is Model.LEVELS:
        raise NoPoints(rulebook=rulebook.id)
    known = {criterion.code: criterion for criterion in rulebook.criteria}
    criteria = {}
    for code, value in _mapping(typed, "criteria").items():
        if code not in known:
            raise UnknownCriterion(rulebook=rulebook.id, criterion=code)
        least = sum((indicator.min_points for indicator in known[code].indicators), ZERO)
        points = _number(value, code)
        check_points(code, points, least, known[code].max_points, rulebook.score_decimals)
        criteria[code] = points
    return criteria


def _indicators(content: Mapping[str, Any], rulebook: Rulebook) -> tuple[dict[str, Value], dict[str, Measured]]:
    """Values given as such by indicator code, and measured values by part code."""
    values: dict[str, Value] = {}
    measures: dict[str, Measured] = {}
    for code, value in _mapping(content.get("indicators") or {}, "indicators").items():
        if isinstance(value, dict):
            for part, measured in _parts(code, value, rulebook):
                if part.code in measures:
                    raise GivenTwice(field=part.code)
                measures[part.code] = _measured(part, measured)
            continue
        rulebook.indicator(code)
        values[code] = _value(code, value, rulebook)
    for code in values:
        if any(part.code in measures for part in rulebook.indicator(code).parts):
            raise GivenTwice(field=code)
    return values, measures


def _parts(code: str, content: dict[str, Any], rulebook: Rulebook) -> list[tuple[Part, dict[str, Any]]]:
    """The parts that a measured value speaks of: itself, the only one of its indicator, or those named."""
    if code in rulebook.parts:
        return [(rulebook.parts[code], content)]
    indicator = rulebook.indicator(code)
    parts = {part.code: part for part in indicator.parts}
    if content and content.keys() <= parts.keys():
        return [(parts[part], _mapping(measured, part)) for part, measured in content.items()]
    if content == {"kind": Kind.NOT_ARISEN.value}:
        whole = [part for part in parts.values() if part.not_arisen is NotArisen.INDICATOR]
        return [(part, content) for part in whole or parts.values()]
    if len(parts) > 1:
        raise PartsNeeded(indicator=code, known=", ".join(parts))
    return [(indicator.parts[0], content)]


def _measured(part: Part, content: dict[str, Any]) -> Measured:
    _known(content, MEASURED_FIELDS, part.code)
    try:
        measured = msgspec.convert({"kind": part.measure.kind.value, **content}, Measured)
    except msgspec.ValidationError as error:
        field = str(error).rpartition("$.")[2].partition("[")[0].rstrip("`")
        raise WrongType(
            where=part.code, typed=_plain(content.get(field)), expected=EXPECTED.get(field, field)
        ) from error
    check(part, measured)
    return measured


def _value(code: str, typed: Any, rulebook: Rulebook) -> Value:
    value: Value
    if rulebook.model is Model.LEVELS:
        if typed not in (Outcome.MET.value, Outcome.NOT_MET.value):
            raise WrongType(where=code, typed=_plain(typed), expected="met hoặc not_met")
        value = Outcome(typed)
    else:
        value = _number(typed, code)
    rulebook.check_score(code, value)
    return value


def _number(typed: Any, where: str) -> Decimal:
    """A number given as such or as a string; floats have become decimals on parsing."""
    if isinstance(typed, bool) or not isinstance(typed, str | int | Decimal):
        raise WrongType(where=where, typed=_plain(typed), expected="số hoặc chuỗi số")
    text = typed.strip() if isinstance(typed, str) else format(Decimal(typed), "f")
    if not NUMBER.fullmatch(text):
        raise WrongType(where=where, typed=_plain(typed), expected="số, ví dụ 12,5 hoặc 12.5")
    return Decimal(text.replace(",", "."))


# Showing the verdict ---------------------------------------------------------------------------------


def _shown(rulebook: Rulebook, verdict: Verdict) -> dict[str, Any]:
    return {
        "rulebook": rulebook.id,
        "sha256": rulebook.sha256,
        "model": rulebook.model.value,
        "total": _points(verdict.total, rulebook),
        "criteria": [_shown_criterion(result, rulebook) for result in verdict.criteria],
        "conditions": [
            {key: _plain(value) for key, value in result._asdict().items()} for result in verdict.conditions
        ],
        "result": verdict.result.value,
        "left_open": list(verdict.left_open),
        "margin": _points(verdict.margin, rulebook),
        "near": verdict.near,
        "complete": verdict.complete,
    }


def _shown_criterion(result: CriterionResult, rulebook: Rulebook) -> dict[str, Any]:
    shown = {key: _plain(getattr(result, key)) for key in CRITERION_FIELDS}
    return shown | {"points": _points(result.points, rulebook)}


def _points(points: Decimal | None, rulebook: Rulebook) -> str | None:
    """Points with the rulebook's decimals. What has more of them, as published figures may, keeps them all."""
    if points is None:
        return None
    exponent = points.normalize().as_tuple().exponent
    decimals = max(rulebook.score_decimals, -exponent if isinstance(exponent, int) else 0)
    return format(points.quantize(Decimal(1).scaleb(-decimals)), "f")


def _shown_reading(reading: PartResult) -> dict[str, Any]:
    note = reading.rule
    shown: dict[str, Any] = {"part": reading.code, "value": _plain(reading.value)}
    if note is not None:
        shown["rule"] = note.code
        shown["because"] = {key: _plain(value) for key, value in note.args.items()}
    return shown


def _shown_finding(finding: Finding) -> dict[str, Any]:
    return {key: _plain(value) for key, value in finding._asdict().items()}


def _plain(value: Any) -> Any:
    """The value as JSON has it: decimals and dates as strings, without exponents."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Kind | Outcome):
        return value.value
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return str(value)
