"""What-if pages: the answer beside what the log has, everything assumed in the address, nothing written."""

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from domain.appraisal import Appraisal
from domain.assessment import Assessment
from domain.fact import Fact
from domain.measure import Kind, Measured
from domain.meeting import Meeting
from domain.official import Office
from domain.rate import RateName
from domain.rulebook_text import RulebookText, hash_of, rulebook_text_stream
from services.assessment import assess
from services.rulebooks import keep
from services.season import rates
from tests.provinces.story import COMMUNE, OTHER, PROVINCE, Story, best
from tests.web.desks import Desk, Desks, desks, season, workplace

__all__ = ["desks", "season", "workplace"]


@pytest.fixture
async def inspector(desks: Desks) -> Desk:
    return await desks.of(Office.INSPECTOR.value)


def at(story: Story, query: str = "") -> str:
    return f"/gia-dinh/{story.season}/{COMMUNE}{'?' if query else ''}{query}"


async def position_of(story: Story, kind: type[Fact], indicator: str = "") -> int:
    return next(
        one.position
        for one in await story.facts()
        if isinstance(one.fact, kind) and indicator in ("", getattr(one.fact, "indicator", ""))
    )


async def test_an_inspector_strikes_out_a_file_and_sees_what_falls_with_it(inspector: Desk, season: Story):
    await season.voted()
    file = await position_of(season, Assessment.EvidenceAttached, "TC2.CT5")
    before = await inspector.house.store.position(inspector.tenant)

    page = await inspector.open(at(season))
    struck = await inspector.open(at(season, f"bo={file}"))

    assert (page.status, struck.status) == (200, 200)
    assert f"bo={file}" not in page.html
    assert "không còn minh chứng hay giải trình: không gửi thẩm định được, tính 0 điểm" in struck.text
    assert "Đang giả định" in struck.text
    assert await inspector.house.store.position(inspector.tenant) == before


async def test_what_is_assumed_stays_in_the_form_and_each_can_be_dropped(inspector: Desk, season: Story):
    await season.voted()
    file = await position_of(season, Assessment.EvidenceAttached)
    ballot = await position_of(season, Meeting.BallotCast)
    appraised = await position_of(season, Appraisal.IndicatorAppraised)
    query = f"bo={file}&thay={ballot}:không tán thành&thay={appraised}:0,5&nguong=C1:85"

    page = await inspector.open(at(season, query))

    form = page.form(f"/gia-dinh/{season.season}/{COMMUNE}")
    assert ("bo", str(file)) in form.fields
    assert ("thay", f"{ballot}:không tán thành") in form.fields
    assert form.value("nguong.C1") == "85"
    assert page.html.count("Bỏ giả định này") == 4


async def test_sets_of_two_and_three_are_looked_for_when_asked(inspector: Desk, season: Story):
    await season.voted()

    page = await inspector.open(at(season, "tap=3"))

    assert page.status == 200
    assert "nhóm 2 nội dung" in page.text
    assert "nhóm 3 nội dung" in page.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("bo=999999999", "không có mục nhật ký số 999.999.999"),
        ("bo={submitted}", "không phải số liệu"),
        ("bo={scored}&thay={scored}:1", "vừa bị loại bỏ vừa được thay"),
        ("thay={scored}:99", "cao hơn mức tối đa"),
        ("thay={scored}:1&thay={scored}:0,5", "hai giá trị"),
        ("thay={scored}:abc", "Không đọc được"),
        ("bo=abc", "Không đọc được"),
        ("thay=5", "Không đọc được"),
        ("nguong=C9:5", "không có tham số"),
        ("nguong=C1:101", "từ 0 đến 100"),
        ("nguong=C1:x", "Không đọc được"),
        ("bo-tieu-chi=luat-khac", "Không có bộ tiêu chí"),
    ],
)
async def test_a_what_if_that_contradicts_itself_is_refused_in_words(
    inspector: Desk, season: Story, query: str, said: str
):
    await season.submitted()
    places = {
        "submitted": await position_of(season, Assessment.Submitted),
        "scored": await position_of(season, Assessment.IndicatorScored, "TC2.CT5"),
    }
    before = await inspector.house.store.position(inspector.tenant)

    page = await inspector.open(at(season, query.format(**places)))

    assert page.status == 422
    assert said in page.text
    assert await inspector.house.store.position(inspector.tenant) == before


