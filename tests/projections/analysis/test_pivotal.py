"""The sets that carry a verdict: all of them, none that is too large, compared with trying everything."""

import dataclasses
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import combinations
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.appraisal import Appraisal, appraisal_stream
from domain.assessment import Assessment, Evidence, assessment_stream
from domain.fact import Recorded
from domain.judging import Sheet, VerdictResult, judge
from domain.measure import Answer, Kind, Measured
from domain.rulebook import Condition, ConditionKind, Rulebook
from projections.analysis.counterfactual import JUDGED, files, value_of
from projections.analysis.pivotal import pivotal
from projections.analysis.what_if import Otherwise, what_if
from projections.fold import fold
from projections.tables.sheets import SHEETS
from projections.tables.standings import STANDINGS, sheet_of
from tests.domain.rulebooks import HALF_OF_EACH, SOURCED, VETO, at_least
from tests.projections.analysis.test_what_if import CALENDAR, RULEBOOK
from tests.projections.histories import INDICATORS, UNIT, Province
from tests.projections.story import COMMUNE, LIMITS, SEASON

DOSSIER, APPRAISAL = assessment_stream(SEASON, COMMUNE), appraisal_stream(SEASON, COMMUNE)
INDICATOR = st.sampled_from(INDICATORS)
POINTS = st.integers(0, 20).map(lambda number: Decimal(number) / 2)
FILE = st.integers(0, 3)


Deed = Callable[[Any], object]
Did = tuple[str, str, Any]


def doing(name: str, said: st.SearchStrategy[Any]) -> st.SearchStrategy[Did]:
    return st.tuples(st.just(name), INDICATOR, said)


ACT = st.one_of(
    doing("measure", POINTS),
    doing("score", POINTS),
    doing("score", POINTS),
    doing("appraise", POINTS),
    doing("attach", FILE),
    doing("attach", FILE),
    doing("reuse", st.tuples(FILE, INDICATOR)),
    doing("reuse", st.tuples(FILE, INDICATOR)),
    doing("withdraw", FILE),
    doing("explain", st.just("")),
    doing("veto", st.sampled_from(Answer)),
    doing("survey", st.integers(0, 9)),
)


def a_dossier(acts: Iterable[Did]) -> Province:
    province = Province()
    province.begin(
        DOSSIER, Assessment, commune=COMMUNE, rulebook="x", rulebook_sha256="ab" * 32, decided_by=UNIT, unit_class="II"
    )
    province.begin(APPRAISAL, Appraisal, commune=COMMUNE)
    for name, indicator, said in acts:
        if name == "appraise":
            entry = province.streams[DOSSIER].entry(indicator)
            province.do(APPRAISAL, appraising(indicator, said, entry.points, province.streams[DOSSIER].version))
        else:
            province.do(DOSSIER, entering(name, indicator, said))
    return province


def entering(name: str, indicator: str, said: Any) -> Deed:  # noqa: PLR0911 - one flat match over acts
    """What the commune does to its dossier."""
    match name:
        case "measure":
            return lambda it: it.measure(indicator, f"{indicator}.1", Measured(Kind.POINTS, points=said))
        case "score":
            return lambda it: it.score(indicator, said, **LIMITS)
        case "attach":
            file = Evidence(UUID(int=said), f"{said:064x}", "tệp.pdf", 10, "application/pdf")
            return lambda it: it.attach(indicator, file)
        case "reuse":
            file, source = said
            return lambda it: it.reuse(indicator, UUID(int=file), source)
        case "withdraw":
            return lambda it: it.withdraw(indicator, UUID(int=said), "nhầm tệp")
        case "explain":
            return lambda it: it.explain(indicator, "hồ sơ giấy")
        case "veto":
            return lambda it: it.declare_veto("C3", said, "văn bản")
    return lambda it: it.measure_satisfaction(said, 9)


def appraising(indicator: str, points: Decimal, proposed: Decimal | None, seen: int) -> Deed:
    return lambda it: it.appraise(indicator, points, proposed=proposed, seen=seen, reason="như sổ", **LIMITS)


