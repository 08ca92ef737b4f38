"""Pages in English say in English whatever the program itself says; names and texts of the law stay as they are."""

import re
from collections.abc import Awaitable, Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

import services
from domain.official import Office
from services.i18n import load_words
from services.season import organise
from tests.provinces.story import AGENCIES, COMMUNE, Story
from tests.web.desks import Desk, Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

SERVICES = Path(services.__file__).parent
VIETNAMESE = re.compile("[ăâđêôơưáàảãạấầẩẫậắằẳẵặéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ]", re.IGNORECASE)

#: What is called so in every language.
NAMES = {"Minh Chuẩn", "Tiếng Việt"}

#: Letters of a sentence, between its slots, by which it is known on a page.
KNOWN_BY = 12


def page_templates() -> list[Path]:
    """The templates of pages; documents are Vietnamese by law."""
    found = [path for path in SERVICES.rglob("*.html") if not {"documents", "former"} & set(path.parts)]
    return sorted(found)


def untranslated(source: str) -> Iterator[str]:
    """The Vietnamese words of a template that do not go through the words of the reader's language."""
    tree = Environment(autoescape=True).parse(source)
    calls = [one for one in tree.find_all(nodes.Call) if isinstance(one.node, nodes.Name) and one.node.name == "_"]
    said = {id(constant) for call in calls for constant in call.find_all(nodes.Const)}
    texts = [one.data for one in tree.find_all(nodes.TemplateData)]
    texts += [one.value for one in tree.find_all(nodes.Const) if isinstance(one.value, str) and id(one) not in said]
    for text in texts:
        for name in NAMES:
            text = text.replace(name, "")  # noqa: PLW2901 - what is left of it
        if VIETNAMESE.search(text):
            yield text.strip()


@pytest.mark.parametrize("template", page_templates(), ids=lambda path: str(path.relative_to(SERVICES)))
def test_a_template_says_nothing_that_is_not_translated(template: Path):
    assert list(untranslated(template.read_text())) == []


class _Shown(HTMLParser):
    """What a reader of a page sees or hears, without what stands in fields."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.texts += [value or "" for name, value in attrs if name in {"aria-label", "title", "placeholder", "alt"}]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def vietnamese_sentences() -> dict[str, str]:
    """Of each Vietnamese sentence of the program a part by which it is known, and what says it in English."""
    words = load_words()
    found: dict[str, str] = {}
    for key, said in words["en"].sentences.items():
        sentence = words["vi"].say(key) if words["vi"].knows(key) else key
        part = max(re.split(r"%\(\w+\)s", sentence), key=len).strip()
        if len(part) >= KNOWN_BY and VIETNAMESE.search(part) and part not in said:
            found[part] = said
    return found


#: What people of the story typed.
TYPED = ("Trụ sở Ủy ban nhân dân xã", "Trang thông tin điện tử xã")


def not_ours(story: Story) -> list[str]:
    """The texts of the year's rulebook, which stay in the language of the law, and what people typed; longest first."""
    quoted = re.findall(r"'([^']*)'|\"([^\"]*)\"", repr(story.rulebook))
    law = {one or other for one, other in quoted}
    return sorted({text for text in {*law, *TYPED} if VIETNAMESE.search(text)}, key=len, reverse=True)


def without(text: str, others: list[str]) -> str:
    for other in others:
        text = text.replace(other, "")
    return text


async def leftovers(desk: Desk, path: str, others: list[str]) -> list[tuple[str, str]]:
    """Vietnamese sentences of the program on the page in English."""
    page = await desk.open(path)
    assert page.status == 200, path
    assert 'lang="en"' in page.html, path
    shown = _Shown()
    shown.feed(page.html)
    seen = [without(text, others) for text in shown.texts if VIETNAMESE.search(text)]
    return [(text, part) for part in SENTENCES for text in seen if part in text]


SENTENCES = vietnamese_sentences()


def pages_of(story: Story, meeting: str) -> dict[str, list[str]]:
    """The pages by who reads them."""
    year, dossier, rulebook = story.season, f"{story.season}/{COMMUNE}", story.rulebook_id
    files = [f"/bo-tieu-chi/{rulebook}{page}" for page in ("", "/tep", "/ky-duyet", "/cac-ban")]
    return {
        "administrator": [
            "/viec", "/them", "/mua", f"/mua/{year}", f"/mua/{year}/chep", "/bo-tieu-chi", *files,
            "/quan-tri", "/quan-tri/ngay-nghi", "/quan-tri/muc-chi", "/quan-tri/du-lieu-ca-nhan", "/ket-xuat",
        ],
        Office.JUSTICE_DEPARTMENT: [
            "/viec", f"/bang/{year}", "/bo-tieu-chi", *files, f"/mua/{year}", "/mua", f"/gia-dinh/{year}",
        ],
        Office.DISTRICT_CHAIRMAN: [
            f"/hoi-dong/{year}", f"/hop/{year}/{meeting}", f"/hop/{year}/{meeting}/phat-lai", f"/quyet-dinh/{dossier}",
        ],
        AGENCIES[0]: [f"/hop/{year}/{meeting}?xem=phieu", f"/hoi-dong/{year}"],
        Office.DISTRICT_JUSTICE: [f"/tham-dinh/{year}", f"/tham-dinh/{dossier}", f"/gia-dinh/{dossier}"],
        f"{COMMUNE} {Office.JUSTICE_OFFICER}": [
            f"/ho-so/{dossier}", f"/ho-so/{dossier}?chi-tieu=TC1.CT1", f"/ho-so/{dossier}/phieu-lay-y-kien",
            "/cong-khai", f"/cong-khai/{dossier}",
        ],
        Office.INSPECTOR: [
            "/nhat-ky", f"/nhat-ky/{dossier}", f"/phat-lai/{dossier}", f"/trach-nhiem/{dossier}", f"/dau-hieu/{year}",
            f"/phat-lai/{year}", f"/thanh-tra/xem-xet/{year}",
        ],
    }  # fmt: skip


@pytest.mark.parametrize("kind", [Story.voted, Story.consulted], ids=["a meeting", "a consultation in writing"])
async def test_no_sentence_of_the_program_is_left_in_vietnamese(
    desks: Desks, season: Story, kind: Callable[[Story], Awaitable[str]]
):
    meeting = await kind(season)
    await organise.suspend_season(await season.as_administrator(), season.season, "x", "1/UBND")
    await organise.resume_season(await season.as_administrator(), season.season, "x", "2/UBND")
    others = not_ours(season)

    found = []
    for who, paths in pages_of(season, meeting).items():
        desk = await desks.of(who)
        desk.client.cookies.set("language", "en")
        for path in paths:
            found += [(path, *one) for one in await leftovers(desk, path, others)]
    assert found == [], "\n".join(map(str, found))


async def test_the_terms_of_a_rulebook_are_said_to_be_quoted_in_vietnamese(desks: Desks, season: Story):
    desk = await desks.department()
    path = f"/mua/{season.season}"
    assert "quoted in Vietnamese" not in (await desk.open(path)).text

    desk.client.cookies.set("language", "en")
    page = await desk.open(path)

    assert "What the criteria set says of each term is quoted in Vietnamese" in page.text
    assert '<span lang="vi">' in page.html
