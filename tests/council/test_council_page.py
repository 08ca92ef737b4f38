"""Councils through their page: set up by a decision, a member replaced, called together on what is appraised."""

from datetime import timedelta

from domain.council import Council, Role, council_stream
from domain.official import Office
from services.clock import today
from services.council import voting
from tests.provinces.story import AGENCIES, COMMUNE, DISTRICT, OTHER, Story
from tests.web.desks import Desk, Desks, Page, desks, season, workplace

__all__ = ["desks", "season", "workplace"]

CHAIRMAN = Office.DISTRICT_CHAIRMAN.value
SEATS = {
    CHAIRMAN: ("chair", "UBND huyện"),
    Office.DISTRICT_JUSTICE.value: ("secretary", "Phòng Tư pháp"),
    AGENCIES[0]: ("member", "Công an huyện"),
}


def council(story: Story) -> str:
    return f"/hoi-dong/{story.season}"


def seated(story: Story, **roles: str) -> dict[str, str]:
    """The fields of the form that give these people their roles."""
    fields = {"decision_no": "33/QĐ-UBND", "on": "16/1/2024"}
    for subject, (role, agency) in SEATS.items():
        person = story.person(subject)
        fields[f"role-{person}"] = roles.get(subject.replace("-", "_"), role)
        fields[f"agency-{person}"] = agency
    return fields


async def constitute(desk: Desk, story: Story, **roles: str) -> Page:
    return await desk.send(await desk.open(council(story)), "/thanh-lap", seated(story, **roles))


async def test_the_chairman_sets_the_council_up_by_a_decision(desks: Desks, season: Story):
    page = await constitute(await desks.of(CHAIRMAN), season)

    assert "3 thành viên" in page.text
    assert "Quyết định 33/QĐ-UBND ngày 16/01/2024." in page.text
    assert "Công an huyện" in page.text
    assert not page.offers("/thanh-lap")


async def test_a_council_without_a_secretary_is_refused_and_the_roles_stay_chosen(desks: Desks, season: Story):
    page = await constitute(await desks.of(CHAIRMAN), season, district_justice_office="member")

    assert (page.status, page.refused) == (409, "council-incomplete")
    form = dict(page.form("/thanh-lap").fields)
    assert form[f"role-{season.person(CHAIRMAN)}"] == Role.CHAIR
    assert form[f"role-{season.person(AGENCIES[0])}"] == Role.MEMBER
    assert form["decision_no"] == "33/QĐ-UBND"


async def test_a_member_without_an_agency_is_named(desks: Desks, season: Story):
    chairman = await desks.of(CHAIRMAN)
    fields = seated(season) | {f"agency-{season.person(AGENCIES[0])}": ""}

    page = await chairman.send(await chairman.open(council(season)), "/thanh-lap", fields)

    assert (page.status, page.refused) == (422, "field-missing")


async def test_a_decision_that_is_still_to_come_sets_no_council_up(desks: Desks, season: Story):
    chairman = await desks.of(CHAIRMAN)
    fields = seated(season) | {"on": f"{today() + timedelta(days=1):%d/%m/%Y}"}

    page = await chairman.send(await chairman.open(council(season)), "/thanh-lap", fields)

    assert (page.status, page.refused) == (422, "day-in-the-future")
    assert dict(page.form("/thanh-lap").fields)["decision_no"] == "33/QĐ-UBND"


async def test_only_appraised_dossiers_can_be_put_on_an_agenda(desks: Desks, season: Story):
    await season.concluded()
    appraiser = await desks.appraiser()
    await constitute(await desks.of(CHAIRMAN), season)

    page = await appraiser.open(council(season))
    nothing = await appraiser.send(page, "/trieu-tap", place="Phòng họp 1", item=[])
    called = await appraiser.send(page, "/trieu-tap", place="Phòng họp 1", on="30/1/2024")

    assert [value for name, value in page.form("/trieu-tap").fields if name == "item"] == [COMMUNE]
    assert (nothing.status, nothing.refused) == (422, "field-missing")
    assert "Họp ngày 30/01/2024 tại Phòng họp 1." in called.text
    after = await appraiser.open(council(season))
    assert not after.offers("/trieu-tap")
    assert OTHER not in after.html.partition("Phiên họp")[2].partition("Thành viên")[0]


async def test_the_rules_of_the_council_are_said_in_whole_sentences_with_the_article(desks: Desks, season: Story):
    page = await (await desks.of(CHAIRMAN)).open(council(season))

    assert "Hội đồng có không quá 15 người (Điều 5 khoản 3 Thông tư số 09/2021/TT-BTP)." in page.text
    assert "thông qua khi quá nửa tổng số thành viên. Thông tư không quy định tỷ lệ thông qua." in page.text


async def test_a_member_is_replaced_by_a_decision(desks: Desks, season: Story):
    chairman = await desks.of(CHAIRMAN)
    await constitute(chairman, season)

    page = await chairman.open(council(season))
    fields = {
        "leaving": str(season.person(AGENCIES[0])),
        "joining": str(season.person("substitute")),
        "agency": "Công an huyện",
        "role": "member",
        "decision_no": "35/QĐ-UBND",
    }
    page = await chairman.send(page, "/thay", fields)

    assert "Đã thay 1 thành viên." in page.text
    held = await (await season.decider()).look(Council, council_stream(season.season, DISTRICT))
    assert season.person("substitute") in held.members