def by_trying(facts: list[Recorded], rulebook: Rulebook, largest: int) -> set[frozenset[frozenset[int]]]:
    """Every minimal set, each judged through the whole fold."""
    together = {position: frozenset(file) for file in files(facts).values() for position in file}
    judged = [one.position for one in facts if isinstance(one.fact, JUDGED)]
    items = sorted({together.get(position, frozenset({position})) for position in judged}, key=sorted)
    found: set[frozenset[frozenset[int]]] = set()
    for size in range(1, largest + 1):
        for some in map(frozenset, combinations(items, size)):
            if not any(smaller < some for smaller in found):
                without = Otherwise(frozenset().union(*some))
                if what_if(facts, COMMUNE, rulebook, CALENDAR, without).after.result is not VerdictResult.MET:
                    found.add(some)
    return found


def with_conditions(province: Province, spare: Decimal, *more: Condition) -> Rulebook:
    """The rulebook under which the commune has so many points to spare."""
    standing = next(iter(fold(STANDINGS, province.log).values()))
    total = judge(sheet_of(standing, RULEBOOK), RULEBOOK).total or Decimal(0)
    conditions = (at_least(str(max(Decimal(0), total - spare))), VETO, *more)
    return dataclasses.replace(RULEBOOK, conditions=conditions)


SATISFIED = Condition("C4", ConditionKind.MIN_SATISFACTION, SOURCED, Decimal(50))
CONDITIONS = st.sampled_from([(), (HALF_OF_EACH,), (SATISFIED,), (HALF_OF_EACH, SATISFIED)])
SCORED = tuple(("score", indicator, Decimal(9)) for indicator in INDICATORS)
ACTS = st.lists(ACT, max_size=11).map(lambda acts: [*SCORED, ("survey", INDICATORS[0], 7), *acts])


@settings(max_examples=150, deadline=None)
@given(acts=ACTS, spare=st.integers(0, 30).map(lambda number: Decimal(number) / 2), more=CONDITIONS)
def test_the_sets_found_are_those_that_trying_everything_finds(acts, spare, more):
    province = a_dossier(acts)
    rulebook = with_conditions(province, spare, *more)
    met = what_if(province.log, COMMUNE, rulebook, CALENDAR, Otherwise()).before.result is VerdictResult.MET

    found = pivotal(province.log, COMMUNE, rulebook, CALENDAR)

    assert set(found.carrying) == (by_trying(province.log, rulebook, 3) if met else set())


@settings(max_examples=150, deadline=None)
@given(acts=ACTS, chosen=st.sets(st.integers(0, 40), max_size=6), other=st.none() | POINTS, more=CONDITIONS)
def test_what_is_left_of_a_dossier_is_what_folding_all_of_it_leaves(acts, chosen, other, more):
    province = a_dossier(acts)
    rulebook = with_conditions(province, Decimal(5), *more)
    judged = [one.position for one in province.log if isinstance(one.fact, JUDGED)]
    without = frozenset(judged[number % len(judged)] for number in chosen)
    scored = [one.position for one in province.log if isinstance(one.fact, Assessment.IndicatorScored)]
    replace = {} if other is None or scored[0] in without else {scored[0]: other}

    answered = what_if(province.log, COMMUNE, rulebook, CALENDAR, Otherwise(without, replace))

    left = whole_fold(province.log, rulebook, answered.without, replace)
    assert answered.after == judge(left, rulebook)
    assert {one.indicator: one.after for one in answered.moved if one.after is not None}.items() <= left.values.items()


def whole_fold(log: list[Recorded], rulebook: Rulebook, without: frozenset[int], replace: dict[int, Decimal]) -> Sheet:
    """The sheet that is left when every fact of the dossier is folded again."""
    facts = {
        position: changed(one.fact, points=replace[position]) for one in log if (position := one.position) in replace
    }
    before = next(iter(fold(SHEETS, log).values()))
    after = next(iter(fold(SHEETS, log, without=without, replace=facts).values()))
    values = {}
    for code, indicator in rulebook.by_code.items():
        stated = any(one.position in replace and vars(one.fact)["indicator"] == code for one in log)
        value = value_of(before.entries.get(code), after.entries.get(code), indicator, CALENDAR, stated)
        if value is not None:
            values[code] = value
    standing = next(iter(fold(STANDINGS, log, without=without, replace=facts).values()))
    return dataclasses.replace(sheet_of(standing, rulebook), values=values)