@pytest.mark.parametrize(
    ("position", "value", "field"),
    [
        ("{scored}", "abc", "gia-tri"),
        ("{scored}", "hai mươi trên ba mươi", "gia-tri"),
        ("{scored}", "99", "gia-tri"),
        ("{scored}", "", "gia-tri"),
        ("", "7,5", "vi-tri"),
        ("999999", "7,5", "vi-tri"),
        ("{submitted}", "7,5", "vi-tri"),
        ("một", "7,5", "vi-tri"),
    ],
)
async def test_a_wrong_value_is_named_in_its_form_which_keeps_all_that_was_typed(
    inspector: Desk, season: Story, position: str, value: str, field: str
):
    await season.submitted()
    scored = await position_of(season, Assessment.IndicatorScored, "TC2.CT5")
    file = await position_of(season, Assessment.EvidenceAttached, "TC2.CT6")
    submitted = await position_of(season, Assessment.Submitted)
    where = position.format(scored=scored, submitted=submitted)

    page = await inspector.open(at(season, f"bo={file}&nguong.C1=85&vi-tri={where}&gia-tri={value}"))

    form = page.form(f"/gia-dinh/{season.season}/{COMMUNE}")
    assert page.status == 422
    assert f'id="loi-{field}"' in page.html
    assert f'href="#{field}"' in page.html
    assert (form.value("vi-tri"), form.value("gia-tri")) == (where, value)
    assert (form.value("bo"), form.value("nguong.C1")) == (str(file), "85")
    assert f'href="{inspector.home}{at(season)}"' in page.html
    assert "Bỏ tất cả giả định" in page.text
    assert "Theo giả định" not in page.text


async def test_a_wrong_threshold_is_named_in_its_form_of_the_season_too(inspector: Desk, season: Story):
    await season.submitted()

    for path in (at(season), f"/gia-dinh/{season.season}"):
        for typed in ("tám mươi", "101"):
            page = await inspector.open(f"{path}?nguong.C1={typed}")

            assert page.status == 422
            assert 'id="loi-nguong.C1"' in page.html
            assert page.form(path).value("nguong.C1") == typed
            assert "Bỏ tất cả giả định" in page.text


async def test_as_of_a_moment_the_what_if_knows_nothing_of_later(inspector: Desk, season: Story):
    await season.voted()
    before = await position_of(season, Assessment.Submitted)
    later = await position_of(season, Appraisal.IndicatorAppraised)

    then = await inspector.open(at(season, f"asof={before}"))
    refused = await inspector.open(at(season, f"asof={before}&bo={later}"))

    assert (then.status, refused.status) == (200, 422)
    assert f'value="{later}"' not in then.html
    assert 'class="past"' in then.html


async def test_ballots_of_an_open_vote_are_not_tried(inspector: Desk, season: Story):
    await season.vote_open()

    page = await inspector.open(at(season))

    assert page.status == 200
    assert "Phiếu biểu quyết" not in page.text


async def test_another_communes_officer_may_not_try(desks: Desks, season: Story):
    await season.submitted()
    other = await desks.officer(commune=OTHER)

    assert (await other.open(at(season))).status == 403


