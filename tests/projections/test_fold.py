from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.assessment import Evidence
from domain.catalogue import FACTS
from domain.export import Export
from domain.fact import Recorded, StreamName
from domain.log import Log
from domain.personal import DataSubject
from domain.recognition import Recognition
from domain.rulebook_draft import RulebookDraft
from domain.rulebook_text import RulebookText
from projections.analysis.flags import MARKS
from projections.catalogue import PROJECTIONS
from projections.fold import Projection, fold
from projections.tables.register import REGISTER
from projections.tables.sheets import SHEETS
from projections.tables.standings import STANDINGS
from tests.projections.histories import ENDS, Province, a_long_history, histories
from tests.projections.story import told

EVIDENCE = Evidence(UUID(int=1), "0" * 64, "biên bản.pdf", 10, "application/pdf")
QUESTIONS = (*PROJECTIONS, MARKS)
EVERY = pytest.mark.parametrize("projection", QUESTIONS, ids=lambda one: str(one.name))


def test_every_fact_but_those_of_the_log_itself_and_the_erasures_answers_some_question():
    asked = {fact for projection in QUESTIONS for fact in projection.facts}

    assert set(FACTS.values()) - asked == {
        *(Log.Opened, Log.PolicyPublished, Log.KeyAnnounced, Log.Restored, Log.Closed, Log.PredecessorRecorded),
        DataSubject.Shredded,  # the door asks the log itself, which knows it at once
        Export.CheckpointTaken,  # so does the maker of the dossier
        RulebookText.Kept,  # so does whoever judges
        # the page of a draft reads its stream
        *(RulebookDraft.Begun, RulebookDraft.ValueChanged, RulebookDraft.Commented),
        *(RulebookDraft.Returned, RulebookDraft.SignedOff, RulebookDraft.Rebased, RulebookDraft.Discarded),
    }


def test_long_histories_hold_every_fact_there_is():
    told = {type(recorded.fact) for seed in range(1, 12) for recorded in a_long_history(4_000, seed).log}

    assert {fact.__qualname__ for fact in {*FACTS.values()} - ENDS - told} == set()


@EVERY
@given(province=histories(), cuts=st.lists(st.integers(1, 30), min_size=1))
def test_folding_in_batches_of_any_size_gives_the_same_rows_as_folding_at_once(
    projection: Projection[Any], province: Province, cuts: list[int]
):
    rows: dict[str, Any] = {}
    for batch in in_batches(province.log, cuts):
        projection.fold(batch, rows)

    assert rows == fold(projection, province.log)


@EVERY
@given(province=histories(), share=st.floats(0, 1))
def test_nothing_that_happens_later_changes_the_rows_as_of_a_position(
    projection: Projection[Any], province: Province, share: float
):
    position = int(share * len(province.log))
    then = fold(projection, province.log[:position])
    seen_then = written(then)

    projection.fold(province.log[position:], dict(then))

    assert written(then) == seen_then


@EVERY
@given(province=histories())
def test_rows_are_the_same_after_being_written_and_read(projection: Projection[Any], province: Province):
    rows = fold(projection, province.log)

    assert {key: msgspec.json.decode(body, type=projection.row) for key, body in written(rows).items()} == rows


@EVERY
@given(province=histories())
def test_the_streams_named_for_a_row_are_all_that_makes_it(projection: Projection[Any], province: Province):
    for key, row in fold(projection, province.log).items():
        streams = projection.streams(key)
        if streams is not None:
            assert fold(projection, [one for one in province.log if one.stream in streams]) == {key: row}


@EVERY
def test_runs_and_evolve_say_for_one_fact_what_fold_does_for_many(projection: Projection[Any]):
    log = a_long_history(300).log
    rows: dict[str, Any] = {}

    for recorded in log:
        for key in projection.runs([recorded]):
            row = projection.evolve(rows.get(key), recorded)
            rows = {**rows, key: row}

    assert {key: row for key, row in rows.items() if row is not None} == fold(projection, log)


@EVERY
@given(province=histories(), data=st.data())
def test_a_what_if_may_leave_out_any_facts(projection: Projection[Any], province: Province, data: st.DataObject):
    without = data.draw(st.sets(st.integers(1, len(province.log))))

    rows = fold(projection, province.log, without=without)

    assert rows == fold(projection, [one for one in province.log if one.position not in without])


def test_a_fold_that_fails_has_changed_no_row():
    log = a_long_history(300).log
    rows: dict[str, Any] = {}
    STANDINGS.fold(log[:-1], rows)
    before = written(rows)
    scored = next(one for one in reversed(log) if one.stream.kind == "assessment")
    no_fact_at_all = scored._replace(fact=type(scored.fact).__new__(type(scored.fact)))

    with pytest.raises(AttributeError):
        STANDINGS.fold([*log, no_fact_at_all], rows)

    assert written(rows) == before


def test_without_its_evidence_an_indicator_is_no_longer_supported():
    province = Province()
    province.found()
    name = StreamName("assessment", "2023", "25441")
    province.do(name, lambda it: it.attach("TC1.CT1", EVIDENCE))
    attached = province.log[-1]

    now = fold(STANDINGS, province.log)["2023/25441"]
    otherwise = fold(STANDINGS, province.log, without={attached.position})["2023/25441"]

    assert (now.supported, otherwise.supported) == (1, 0)


def test_a_fact_can_be_replaced_to_see_what_would_have_come_out():
    province = told("decided")
    decided = next(one for one in province.log if isinstance(one.fact, Recognition.Decided))
    other = type(decided.fact).__new__(type(decided.fact))
    vars(other).update(vars(decided.fact), decision_no="999/QĐ-UBND")

    rows = fold(REGISTER, province.log, replace={decided.position: other})

    assert rows[f"{decided.stream.season}/{decided.stream.subject}"].decision_no == "999/QĐ-UBND"
    assert fold(REGISTER, province.log) != rows


def test_a_fact_without_effect_leaves_the_very_same_row():
    province = a_long_history(200)
    rows = fold(SHEETS, province.log)
    key = "2023/25441"
    opened = next(one for one in province.log if one.stream.kind == "season")

    assert SHEETS.evolve(rows[key], opened) is rows[key]


def written(rows: dict[str, Any]) -> dict[str, bytes]:
    return {key: msgspec.json.encode(row) for key, row in rows.items()}


def in_batches(log: list[Recorded], cuts: list[int]) -> list[list[Recorded]]:
    batches, rest = [], log
    for cut in cuts * (len(log) // sum(cuts) + 1):
        batches.append(rest[:cut])
        rest = rest[cut:]
    return batches
