"""All that is open before a season is opened: what hinders the opening, and what does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from domain.errors import ContentsWithoutText, IndicatorsUnassigned, ParticipantsMissing, Refused
from domain.official import Office
from domain.permissions import Act
from domain.rulebook import Rulebook
from domain.rulebook_draft import RulebookDraft, rulebook_draft_stream
from domain.season import Step, hindrances
from domain.vietnamese import sort_key
from domain.working_days import Calendar
from infra.readmodels.reading import View
from projections.tables.officials import OFFICIALS, OfficialRow
from projections.tables.seasons import SeasonRow
from projections.tables.units import UNITS, UnitRow
from services.i18n import indicator_number
from services.rulebooks.draft import read_change
from services.rulebooks.rulebook_view import told_apart
from services.season.readings import asked_readings, unknown_years
from services.web.visit import Visit


class Unstaffed(NamedTuple):
    """A commune, and the offices that lead indicators there and that nobody holds."""

    commune: UnitRow
    offices: tuple[Office, ...]


class Point(NamedTuple):
    """Something open: what, of which things (each with an address, or ""), and where it is mended."""

    key: str
    said: str
    of: tuple[tuple[str, str], ...] = ()
    more: str = ""
    href: str = ""
    link: str = ""


class Readiness(NamedTuple):
    """What keeps the season from being opened, and what is open besides."""

    hindering: tuple[Point, ...]
    others: tuple[Point, ...]


async def readiness_of(
    visit: Visit, row: SeasonRow, rulebook: Rulebook, calendar: Calendar, lacking: Iterable[Unstaffed], *, lags: bool
) -> Readiness:
    """The report beside the button that opens. What hinders is what `domain.season` refuses the opening for."""
    hindering = [_hindering(visit, row, one) for one in hindrances(row, rulebook.without_text)]
    others = [
        _unstaffed(visit, list(lacking)),
        _deadlines(visit, row),
        _over(visit, row),
        *_days_off(visit, row, rulebook, calendar),
        await _draft(visit, rulebook),
        _lagging(visit, row) if lags else None,
        _unverified(visit, rulebook),
    ]
    return Readiness(tuple(hindering), tuple(one for one in others if one))


def _hindering(visit: Visit, row: SeasonRow, refused: Refused) -> Point:
    say, here = visit.words.say, visit.url.season(row.season)
    match refused:
        case IndicatorsUnassigned():
            codes = refused.details["indicators"]
            return Point(
                "chua-phan-cong",
                say("%(count)s chỉ tiêu chưa phân công chủ trì", count=len(codes)),
                tuple((indicator_number(code), f"#dong-{code}") for code in codes),
                href=f"{here}#phan-cong",
                link=say("Phân công"),
            )
        case ContentsWithoutText():
            codes = refused.details["contents"]
            return Point(
                "thieu-noi-dung",
                say("%(count)s nội dung của bộ tiêu chí chưa có lời văn", count=len(codes)),
                tuple((indicator_number(code), "") for code in codes),
                href=f"{here}#khong-xet",
                link=say("Bổ sung, hoặc ghi văn bản cho phép không xét"),
            )
        case ParticipantsMissing():
            said = say("Chưa có đơn vị tham gia")
            return Point("chua-co-don-vi", said, href=f"{here}#don-vi", link=say("Bổ sung đơn vị"))
    raise TypeError(refused.code)


def _unstaffed(visit: Visit, lacking: list[Unstaffed]) -> Point | None:
    if not lacking:
        return None
    say = visit.words.say
    may_enrol = visit.may(Act.ENROL_OFFICIAL)
    return Point(
        "thieu-can-bo",
        say("%(count)s đơn vị chưa có cán bộ ở chức danh chủ trì", count=visit.words.number(len(lacking))),
        tuple(
            (f"{one.commune.full_name} ({', '.join(say(f'position.{office}') for office in one.offices)})", "")
            for one in lacking
        ),
        say("Chưa có người nhập được số liệu của các chỉ tiêu do chức danh này chủ trì."),
        visit.url.admin() if may_enrol else "",
        say("Cấp tài khoản ở trang Quản trị") if may_enrol else "",
    )


def _deadlines(visit: Visit, row: SeasonRow) -> Point | None:
    missing = [step for step in Step if step not in row.deadlines]
    if not missing:
        return None
    say = visit.words.say
    return Point(
        "chua-dat-han",
        say("%(count)s bước chưa đặt hạn", count=len(missing)),
        tuple((say(f"step-name.{step}"), "") for step in missing),
        href=visit.url.season(row.season) + "#han",
        link=say("Đặt hạn"),
    )


def _over(visit: Visit, row: SeasonRow) -> Point | None:
    """Last days that are over before the season has begun, as those copied from a year that has gone by are."""
    over = row.over(visit.today)
    if not over:
        return None
    say = visit.words.say
    due = [visit.words.date(row.due(step)) for step in over]
    return Point(
        "han-da-qua",
        say("%(count)s bước có hạn đã qua", count=len(over)),
        tuple((f"{say(f'step-name.{step}')} ({day})", "") for step, day in zip(over, due, strict=True)),
        say("Mở bây giờ thì việc của các bước này quá hạn ngay. Đặt lại hạn trước khi mở."),
        visit.url.season(row.season) + "#han",
        say("Đặt lại hạn"),
    )


def _days_off(visit: Visit, row: SeasonRow, rulebook: Rulebook, calendar: Calendar) -> list[Point]:
    say = visit.words.say
    found = [
        Point(
            "lich-nghi",
            say("Chưa có lịch nghỉ năm %(year)s", year=str(year)),
            more=say("Chưa biết hạn trong năm này có rơi vào ngày nghỉ hay không."),
            href=visit.url.days_off(nam=year) if visit.may(Act.KEEP_CALENDAR) else "",
            link=say("Nhập lịch nghỉ năm %(year)s", year=str(year)) if visit.may(Act.KEEP_CALENDAR) else "",
        )
        for year in unknown_years(row, rulebook, calendar)
    ]
    unread = [one for one in asked_readings(row, rulebook, calendar) if one.chosen is None]
    if unread:
        found.append(
            Point(
                "cach-tinh-han",
                say("%(count)s hạn rơi vào ngày nghỉ, chưa chọn cách tính", count=len(unread)),
                tuple((say(f"step-name.{one.step}"), "") for one in unread),
                say("Tính theo ngày sớm hơn."),
                visit.url.season(row.season) + "#cach-tinh",
                say("Chọn cách tính"),
            )
        )
    return found


async def _draft(visit: Visit, rulebook: Rulebook) -> Point | None:
    """Changes of the rulebook that nobody has signed off; on a page of the past there is nothing to open."""
    if visit.past:
        return None
    held = await visit.work().find(RulebookDraft, rulebook_draft_stream(rulebook.id))
    if held is None or not held.changes:
        return None
    say, count = visit.words.say, len(told_apart([read_change(one) for one in held.changes.values()]))
    return Point(
        "ban-sua-cho-ky",
        say("%(count)s thay đổi của bộ tiêu chí chưa ký duyệt", count=count),
        more=say("Ký duyệt trước khi mở thì đợt đánh giá theo ngay bản sửa; mở trước thì theo bản đang dùng."),
        href=visit.url.rulebook(rulebook.id) + "/ky-duyet",
        link=say("Xem và ký duyệt"),
    )


def _lagging(visit: Visit, row: SeasonRow) -> Point:
    say, may_correct = visit.words.say, visit.may(Act.CORRECT_SEASON)
    return Point(
        "theo-ban-cu",
        say("Đợt đánh giá theo bản cũ của bộ tiêu chí"),
        href=visit.url.season(row.season) + "/ban-sua" if may_correct else "",
        link=say("Xem trước và áp dụng bản sửa") if may_correct else "",
    )


def _unverified(visit: Visit, rulebook: Rulebook) -> Point | None:
    if not rulebook.unverified:
        return None
    say, count = visit.words.say, visit.words.number(len(rulebook.unverified))
    return Point(
        "chua-doi-chieu",
        say("%(count)s giá trị của bộ tiêu chí chưa có văn bản gốc để đối chiếu", count=count),
        href=visit.url.rulebook(rulebook.id, loc="unverified"),
        link=say("Xem các giá trị"),
    )


async def unstaffed(visit: Visit, view: View, row: SeasonRow | None) -> list[Unstaffed]:
    """Those of a season that has not ended, as things stand today; none on a page of the past."""
    if row is None or row.has_ended or visit.past:
        return []
    units = {unit.code: unit for unit in await view.all(UNITS)}
    return lacking(row, await view.all(OFFICIALS), units, visit.today)


def lacking(
    row: SeasonRow, officials: Iterable[OfficialRow], units: Mapping[str, UnitRow], today: date
) -> list[Unstaffed]:
    """The communes of the season in which an office that leads some indicator is not held today, by name.

    Nobody there could enter the data of these indicators.
    """
    leading = list(dict.fromkeys(one.lead for one in row.assignments.values()))
    held = {(one.unit, one.position) for official in officials for one in official.in_force(today)}
    without = {code: tuple(one for one in leading if (code, one) not in held) for code in row.participants}
    found = [Unstaffed(units[code], offices) for code, offices in without.items() if offices]
    return sorted(found, key=lambda one: sort_key(one.commune.bare_name))