def changed(fact: Any, **fields: Any) -> Any:
    other = object.__new__(type(fact))
    vars(other).update(vars(fact), **fields)
    return other


def test_a_file_that_supports_two_indicators_counts_once():
    file = ("attach", INDICATORS[0], 0)
    reuse = ("reuse", INDICATORS[1], (0, INDICATORS[0]))
    province = a_dossier([*SCORED, file, reuse, ("explain", INDICATORS[2], "")])
    attached, reused = (one.position for one in province.log if "evidence" in vars(one.fact))

    found = pivotal(province.log, COMMUNE, with_conditions(province, Decimal(10)), CALENDAR)

    assert found.of_size(1) == [frozenset({frozenset({attached, reused})})]


def test_a_file_reused_from_where_it_was_reused_counts_once():
    first, second, third = INDICATORS[:3]
    handed_on = [("attach", first, 0), ("reuse", second, (0, first)), ("reuse", third, (0, second))]
    province = a_dossier([*SCORED, *handed_on])
    file = frozenset(one.position for one in province.log if "evidence" in vars(one.fact))
    rulebook = with_conditions(province, Decimal(20))

    found = pivotal(province.log, COMMUNE, rulebook, CALENDAR)
    answered = what_if(province.log, COMMUNE, rulebook, CALENDAR, Otherwise(frozenset({min(file)})))

    assert len(file) == 3
    assert answered.without == file
    assert answered.after.result is VerdictResult.NOT_MET
    assert found.of_size(1) == [frozenset({file})]


def test_a_value_supported_by_a_file_handed_on_falls_to_the_earlier_score_only():
    first, second, third = INDICATORS[:3]
    handed_on = [("attach", first, 0), ("reuse", second, (0, first)), ("reuse", third, (0, second))]
    province = a_dossier([*SCORED, *handed_on, ("score", third, Decimal(10))])
    last = province.log[-1].position
    rulebook = with_conditions(province, Decimal(5))

    found = pivotal(province.log, COMMUNE, rulebook, CALENDAR)
    answered = what_if(province.log, COMMUNE, rulebook, CALENDAR, Otherwise(frozenset({last})))

    assert answered.after.result is VerdictResult.MET
    assert frozenset({frozenset({last})}) not in found.carrying


def test_two_files_of_one_id_in_two_indicators_are_two_files():
    first, second, third = INDICATORS[:3]
    one, other = (Evidence(UUID(int=0), f"{number:064x}", "tệp.pdf", 10, "application/pdf") for number in (1, 2))
    province = a_dossier(SCORED)
    province.do(DOSSIER, lambda it: it.attach(first, one))
    province.do(DOSSIER, lambda it: it.attach(second, other))
    province.do(DOSSIER, lambda it: it.reuse(third, one.id, first))
    attached, alone, reused = (fact.position for fact in province.log if "evidence" in vars(fact.fact))

    found = files(province.log)

    assert found == {one.sha256: [attached, reused], other.sha256: [alone]}


def test_several_files_carry_a_verdict_only_together():
    files_ = [("attach", INDICATORS[0], number) for number in range(3)]
    rest = [("explain", indicator, "") for indicator in INDICATORS[1:]]
    province = a_dossier([*SCORED, *rest, *files_])
    attached = [frozenset({one.position}) for one in province.log if isinstance(one.fact, Assessment.EvidenceAttached)]

    found = pivotal(province.log, COMMUNE, with_conditions(province, Decimal(8)), CALENDAR)

    assert frozenset(attached) in found.carrying
    assert not any(set(one) & set(attached) for one in found.of_size(1) + found.of_size(2))


def test_of_a_commune_that_fails_the_single_facts_are_named_that_made_it_fail():
    province = a_dossier([*SCORED, ("veto", INDICATORS[0], Answer.YES)])
    declared = next(one.position for one in province.log if isinstance(one.fact, Assessment.VetoDeclared))

    found = pivotal(province.log, COMMUNE, with_conditions(province, Decimal(5)), CALENDAR)

    assert found.carrying == ()
    assert found.failing == (frozenset({declared}),)