async def test_a_season_is_judged_by_another_parameter_and_under_another_rulebook(inspector: Desk, season: Story):
    await season.voted()

    same = await inspector.open(f"/gia-dinh/{season.season}")
    higher = await inspector.open(f"/gia-dinh/{season.season}?nguong=C1:100")
    stranger = await inspector.open(f"/gia-dinh/{season.season}?bo-tieu-chi=qd-27-2025")

    assert (same.status, higher.status, stranger.status) == (200, 200, 200)
    assert "0 đơn vị đổi kết quả" in same.text
    assert "100,00 (0,0)" in higher.text
    assert "chỉ tiêu đạt" in stranger.text


def columns(html: str) -> list[str]:
    """What the two columns of results are called."""
    heads = html.partition("<thead")[2].partition("</thead>")[0].split("<th ")[2:4]
    return [one.partition(">")[2].partition("</th>")[0] for one in heads]


async def text_kept(story: Story, *changes: tuple[str, str]) -> str:
    """The hash of a text that the province keeps: the one of its season with these changes."""
    text = f"{(await (await story.as_administrator()).rulebooks()).written(story.rulebook.sha256)}\n# {uuid4()}\n"
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    await keep.keep_text(await story.as_administrator(), text)
    return keep.text_hash(text)


async def test_any_two_texts_are_compared_and_each_column_says_which_it_is(inspector: Desk, season: Story):
    # Given a commune that was measured with 99 points, and two texts that the province keeps beside the year's own
    await season.filled()
    measures = {part.code: best(part) for part in season.indicator("TC1.CT1").parts}
    measures["TC1.CT1.1"] = Measured(Kind.OPTIONS, option="b")
    await assess.score_indicator(await season.officer(), season.season, COMMUNE, "TC1.CT1", measures)
    lower = await text_kept(season)
    higher = await text_kept(season, ("threshold: 80", "threshold: 100"))

    # When the one is put on the left and the other on the right
    page = await inspector.open(f"/gia-dinh/{season.season}?ben-trai={lower}&bo-tieu-chi={higher}")

    # Then both judge what was entered, and the address and the form hold both
    left, right = columns(page.html)
    assert left.startswith("Bên trái: 25/2021, bản ")
    assert right.startswith("Bên phải: 25/2021, bản ")
    assert "của năm đánh giá này" not in left + right
    assert "giá trị đã nhập và đã thẩm định, xét theo bản này" in left
    assert "Mọi giá trị đã ghi nhận đều chuyển được sang bản khác của cùng bộ tiêu chí." in page.text
    assert left.partition("<")[0] != right.partition("<")[0].replace("phải", "trái")
    form = page.form(f"/gia-dinh/{season.season}")
    assert (form.value("ben-trai"), form.value("bo-tieu-chi"), form.value("nguong.C1")) == (lower, higher, "100")
    assert "1 đơn vị đổi kết quả" in page.text

    # And the year's own may stand on the right
    turned = await inspector.open(f"/gia-dinh/{season.season}?ben-trai={higher}&bo-tieu-chi={season.rulebook.sha256}")
    assert "của năm đánh giá này" in columns(turned.html)[1]
    assert "kết quả đã ghi nhận" in columns(turned.html)[1]
    assert "trên 2 đơn vị: 1 thành đạt chuẩn." in turned.text


