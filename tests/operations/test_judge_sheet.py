import io
import json
from decimal import Decimal
from typing import Any

import pytest

from infra.reference.rulebooks import load_rulebooks
from services.operations.judge_sheet import main

FULL_2017 = {"TC1": "15", "TC2": "30", "TC3": "25", "TC4": "10", "TC5": "20"}
FULL_2021 = {"TC1": "10", "TC2": "30", "TC3": "15", "TC4": "20", "TC5": "25"}


@pytest.fixture
def judge(tmp_path, capsys):
    """Judges a sheet, given as a value or as text: exit code, what was printed, what was refused."""

    def judge(sheet):
        file = tmp_path / "sheet.json"
        file.write_text(sheet if isinstance(sheet, str) else json.dumps(sheet), encoding="utf-8")
        code = main([str(file)])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else None, json.loads(err)["error"] if err else None

    return judge


def of_2017(**changes: Any) -> dict[str, Any]:
    sheet = {"rulebook": "qd-619-2017", "unit_class": "I", "satisfaction": "97.35", "vetoes": []}
    return sheet | {"criteria": FULL_2017} | changes


def of_2021(**changes: Any) -> dict[str, Any]:
    return {"rulebook": "qd-25-2021", "vetoes": [], "criteria": FULL_2021} | changes


def of_2025(**changes: Any) -> dict[str, Any]:
    codes = [indicator.code for indicator in load_rulebooks().newest("qd-27-2025").indicators]
    return {"rulebook": "qd-27-2025", "indicators": dict.fromkeys(codes, "met") | changes}


def outcomes(answer: dict[str, Any]) -> dict[str, str]:
    return {condition["code"]: condition["outcome"] for condition in answer["conditions"]}


# Verdicts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("satisfaction", "known"), [("97.35", "met"), ("100", "met"), ("97.34", "not_verifiable")])
def test_a_full_sheet_under_2017_is_met_with_a_satisfaction_that_was_enough_before(judge, satisfaction, known):
    code, answer, _ = judge(of_2017(satisfaction=satisfaction))

    assert code == 0
    assert (answer["total"], answer["result"], answer["complete"]) == ("100.00", known, True)
    assert outcomes(answer) == {"C4": "met", "C3": known, "C2": "met", "C1": "met"}
    assert {c["code"]: c["provenance"] for c in answer["conditions"]} == {
        "C4": "sourced",
        "C3": "provisional",
        "C2": "recalled",
        "C1": "recalled",
    }


@pytest.mark.parametrize(("unit_class", "result"), [("I", "not_met"), ("II", "met"), ("III", "met")])
def test_eighty_five_points_are_enough_for_the_second_class_but_not_for_the_first(judge, unit_class, result):
    criteria = FULL_2017 | {"TC3": 12.5, "TC5": "17.50"}

    _, answer, _ = judge(of_2017(unit_class=unit_class, criteria=criteria))

    assert (answer["total"], answer["result"]) == ("85.00", result)


def test_ninety_two_points_with_a_criterion_below_half_are_not_met(judge):
    _, answer, _ = judge(of_2021(criteria=FULL_2021 | {"TC3": "7"}))

    assert (answer["total"], answer["result"]) == ("92.00", "not_met")
    assert outcomes(answer) == {"C3": "met", "C2": "not_met", "C1": "met"}


def test_a_veto_is_not_met_whatever_the_points(judge):
    _, answer, _ = judge(of_2021(vetoes=["C3"]))

    assert (answer["total"], answer["result"]) == ("100.00", "not_met")
    assert outcomes(answer)["C3"] == "not_met"


def test_eighty_and_a_half_points_are_met_narrowly(judge):
    _, answer, _ = judge(of_2021(criteria=FULL_2021 | {"TC2": "15", "TC4": "15.5"}))

    assert (answer["total"], answer["result"], answer["margin"], answer["near"]) == (
        "80.50",
        "met",
        "0.50",
        True,
    )


