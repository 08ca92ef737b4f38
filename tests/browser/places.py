"""Every page of the story: who opens what, in which province."""

from typing import NamedTuple

from domain.official import Office
from services.demo.offices import office_key, seat_key
from services.demo.provinces import BINH_PHUOC, DONG_NAI, TINH_MAU, Story
from services.demo.telling import ADMINISTRATOR
from tests.browser.house import AT_VOTE, ENDED, LARGE, MEETING, MIDDLE, PLANNED, RETURNED, REVIEWED, REVOKED, VOTED

WIDTHS = {1366: 768, 360: 740}


class Somebody(NamedTuple):
    """A person of a province, as the sign-in knows them."""

    slug: str
    key: str


class Place(NamedTuple):
    """A page as one person sees it. `press` is a selector pressed on arrival; `core` pages have a weight to keep."""

    name: str
    who: Somebody | None
    path: str
    status: int = 200
    press: str = ""
    core: bool = False


def holder(story: Story, position: Office, unit: str = "") -> Somebody:
    return Somebody(story.slug, office_key(unit or story.province, position))


def seat(number: int) -> Somebody:
    """A member of the council whose vote is open: 0 conducts, 2 appraises as well."""
    return Somebody(MIDDLE.slug, seat_key(MIDDLE.decided_by, number))


def at(story: Story, place: str, *rest: str) -> str:
    return "/".join((f"/t/{story.slug}", place, str(story.year), *rest))


ENTERING, UNTOUCHED, CONSOLIDATED = "99013", "99016", "99010"
LEAD = holder(MIDDLE, Office.OFFICE_STATISTICS, ENTERING)
JUSTICE = holder(MIDDLE, Office.JUSTICE_OFFICER, ENTERING)
CHAIRMAN = holder(MIDDLE, Office.COMMUNE_CHAIRMAN, CONSOLIDATED)
RETURNED_LEAD = holder(MIDDLE, Office.JUSTICE_OFFICER, RETURNED)
APPRAISER, CHAIR, UNDECIDED_MEMBER = seat(2), seat(0), seat(4)
DECIDER = holder(MIDDLE, Office.DISTRICT_CHAIRMAN, MIDDLE.decided_by)
DEPARTMENT = holder(MIDDLE, Office.JUSTICE_DEPARTMENT)
INSPECTOR = holder(MIDDLE, Office.INSPECTOR)
RUNS = Somebody(MIDDLE.slug, ADMINISTRATOR)
OF_MAU = holder(TINH_MAU, Office.INSPECTOR)
REVIEWED_LEAD = holder(TINH_MAU, Office.JUSTICE_OFFICER, REVIEWED)
OF_BINH_PHUOC = holder(BINH_PHUOC, Office.INSPECTOR)
TODAY_COMMUNE, TODAY_UNTOUCHED = "25210", "25270"
OF_DONG_NAI = holder(DONG_NAI, Office.INSPECTOR)
TODAY_DEPARTMENT = holder(DONG_NAI, Office.JUSTICE_DEPARTMENT)
TODAY_LEAD = holder(DONG_NAI, Office.JUSTICE_OFFICER, TODAY_UNTOUCHED)
TODAY_CHAIRMAN = holder(DONG_NAI, Office.COMMUNE_CHAIRMAN, TODAY_COMMUNE)
OF_LARGE = holder(LARGE, Office.JUSTICE_DEPARTMENT)

