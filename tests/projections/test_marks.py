"""What a fact is found by."""

from random import Random

import pytest

from projections.marks import SILENT, mark, reach, words_of
from projections.trail import concerns
from tests.projections.histories import ACTS, COMMUNES, SEASONS, UNIT, tell
from tests.projections.story import told


def test_a_text_is_found_by_its_words_without_diacritics_or_capitals():
    assert words_of("QĐ 12/UBND, Minh Thắng") == ["qd", "12", "ubnd", "minh", "thang"]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_marks_of_a_trail_are_those_of_what_concerns_the_commune(seed: int):
    chance = Random(seed)
    facts = tell([(chance.choice(ACTS), chance.randrange(2**30)) for _ in range(250)]).log
    commune, season = COMMUNES[0], SEASONS[1]

    found = {one.position for one in mark(facts, {}) if one.marks & reach(season, commune, UNIT)}

    of_season = [one for one in facts if one.stream.season == season or getattr(one.fact, "season", "") == season]
    assert found == {one.position for one in of_season if concerns(one, commune)}


def test_what_nobody_may_see_is_no_word():
    facts = told("revoked").log

    silent = [one for one in mark(facts, {}) if any(f"a:{topic}" in one.marks for topic in SILENT)]

    assert silent
    assert not any(sign.startswith("w:") for one in silent for sign in one.marks)