def test_measured_values_earn_what_the_rule_gives_and_the_rule_is_named(judge):
    criteria = {code: points for code, points in FULL_2021.items() if code not in ("TC1", "TC2")}
    indicators = {
        "TC1.CT1": {"kind": "not_arisen"},
        "TC1.CT2": {"numerator": 6, "denominator": 7},
        "TC2.CT1": "6",
        "TC2.CT2": 4,
        "TC2.CT3": 5.25,
        "TC2.CT4": "6.00",
        "TC2.CT5": {"numerator": 19, "denominator": 22},
        "TC2.CT6": {"points": "5.5"},
    }

    _, answer, _ = judge(of_2021(criteria=criteria, indicators=indicators))

    points = {criterion["code"]: Decimal(criterion["points"]) for criterion in answer["criteria"]}
    assert points["TC1"] == Decimal("9.00")
    assert points["TC2"] == Decimal("27.75")
    readings = {reading["part"]: reading for reading in answer["readings"]}
    assert readings["TC2.CT5.1"]["rule"] == "ratio-in-band"
    assert readings["TC2.CT5.1"]["because"]["percent"] == "86.36"
    assert answer["result"] == "met"


def test_levels_are_met_when_every_indicator_is(judge):
    _, answer, _ = judge(of_2025())

    assert (answer["total"], answer["result"]) == (None, "met")


def test_levels_with_one_indicator_not_met_are_not_met(judge):
    _, answer, _ = judge(of_2025(**{"TC2.CT3": "not_met"}))

    assert answer["result"] == "not_met"
    assert outcomes(answer)["C1"] == "not_met"


def test_parts_are_measured_by_their_own_codes_and_contradictions_are_found(judge):
    sheet = of_2025()
    del sheet["indicators"]["TC1.CT1"], sheet["indicators"]["TC2.CT2"]
    sheet["indicators"] |= {
        "TC1.CT1.1": {"numerator": 5, "denominator": 5},
        "TC2.CT2": {"numerator": 4, "denominator": 4},
    }

    _, answer, _ = judge(sheet)

    assert answer["result"] == "met"
    assert [(f["part"], f["found"], f["expected"]) for f in answer["findings"]] == [("TC2.CT2.1", 4, 5)]


def test_a_decimal_comma_is_read_as_officials_write_it(judge):
    with_comma, with_point = (judge(of_2021(criteria=FULL_2021 | {"TC2": typed}))[1] for typed in ("28,5", "28.5"))

    assert with_comma["total"] == with_point["total"] == "98.50"


def test_an_indicator_left_out_makes_the_sheet_incomplete(judge):
    sheet = of_2025()
    del sheet["indicators"]["TC3.CT4"]

    code, answer, _ = judge(sheet)

    assert (code, answer["complete"], answer["missing"], answer["result"]) == (0, False, ["TC3.CT4"], "incomplete")


def test_a_sheet_can_come_from_standard_input(monkeypatch, capsys):
    class Input:
        buffer = io.BytesIO(json.dumps(of_2021()).encode())

    monkeypatch.setattr("sys.stdin", Input)

    assert main(["-"]) == 0
    assert json.loads(capsys.readouterr().out)["result"] == "met"


# What is refused ---------------------------------------------------------------------------------------

