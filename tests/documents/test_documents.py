"""No document loses a word or a sign, whatever people typed: nothing lies beyond a margin, nothing is an empty box."""

import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from datetime import date
from hashlib import sha256
from html import escape, unescape
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import pytest

from domain.export import NAMED
from domain.meeting import Choice
from domain.text import PROSE
from infra.pdf.printer import Printer
from infra.reference.rulebooks import load_calendar, load_rulebooks
from infra.transparency.proofs import reading_log
from services import documents
from services.case.case_cache import Dossiers
from services.council import minutes_document, voting
from services.documents import glyphs, typesetting
from services.documents.glyphs import printable
from services.documents.reading import AsItStood
from services.documents.typesetting import FOLDERS
from services.i18n import vietnamese
from services.inspection.responsibility import responsibility_document
from services.inspection.review import review_document
from services.proof_package.build import Which, gather
from services.proof_package.pages import pages
from services.proof_package.verify import Law
from services.recognition import decision_document
from tests.provinces.papers import text_of
from tests.provinces.story import COMMUNE, Story

ASSETS = Path(documents.__file__).parent
A_MOMENT = 25.4 / 72  # millimetres in a point

#: Words that no column holds: of letters, of a path, joined by blanks that do not break, of an address, of signs.
LONG = (
    "Trungtâmphụcvụhànhchínhcông" * 7,
    "D:\\Hồsơ2023\\Minhchứng_tiếpcậnphápluật\\Xã_Minh_Lập\\" * 3,
    "\N{NO-BREAK SPACE}".join(["Ủy ban nhân dân".replace(" ", "\N{NO-BREAK SPACE}")] * 8),
    "https://dichvucong.example.gov.vn/p/home/dvc-tthc-thu-tuc-hanh-chinh-chi-tiet.html?ma_thu_tuc=1.003554&x=%20" * 2,
    "✓☑☐⇒" * 30,
    "W" * 60,
)


FOOTER = re.compile(r'<p class="source">.*?</p>', re.DOTALL)


class Slots:
    """Puts a long word and a mark of its own behind every text that a template shows."""

    def __init__(self, often: int) -> None:
        self._often = often
        self.count = 0

    def __call__(self, value: Any) -> Any:
        if not isinstance(value, str) or hasattr(value, "__html__"):
            return value
        self.count += 1
        word = LONG[self.count % len(LONG)]
        return f"{value}{word if self.count % self._often == 0 else word[:60]} Q{self.count}Z"


class Text(NamedTuple):
    """A document of ours as its module renders it now, and the margins of its pages in mm, left and right."""

    html: str
    left: float
    right: float


@pytest.fixture
async def printer() -> AsyncIterator[Printer]:
    async with Printer(ASSETS, patience=600) as printer:  # far more text than anybody types, beside other tests
        yield printer


@pytest.fixture
async def rendered(story: Story):
    """Renders each document of a commune that was voted on, decided, reviewed and taken back."""
    key = await story.voted()
    await voting.close_meeting(await story.decider(), story.season, key, date(2024, 1, 30))
    await story.decide()
    await story.under_review()
    await story.revoke()
    (last,) = [one.position for one in (await story.facts())[-1:]]
    then, law = AsItStood(story.house.store, story.tenant, last), story.house

    async def rendered(name: str) -> Text:
        match name:
            case "decision":
                paper = await decision_document.read_paper(then, story.season, COMMUNE, law.rulebooks, law.calendar)
                different = paper._replace(reason="Vì", differs_from=("kết quả biểu quyết của Hội đồng",))
                return Text(decision_document.render(different), 30, 18)
            case "decision without points":
                paper = await decision_document.read_paper(then, story.season, COMMUNE, law.rulebooks, law.calendar)
                without = paper._replace(
                    with_points=False,
                    criteria=tuple(line._replace(cells=line.cells[:3]) for line in paper.criteria),
                    total=paper.total._replace(cells=paper.total.cells[:2]),
                )
                return Text(decision_document.render(without), 30, 18)
            case "minutes":
                held = await minutes_document.read_paper(then, story.season, key, "03/BB-HĐ")
                (item,) = held.items
                void = item.rounds[0]._replace(void_because="Mở nhầm", number=1)
                items = (item, item._replace(rounds=(void,)), item._replace(rounds=()))
                return Text(minutes_document.render(held._replace(items=items, absent=held.present[:1])), 30, 18)
            case "review":
                found = await review_document.read_paper(then, story.season, f"{COMMUNE}-1", law.rulebooks)
                asked = review_document.AskedOfficial(
                    "Ai", "Vì sao?", date(2024, 2, 1), (("Vì thế", date(2024, 2, 2)),)
                )
                answers = review_document.Answerable("Ai", "#1", "Trách nhiệm trực tiếp", "Điều 7")
                return Text(review_document.render(found._replace(asked=(asked,), answerable=(answers,))), 30, 18)
            case _:
                seen = await Dossiers(law.store).then(story.tenant, story.season, COMMUNE, last)
                at = (await story.facts())[-1].at
                indicator = "TC1.CT1" if name.endswith("indicator") else None
                chain = await responsibility_document.read_paper(then, seen, law.reads, indicator, law.rulebooks, at)
                return Text(responsibility_document.render(chain), 20, 14)

    return rendered


