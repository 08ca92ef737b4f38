"""Search boxes: bounded wherever they stand, what was typed kept, names' keys made once and not for each search."""

import pytest

from domain.export import Document
from domain.official import Office
from domain.vietnamese import name_key
from projections.analysis.search_terms import ASKED_LETTERS, ASKED_WORDS, SearchTooLong, is_short
from services.exports import requests
from services.web.name_search import search_for
from tests.provinces.story import Story
from tests.web.desks import Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

LONGEST = "a" * ASKED_LETTERS
TOO_LONG = [LONGEST + "a", "a " * ASKED_WORDS + "a", "a-" * ASKED_WORDS + "a", "a" * 60_000, "word " * 1_300]


@pytest.mark.parametrize("text", TOO_LONG, ids=["letters", "words", "words without blanks", "60 kB", "1,300 words"])
@pytest.mark.parametrize(
    "path",
    [
        "/bang/{season}?tim=",
        "/cong-khai?nam={season}&tim=",
        "/quan-tri?phan=don-vi&tim=",
        "/quan-tri?phan=nguoi&tim=",
        "/nhat-ky?mua={season}&tim=",
        "/nhat-ky?mua={season}&ai=",
        "/nhat-ky?mua={season}&can-bo=",
        "/nhat-ky/truy-cap?tim=",
    ],
)
async def test_a_longer_text_than_anybody_types_is_refused_in_words_and_kept(
    desks: Desks, season: Story, path: str, text: str
):
    department = await desks.department()

    page = await department.open(path.format(season=season.season) + text.strip())

    assert (page.status, page.refused) == (422, "search-too-long")
    assert f"Gõ nhiều nhất {ASKED_LETTERS} ký tự và {ASKED_WORDS} từ" in page.text
    assert text.strip()[:1000] in page.html


@pytest.mark.parametrize("path", ["/?q=", "/t/{slug}/cong-khai?tim="])
async def test_nobody_needs_a_session_to_be_refused_one(desks: Desks, path: str):
    passer_by = await desks.of("nobody")

    answer = await passer_by.client.get(path.format(slug=desks.tenant.slug) + TOO_LONG[0])

    assert answer.status_code == 422
    assert "search-too-long" in answer.text


async def test_the_longest_text_is_searched_for(desks: Desks, season: Story):
    department = await desks.department()

    pages = [
        await department.open(f"/bang/{season.season}?tim={text}")
        for text in (LONGEST, " ".join("a" * ASKED_WORDS), "suoi")
    ]

    assert [page.status for page in pages] == [200, 200, 200]


async def test_a_trail_is_not_exported_by_a_text_that_its_page_refuses(desks: Desks, season: Story):
    work = await season.by(Office.INSPECTOR.value)

    with pytest.raises(SearchTooLong):
        await requests.request_export(work, Document.TRAIL, "", "tim=" + "a+" * 100)


async def test_names_are_not_read_again_for_each_search(desks: Desks, season: Story):
    department = await desks.department()
    await department.open(f"/bang/{season.season}?tim=suoi")
    before = name_key.cache_info().misses

    await department.open(f"/bang/{season.season}?tim=dong")

    assert name_key.cache_info().misses == before


def test_initials_find_a_province_but_not_by_one_letter():
    assert search_for("hg").finds_initials("Hà Giang")
    assert search_for("ha g").finds_initials("Hà Giang")
    assert not search_for("hg").finds_initials("Hà Nội")
    assert is_short("")
