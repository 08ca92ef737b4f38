"""What the page of a season confirms after a command: what was recorded, and what is still open."""

from __future__ import annotations

import hmac
from datetime import date
from typing import NamedTuple

from domain.season import State, Step
from projections.tables.seasons import SeasonRow
from services.i18n import Words
from services.web.visit import Visit


class Saved(NamedTuple):
    """A confirmation, under the key by which the page puts it where the form stands."""

    key: str
    said: str
    more: str = ""


#: Commands after which the season is in this state: the address alone makes no page say so.
REACHES = {
    "mo": State.OPEN,
    "tam-dung": State.SUSPENDED,
    "tiep-tuc": State.OPEN,
    "chuyen": State.PLANNED,
    "huy": State.CANCELLED,
    "ket-thuc": State.CLOSED,
}


def saved_at(visit: Visit, season: str, key: str) -> str:
    """The address of the season's page that confirms this command to the session that gave it, and to no other."""
    return visit.url.season(season, da_luu=key, dau=_mark(visit, season, key)) + "#da-luu"


def asked_of(visit: Visit, season: str) -> str | None:
    """The key of the command that the address confirms; None where it was not made for this session."""
    key = visit.query("da-luu")
    return key if key and hmac.compare_digest(visit.query("dau").encode(), _mark(visit, season, key).encode()) else None


def _mark(visit: Visit, season: str, key: str) -> str:
    secret = visit.signed_in.csrf if visit.signed_in else ""
    return hmac.digest(secret.encode(), f"{season}/{key}".encode(), "sha256").hex()[:16]


def saved_of(key: str | None, row: SeasonRow, words: Words, today: date) -> Saved | None:
    """The confirmation of the command that the address names; None for none, and where the season is not so.

    What it confirms stands on the page, whoever wrote the address.
    """
    if not key or REACHES.get(key, row.state) is not row.state or not _is_so(key, row):
        return None
    return _of_plan(key, row, words, today) or _of_state(key, row, words)


def _is_so(key: str, row: SeasonRow) -> bool:
    """Whether the season shows what the command would have recorded; one that is over is planned by nobody."""
    if row.has_ended:
        return key in REACHES
    shown = {
        "lap": row.state is State.PLANNED,
        "chep": row.state is State.PLANNED and row.deadlines and row.assignments,
        "han": row.deadlines,
        "phan-cong": row.assignments,
        "cach-tinh": row.readings,
        "khong-xet": row.left_out,
        "rut-don-vi": row.withdrawn,
    }
    return bool(shown.get(key, True))


def _of_plan(key: str, row: SeasonRow, words: Words, today: date) -> Saved | None:
    say, count = words.say, words.number(len(row.participants))
    more = ""
    match key:
        case "lap":
            season = words.season(row.season)
            said = say("Đã lập kế hoạch năm đánh giá %(season)s cho %(count)s đơn vị", season=season, count=count)
            more = say("Việc phải xong trước khi mở đợt đánh giá nêu dưới đây.")
        case "chep":
            said = say("Đã chép thời hạn và phân công")
            more = " ".join(filter(None, [_over(row, words, today), _dues(row, words), _leads(row, words)]))
        case "han":
            said = say("Đã lưu hạn từng bước")
            more = " ".join(filter(None, [_over(row, words, today), _dues(row, words)]))
        case "phan-cong":
            said, more = say("Đã lưu phân công"), _leads(row, words)
        case "cach-tinh":
            said = say("Đã ghi cách tính")
        case "khong-xet":
            said = say("Đã ghi văn bản cho phép không xét")
        case "bo-sung-don-vi":
            said, more = say("Đã bổ sung đơn vị tham gia"), say("%(count)s đơn vị tham gia.", count=count)
        case "rut-don-vi":
            said = say("Đã đưa đơn vị ra khỏi danh sách tham gia")
            more = say("%(count)s đơn vị tham gia.", count=count)
        case _:
            return None
    return Saved(key, said, more)


def _of_state(key: str, row: SeasonRow, words: Words) -> Saved | None:
    say = words.say
    more = ""
    match key:
        case "mo":
            said, count = say("Đã mở đợt đánh giá"), words.number(len(row.participants))
            more = say("%(count)s đơn vị nhập được số liệu từ bây giờ.", count=count)
        case "tam-dung":
            said = say("Đã tạm dừng đợt đánh giá")
            more = say("Không ai nhập, quyết định được cho đến khi tiếp tục.")
        case "tiep-tuc":
            said = say("Đợt đánh giá đã tiếp tục")
        case "chuyen":
            said, more = say("Đã chuyển bộ tiêu chí"), _leads(row, words)
        case "huy":
            said = say("Đã hủy đợt đánh giá")
        case "ket-thuc":
            said = say("Đã kết thúc đợt đánh giá")
        case _:
            return None
    return Saved(key, said, more)


def _over(row: SeasonRow, words: Words, today: date) -> str:
    over = row.over(today) if row.state is State.PLANNED else ()
    return words.say("%(count)s bước có hạn đã qua; đặt lại trước khi mở.", count=len(over)) if over else ""


def _dues(row: SeasonRow, words: Words) -> str:
    missing = len(Step) - len(row.deadlines)
    if not missing:
        return words.say("Mọi bước đã có hạn.")
    return words.say("Còn %(count)s bước chưa đặt hạn.", count=missing)


def _leads(row: SeasonRow, words: Words) -> str:
    missing = len(row.unassigned)
    if not missing:
        return words.say("Mọi chỉ tiêu đã có chức danh chủ trì.")
    return words.say("Còn %(count)s chỉ tiêu chưa phân công chủ trì.", count=missing)
