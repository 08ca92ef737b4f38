"""Answers about something that was taken home: in both languages, and by an exit status."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What is answered, by the exit status that says it."""

    VALID = 0
    INVALID = 1
    UNWITNESSED = 3
    INCOMPLETE = 4
    PROMISED = 5


WORDS = {
    ExitCode.VALID: ("HỢP LỆ", "VALID"),
    ExitCode.UNWITNESSED: ("HỢP LỆ - CHƯA ĐỒNG KÝ", "VALID-UNWITNESSED"),
    ExitCode.INCOMPLETE: ("THIẾU SỰ KIỆN", "INCOMPLETE STREAM"),
    ExitCode.PROMISED: ("MỚI LÀ LỜI HỨA", "PROMISED"),
    ExitCode.INVALID: ("KHÔNG HỢP LỆ", "INVALID"),
}

#: 31/12/9999: what a file names later than that is no moment of a calendar.
LAST_SECOND = 253_402_300_799
