"""What people typed cannot make a reader see something else."""

import unicodedata

import pytest

from services.visible import columns, readable, shown


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("Vì\x1b[8A\x1b[2KHỢP LỆ", "Vì[U+001B][8A[U+001B][2KHỢP LỆ"),
        ("một\n  hai\r\tba", "một[U+000A]  hai[U+000D][U+0009]ba"),
        ("\x9b2J", "[U+009B]2J"),
        ("xã \u202eoảĐ", "xã [U+202E]oảĐ"),
        ("\u2067phải\u2069", "[U+2067]phải[U+2069]"),
        ("a\u200b\u00ad\ufeffb", "a[U+200B][U+00AD][U+FEFF]b"),
        ("hết\u2028dòng", "hết[U+2028]dòng"),
        ("Đắk Lắk, Ea H’Leo 👍 阮", "Đắk Lắk, Ea H’Leo 👍 阮"),
    ],
)
def test_what_a_terminal_obeys_or_hides_is_written_out(typed: str, seen: str):
    assert shown(typed) == seen


def test_no_control_no_format_sign_and_no_line_end_reaches_a_terminal():
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}

    passed = [
        code for code in range(0x110000) if unicodedata.category(chr(code)) in hidden and shown(chr(code)) == chr(code)
    ]

    assert passed == []


def test_readable_text_keeps_its_lines_and_its_marks():
    assert readable("một\r\nhai\tba \u200b👨\u200d👩\u0007") == "một\nhai\tba \u200b👨\u200d👩[U+0007]"


def test_columns_are_apart_whatever_they_hold():
    assert columns("a\tb", "c\nd") == "a[U+0009]b\tc[U+000A]d"
