"""Who holds office in the demonstration: people are positions here, as the pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from domain.council import Role
from domain.official import Position
from domain.unit import Level
from infra.reference.units import ShippedUnit
from services.demo.provinces import Story

#: Mandates of the demonstration hold from here on, so that every year of it is covered.
SINCE = date(2016, 7, 1)

COMMUNE = {
    Position.COMMUNE_CHAIRMAN: "Chủ tịch Ủy ban nhân dân",
    Position.JUSTICE_OFFICER: "Công chức Tư pháp - Hộ tịch",
    Position.OFFICE_STATISTICS: "Công chức Văn phòng - Thống kê",
    Position.LAND_CONSTRUCTION: "Công chức Địa chính - Xây dựng",
    Position.CULTURE_SOCIAL: "Công chức Văn hóa - Xã hội",
    Position.FINANCE_ACCOUNTING: "Công chức Tài chính - Kế toán",
    Position.POLICE_CHIEF: "Trưởng Công an",
}


class Seat(NamedTuple):
    """A seat in a council, and whom its holder speaks for."""

    role: Role
    agency: str
    position: Position = Position.AGENCY_REPRESENTATIVE


SEATS = (
    Seat(Role.CHAIR, "Phó Chủ tịch Ủy ban nhân dân"),
    Seat(Role.VICE_CHAIR, "Trưởng phòng Tư pháp", Position.DISTRICT_JUSTICE),
    Seat(Role.SECRETARY, "Chuyên viên Phòng Tư pháp", Position.DISTRICT_JUSTICE),
    Seat(Role.MEMBER, "Công an"),
    Seat(Role.MEMBER, "Phòng Nội vụ"),
    Seat(Role.MEMBER, "Phòng Văn hóa và Thông tin"),
    Seat(Role.MEMBER, "Phòng Tài chính - Kế hoạch"),
    Seat(Role.MEMBER, "Ủy ban Mặt trận Tổ quốc"),
    Seat(Role.MEMBER, "Ban Dân vận"),
)


class Office(NamedTuple):
    """A position held for a unit; `key` is how the demonstration's sign-in names its holder."""

    key: str
    name: str
    position: Position
    unit: str
    agency: str | None = None


def office_key(unit: str, position: Position) -> str:
    """How the sign-in names the holder of a position."""
    return f"{unit}.{position}"


def seat_key(unit: str, number: int) -> str:
    """How the sign-in names the holder of a council seat."""
    return f"{unit}.seat-{number + 1}"


def offices(story: Story, units: Sequence[ShippedUnit]) -> list[Office]:
    """Everybody who has a part in the story of a province, but for its first administrator."""
    named = {unit.code: unit for unit in units}
    province = named[story.province]
    held = [
        _office("Chuyên viên Sở Tư pháp", Position.JUSTICE_DEPARTMENT, province),
        _office("Thanh tra", Position.INSPECTOR, province),
        _office("Chủ tịch Ủy ban nhân dân", Position.PROVINCE_CHAIRMAN, province),
    ]
    decides = named[story.decided_by]
    if decides.level is Level.DISTRICT:
        held.append(_office("Chủ tịch Ủy ban nhân dân", Position.DISTRICT_CHAIRMAN, decides))
        held.extend(_seats(decides))
    for dossier in story.dossiers:
        held.extend(_office(name, position, named[dossier.commune]) for position, name in COMMUNE.items())
    return held


def _office(name: str, position: Position, unit: ShippedUnit) -> Office:
    return Office(office_key(unit.code, position), f"{name} {_in_a_sentence(unit)}", position, unit.code)


def _seats(unit: ShippedUnit) -> Iterable[Office]:
    for number, seat in enumerate(SEATS):
        name = f"{seat.agency} {_in_a_sentence(unit)}"
        yield Office(seat_key(unit.code, number), name, seat.position, unit.code, seat.agency)


def _in_a_sentence(unit: ShippedUnit) -> str:
    return unit.full_name[0].lower() + unit.full_name[1:]