NAMES = ("decision", "decision without points", "minutes", "review", "responsibility", "responsibility of an indicator")


class Word(NamedTuple):
    """A word on a page: how far its ends are from the edges of the page, in mm."""

    text: str
    left: float
    right: float
    top: float
    bottom: float


def words_of(pdf: bytes) -> Iterator[Word]:
    said = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True).stdout
    for page in ET.fromstring(re.sub(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", b"", said)).iter("{*}page"):
        width, height = float(page.get("width", 0)), float(page.get("height", 0))
        for word in page.iter("{*}word"):
            x0, y0, x1, y1 = (float(word.get(side, 0)) for side in ("xMin", "yMin", "xMax", "yMax"))
            yield Word(word.text or "", x0 * A_MOMENT, (width - x1) * A_MOMENT, y0 * A_MOMENT, (height - y1) * A_MOMENT)


def raw_text_of(pdf: bytes) -> str:
    """The text in the order in which it was drawn: cell by cell."""
    return subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()


def marks_of(text: str) -> set[str]:
    """The marks in a text, however its lines were broken."""
    return set(re.findall(r"Q\d+Z", re.sub(r"\s", "", text)))


async def check(printer: Printer, text: Text) -> None:
    """Nothing lies beyond a margin, and all that the document shows is there."""
    page = printable(FOOTER.sub("", text.html))  # which nobody typed, and which has one line
    pdf = await printer.print(page.html, sha256(page.html.encode()).digest()[:16])

    raw = raw_text_of(pdf)
    shown = unescape(re.sub(r"<[^>]*>", "", page.html.partition("<body>")[2]))
    outside = [
        word
        for word in words_of(pdf)
        if word.left < text.left - 0.3 or word.right < text.right - 0.3 or word.top < 5 or word.bottom < 5
    ]

    assert outside == []
    assert len(marks_of(shown)) > 20
    assert marks_of(shown) - marks_of(raw) == set()


async def test_no_word_of_a_document_lies_beyond_a_margin(rendered, printer, monkeypatch):
    monkeypatch.setattr(typesetting, "_TEMPLATES", typesetting._TEMPLATES.overlay(finalize=Slots(often=1)))

    for name in NAMES:  # one story for all of them
        await check(printer, await rendered(name))


async def test_no_word_of_a_dossier_lies_beyond_a_margin(told_once, printer, monkeypatch):
    async with reading_log(told_once.settings.app_url, told_once.tenant) as connection:
        which, law = Which(told_once.season, COMMUNE), Law(load_rulebooks(), load_calendar())
        made = await gather(connection, told_once.tenant, which, told_once.trust, law)
    monkeypatch.setattr(typesetting, "_TEMPLATES", typesetting._TEMPLATES.overlay(finalize=Slots(often=16)))

    await check(printer, Text(pages(made.files).html, 20, 16))


async def test_no_ordinary_word_is_broken(rendered, printer):
    """Column widths are such that what is usually in them fits."""
    for name in NAMES:
        page = printable((await rendered(name)).html)
        shown = unescape(re.sub(r"<[^>]*>", " ", page.html.partition("<body>")[2])).split()

        raw = raw_text_of(await printer.print(page.html, b"sixteen bytes id")).split()

        lost = {word for word in shown if len(word) < 40 and word.isalpha()} - set(raw)
        assert lost == set(), name


async def test_a_reason_longer_than_a_page_is_whole(rendered, printer):
    long = " ".join(f"Q{number}Z" for number in range(3_000))
    text = await rendered("minutes")
    in_cell = text.html.replace("Tán thành</td><td></td>", f"Tán thành</td><td>{long}</td>", 1)

    assert in_cell != text.html
    await check(printer, text._replace(html=in_cell))
    await check(printer, text._replace(html=text.html.replace("mở nhầm", long)))


# Words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("role.chair", "Chủ tịch Hội đồng"),
        ("role.vice-chair", "Phó Chủ tịch Hội đồng"),
        ("role.secretary", "Ủy viên, Thư ký"),
        ("role.member", "Ủy viên"),
        ("choice.for", "Tán thành"),
        ("choice.against", "Không tán thành"),
        ("choice.other", "Ý kiến khác"),
        ("proposal.recognise", "công nhận"),
        ("proposal.not-recognise", "không công nhận"),
        ("degree.direct", "trách nhiệm trực tiếp"),
        ("degree.shared", "trách nhiệm liên đới"),
        ("degree.supervisory", "trách nhiệm của người đứng đầu"),
        ("degree.none", "không có trách nhiệm"),
        ("word.met", "đạt"),
        ("word.not_met", "không đạt"),
        ("word.not_verifiable", "chưa có văn bản gốc để đối chiếu"),
    ],
)
def test_words_that_stand_in_signed_documents_stay(key: str, words: str):
    """With other words a document that is made again is not the one that was signed."""
    assert vietnamese().say(key) == words


