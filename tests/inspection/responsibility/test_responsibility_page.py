"""Who is responsible: the page names everybody in the chain, what each relied on, and who did nothing."""

import json
import re
from html import unescape

import pytest

from domain.assessment import Assessment
from domain.export import Document, Export
from domain.meeting import Choice
from domain.official import Office
from services.appraisal import appraise
from services.council import voting
from tests.provinces.story import COMMUNE, OTHER, Story
from tests.web.desks import Desk, Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]


def chain(story: Story, asked: str = "") -> str:
    return f"/trach-nhiem/{story.season}/{COMMUNE}{asked}"


@pytest.fixture
async def inspector(desks: Desks) -> Desk:
    return await desks.of(Office.INSPECTOR.value)


async def test_the_chain_of_a_value_goes_from_the_lead_to_the_chairman(inspector: Desk, season: Story):
    await season.decided()

    page = await inspector.open(chain(season, "?chi-tieu=TC1.CT1"))

    assert page.status == 200
    roles = (
        "Chủ trì",
        "Phối hợp",
        "Tổng hợp",
        "Niêm yết",
        "Ký gửi hồ sơ",
        "Thẩm định",
        "Kết luận thẩm định",
        "Quyết định",
    )
    places = [page.html.index(f'class="role">{role}<') for role in roles]
    assert places == sorted(places)
    assert "Chỉ tiêu 1.1 =" in page.text
    assert "Báo cáo.pdf" in page.text
    assert "41/QĐ-UBND" in page.text
    assert "role." not in page.text
    assert "remark." not in page.text


async def test_who_was_assigned_and_did_nothing_and_files_that_were_not_opened_are_marked(
    inspector: Desk, season: Story
):
    await season.submitted()
    proposed = (await season.dossier()).entry("TC1.CT1").points
    assert proposed is not None
    await appraise.appraise_indicator(await season.appraiser(), season.season, COMMUNE, "TC1.CT1", proposed)

    page = await inspector.open(chain(season, "?chi-tieu=TC1.CT1"))

    assert "Được giao, chưa thực hiện" in page.text
    assert "không mở" in page.text
    assert "Thẩm định khi chưa mở hết tệp" in page.text


@pytest.mark.parametrize("asked", ["", "?chi-tieu=TC1.CT1"])
async def test_as_many_signs_are_listed_as_are_announced(inspector: Desk, season: Story, asked: str):
    await season.decided()

    page = await inspector.open(chain(season, asked))

    announced = re.search(r"<b>(\d+) nội dung cần kiểm tra, làm rõ</b>", page.html)
    assert announced
    listed = page.html[announced.end() :].partition("</ul>")[0]
    assert listed.count("<li>") == int(announced[1]) > 0


async def test_a_file_that_the_appraiser_opened_is_shown_as_opened(inspector: Desk, season: Story):
    await season.submitted()
    entry = (await season.dossier()).entry("TC1.CT1")
    assert entry.points is not None
    for evidence in entry.evidence:
        await appraise.open_evidence(await season.appraiser(), season.season, COMMUNE, "TC1.CT1", evidence)
    await appraise.appraise_indicator(await season.appraiser(), season.season, COMMUNE, "TC1.CT1", entry.points)

    page = await inspector.open(chain(season, "?chi-tieu=TC1.CT1"))

    assert "đã mở" in page.text
    assert "Thẩm định khi chưa mở hết tệp" not in page.text


async def test_ballots_of_an_open_vote_are_in_the_chain_without_the_choice(inspector: Desk, season: Story):
    key = await season.vote_open()
    desk_vote = await season.by(Office.DISTRICT_CHAIRMAN.value)
    await voting.cast_ballot(desk_vote, season.season, key, COMMUNE, Choice.AGAINST)

    page = await inspector.open(chain(season))

    assert "Kết quả biểu quyết của 1 thành viên" in page.text
    assert "ý kiến hiện khi đóng biểu quyết" in page.text
    assert "Không tán thành" not in page.text


