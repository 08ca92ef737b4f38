"""Holders of office in the demonstration: people are called by their offices, as on the pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from domain.council import Role
from domain.official import Office
from domain.unit import Level
from infra.reference.units import ShippedUnit
from services.demo.provinces import Story

#: Mandates of the demonstration hold from here on, so that every year of it is covered.
SINCE = date(2016, 7, 1)

COMMUNE = {
    Office.COMMUNE_CHAIRMAN: "Chủ tịch Ủy ban nhân dân",
    Office.JUSTICE_OFFICER: "Công chức phụ trách tư pháp, hộ tịch",
    Office.OFFICE_STATISTICS: "Công chức phụ trách văn phòng, thống kê",
    Office.LAND_CONSTRUCTION: "Công chức phụ trách đất đai, xây dựng",
    Office.CULTURE_SOCIAL: "Công chức phụ trách văn hóa, xã hội",
    Office.FINANCE_ACCOUNTING: "Công chức phụ trách tài chính, kế toán",
    Office.POLICE_CHIEF: "Trưởng Công an",
}


class Seat(NamedTuple):
    """A seat in a council, and whom its holder speaks for."""

    role: Role
    agency: str
    position: Office = Office.AGENCY_REPRESENTATIVE


SEATS = (
    Seat(Role.CHAIR, "Phó Chủ tịch Ủy ban nhân dân"),
    Seat(Role.VICE_CHAIR, "Trưởng phòng Tư pháp", Office.DISTRICT_JUSTICE),
    Seat(Role.SECRETARY, "Chuyên viên Phòng Tư pháp", Office.DISTRICT_JUSTICE),
    Seat(Role.MEMBER, "Công an"),
    Seat(Role.MEMBER, "Phòng Nội vụ"),
    Seat(Role.MEMBER, "Phòng Văn hóa và Thông tin"),
    Seat(Role.MEMBER, "Phòng Tài chính - Kế hoạch"),
    Seat(Role.MEMBER, "Ủy ban Mặt trận Tổ quốc"),
    Seat(Role.MEMBER, "Ban Dân vận"),
)


class HeldOffice(NamedTuple):
    """A position held for a unit; `key` is how the demonstration's sign-in names its holder."""

    key: str
    name: str
    position: Office
    unit: str
    agency: str | None = None


def office_key(unit: str, position: Office) -> str:
    """How the sign-in names the holder of a position."""
    return f"{unit}.{position}"


def seat_key(unit: str, number: int) -> str:
    """How the sign-in names the holder of a council seat."""
    return f"{unit}.seat-{number + 1}"


def offices(story: Story, units: Sequence[ShippedUnit]) -> list[HeldOffice]:
    """Everybody who has a part in the story of a province, but for its first administrator."""
    named = {unit.code: unit for unit in units}
    province = named[story.province]
    held = [
        _office("Chuyên viên Sở Tư pháp", Office.JUSTICE_DEPARTMENT, province),
        _office("Thanh tra", Office.INSPECTOR, province),
        _office("Chủ tịch Ủy ban nhân dân", Office.PROVINCE_CHAIRMAN, province),
    ]
    decides = named[story.decided_by]
    if decides.level is Level.DISTRICT:
        held.append(_office("Chủ tịch Ủy ban nhân dân", Office.DISTRICT_CHAIRMAN, decides))
        held.extend(_seats(decides))
    for dossier in story.dossiers:
        held.extend(_office(name, position, named[dossier.commune]) for position, name in COMMUNE.items())
    return held


def _office(name: str, position: Office, unit: ShippedUnit) -> HeldOffice:
    return HeldOffice(office_key(unit.code, position), f"{name} {_in_a_sentence(unit)}", position, unit.code)


def _seats(unit: ShippedUnit) -> Iterable[HeldOffice]:
    for number, seat in enumerate(SEATS):
        name = f"{seat.agency} {_in_a_sentence(unit)}"
        yield HeldOffice(seat_key(unit.code, number), name, seat.position, unit.code, seat.agency)


def _in_a_sentence(unit: ShippedUnit) -> str:
    return unit.full_name[0].lower() + unit.full_name[1:]
