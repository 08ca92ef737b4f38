"""Values of a rulebook as an official reads and writes them in a cell: lines of "name: content", and back.

A list has one line for each entry, which begins with "- "; what an entry holds stands between " | ". Every value that
is written so is read as the same value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from domain.rulebook import Provenance
from services.i18n import vietnamese
from services.rulebooks.value_sources import KNOWN, known_words
from services.rulebooks.value_words import MEASURE_KINDS
from services.web.form_fields import read_number

#: A year without a 29 February.
SOME_YEAR = 2023

YES, NO = "có", "không"

#: The ways to measure that the pages offer, as they call them.
KINDS = {kind: vietnamese().say(f"measure-kind.{kind}") for kind in MEASURE_KINDS}

#: What stands beside each kind: an example that can be read.
EXAMPLES = {
    "options": "- ký hiệu: a | nội dung: Thực hiện | điểm: 2\n- ký hiệu: b | nội dung: Không thực hiện | điểm: 0",
    "ratio_bands": "- ít nhất: 90 | điểm: 2\n- ít nhất: 0 | điểm: 0",
    "ratio": "",
    "survey": "",
    "ratio_threshold": "ít nhất: 100",
    "boolean": "",
    "checklist": "tối thiểu: 1\n- ký hiệu: a | nội dung: Tập huấn\n- ký hiệu: b | nội dung: Thi tìm hiểu pháp luật",
    "deadline": "số ngày làm việc: 7",
    "amount": "ít nhất: 100\nso với mức chi: ít nhất\n- tên: vụ, việc hòa giải thành | số tiền (đồng): 400000",
    "penalty": "điểm: -0,5",
    "points": "bước điểm: 0,25",
}

#: The list that a measure of this kind holds.
LISTS = {"options": "options", "ratio_bands": "bands", "checklist": "choices", "amount": "rates"}

#: How a value may be said to be known, as the pages offer it.
STATES: Mapping[str, str] = {one.value: known_words(one, vietnamese()) for one in KNOWN}
#: What older files say instead.
FORMER_STATES = {"chưa có văn bản gốc để đối chiếu": STATES["recalled"], "nội dung tạm thời": STATES["recalled"]}
#: How well a number within a measure is known: it is not asked for, and stays as it is.
WITHIN_STATES = {**STATES, "provisional": "nội dung tạm thời"}

NAMES = {
    "at_least": "ít nhất",
    "at_least_provenance": "nguồn của số ít nhất",
    "points": "điểm",
    "max_points": "điểm tối đa",
    "step": "bước điểm",
    "minimum": "tối thiểu",
    "working_days": "số ngày làm việc",
    "calendar_days": "số ngày",
    "months": "số tháng",
    "years_later": "sau số năm",
    "ahead": "tính ngược từ sự kiện",
    "by": "chậm nhất ngày",
    "before": "trước ngày",
    "comparison": "so với mức chi",
    "key": "ký hiệu",
    "text": "nội dung",
    "label": "tên",
    "dong": "số tiền (đồng)",
    "times": "số lần trong năm",
    "local": "mức do tỉnh quy định",
    "monthly": "theo tháng",
    "source": "căn cứ",
    "provenance": "nguồn",
    "kind": "loại điều kiện",
    "threshold": "mức phải đạt",
    "enough": "mức đủ",
    "by_class": "theo loại xã",
    "counts": "trường hợp được tính",
    "officials": "đối tượng",
    "discipline_from": "kỷ luật từ",
    "on_duty": "khi thi hành công vụ",
    "prosecution": "truy cứu trách nhiệm hình sự",
    "compensation": "bồi thường thiệt hại",
    "broadcasts": "số lần phát thanh ít nhất",
    "opinion_sheets": "chỉ tiêu lấy phiếu ý kiến",
    "part": "nội dung thứ nhất",
    "figure": "số của nội dung thứ nhất",
    "other_part": "nội dung thứ hai",
    "other_figure": "số của nội dung thứ hai",
}

FIGURES = {"numerator": "tử số", "denominator": "mẫu số", "first_count": "số đầu tiên"}

#: Contents that are one of several.
CHOICES: Mapping[str, Mapping[str, str]] = {
    "at_least_provenance": WITHIN_STATES,
    "provenance": WITHIN_STATES,
    "comparison": {"exactly": "bằng", "at_least": "ít nhất", "at_most": "không quá"},
    "local": {
        "mediation-team-month": "tổ hòa giải, mỗi tháng",
        "mediation-case": "vụ, việc hòa giải không thành",
        "mediation-case-successful": "vụ, việc hòa giải thành",
    },
    "kind": {
        "veto": "điều kiện loại trừ",
        "min_satisfaction": "tỷ lệ hài lòng tối thiểu",
        "all_indicators_pass": "đạt tất cả chỉ tiêu",
        "min_each_criterion_ratio": "điểm tối thiểu của từng tiêu chí",
        "min_total": "tổng điểm tối thiểu",
        "min_total_by_class": "tổng điểm tối thiểu theo loại xã",
    },
    "officials": {"heads": "người đứng đầu", "all": "mọi cán bộ, công chức"},
    "discipline_from": {
        "reprimand": "khiển trách",
        "warning": "cảnh cáo",
        "pay-cut": "hạ bậc lương",
        "demotion": "giáng chức",
        "removal": "cách chức",
        "dismissal": "buộc thôi việc",
    },
    "figure": FIGURES,
    "other_figure": FIGURES,
}

#: Contents that are text, whatever they look like.
TEXTS = {"key", "text", "label", "source", "opinion_sheets", "part", "other_part"}
#: Contents that are a day of every year, which the text has as "02-15".
DAYS = {"by", "before"}
#: Contents that are lines of their own.
HELD = {"counts", "by_class"}

_BAR = re.compile(r"(?<!\\) \| ")


class WordsUnreadable(Exception):
    """What stands in a cell is not what belongs there; `code` is one that the page has a sentence for, `what` where."""

    def __init__(self, code: str, what: str) -> None:
        super().__init__(code, what)
        self.code = code
        self.what = what


def in_lines(value: Any) -> str:
    """A mapping or a list in lines. KeyError where it holds something that has no name here."""
    if isinstance(value, list):
        return "\n".join(f"- {_entry(one)}" for one in value)
    lines = [f"{NAMES[name]}: {_held(name, content)}" for name, content in value.items() if not _is_list(content)]
    return "\n".join([*lines, *(in_lines(content) for content in value.values() if _is_list(content))])


def from_lines(text: str, list_name: str = "") -> Any:
    """The mapping or the list in such lines; `list_name` is the name of the list that a mapping holds. A text that has
    entries only, and no `list_name`, is a list. WordsUnreadable names the line that cannot be read.
    """
    mapping: dict[str, Any] = {}
    entries: list[Any] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        if line.startswith("-") and not line[1:2].isdecimal():
            entries.append(_read_entry(line[1:].strip()))
        else:
            _read_into(mapping, line)
    if not list_name and not mapping:
        return entries
    if entries and not list_name:
        raise WordsUnreadable("line-out-of-place", "- …")
    return {**mapping, list_name: entries} if list_name else mapping


def read_choice(table: Mapping[str, str], text: str) -> str:
    """The content that these words stand for. WordsUnreadable."""
    known = {words.casefold(): content for content, words in table.items()}
    if text.strip().casefold() not in known:
        raise WordsUnreadable("no-such-choice", text)
    return known[text.strip().casefold()]


def read_state(text: str, before: str) -> str:
    """How well a value is known; one that was provisional stays so until its source is named. WordsUnreadable."""
    state = read_choice(STATES, text)
    return "provisional" if before == "provisional" and state == Provenance.RECALLED else state


def read_yes(text: str) -> bool:
    """Whether it says yes. WordsUnreadable."""
    answers = {YES: True, NO: False}
    if text.strip().casefold() not in answers:
        raise WordsUnreadable("yes-or-no", text)
    return answers[text.strip().casefold()]


def whole_or_decimal(number: Decimal) -> int | Decimal:
    """A whole number as such, as a text of a rulebook has it."""
    return int(number) if number == number.to_integral_value() else number


def plain(number: Decimal | int) -> str:
    """A number with a decimal comma, all its digits and no more."""
    return format(Decimal(number), "f").replace(".", ",")


# Writing -----------------------------------------------------------------------------------------------


def _is_list(content: Any) -> bool:
    return isinstance(content, list)


def _entry(entry: Any) -> str:
    return _escaped(entry) if isinstance(entry, str) else _fields(entry)


def _fields(entry: Mapping[str, Any]) -> str:
    return " | ".join(f"{NAMES[name]}: {_held(name, content)}" for name, content in entry.items())


def _held(name: str, content: Any) -> str:  # noqa: PLR0911 - one line for each kind of content
    if name == "by_class":
        return " | ".join(f"{_escaped(unit_class)}: {plain(points)}" for unit_class, points in content.items())
    if isinstance(content, dict):
        return _fields(content)
    if content is None:
        return ""
    if name in CHOICES:
        return CHOICES[name][content]
    if name in DAYS:
        month, day = content.split("-")
        return f"{day}/{month}"
    if isinstance(content, bool):
        return YES if content else NO
    return plain(content) if isinstance(content, int | Decimal) else _escaped(content)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", "\\n")


# Reading -----------------------------------------------------------------------------------------------


_BY_WORDS = {words.casefold(): name for name, words in NAMES.items()}


def _read_entry(text: str) -> Any:
    first = text.partition(":")[0].strip().casefold()
    if first not in _BY_WORDS:
        return _unescaped(text)
    entry: dict[str, Any] = {}
    for field in _BAR.split(text):
        _read_into(entry, field)
    return entry


def _read_into(mapping: dict[str, Any], line: str) -> None:
    words, colon, content = line.partition(":")
    name = _BY_WORDS.get(words.strip().casefold())
    if name is None or not colon:
        raise WordsUnreadable("no-such-name", line[:60])
    if name in mapping:
        raise WordsUnreadable("name-twice", words.strip())
    mapping[name] = _read_content(name, content.strip())


def _read_content(name: str, text: str) -> Any:  # noqa: PLR0911 - one line for each kind of content
    if name == "by_class":
        pairs = [pair.partition(":") for pair in _BAR.split(text)]
        return {_unescaped(unit_class.strip()): _number(points.strip()) for unit_class, _, points in pairs}
    if name in HELD:
        held: dict[str, Any] = {}
        for field in _BAR.split(text):
            _read_into(held, field)
        return held
    if not text and name not in TEXTS:
        return None
    if name in CHOICES:
        if CHOICES[name] is WITHIN_STATES and text.casefold() not in map(str.casefold, WITHIN_STATES.values()):
            text = FORMER_STATES.get(text.casefold(), text)
        return read_choice(CHOICES[name], text)
    if name in DAYS:
        return _day_of_year(text)
    if name in TEXTS:
        return _unescaped(text)
    return read_yes(text) if text.casefold() in (YES, NO) else _number(text)


def _number(text: str) -> int | Decimal:
    number = None if text.endswith("%") else read_number(text)
    if number is None:
        raise WordsUnreadable("no-number", text)
    return whole_or_decimal(number)


def _day_of_year(text: str) -> str:
    day, _, month = text.partition("/")
    try:
        date(SOME_YEAR, int(month), int(day))
    except ValueError:
        raise WordsUnreadable("no-day-of-year", text) from None
    return f"{int(month):02}-{int(day):02}"


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)