#: Pages of the province under 27/2025, which has no points.
WITHOUT_POINTS = (
    Place("today-work-lead", TODAY_LEAD, "/t/dong-nai/viec"),
    Place("today-work-chairman", TODAY_CHAIRMAN, "/t/dong-nai/viec"),
    Place("today-board", OF_DONG_NAI, at(DONG_NAI, "bang"), core=True),
    Place("today-board-of-the-past", OF_DONG_NAI, at(DONG_NAI, "bang") + "?asof={dong-nai}"),
    Place("today-dossier", OF_DONG_NAI, at(DONG_NAI, "ho-so", TODAY_COMMUNE)),
    Place("today-dossier-chairman", TODAY_CHAIRMAN, at(DONG_NAI, "ho-so", TODAY_COMMUNE)),
    Place("today-editor-rate", TODAY_LEAD, at(DONG_NAI, "ho-so", TODAY_UNTOUCHED) + "?chi-tieu=TC2.CT1"),
    Place("today-editor-checklist", TODAY_LEAD, at(DONG_NAI, "ho-so", TODAY_UNTOUCHED) + "?chi-tieu=TC2.CT4"),
    Place("today-indicator", OF_DONG_NAI, at(DONG_NAI, "ho-so", TODAY_COMMUNE) + "?chi-tieu=TC1.CT1"),
    Place("today-appraisals", TODAY_DEPARTMENT, at(DONG_NAI, "tham-dinh")),
    Place("today-season", TODAY_DEPARTMENT, at(DONG_NAI, "mua")),
    Place("today-council", TODAY_DEPARTMENT, at(DONG_NAI, "hoi-dong")),
    Place("today-decision", TODAY_DEPARTMENT, at(DONG_NAI, "quyet-dinh", TODAY_COMMUNE)),
    Place("today-public", None, at(DONG_NAI, "cong-khai", TODAY_COMMUNE)),
    Place("today-register", None, "/t/dong-nai/cong-khai"),
    Place("today-trail", OF_DONG_NAI, at(DONG_NAI, "nhat-ky", TODAY_COMMUNE)),
    Place("today-what-if", OF_DONG_NAI, at(DONG_NAI, "gia-dinh", TODAY_COMMUNE)),
    Place("today-flags", OF_DONG_NAI, at(DONG_NAI, "dau-hieu")),
    Place("today-exports", TODAY_DEPARTMENT, "/t/dong-nai/ket-xuat"),
)

