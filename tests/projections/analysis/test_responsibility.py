"""Who had a part: nobody's act is left out or counted twice, and who did nothing is named."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from msgspec.structs import replace as changed

from domain.fact import Recorded
from domain.meeting import Meeting
from domain.official import Mandate, Office
from domain.season import Assignment, Deadline, Step
from projections.analysis.responsibility import WHOLE, ChainRole, Link, Remark, Trace, trace
from projections.analysis.trail import concerns
from projections.fold import fold
from projections.tables.officials import OfficialRow
from projections.tables.seasons import SEASONS, SeasonRow
from tests.projections.histories import COMMUNES, INDICATORS, a_long_history
from tests.projections.histories import SEASONS as YEARS

COMMUNE = COMMUNES[0]
DUE = date(2023, 12, 31)
JUSTICE = Mandate(UUID(int=1), Office.JUSTICE_OFFICER, COMMUNE, date(2020, 1, 1), None, "1/QĐ")
OFFICE = Mandate(UUID(int=2), Office.OFFICE_STATISTICS, COMMUNE, date(2020, 1, 1), None, "2/QĐ")
CHAIRMAN = Mandate(UUID(int=3), Office.DISTRICT_CHAIRMAN, "697", date(2024, 1, 1), None, "3/QĐ")


def official(person: str, *mandates: Mandate) -> OfficialRow:
    return OfficialRow(person, f"Người {person}", "issuer", person, None, mandates)


OFFICIALS = (official("a", JUSTICE), official("b", OFFICE), official("c", CHAIRMAN))


def a_year(seed: int = 1) -> tuple[list[Recorded], SeasonRow]:
    """A commune's year, and its season in which one post leads every indicator and one coordinates."""
    log = [one for one in a_long_history(3_000, seed).log if one.stream.season == YEARS[0] and concerns(one, COMMUNE)]
    season = fold(SEASONS, log)[YEARS[0]]
    assigned = {code: Assignment(Office.JUSTICE_OFFICER, (Office.OFFICE_STATISTICS,)) for code in INDICATORS}
    deadlines = {step: Deadline(DUE, "Kế hoạch") for step in Step}
    return log, changed(season, assignments=assigned, deadlines=deadlines)


def by(person: str, mandate: Mandate, log: list[Recorded]) -> list[Recorded]:
    return [one._replace(actor=person, mandate=str(mandate.id)) for one in log]


def acts(found: Trace) -> list[int]:
    return sorted(act.position for link in found.links for act in link.acts)


def the(found: Trace, role: ChainRole) -> Link:
    (link,) = (link for link in found.links if link.role is role)
    return link


@pytest.mark.parametrize("indicator", [None, *INDICATORS])
@pytest.mark.parametrize("seed", range(1, 7))
def test_every_act_stands_in_the_chain_once(seed: int, indicator: str | None):
    log, season = a_year(seed)

    found = trace(log, season, COMMUNE, OFFICIALS, indicator)

    expected = [
        one.position
        for one in log
        if type(one.fact) in WHOLE
        or (one.stream.kind in {"assessment", "appraisal"} and getattr(one.fact, "indicator", "") in _asked(indicator))
    ]
    assert acts(found) == expected
    assert [link.role for link in found.links] == sorted((link.role for link in found.links), key=list(ChainRole).index)


def _asked(indicator: str | None) -> tuple[str, ...]:
    return INDICATORS if indicator is None else (indicator,)


def test_who_was_assigned_and_did_nothing_is_named():
    log, season = a_year()
    entered = by("a", JUSTICE, log)

    found = trace(entered, season, COMMUNE, OFFICIALS, INDICATORS[0])

    idle = the(found, ChainRole.COORDINATING)
    assert (idle.actor, idle.mandate, idle.acts, idle.remarks) == ("b", OFFICE, [], [Remark.IDLE])
    assert the(found, ChainRole.LEAD).actor == "a"


