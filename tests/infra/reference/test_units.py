import csv
from datetime import date
from importlib import resources

import pytest

from domain.unit import Level
from domain.vietnamese import search_key
from infra.reference.units import Era, UnknownProvince, provinces, units_of


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((resources.files("infra.reference.units") / name).read_text("utf-8").splitlines()))


def bare(name: str) -> str:
    """A name without its type, as people would search it."""
    for kind in ("Thị trấn ", "Thị xã ", "Thành phố ", "Phường ", "Đặc khu ", "Huyện ", "Quận ", "Xã ", "Tỉnh "):
        if name.startswith(kind):
            return search_key(name.removeprefix(kind))
    return search_key(name)


def test_there_are_the_provinces_of_each_administration():
    before, now = provinces(Era.UNTIL_2025), provinces(Era.FROM_2025)

    assert len(before) == 63 + 1  # and the invented one
    assert len(now) == 34
    assert [one.name for one in now][:3] == ["An Giang", "Bắc Ninh", "Cà Mau"]


def test_a_province_has_its_districts_and_communes_until_mid_2025():
    units = units_of("01", Era.UNTIL_2025)
    district = next(one for one in units if one.name == "Nam Từ Liêm")

    assert units[0].level is Level.PROVINCE
    assert (district.unit_type, district.parent) == ("Quận", "01")
    assert sum(one.parent == district.code for one in units) == 10


def test_a_province_has_communes_only_from_mid_2025():
    units = units_of("75", Era.FROM_2025)

    assert (units[0].unit_type, units[0].name) == ("Tỉnh", "Đồng Nai")
    assert {one.level for one in units} == {Level.PROVINCE, Level.COMMUNE}
    assert {one.valid_from for one in units} == {date(2025, 7, 1)}


def test_codes_keep_their_zeros_and_are_each_there_once():
    codes = [one.code for province in provinces(Era.UNTIL_2025) for one in units_of(province.code, Era.UNTIL_2025)]

    assert "00001" in codes
    assert len(codes) == len(set(codes))


def test_a_province_that_is_not_there_is_unknown():
    with pytest.raises(UnknownProvince):
        units_of("70", Era.FROM_2025)


def test_no_invented_name_or_code_exists_in_the_real_data():
    before, now = rows("units_until_2025-06-30.csv"), rows("units_from_2025-07-01.csv")
    real = {bare(row[column]) for row in before for column in ("province", "district", "commune")}
    real |= {bare(row[column]) for row in now for column in ("province", "commune")}
    codes = {row[column] for row in before for column in ("province_code", "district_code", "commune_code")}
    codes |= {row[column] for row in now for column in ("province_code", "commune_code")}

    for row in rows("invented.csv"):
        assert {bare(row["province"]), bare(row["district"]), bare(row["commune"])}.isdisjoint(real)
        assert {row["province_code"], row["district_code"], row["commune_code"]}.isdisjoint(codes)