PLACES = (
    Place("provinces", None, "/"),
    Place("sign-in", None, "/t/giua-mua/dang-nhap"),
    Place("provider-choice", None, "/t/giua-mua/dang-nhap", press="main form button.primary"),
    Place("work-lead", LEAD, "/t/giua-mua/viec", core=True),
    Place("work-lead-with-a-return", RETURNED_LEAD, "/t/giua-mua/viec"),
    Place("work-chairman", CHAIRMAN, "/t/giua-mua/viec"),
    Place("work-appraiser", APPRAISER, "/t/giua-mua/viec"),
    Place("work-decider", DECIDER, "/t/giua-mua/viec"),
    Place("work-department", DEPARTMENT, "/t/giua-mua/viec"),
    Place("board", OF_MAU, at(TINH_MAU, "bang"), core=True),
    Place("board-nothing-found", OF_MAU, at(TINH_MAU, "bang") + "?tim=khongcoxanao"),
    Place("board-of-a-planned-season", DEPARTMENT, f"/t/giua-mua/bang/{PLANNED}"),
    Place("board-of-the-past", INSPECTOR, at(MIDDLE, "bang") + "?asof={giua-mua}"),
    Place("dossier-lead", LEAD, at(MIDDLE, "ho-so", ENTERING), core=True),
    Place("dossier-justice", JUSTICE, at(MIDDLE, "ho-so", ENTERING)),
    Place("dossier-chairman", CHAIRMAN, at(MIDDLE, "ho-so", CONSOLIDATED)),
    Place("dossier-to-post", holder(MIDDLE, Office.JUSTICE_OFFICER, CONSOLIDATED), at(MIDDLE, "ho-so", CONSOLIDATED)),
    Place("dossier-returned", RETURNED_LEAD, at(MIDDLE, "ho-so", RETURNED)),
    Place("dossier-appraiser", APPRAISER, at(MIDDLE, "ho-so", RETURNED)),
    Place("dossier-inspector", OF_MAU, at(TINH_MAU, "ho-so", "99007")),
    Place("dossier-untouched", OF_MAU, at(TINH_MAU, "ho-so", "99013")),
    Place("dossier-of-the-past", INSPECTOR, at(MIDDLE, "ho-so", RETURNED) + "?asof={giua-mua}"),
    Place("dossier-by-the-effective-clock", OF_MAU, at(TINH_MAU, "ho-so", "99010") + "?asof=31/1/2024&clock=effective"),
    Place("editor-lead", LEAD, at(MIDDLE, "ho-so", ENTERING) + "?chi-tieu=TC1.CT1", core=True),
    Place("editor-returned", RETURNED_LEAD, at(MIDDLE, "ho-so", RETURNED) + "?chi-tieu=TC2.CT4"),
    Place("indicator-chairman", CHAIRMAN, at(MIDDLE, "ho-so", CONSOLIDATED) + "?chi-tieu=TC2.CT1"),
    Place("indicator-inspector", OF_MAU, at(TINH_MAU, "ho-so", "99010") + "?chi-tieu=TC2.CT5"),
    Place("indicator-of-the-past", INSPECTOR, at(MIDDLE, "ho-so", RETURNED) + "?chi-tieu=TC2.CT4&asof={giua-mua}"),
    Place("appraisals", APPRAISER, at(MIDDLE, "tham-dinh")),
    Place("appraisal", APPRAISER, at(MIDDLE, "tham-dinh", RETURNED), core=True),
    Place("appraisal-indicator", APPRAISER, at(MIDDLE, "tham-dinh", RETURNED) + "?chi-tieu=TC2.CT1"),
    Place("appraisal-concluded", APPRAISER, at(MIDDLE, "tham-dinh", VOTED)),
    Place("seasons", DEPARTMENT, "/t/giua-mua/mua"),
    Place("season-planned", DEPARTMENT, f"/t/giua-mua/mua/{PLANNED}"),
    Place("season-open", DEPARTMENT, at(MIDDLE, "mua"), core=True),
    Place("season-closed", OF_BINH_PHUOC, at(BINH_PHUOC, "mua")),
    Place("council", DECIDER, at(MIDDLE, "hoi-dong")),
    Place("council-chair", CHAIR, at(MIDDLE, "hoi-dong")),
    Place("council-to-constitute", DECIDER, f"/t/giua-mua/hoi-dong/{PLANNED}"),
    Place("meeting-chair", CHAIR, at(MIDDLE, "hop", MEETING) + "?xem=hop", core=True),
    Place("meeting-chair-voted-item", CHAIR, at(MIDDLE, "hop", MEETING) + f"?xem=hop&muc={VOTED}"),
    Place("meeting-ballot", UNDECIDED_MEMBER, at(MIDDLE, "hop", MEETING) + "?xem=phieu", core=True),
    Place("meeting-ballot-cast", CHAIR, at(MIDDLE, "hop", MEETING) + "?xem=phieu"),
    Place("meeting-ballot-absent", seat(8), at(MIDDLE, "hop", MEETING) + "?xem=phieu"),
    Place("meeting-ended", APPRAISER, at(MIDDLE, "hop", ENDED) + "?xem=hop"),
    Place("meeting-concluded", OF_BINH_PHUOC, at(BINH_PHUOC, "hop", "697-1")),
    Place("decision-to-take", DECIDER, at(MIDDLE, "quyet-dinh", VOTED), core=True),
    Place("decision-not-yet", DECIDER, at(MIDDLE, "quyet-dinh", AT_VOTE)),
    Place("decision-published", OF_BINH_PHUOC, at(BINH_PHUOC, "quyet-dinh", "25435")),
    Place("decision-against", OF_MAU, at(TINH_MAU, "quyet-dinh", "99007")),
    Place("decision-revoked", OF_MAU, at(TINH_MAU, "quyet-dinh", REVOKED)),
    Place("reviews", OF_MAU, f"/t/tinh-mau/thanh-tra/xem-xet/{TINH_MAU.year}"),
    Place("review", OF_MAU, f"/t/tinh-mau/thanh-tra/xem-xet/{TINH_MAU.year}/{REVIEWED}/1"),
    Place("review-asked", REVIEWED_LEAD, f"/t/tinh-mau/thanh-tra/xem-xet/{TINH_MAU.year}/{REVIEWED}/1"),
    Place("review-concluded", OF_MAU, f"/t/tinh-mau/thanh-tra/xem-xet/{TINH_MAU.year}/{REVOKED}/1"),
    Place("public-revoked", None, at(TINH_MAU, "cong-khai", REVOKED)),
    Place("public-recognised", None, at(BINH_PHUOC, "cong-khai", "25435"), core=True),
    Place("public-not-recognised", None, at(TINH_MAU, "cong-khai", "99004")),
    Place("public-not-yet", None, at(MIDDLE, "cong-khai", CONSOLIDATED)),
    Place("register", None, "/t/binh-phuoc/cong-khai"),
    Place("trail", OF_BINH_PHUOC, at(BINH_PHUOC, "nhat-ky", "25435"), core=True),
    Place("trail-of-province", OF_BINH_PHUOC, "/t/binh-phuoc/nhat-ky?tim=minh+thang&viec=bieu-quyet"),
    Place("trail-of-province-empty", OF_BINH_PHUOC, "/t/binh-phuoc/nhat-ky?tim=khong+co&viec=hop"),
    Place("trail-of-province-refused", OF_BINH_PHUOC, "/t/binh-phuoc/nhat-ky?tu=h%C3%B4m+qua", 422),
    Place("trail-of-province-of-the-past", INSPECTOR, "/t/giua-mua/nhat-ky?asof={giua-mua}"),
    Place("trail-commune", RETURNED_LEAD, at(MIDDLE, "nhat-ky", RETURNED)),
    Place("responsibility", OF_BINH_PHUOC, at(BINH_PHUOC, "trach-nhiem", "25435")),
    Place("responsibility-indicator", OF_BINH_PHUOC, at(BINH_PHUOC, "trach-nhiem", "25435") + "?chi-tieu=TC1.CT1"),
    Place("replay", OF_BINH_PHUOC, at(BINH_PHUOC, "phat-lai", "25435")),
    Place("replay-of-the-past", INSPECTOR, at(MIDDLE, "phat-lai", RETURNED) + "?asof={giua-mua}"),
    Place("replay-under-review", OF_MAU, at(TINH_MAU, "phat-lai", REVIEWED)),
    Place("replay-meeting", OF_BINH_PHUOC, at(BINH_PHUOC, "hop", "697-1", "phat-lai")),
    Place("replay-meeting-at-a-vote", CHAIR, at(MIDDLE, "hop", MEETING, "phat-lai")),
    Place("replay-season", OF_BINH_PHUOC, at(BINH_PHUOC, "phat-lai") + "?xa=25435"),
    Place("replay-season-of-the-past", INSPECTOR, at(MIDDLE, "phat-lai") + "?asof={giua-mua}"),
    Place("work-of-the-past", LEAD, "/t/giua-mua/viec?asof={giua-mua}"),
    Place("what-if", OF_MAU, at(TINH_MAU, "gia-dinh", "99010") + "?nguong=C1:81&tap=3"),
    Place("what-if-of-one-that-fails", OF_MAU, at(TINH_MAU, "gia-dinh", "99007")),
    Place("what-if-of-the-past", INSPECTOR, at(MIDDLE, "gia-dinh", RETURNED) + "?asof={giua-mua}"),
    Place("what-if-refused", OF_MAU, at(TINH_MAU, "gia-dinh", "99010") + "?bo=1", 422),
    Place("what-if-season", OF_MAU, at(TINH_MAU, "gia-dinh") + "?nguong=C1:85"),
    Place("what-if-season-under-another-rulebook", OF_MAU, at(TINH_MAU, "gia-dinh") + "?bo-tieu-chi=qd-27-2025"),
    Place("flags", OF_MAU, at(TINH_MAU, "dau-hieu")),
    Place("flags-of-the-past", INSPECTOR, at(MIDDLE, "dau-hieu") + "?asof={giua-mua}"),
    Place(
        "exports",
        holder(TINH_MAU, Office.DISTRICT_CHAIRMAN, "990"),
        "/t/tinh-mau/ket-xuat?ho-so=2023/99010&chi-tieu=TC2.CT5&vi-tri=300",
    ),
    Place("exports-none", INSPECTOR, "/t/giua-mua/ket-xuat"),
    Place("admin", RUNS, "/t/giua-mua/quan-tri"),
    Place("more", LEAD, "/t/giua-mua/them"),
    Place("no-such-page", LEAD, "/t/giua-mua/khong-co-trang-nay", 404),
    Place("no-such-province", None, "/t/khong-co-tinh-nay/viec", 404),
    Place("another-province", LEAD, "/t/tinh-mau/viec", 404),
    Place("not-permitted", LEAD, "/t/giua-mua/quan-tri", 403),
    Place("accesses", INSPECTOR, "/t/giua-mua/nhat-ky/truy-cap"),
    Place("no-such-past", INSPECTOR, at(MIDDLE, "bang") + "?asof=hôm-kia", 422),
    *WITHOUT_POINTS,
)