def test_a_post_that_nobody_held_is_said_to_be_vacant():
    log, season = a_year()

    found = trace(by("a", JUSTICE, log), season, COMMUNE, OFFICIALS[:1], INDICATORS[0])

    vacant = the(found, ChainRole.COORDINATING)
    assert (vacant.actor, vacant.position, vacant.remarks) == ("", Office.OFFICE_STATISTICS, [Remark.VACANT])


def test_who_held_the_post_only_after_the_season_did_not_fail_to_act():
    log, season = a_year()
    late = official("b", replace(OFFICE, valid_from=date(2024, 6, 1)))

    found = trace(by("a", JUSTICE, log), season, COMMUNE, (OFFICIALS[0], late), INDICATORS[0])

    assert the(found, ChainRole.COORDINATING).remarks == [Remark.VACANT]


def test_one_person_in_several_roles_is_pointed_out():
    years = (a_year(seed) for seed in range(1, 30))
    log, season = next(year for year in years if any(isinstance(one.fact, Meeting.BallotCast) for one in year[0]))

    found = trace(by("a", JUSTICE, log), season, COMMUNE, OFFICIALS)

    (several,) = found.several
    assert several.actor == "a"
    assert {ChainRole.LEAD, ChainRole.APPRAISED, ChainRole.VOTED} <= set(several.roles)


def test_who_consolidates_and_posts_or_appraises_and_concludes_holds_one_hand():
    log, season = a_year()
    kept = {"Assessment.Consolidated", "Assessment.Posted", "Assessment.Submitted"}

    found = trace(
        by("a", JUSTICE, [one for one in log if type(one.fact).__qualname__ in kept]), season, COMMUNE, OFFICIALS
    )

    assert len(found.links) > 1
    assert found.several == ()


def test_what_is_sent_again_after_a_return_is_not_late_by_the_first_deadline():
    for seed in range(1, 12):
        log, season = a_year(seed)
        sent = {"Assessment.Submitted", "Assessment.Resubmitted"}
        acts_of = [one for one in log if type(one.fact).__qualname__ in sent]
        if len({type(one.fact) for one in acts_of}) == len(sent):
            break
    first = next(one.fact.on for one in acts_of if type(one.fact).__qualname__ == "Assessment.Submitted")  # type: ignore[attr-defined]
    season = changed(season, deadlines={Step.SUBMITTED: Deadline(first, "Kế hoạch")})
    again = [one for one in acts_of if type(one.fact).__qualname__ == "Assessment.Resubmitted"]

    link = the(trace(by("a", JUSTICE, acts_of), season, COMMUNE, OFFICIALS), ChainRole.SUBMITTED)

    assert again
    assert (link.on, link.late) == (first, 0)


def test_a_decision_dated_before_the_mandate_or_after_the_last_day_is_marked():
    log, season = a_year()
    on_paper = [one for one in log if type(one.fact).__qualname__ == "Recognition.Decided"]
    assert on_paper
    early = trace(by("c", CHAIRMAN, on_paper), season, COMMUNE, OFFICIALS)
    season = changed(season, deadlines={Step.DECIDED: Deadline(date(2023, 11, 1), "Kế hoạch")})
    late = trace(by("c", replace(CHAIRMAN, valid_from=date(2020, 1, 1)), on_paper), season, COMMUNE, OFFICIALS)

    assert Remark.MANDATE in the(early, ChainRole.DECIDED).remarks
    assert Remark.LATE in the(late, ChainRole.DECIDED).remarks
    assert the(late, ChainRole.DECIDED).late == (date(2023, 11, 20) - date(2023, 11, 1)).days


def test_a_file_is_opened_only_by_whoever_opened_it():
    for seed in range(1, 9):
        log, season = a_year(seed)
        found = trace(log, season, COMMUNE, OFFICIALS)
        opened = {one.fact.evidence for one in log if type(one.fact).__qualname__ == "Appraisal.EvidenceOpened"}  # type: ignore[attr-defined]
        for link in found.links:
            if link.role is ChainRole.APPRAISED:
                assert {file.id for file in link.files if file.opened} <= opened
            else:
                assert not any(file.opened for file in link.files)