async def test_a_version_of_the_same_rulebook_keeps_appraised_scores_and_names_what_it_cannot_hold(
    inspector: Desk, season: Story
):
    # Given a commune whose values are appraised, a version worded otherwise, and one in which an indicator that was
    # appraised with 6 points is worth 5
    await season.voted()
    worded = await text_kept(season)
    same = await inspector.open(f"/gia-dinh/{season.season}?bo-tieu-chi={worded}")
    worth = "pháp luật hiệu quả tại cơ sở'\n        name_provenance: sourced\n        max_points: "
    last = "về phổ biến, giáo dục pháp luật'\n        name_provenance: sourced\n        max_points: "
    text = (await (await season.as_administrator()).rulebooks()).written(season.rulebook.sha256)
    start = text.index("code: TC2.CT6")
    lesser = text[start:].partition(last)[0] + last
    other = await text_kept(season, (f"{worth}6", f"{worth}7"), (f"{lesser}6", f"{lesser}5"))

    # When each is put on the right
    less = await inspector.open(f"/gia-dinh/{season.season}?bo-tieu-chi={other}")
    dossier = await inspector.open(at(season, f"bo-tieu-chi={other}"))

    # Then the first changes nothing, and the second says of whom and of what it cannot hold the value
    assert "0 đơn vị đổi kết quả" in same.text
    assert "chưa đủ số liệu" not in (await inspector.open(at(season, f"bo-tieu-chi={worded}"))).text
    assert "Mọi giá trị đã ghi nhận đều chuyển được" in same.text
    assert "1 đơn vị có giá trị không chuyển được" in less.text
    assert "trên 2 đơn vị: 1 thành chưa đủ số liệu." in less.text
    for page in (less, dossier):
        assert "Không chuyển được: giá trị đã thẩm định của chỉ tiêu 2.6; số liệu của nội dung 2.6" in page.text
        assert "chưa đủ số liệu" in page.text


async def test_a_dossier_is_compared_by_two_texts_and_the_season_leads_there_with_both(inspector: Desk, season: Story):
    # Given two texts beside the year's own, of which the one on the right asks for every point
    await season.voted()
    lower = await text_kept(season)
    higher = await text_kept(season, ("threshold: 80", "threshold: 100"))
    query = f"ben-trai={lower}&bo-tieu-chi={higher}"

    # When a name on the page of the season is followed
    every = await inspector.open(f"/gia-dinh/{season.season}?{query}")
    assert at(season, query.replace("&", "&amp;")) in every.html
    page = await inspector.open(at(season, query))

    # Then both columns say which text they are by, and the form and the list of assumptions hold both
    left, right = columns(page.html)
    assert left.startswith("Bên trái: 25/2021, bản ")
    assert right.startswith("Bên phải: 25/2021, bản ")
    form = page.form(f"/gia-dinh/{season.season}/{COMMUNE}")
    assert (form.value("ben-trai"), form.value("bo-tieu-chi")) == (lower, higher)
    assert "So với bộ tiêu chí 25/2021, bản " in page.text
    table = page.html.partition('id="h-kq"')[2].partition("</table>")[0]
    assert table.count("đạt chuẩn</") == 2

    # And one text on both sides is refused
    same = await inspector.open(at(season, f"ben-trai={lower}&bo-tieu-chi={lower}"))
    assert same.status == 422
    assert "Hai bên đang là cùng một bản" in same.text


async def test_another_text_is_judged_by_its_own_thresholds_not_by_those_that_the_form_showed(
    inspector: Desk, season: Story
):
    # Given the form as it shows the year's own text
    await season.submitted()
    higher = await text_kept(season, ("threshold: 80", "threshold: 100"))
    form = (await inspector.open(f"/gia-dinh/{season.season}")).form(f"/gia-dinh/{season.season}")
    shown = "&".join(f"{name}={value}" for name, value in form.fields if name not in {"ben-trai", "bo-tieu-chi"})

    # When another text is chosen in it and nothing else is changed
    page = await inspector.open(f"/gia-dinh/{season.season}?{shown}&bo-tieu-chi={higher}")

    # Then its own threshold counts
    assert page.form(f"/gia-dinh/{season.season}").value("nguong.C1") == "100"
    assert "mức tối thiểu theo giả định" not in page.text


async def test_two_sides_of_one_text_are_refused_with_what_to_do(inspector: Desk, season: Story):
    await season.submitted()
    other, own = await text_kept(season), season.rulebook.sha256
    here = f"/gia-dinh/{season.season}"

    for query in (f"ben-trai={other}&bo-tieu-chi={other}", f"bo-tieu-chi={own}", f"ben-trai={own}&nguong-cua={own}"):
        page = await inspector.open(f"{here}?{query}")

        assert page.status == 422
        assert "Hai bên đang là cùng một bản: chọn bản khác cho một bên" in page.text
        assert 'id="loi-bo-tieu-chi"' in page.html
    assert (await inspector.open(f"{here}?ben-trai={other}&bo-tieu-chi={other}&nguong.C1=100")).status == 200


