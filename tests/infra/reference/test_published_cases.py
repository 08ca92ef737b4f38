"""Results as they were published: the program judges the same numbers in the same way."""

from decimal import ROUND_HALF_UP, Decimal
from importlib import resources
from typing import Any

import pytest
import yaml

from domain.judging import Sheet, VerdictResult, judge
from domain.measure import HUNDRED, percent
from infra.reference.rulebooks import load_rulebooks

CASES = yaml.safe_load((resources.files(__package__) / "published_cases.yaml").read_bytes())
RULEBOOKS = load_rulebooks()


def called(case: dict[str, Any]) -> str:
    return f"{case['place']} {case['year']}"


def verdict_of(case: dict[str, Any]):
    points = (Decimal(one) for one in case["criteria"])
    criteria = {f"TC{number}": one for number, one in enumerate(points, start=1)}
    sheet = Sheet({}, case["class"], Decimal(case["satisfaction"]), criteria=criteria)
    return judge(sheet, RULEBOOKS.newest(case["rulebook"]))


@pytest.mark.parametrize("case", CASES["scored"], ids=called)
def test_a_commune_is_judged_as_it_was_published(case):
    verdict = verdict_of(case)

    assert verdict.complete
    assert verdict.total == Decimal(case["sum"])
    assert verdict.result is VerdictResult(case["result"])
    assert verdict.total >= verdict.required_total


@pytest.mark.parametrize("case", CASES["scored"], ids=called)
def test_a_published_total_is_the_sum_or_the_sum_rounded_half_up(case):
    published = Decimal(case["total"])

    assert Decimal(case["sum"]).quantize(published, ROUND_HALF_UP) == published


@pytest.mark.parametrize("case", CASES["partial"], ids=called)
def test_points_of_some_indicators_are_added_up_and_nothing_is_said_of_the_result(case):
    values = {code: Decimal(points) for code, points in case["indicators"].items()}

    verdict = judge(Sheet(values), RULEBOOKS.newest(case["rulebook"]))

    assert verdict.total == Decimal(case["sum"])
    assert not verdict.complete
    assert verdict.result is VerdictResult.INCOMPLETE


def assessed(case: dict[str, Any]) -> int:
    return int(case["of"] if "of" in case else case["met"] + case["not_met"])


@pytest.mark.parametrize("case", [one for one in CASES["counted"] if "percent" in one], ids=called)
def test_a_published_percentage_is_the_share_rounded_half_up_and_ours_is_never_more_than_the_share(case):
    met, of = case["met"], assessed(case)
    published, ours = Decimal(case["percent"]), Decimal(case["ours"])

    assert (Decimal(met) * HUNDRED / of).quantize(published, ROUND_HALF_UP) == published
    assert percent(met, of) == ours
    assert ours * of <= met * HUNDRED


@pytest.mark.parametrize("case", [one for one in CASES["counted"] if "districts" in one], ids=called)
def test_the_districts_of_a_report_add_up_to_its_totals(case):
    counts = [tuple(map(int, share.split("/"))) for share in case["districts"].values()]

    assert sum(met for met, _ in counts) == case["met"]
    assert sum(of for _, of in counts) == assessed(case)


@pytest.mark.parametrize("case", [one for one in CASES["counted"] if "districts_not_met" in one], ids=called)
def test_the_units_that_did_not_meet_add_up_over_the_districts(case):
    assert sum(case["districts_not_met"].values()) == case["not_met"]


@pytest.mark.parametrize("case", [one for one in CASES["counted"] if "named_not_met" in one], ids=called)
def test_those_who_did_not_meet_are_named_one_by_one(case):
    assert len(case["named_not_met"]) == assessed(case) - case["met"]


@pytest.mark.parametrize("case", [one for one in CASES["counted"] if "of_class" in one], ids=called)
def test_the_classes_of_those_who_met_add_up(case):
    assert sum(case["of_class"].values()) == case["met"]


@pytest.mark.parametrize("case", CASES["counted"], ids=called)
def test_no_report_counts_more_units_than_were_assessed(case):
    assert 0 <= case["met"] <= assessed(case)


@pytest.mark.parametrize("case", [*CASES["scored"], *CASES["partial"], *CASES["counted"]], ids=called)
def test_every_case_names_its_source_and_a_rulebook_that_was_in_force(case):
    rulebook = RULEBOOKS.newest(case["rulebook"])

    begins, ends = rulebook.in_force_from.value, rulebook.in_force_to.value
    assert CASES["sources"][case["source"]]
    assert begins
    assert ends
    assert begins.year <= case["year"] <= ends.year