REFUSED = [
    ("not json", "not-json"),
    ("", "not-json"),
    ('{"rulebook": "qd-25-2021", "criteria": {"TC1": NaN}}', "not-json"),
    ('{"rulebook": "qd-25-2021", "criteria": {"TC1": "1", "TC1": "2"}}', "given-twice"),
    ("[" * 100_000, "not-json"),
    ([], "wrong-type"),
    ({}, "field-missing"),
    ({"rulebook": "qd-25-2021"}, "field-missing"),
    ({"rulebook": 25, "criteria": {}}, "wrong-type"),
    ({"rulebook": "qd-1-1999", "criteria": {}}, "unknown-rulebook"),
    (of_2021(veto=["C3"]), "unknown-field"),
    (of_2021(vetoes="C3"), "wrong-type"),
    (of_2021(vetoes=["C1"]), "unknown-veto"),
    (of_2021(vetoes=[["C3"]]), "unknown-veto"),
    (of_2017(unit_class=None), "unit-class-missing"),
    (of_2017(unit_class="IV"), "unknown-unit-class"),
    (of_2017(unit_class=1), "wrong-type"),
    (of_2017(satisfaction="nhiều"), "wrong-type"),
    (of_2017(satisfaction="100.1"), "wrong-type"),
    (of_2021(criteria=[]), "wrong-type"),
    (of_2021(criteria={"TC9": "1"}), "unknown-criterion"),
    (of_2021(criteria={"TC1": "10.01"}), "score-above-maximum"),
    (of_2021(criteria={"TC1": "-1"}), "score-below-minimum"),
    (of_2021(criteria={"TC1": "1.005"}), "measure-invalid"),
    (of_2021(criteria={"TC1": "mười"}), "wrong-type"),
    (of_2021(criteria={"TC1": "9,5,5"}), "wrong-type"),
    (of_2021(criteria={"TC1": "1.000,5"}), "wrong-type"),
    (of_2021(criteria={"TC1": "1e1"}), "wrong-type"),
    (of_2021(criteria={"TC1": True}), "wrong-type"),
    (of_2021(criteria={"TC1": None}), "wrong-type"),
    (of_2021(indicators={"TC1.CT1": "3"}), "given-twice"),
    (of_2021(criteria={}, indicators={"TC9.CT9": "1"}), "unknown-indicator"),
    (of_2021(criteria={}, indicators={"TC9.CT9": {"points": "1"}}), "unknown-indicator"),
    (of_2021(criteria={}, indicators={"TC2.CT1": "7"}), "score-above-maximum"),
    (of_2021(criteria={}, indicators={"TC2.CT1": "met"}), "wrong-type"),
    (of_2021(criteria={}, indicators={"TC2.CT1": {"points": "1.1"}}), "measure-invalid"),
    (of_2021(criteria={}, indicators={"TC2.CT5": {"numerator": 23, "denominator": 22}}), "measure-invalid"),
    (of_2021(criteria={}, indicators={"TC2.CT5": {"numerator": 1.5, "denominator": 22}}), "wrong-type"),
    (of_2021(criteria={}, indicators={"TC2.CT5": {"numerator": "1", "denominator": 22}}), "wrong-type"),
    (of_2021(criteria={}, indicators={"TC2.CT5": {"tử số": 1}}), "unknown-field"),
    (of_2021(criteria={}, indicators={"TC2.CT5": {"kind": "magic"}}), "wrong-type"),
    (of_2021(criteria={}, indicators={"TC2.CT5": {"kind": "options", "option": "a"}}), "measure-invalid"),
    (of_2021(criteria={}, indicators={"TC2.CT5": {"kind": "not_arisen"}}), "measure-invalid"),
    (of_2021(criteria={}, indicators={"TC1.CT1": {"option": "a"}}), "parts-needed"),
    (of_2021(criteria={}, indicators={"TC1.CT1": {"TC1.CT1.1": {"option": "z"}}}), "measure-invalid"),
    (of_2021(criteria={}, indicators={"TC1.CT1": "3", "TC1.CT1.1": {"option": "a"}}), "given-twice"),
    (of_2025(**{"TC1.CT1": "1"}), "wrong-type"),
    (of_2025(**{"TC1.CT1": "not_verifiable"}), "wrong-type"),
    (of_2025(**{"TC3.CT3": {"checked": ["a", 3]}}), "wrong-type"),
    ({"rulebook": "qd-27-2025", "criteria": {"TC1": "1"}}, "no-points"),
]


@pytest.mark.parametrize(("sheet", "refusal"), REFUSED)
def test_what_cannot_be_judged_is_refused_with_a_code_and_a_sentence(judge, sheet, refusal):
    code, answer, error = judge(sheet)

    assert (code, answer, error["code"]) == (2, None, refusal)
    assert "{" not in error["message"].replace("{…}", "")
    assert error["message"]


def test_the_refusal_names_what_was_typed_and_the_bound(judge):
    _, _, error = judge(of_2021(criteria={"TC1": "10.01"}))

    assert error["message"] == "TC1: 10.01 điểm vượt quá điểm tối đa 10."
    assert error["details"] == {"indicator": "TC1", "points": "10.01", "maximum": "10"}


def test_a_file_that_is_not_there_is_refused(capsys):
    assert main(["no-such-sheet.json"]) == 2
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "file-unreadable"


def test_text_that_is_not_unicode_is_refused(tmp_path, capsys):
    file = tmp_path / "sheet.json"
    file.write_bytes(b"\xff\xfe{}")

    assert main([str(file)]) == 2
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "not-json"
