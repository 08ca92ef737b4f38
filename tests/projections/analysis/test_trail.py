from dataclasses import fields
from decimal import Decimal

from domain.catalogue import FACTS
from projections.analysis.trail import TrailEntry, concerns, entries
from tests.projections.histories import COMMUNES, ENDS, a_long_history
from tests.projections.story import COMMUNE, DOSSIER, LIMITS, SEASON, told

COLUMNS = {"originator_id", "originator_version", "timestamp", "originator_topic"}


def test_every_fact_of_the_catalogue_becomes_an_entry_with_all_that_it_says():
    told_of = set()
    for seed in range(1, 12):
        log = a_long_history(4_000, seed).log
        for recorded, entry in zip(log, entries(log), strict=True):
            said = {
                field.name for field in fields(recorded.fact) if getattr(recorded.fact, field.name) is not None
            } - COLUMNS
            assert said <= entry.args.keys()
            assert (entry.position, entry.actor, entry.at) == (recorded.position, recorded.actor, recorded.at)
            told_of.add(entry.topic)

    assert told_of == {topic for topic, fact in FACTS.items() if fact not in ENDS}


def test_a_changed_score_says_what_it_was_before_even_when_it_was_nought():
    province = told("opened")
    for points in (Decimal(0), Decimal(7), Decimal(7)):
        province.do(DOSSIER, lambda it, value=points: it.score("TC1.CT1", value, **LIMITS))  # type: ignore[misc]  # a default in a lambda

    first, second = list(entries(province.log))[-2:]

    assert "before" not in first.args
    assert (second.args["before"], second.args["points"]) == (Decimal(0), Decimal(7))


def test_a_withdrawn_file_is_called_by_its_name():
    province = told("supported")
    file = next(iter(province.streams[DOSSIER].entry("TC1.CT1").evidence))
    province.do(DOSSIER, lambda it: it.withdraw("TC1.CT1", file, "nhầm tệp"))

    *_, entry = entries(province.log)

    assert (entry.topic, entry.args["file"]) == ("assessment.evidence-withdrawn", "biên bản 1.pdf")
    assert (entry.indicator, entry.commune) == ("TC1.CT1", COMMUNE)


def test_the_trail_of_a_commune_holds_its_own_facts_and_those_of_the_whole_season():
    log = [one for one in a_long_history(4_000).log if one.stream.season == SEASON]
    kept = [entry for entry in entries(log) if concerns(log_at(log, entry), COMMUNE)]

    assert {entry.commune for entry in kept} <= {COMMUNE, None}
    assert {"season", "assessment", "appraisal", "recognition", "review", "council", "meeting"} == {
        entry.stream.kind for entry in kept
    }
    others = [entry for entry in entries(log) if entry.stream.subject in COMMUNES and entry.commune != COMMUNE]
    assert others
    assert not {entry.position for entry in others} & {entry.position for entry in kept}


def log_at(log, entry: TrailEntry):
    return next(one for one in log if one.position == entry.position)
