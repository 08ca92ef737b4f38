"""Words and numbers in the reader's language: Vietnamese first, English second.

Sentences stand in templates in Vietnamese, whole, with named slots: `_("Hạn nộp %(day)s", day=row.due|date)`.
What has no sentence of its own in a template is named by a dotted key (`refused.stale`, `position.inspector`)
and has its sentence in both languages. Each area has its own (`words.vi.po`), and `locale/` has those of all areas.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po
from markupsafe import Markup, escape

from domain.season import read_name
from services.clock import VIETNAM

LOCALES = ("vi", "en")
FOLDER = Path(__file__).parent

MINUS = "\N{MINUS SIGN}"
NBSP = "\N{NO-BREAK SPACE}"


class Words:
    """One language: its sentences, and how it writes numbers, dates and sizes."""

    def __init__(self, locale: str, sentences: dict[str, str]) -> None:
        self.locale = locale
        self.sentences = sentences
        self.comma, self.thousands = (",", ".") if locale == "vi" else (".", ",")

    def say(self, sentence: str, **slots: object) -> str:
        """The sentence in this language with its slots filled; `%` need be doubled only where there are slots."""
        text = self.sentences.get(sentence) or sentence
        if not slots:
            return text
        if isinstance(season := slots.get("season"), str):
            slots["season"] = self.season(season)
        if any(hasattr(slot, "__html__") for slot in slots.values()):
            return Markup(escape(text)) % slots  # noqa: S704 - escaped just here
        return text % slots

    def season(self, name: str) -> str:
        """A season as people name it: `2023`, a further round of its year `2023 (đợt 2)`, `2023 (đánh giá thử)`."""
        said = read_name(name)
        if said is None:
            return name
        if said.practice and said.round_no > 1:
            return self.say("%(year)s (đánh giá thử, đợt %(round)s)", year=said.year, round=said.round_no)
        if said.practice:
            return self.say("%(year)s (đánh giá thử)", year=said.year)
        if said.round_no > 1:
            return self.say("%(year)s (đợt %(round)s)", year=said.year, round=said.round_no)
        return name

    def document(self, number: str) -> str:
        """A document by its number, or by the name that somebody wrote in its place: "văn bản số 12/KH-UBND"."""
        return self.say("văn bản số %(number)s", number=number) if number[:1].isdigit() else number

    def knows(self, key: str) -> bool:
        """Whether there is a sentence for this key."""
        return key in self.sentences

    def number(self, value: Decimal | int | None, places: int | None = None) -> str:
        """`1.234,5` with a true minus; as many places as the value has, or `places`. Nothing for None."""
        if value is None:
            return ""
        exact = Decimal(value)
        digits = f"{abs(exact):,f}" if places is None else f"{abs(exact):,.{places}f}"
        whole, _, rest = digits.partition(".")
        written = whole.replace(",", self.thousands) + (self.comma + rest if rest else "")
        return (MINUS if exact < 0 else "") + written

    def points(self, value: Decimal | int | None) -> str:
        """A score as people write it: one place at least, two where it has them (9,0; 8,25)."""
        if value is None:
            return ""
        exact = Decimal(value).normalize()
        exponent = exact.as_tuple().exponent
        return self.number(exact, max(1, -exponent if isinstance(exponent, int) else 0))

    def total(self, value: Decimal | int | None, decimals: int) -> str:
        """A total with the decimals that the rulebook counts in (94,00); what has more of them keeps them all."""
        if value is None:
            return ""
        exponent = Decimal(value).normalize().as_tuple().exponent
        return self.number(value, max(decimals, -exponent if isinstance(exponent, int) else 0))

    def signed(self, value: Decimal | int | None) -> str:
        """A margin: `+0,5`, `−6,0`, `0,0`."""
        if value is None:
            return ""
        return ("+" if value > 0 else "") + self.points(value)

    def percent(self, value: Decimal | int | None, places: int = 0) -> str:
        """A percentage given in percent: `86,4%`."""
        return "" if value is None else self.number(Decimal(value), places) + "%"

    def weekday(self, value: date) -> str:
        """The day of the week: "Thứ Hai"."""
        return self.say(f"weekday.{value.isoweekday()}")

    def date(self, value: date | datetime | None) -> str:
        """Day, month, year, in Viet Nam: `07/02/2024`."""
        if value is None:
            return ""
        day = value.astimezone(VIETNAM) if isinstance(value, datetime) else value
        return f"{day:%d/%m}/{day.year:04}"  # `%Y` writes the year 24 of an old log with two digits

    def moment(self, value: datetime | None) -> str:
        """Minute and day in Viet Nam: `16:42 05/01/2024`."""
        return "" if value is None else f"{value.astimezone(VIETNAM):%H:%M %d/%m/%Y}"

    def instant(self, value: datetime | None) -> str:
        """To the second: `16:42:10 05/01/2024`."""
        return "" if value is None else f"{value.astimezone(VIETNAM):%H:%M:%S %d/%m/%Y}"

    def clock(self, seconds: float) -> str:
        """The minute of a time in seconds since 1970."""
        return self.moment(datetime.fromtimestamp(seconds, UTC))

    def size(self, count: int) -> str:
        """Bytes as people say them: `0,4 MB`."""
        if count < 1_000:
            return f"{count}{NBSP}B"
        if count < 100_000:
            return f"{self.number(Decimal(count) / 1_000, 0)}{NBSP}kB"
        return f"{self.number(Decimal(count) / 1_000_000, 1)}{NBSP}MB"

    def listed(self, value: object) -> str:
        """A detail of a refusal in words: lists with commas, numbers and days as written here."""
        if isinstance(value, (tuple, list, set, frozenset)):
            return ", ".join(self.listed(item) for item in value)
        if isinstance(value, (Decimal, int)):
            return self.number(value)
        if isinstance(value, datetime):
            return self.instant(value)
        if isinstance(value, date):
            return self.date(value)
        return str(value)

    def filters(self) -> dict[str, Callable[..., str]]:
        """What templates call: `{{ row.total|points }}`."""
        return {
            # A board holds the same few hundred numbers thousands of times.
            "num": _kept(self.number),
            "points": _kept(self.points),
            "total": _kept(self.total),
            "signed": _kept(self.signed),
            "pct": _kept(self.percent),
            "date": self.date,
            "weekday": self.weekday,
            "moment": self.moment,
            "instant": self.instant,
            "clock": self.clock,
            "size": self.size,
            "listed": self.listed,
            "no": indicator_number,
            "season": self.season,
        }


def _kept(spell: Callable[..., str]) -> Callable[..., Markup]:
    """The same, remembered, and as markup: a number needs no escaping."""

    @lru_cache(4096)
    def known(written: str, *given: Any) -> Markup:
        return Markup(escape(spell(*given)))  # noqa: S704 - escaped just here

    # 1.0 and 1.00 are equal as numbers and differ as scores: the text is part of the key.
    return lambda value, *rest: known(str(value), value, *rest)


def indicator_number(code: str) -> str:
    """The number people call an indicator or a part of it by: `2.5` for TC2.CT5, `2.5.1` for its first part."""
    return code.removeprefix("TC").replace("CT", "") if ".CT" in code else code


def load_words(folder: Path = FOLDER) -> dict[str, Words]:
    """Every language with all its sentences."""
    return {locale: Words(locale, {key: text for _, key, text in sentences(locale, folder)}) for locale in LOCALES}


@cache
def vietnamese() -> Words:
    """The words of official documents, which every page has too."""
    return load_words()["vi"]


def sentences(locale: str, folder: Path = FOLDER) -> Iterator[tuple[str, str, str]]:
    """File, key and text of every translation there is."""
    for path in sorted(folder.rglob(f"*.{locale}.po")):
        with path.open("rb") as file:
            for message in read_po(file):
                key, text = _text(message.id), _text(message.string)
                if key and text and not message.fuzzy:
                    yield path.relative_to(folder).as_posix(), key, text


def _text(value: Any) -> str:
    return value if isinstance(value, str) else value[0] if value else ""