async def test_a_side_that_is_not_kept_or_no_longer_read_is_refused_at_its_field(inspector: Desk, season: Story):
    # Given a text of a form that the program no longer reads
    await season.submitted()
    work, text = await season.as_administrator(), f"id: qd-25-2021\nform: former\n# {uuid4()}\n"
    name = rulebook_text_stream(sha256 := hash_of(text))
    await work.create(name, RulebookText(id=work.id_of(name), rulebook="qd-25-2021", sha256=sha256, text=text))

    for field in ("ben-trai", "bo-tieu-chi"):
        unknown = await inspector.open(f"/gia-dinh/{season.season}?{field}={'0' * 64}")
        former = await inspector.open(f"/gia-dinh/{season.season}?{field}={sha256}")

        assert (unknown.status, former.status) == (422, 422)
        assert f"Không có bộ tiêu chí {'0' * 64}" in unknown.text
        assert "không còn đọc được văn bản" in former.text
        assert f'id="loi-{field}"' in unknown.html
        assert f'id="loi-{field}"' in former.html
        assert "Theo giả định" not in former.text


async def test_dossier_and_board_lead_to_the_what_if(inspector: Desk, season: Story):
    await season.submitted()

    dossier = await inspector.open(f"/ho-so/{season.season}/{COMMUNE}")
    board = await inspector.open(f"/bang/{season.season}")

    assert at(season) in dossier.html
    assert f"/gia-dinh/{season.season}" in board.html


async def test_an_untouched_dossier_has_not_been_assessed_and_is_not_said_to_fail(inspector: Desk, season: Story):
    page = await inspector.open(at(season))
    every = await inspector.open(f"/gia-dinh/{season.season}")

    for shown in (page, every):
        assert "chưa đủ số liệu" in shown.text
        assert "chưa đạt chuẩn" not in shown.text.replace("thành chưa đạt chuẩn", "")
    assert "Phiếu chưa đủ số liệu nên chưa có kết quả để xét." in page.text


async def test_what_was_measured_is_judged_under_another_text_at_the_rates_of_the_province(
    desks: Desks, inspector: Desk
):
    # Given a province that pays less than the text allows at most, and a commune that pays what the province says
    story = await Story(desks.house, desks.tenant, "", "qd-27-2025", 2024).opened([COMMUNE], decided_by=PROVINCE)
    work, resolved = await story.as_administrator(), ("12/2019/NQ-HĐND", date(2019, 12, 1), "Hội đồng nhân dân tỉnh")
    await rates.set_rate(work, RateName.TEAM_MONTH, 100_000, date(2020, 1, 1), *resolved)
    await story.filled()
    measures = {part.code: best(part) for part in story.indicator("TC3.CT4").parts}
    measures["TC3.CT4.3"] = replace(measures["TC3.CT4.3"], amount=100_000)
    await assess.score_indicator(await story.officer(), story.season, COMMUNE, "TC3.CT4", measures)

    # When another text is tried that differs in its wording alone
    shipped = (await story.as_administrator()).rulebooks
    text = f"{(await shipped()).written(story.rulebook.sha256)}\n# {uuid4()}\n"
    await keep.keep_text(await story.as_administrator(), text)
    other = keep.text_hash(text)
    season = await inspector.open(f"/gia-dinh/{story.season}?bo-tieu-chi={other}")
    dossier = await inspector.open(at(story, f"bo-tieu-chi={other}"))

    # Then nothing changes
    assert "0 đơn vị đổi kết quả" in season.text
    table = dossier.html.partition('id="h-kq"')[2].partition("</section>")[0]
    assert "chưa đạt chuẩn" not in table