async def test_programs_get_the_same_chain(inspector: Desk, season: Story):
    await season.decided()

    answer = await inspector.open(chain(season, "/json?chi-tieu=TC1.CT1"))

    told = json.loads(answer.html)
    assert told["indicator"] == "TC1.CT1"
    assert told["log"] == inspector.tenant.log
    roles = [link["role"] for link in told["chain"]]
    assert roles[:3] == ["lead", "coordinating", "consolidated"]
    positions = {act["position"] for link in told["chain"] for act in link["acts"]}
    scored = {one.position for one in await season.facts() if isinstance(one.fact, Assessment.IndicatorScored)}
    assert positions & scored
    assert told["chain"][0]["mandate"]["decision_no"] == "01/QĐ"
    assert any(link["role"] == "voted" for link in told["chain"])


async def test_as_of_an_earlier_moment_the_chain_ends_there(inspector: Desk, season: Story):
    await season.submitted()
    before = await inspector.house.store.position(inspector.tenant)
    await season.appraised()

    page = await inspector.open(chain(season, f"?asof={before}"))

    assert "Ký gửi" in page.text
    assert 'class="role">Thẩm định<' not in page.html
    assert "Chưa có quyết định" in page.text


async def test_an_indicator_that_the_rulebook_does_not_know_is_not_found(inspector: Desk, season: Story):
    assert (await inspector.open(chain(season, "?chi-tieu=TC9.CT9"))).status == 404


async def test_another_communes_officers_do_not_see_the_chain(desks: Desks, season: Story):
    desk = await desks.of(f"{OTHER} {Office.JUSTICE_OFFICER}")

    assert (await desk.open(chain(season))).status == 403


async def test_the_chain_is_one_click_from_the_indicator(inspector: Desk, season: Story):
    page = await inspector.open(f"/ho-so/{season.season}/{COMMUNE}?chi-tieu=TC1.CT1")

    assert f"/trach-nhiem/{season.season}/{COMMUNE}?chi-tieu=TC1.CT1" in page.html


async def test_an_inspector_opens_a_review_from_a_line_of_the_chain(inspector: Desk, desks: Desks, season: Story):
    await season.decided()
    page = await inspector.open(chain(season, "?chi-tieu=TC1.CT1"))
    attached = [
        one.position
        for one in await season.facts()
        if isinstance(one.fact, Assessment.EvidenceAttached) and one.fact.indicator == "TC1.CT1"
    ]

    lead = page.html.partition('class="role">Chủ trì<')[2].partition("</tr>")[0]
    href = unescape(lead.partition('<a class="sm" href="')[2].partition('"')[0])
    form = (await inspector.open(href[href.index("/thanh-tra") :])).form("/mo")

    assert (form.value("commune"), form.value("ground")) == (COMMUNE, "false-evidence")
    assert form.value("references") == ", ".join(f"#{position}" for position in attached)
    officer = await (await desks.officer()).open(chain(season, "?chi-tieu=TC1.CT1"))
    assert officer.status == 200
    assert "can-cu=" not in officer.html


async def test_the_chain_is_asked_for_as_a_document_as_of_the_moment_that_is_looked_at(inspector: Desk, season: Story):
    await season.score("TC1.CT1")
    then = (await season.facts())[-1].position
    await season.attach("TC1.CT1")
    page = await inspector.open(chain(season, f"?chi-tieu=TC1.CT1&asof={then}"))
    href = unescape(page.html[: page.html.index('">Lập PDF<')].rpartition('href="')[2])

    centre = await inspector.open(href[href.index("/ket-xuat") :])
    asked = await inspector.send(centre, "/yeu-cau")

    assert "chỉ tiêu 1.1" in centre.text
    pages = inspector.house.store.read(inspector.tenant, after=then)
    (fact,) = [one.fact async for facts in pages for one in facts if isinstance(one.fact, Export.Requested)]
    assert (fact.document, fact.commune) == (Document.RESPONSIBILITY, COMMUNE)
    assert (fact.indicator, fact.at_position) == ("TC1.CT1", then)
    assert "Trách nhiệm của tổ chức, cá nhân, " in asked.text