async def test_the_officer_of_a_commune_sees_no_council(desks: Desks, season: Story):
    page = await (await desks.officer()).open(council(season))

    assert page.status == 200
    assert "Không có Hội đồng nào để xem" in page.text
    assert "Cơ quan thẩm định, Chủ tịch hoặc thư ký Hội đồng triệu tập phiên họp." in page.text
    assert not page.offers("/thanh-lap")


async def test_who_may_not_set_a_council_up_cannot_do_it_by_hand(desks: Desks, season: Story):
    inspector = await desks.of(Office.INSPECTOR.value)
    chairman = await desks.of(CHAIRMAN)
    form = (await chairman.open(council(season))).form("/thanh-lap")
    token = next(value for one in (await inspector.open("/them")).forms for name, value in one.fields if name == "csrf")

    sent = {**dict(form.fields), **seated(season), "csrf": token}
    page = await inspector.post(form.action, sent)

    assert (page.status, page.refused) == (403, "not-permitted")
    assert "Council.Constituted" not in await season.kinds()


async def ready(desks: Desks, season: Story) -> tuple[Desk, Page]:
    """The chair, and the page of a council with one dossier to be called together on."""
    await season.concluded()
    chairman = await desks.of(CHAIRMAN)
    await constitute(chairman, season)
    return chairman, await chairman.open(council(season))


async def test_a_meeting_on_a_day_that_cannot_be_is_refused_at_its_field(desks: Desks, season: Story):
    chairman, page = await ready(desks, season)
    earlier = {
        "01/01/2012": ("period-reversed", "ngày UBND cấp xã gửi hồ sơ hoặc ngày mở đợt đánh giá"),
        "14/01/2024": ("period-reversed", "Ngày họp 14/01/2024 trước ngày 15/01/2024"),
        "31/02/2024": ("not-a-date", "không phải là ngày"),
        "01/01/2032": ("day-out-of-range", "nằm ngoài các năm"),
    }

    for day, (code, sentence) in earlier.items():
        refused = await chairman.send(page, "/trieu-tap", place="Phòng họp 7", on=day, item=[COMMUNE])

        assert (refused.status, refused.refused) == (422, code), day
        assert sentence in refused.text
        form = refused.form("/trieu-tap")
        assert (form.value("on"), form.value("place"), form.value("item")) == (day, "Phòng họp 7", COMMUNE)
        assert 'href="#h-on-990"' in refused.html
    assert "Meeting.Convened" not in await season.kinds()

    # A meeting that was held, on the day on which the dossier had come
    held = await chairman.send(page, "/trieu-tap", place="Phòng họp 7", on="15/01/2024", item=[COMMUNE])
    assert "Họp ngày 15/01/2024 tại Phòng họp 7." in held.text


async def test_the_council_is_asked_until_a_day_that_can_be(desks: Desks, season: Story):
    chairman, page = await ready(desks, season)

    for day in ("", "31/02/2024", "01/01/2012", "01/01/2032"):
        refused = await chairman.send(page, "/lay-y-kien", answer_by=day, item=[COMMUNE])

        assert refused.status == 422
        assert refused.form("/lay-y-kien").value("answer_by") == day
        assert 'href="#y-by-990"' in refused.html
    assert "Meeting.ConsultationOpened" not in await season.kinds()


async def test_a_commune_that_the_council_does_not_decide_on_is_refused_at_the_agenda(desks: Desks, season: Story):
    chairman, page = await ready(desks, season)
    days = {"/trieu-tap": {"on": "30/1/2024", "place": "Phòng họp 7"}, "/lay-y-kien": {"answer_by": "30/11/2026"}}

    for act, fields in days.items():
        refused = await chairman.send(page, act, fields, item=[COMMUNE, "99007"])

        assert (refused.status, refused.refused) == (422, "units-unsuitable")
        assert "Hội đồng này không xét đơn vị có mã 99007 trong đợt đánh giá" in refused.text
        kept = dict(refused.form(act).fields)
        assert {name: kept[name] for name in fields} == fields
    assert not {"Meeting.Convened", "Meeting.ConsultationOpened"} & set(await season.kinds())


async def test_what_a_form_names_and_is_not_there_leaves_the_form_as_it_was_filled_in(desks: Desks, season: Story):
    chairman = await desks.of(CHAIRMAN)
    await constitute(chairman, season)
    stranger = "5b1f8a4e-0000-4000-8000-000000000000"
    fields = {
        "leaving": stranger,
        "joining": str(season.person("substitute")),
        "agency": "Công an huyện",
        "role": "member",
    }

    page = await chairman.send(await chairman.open(council(season)), "/thay", fields, decision_no="35/QĐ-UBND")

    assert (page.status, page.refused) == (404, "not-found")
    assert "Chọn lại trong danh sách trên trang rồi gửi lại." in page.text
    assert (page.form("/thay").value("decision_no"), page.form("/thay").value("agency")) == (
        "35/QĐ-UBND",
        "Công an huyện",
    )

    # An item of the meeting's hidden fields that is none of its agenda
    await season.concluded()
    _, key = await voting.convene(
        await season.appraiser(), season.season, DISTRICT, (await season.appraiser()).today, "Phòng họp", [COMMUNE]
    )
    secretary = await desks.appraiser()
    meeting = await secretary.open(f"/hop/{season.season}/{key}?xem=hop")
    page = await secretary.send(meeting, "/diem-danh", present=[stranger, "nobody"], item="99007")
    assert (page.status, page.refused) == (404, "not-found")
    assert page.offers("/diem-danh")
