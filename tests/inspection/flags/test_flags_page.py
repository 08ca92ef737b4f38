"""The list of flags: rule, facts and links, for who oversees and the commune concerned; set aside by a fact."""

from html import unescape

import pytest

from domain.official import Office
from projections.analysis.flags import Sign
from services.assessment import assess
from services.assessment.assess import Upload
from tests.provinces.story import COMMUNE, OTHER, PDF, Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]


@pytest.fixture
async def inspector(desks: Desks) -> Desk:
    return await desks.of(Office.INSPECTOR.value)


@pytest.fixture
async def shared(season: Story) -> Story:
    """One paper, attached in two communes."""
    for commune in (COMMUNE, OTHER):
        for code in season.codes[:1]:
            work = await season.officer(Office.JUSTICE_OFFICER, commune)
            await assess.attach_evidence(work, season.season, commune, code, Upload("chung.pdf", PDF + b"chung"))
    return season


def at(story: Story, query: str = "") -> str:
    return f"/dau-hieu/{story.season}{'?' if query else ''}{query}"


async def test_a_flag_names_its_rule_its_facts_and_the_other_commune(inspector: Desk, shared: Story):
    page = await inspector.open(at(shared, f"xa={COMMUNE}"))

    assert page.status == 200
    assert "Một tệp ở nhiều đơn vị" in page.text
    assert "Cùng một tệp, giống hệt nhau" in page.text
    assert f"/nhat-ky/{shared.season}/{COMMUNE}#p" in page.html


async def test_the_board_says_how_many_flags_stand_and_leads_to_them(inspector: Desk, shared: Story):
    board = await inspector.open(f"/bang/{shared.season}")
    counts = await inspector.open(at(shared), **{"hx-request": "true"})

    assert f'href="{inspector.home}/dau-hieu/{shared.season}"' in board.html
    assert f'hx-get="{inspector.home}/dau-hieu/{shared.season}"' in board.html
    assert f"/dau-hieu/{shared.season}?xa={COMMUNE}" in counts.html
    assert "<html" not in counts.html


async def test_the_officials_concerned_see_the_flags_of_their_commune_and_no_others(desks: Desks, shared: Story):
    officer = await desks.officer()

    page = await officer.open(at(shared))

    assert f'id="h-{COMMUNE}"' in page.html
    assert f'id="h-{OTHER}"' not in page.html
    assert not page.offers("/bo-qua")


async def test_a_flag_is_set_aside_with_a_reason_and_comes_back_with_new_facts(inspector: Desk, shared: Story):
    page = await inspector.open(at(shared, f"xa={COMMUNE}"))
    sign = Sign.FILE_IN_SEVERAL_COMMUNES.value

    bare = await inspector.send(page, "/bo-qua", {"loai": sign, **last_of(page, sign)})
    done = await inspector.send(page, "/bo-qua", {"loai": sign, **last_of(page, sign)}, reason="Biên bản chung")
    hidden = await inspector.open(at(shared, f"xa={COMMUNE}"))
    other = await inspector.open(at(shared, f"xa={OTHER}"))

    assert bare.refused == "reason-missing"
    assert "Biên bản chung" in done.text
    assert f'id="{COMMUNE}-{sign}"' not in hidden.html
    assert f'id="{OTHER}-{sign}"' in other.html


def last_of(page, sign: str) -> dict[str, str]:
    """Commune and last fact of the flag, as its form has them."""
    form = page.form("/bo-qua", loai=sign)
    return {"xa": form.value("xa"), "den": form.value("den")}


async def test_only_who_oversees_may_set_aside(desks: Desks, shared: Story, inspector: Desk):
    page = await inspector.open(at(shared, f"xa={COMMUNE}"))
    chairman = await desks.of(Office.DISTRICT_CHAIRMAN.value)
    token = next(value for one in (await chairman.open("/them")).forms for name, value in one.fields if name == "csrf")

    data = {"csrf": token, "reason": "x", "loai": Sign.FILE_IN_SEVERAL_COMMUNES.value}
    answer = await chairman.post(
        f"{chairman.home}{at(shared)}/bo-qua", {**data, **last_of(page, Sign.FILE_IN_SEVERAL_COMMUNES.value)}
    )

    assert answer.status == 403


async def test_as_of_before_the_second_commune_there_was_no_flag(inspector: Desk, shared: Story):
    attached = [one.position for one in await shared.facts()]
    page = await inspector.open(at(shared, f"asof={attached[-1]}"))
    before = await inspector.open(at(shared, f"asof={attached[-1] - 1}"))

    assert {page.status, before.status} == {200}
    assert "Một tệp ở nhiều đơn vị" in page.text.partition("dấu hiệu chưa xử lý")[2]
    assert "Một tệp ở nhiều đơn vị" not in before.text.partition("dấu hiệu chưa xử lý")[2]


async def test_an_inspector_opens_a_review_from_a_flag_with_what_led_there_filled_in(
    inspector: Desk, desks: Desks, season: Story
):
    # Given a recognition with a flag: files that the appraiser had not opened
    await season.decided()
    flags = await inspector.open(at(season, f"xa={COMMUNE}"))
    sign = Sign.AGREED_UNOPENED.value
    known = len(await season.facts())

    # When the link beside the flag is followed
    form = (await inspector.open(way_to_a_review(flags, sign))).form("/mo")

    # Then the form knows commune, ground and facts, and nothing was recorded until it is sent
    assert (form.value("commune"), form.value("ground")) == (COMMUNE, "flag")
    assert form.value("statement") == "Dấu hiệu: Đồng ý khi chưa mở minh chứng."
    assert f"#{last_of(flags, sign)['den']}" in form.value("references").split(", ")
    assert len(await season.facts()) == known

    # And whoever may not conduct a review is not led to one, nor anybody in the past
    chairman = await desks.of(Office.DISTRICT_CHAIRMAN.value)
    past = await inspector.open(at(season, f"xa={COMMUNE}&asof={(await season.facts())[-1].position}"))
    assert f'id="{COMMUNE}-{sign}"' in past.html
    assert "can-cu=flag" not in past.html + (await chairman.open(at(season, f"xa={COMMUNE}"))).html


def way_to_a_review(page: Page, sign: str) -> str:
    """Where the link beside the flag leads, within the province."""
    article = page.html.partition(f'id="{COMMUNE}-{sign}"')[2].partition("</article>")[0]
    href = unescape(article.partition('<a class="btn sm" href="')[2].partition('"')[0])
    return href[href.index("/thanh-tra") :]