def test_the_columns_of_the_minutes_are_the_words_of_the_choices_in_two_even_lines():
    """With other words or widths the minutes that are made again are not those that were signed."""
    heads = [str(minutes_document.head(vietnamese().say(f"choice.{choice}"))) for choice in Choice]

    assert heads == [
        '<th scope="col" class="of-few">Tán<br>thành</th>',
        '<th scope="col" class="of-many">Không<br>tán thành</th>',
        '<th scope="col" class="of-some">Ý kiến<br>khác</th>',
    ]


# The longest texts -------------------------------------------------------------------------------------

FAMILY = "\N{ZERO WIDTH JOINER}".join("\N{MAN}\N{WOMAN}\N{GIRL}\N{BOY}")

#: As long as a text may be, and nowhere a blank.
UNBROKEN = {
    "letters": "x" * PROSE.limit,
    "wide letters": "W" * PROSE.limit,
    "words held together": ("Ủy\N{NO-BREAK SPACE}" * PROSE.limit)[: PROSE.limit],
    "references": "&" * PROSE.limit,
    "marks": "a" + "\N{COMBINING LONG STROKE OVERLAY}" * (PROSE.limit - 1),
    "joiners": "\N{ZERO WIDTH JOINER}" * PROSE.limit,
    "families": (FAMILY * PROSE.limit)[: PROSE.limit],
    "selected shapes": "\N{THUMBS UP SIGN}\N{VARIATION SELECTOR-16}" * (PROSE.limit // 2),
    "ideographs": "\N{CJK UNIFIED IDEOGRAPH-962E}" * PROSE.limit,
}


class Long:
    """Puts a text before every text that a template shows."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __call__(self, value: Any) -> Any:
        return f"{self._text}{value}" if isinstance(value, str) and not hasattr(value, "__html__") else value


def longest_word_of(html: str) -> int:
    return max(map(len, re.split(r"<[^>]*>|[ \t\n\r\u200b]", html)))


@pytest.mark.parametrize("text", UNBROKEN.values(), ids=UNBROKEN)
def test_a_text_without_blanks_has_places_to_break_at_and_loses_nothing(text: str):
    shown = printable(PAGE.format(escape(text))).html

    assert longest_word_of(shown) < 100
    paragraph = shown.partition("<p>")[2].partition("</p>")[0].replace(glyphs.BREAK, "")
    whole = glyphs.coded(PAGE.format(escape(text))).html.partition("<p>")[2].partition("</p>")[0]
    if "[U+" in whole:
        whole = glyphs.SHAPELESS.sub("", whole)  # joins nothing any more
    assert paragraph == whole


def test_a_word_that_people_may_have_written_stays_as_it_is():
    word = "".join(LONG)[: glyphs.LONGEST_WORD - 200] + FAMILY * 3

    assert printable(PAGE.format(escape(word))) == glyphs.coded(PAGE.format(escape(word)))


async def test_every_document_has_places_to_break_at_in_whatever_it_shows(rendered, told_once, monkeypatch):
    long = Long(UNBROKEN["families"][:4_000])
    monkeypatch.setattr(typesetting, "_TEMPLATES", typesetting._TEMPLATES.overlay(finalize=long))
    async with reading_log(told_once.settings.app_url, told_once.tenant) as connection:
        which, law = Which(told_once.season, COMMUNE), Law(load_rulebooks(), load_calendar())
        made = await gather(connection, told_once.tenant, which, told_once.trust, law)

    shown = [printable((await rendered(name)).html).html for name in NAMES]

    assert [longest_word_of(html) < 500 for html in (*shown, pages(made.files).html)] == [True] * (len(NAMES) + 1)


@pytest.mark.parametrize(("kind", "sign"), [("letters", "x"), ("families", "[U+1F468]")])
async def test_an_explanation_of_full_length_is_printed_whole(rendered, printer, kind: str, sign: str):
    chain = (await rendered("responsibility")).html
    page = printable(FOOTER.sub("", chain).replace("<td>#", f"<td>{UNBROKEN[kind]} #", 1))
    shown = page.html.partition("<body>")[2].count(sign)

    raw = "".join(raw_text_of(await printer.print(page.html, b"sixteen bytes id")).split())

    assert shown > PROSE.limit / 8
    assert raw.count(sign) == shown
    assert glyphs.BREAK not in raw


# Signs ------------------------------------------------------------------------------------------------


PAGE = """<!doctype html><html lang="vi"><head><title>Thử</title><link rel="stylesheet" href="asset:/print.css"></head>
<body><p>{}</p><!-- unprinted --></body></html>"""


def drawing_of(pdf: bytes) -> bytes:
    """The first page as a picture."""
    return subprocess.run(
        ["pdftoppm", "-r", "60", "-gray", "-f", "1", "-l", "1", "-"], input=pdf, capture_output=True, check=True
    ).stdout


async def test_what_the_first_font_lacks_is_drawn_by_the_second_and_differs(printer):
    signs = "✓✗☑☐☒⇒⇔★☎♥→≤∞ƀĕñ"
    drawn = [drawing_of(await printer.print(printable(PAGE.format(sign)).html, b"sixteen bytes id")) for sign in signs]

    assert len(set(drawn)) == len(signs)
    assert printable(PAGE.format(signs)).unprinted == ()


@pytest.mark.parametrize("style", ["<b>{}</b>", "<i>{}</i>", "<b><i>{}</i></b>"])
async def test_ticked_and_empty_boxes_differ_in_every_style(printer, style: str):
    boxes = [style.format(sign) for sign in "☑☐✓"]
    drawn = [drawing_of(await printer.print(printable(PAGE.format(box)).html, b"sixteen bytes id")) for box in boxes]

    assert len(set(drawn)) == 3


async def test_a_sign_that_no_font_has_is_written_as_its_code_and_named_on_the_page(printer):
    page = printable(PAGE.format("của ông 阮文 👍 và 👍 hết"))

    text = text_of(await printer.print(page.html, b"sixteen bytes id"))

    assert page.unprinted == ("U+962E", "U+6587", "U+1F44D")
    assert "của ông [U+962E][U+6587] [U+1F44D] và [U+1F44D] hết" in text
    assert "3 ký tự không in được, thay bằng mã: U+962E, U+6587, U+1F44D." in text


async def test_what_turns_the_text_around_is_written_out_and_marks_without_a_shape_are_not(printer):
    page = printable(PAGE.format("xã \u202eoảĐ\x1b a\u200bb c\u00add 👍\ufe0f"))

    text = text_of(await printer.print(page.html, b"sixteen bytes id"))

    assert page.unprinted == ("U+202E", "U+001B", "U+1F44D")
    assert "xã [U+202E]oảĐ[U+001B]" in text


def test_many_signs_are_counted():
    page = printable(PAGE.format("".join(chr(0x4E00 + number) for number in range(NAMED + 5))))

    assert f"{NAMED + 5} ký tự không in được" in page.html
    assert "và 5 ký tự khác." in page.html


def test_every_font_of_the_family_has_what_the_first_has():
    regular, *others = (
        glyphs.signs_of(glyphs.FONTS / f"Tinos-{face}.ttf") for face in ("Regular", "Bold", "Italic", "BoldItalic")
    )

    assert all(other == regular for other in others)


def test_every_document_has_a_place_that_says_what_could_not_be_printed():
    whole = [path for folder in FOLDERS for path in folder.glob("*.html") if not path.name.startswith("_")]

    assert [path.name for path in whole if path.read_text().count(glyphs.PLACE) != 1] == []
    assert len(whole) == 12
