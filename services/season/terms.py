"""What a rulebook says of a term, in words."""

from domain.rulebook import Term
from services.i18n import Words


def term_words(words: Words, term: Term, year: int) -> str:
    """The term of an assessment year as officials write it, with the text's own words after it."""
    length = _length(words, term)
    if not length:
        return _day(words, term, year) or term.text
    said = words.say("ít nhất %(length)s", length=length) if term.minimum else length
    return f"{said} {term.text}".rstrip()


def _length(words: Words, term: Term) -> str:
    if term.working_days is not None:
        return words.say("%(count)s ngày làm việc", count=f"{term.working_days:02}")
    if term.calendar_days is not None:
        return words.say("%(count)s ngày theo lịch", count=f"{term.calendar_days:02}")
    if term.months is not None:
        return words.say("%(count)s tháng", count=f"{term.months:02}")
    return ""


def _day(words: Words, term: Term, year: int) -> str:
    last = term.last_day(year)
    if last is None:
        return ""
    if term.before:
        return words.say("trước ngày %(day)s", day=words.date(term.limit(year)))
    return words.say("đến hết ngày %(day)s", day=words.date(last))
