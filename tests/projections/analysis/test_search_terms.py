"""What a fact is found by."""

from random import Random

import pytest

from domain.assessment import Assessment
from projections.analysis.search_terms import SILENT, WORDS, index, reach, words_of
from projections.analysis.trail import concerns
from tests.projections.histories import ACTS, COMMUNES, SEASONS, UNIT, tell
from tests.projections.story import DOSSIER, told


def test_a_text_is_found_by_its_words_without_diacritics_or_capitals():
    assert words_of("QĐ 12/UBND, Minh Thắng") == ["qd", "12", "ubnd", "minh", "thang"]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_marks_of_a_trail_are_those_of_what_concerns_the_commune(seed: int):
    chance = Random(seed)
    facts = tell([(chance.choice(ACTS), chance.randrange(2**30)) for _ in range(250)]).log
    commune, season = COMMUNES[0], SEASONS[1]

    found = {one.position for one in index(facts, {}) if one.terms & reach(season, commune, UNIT)}

    of_season = [one for one in facts if one.stream.season == season or getattr(one.fact, "season", "") == season]
    assert found == {one.position for one in of_season if concerns(one, commune)}


def test_what_nobody_may_see_is_no_word():
    facts = told("revoked").log

    silent = [one for one in index(facts, {}) if any(f"a:{topic}" in one.terms for topic in SILENT)]

    assert silent
    assert not any(sign.startswith("w:") for one in silent for sign in one.terms)


def test_a_word_too_long_for_an_index_is_found_by_its_first_letters():
    assert words_of(f"mã {'k' * 4_500}") == words_of(f"mã {'k' * 64}") == ["ma", "k" * 64]


def test_a_fact_has_no_more_marks_than_an_index_takes_and_none_that_is_too_long_for_one():
    province = told("scored")
    words = " ".join(f"từ{number}" for number in range(60_000))
    province.did(DOSSIER, Assessment.Explained, indicator="TC1.CT1", explanation=words)
    province.did(DOSSIER, Assessment.Explained, indicator="9" * 6_000, explanation="x" * 200_000)

    many, endless = list(index(province.log[-2:], {}))

    assert len(many.terms) < WORDS + 20
    assert max(len(sign.encode()) for sign in endless.terms) < 1_000
    assert f"w:{'x' * 64}" in endless.terms
