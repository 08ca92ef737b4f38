"""A correction of wording alone, over histories as people might make them: no verdict changes, nobody is asked."""

from hypothesis import given
from hypothesis import strategies as st

from domain.rulebook import Rulebook
from domain.rulebook_difference import Effect, difference
from infra.reference.rulebooks import load_rulebooks
from projections.analysis.correction_preview import preview
from projections.fold import fold
from projections.tables.sheets import SHEETS
from projections.tables.standings import STANDINGS
from tests.projections.analysis.reworded import reworded
from tests.projections.histories import CALENDAR, SEASONS, TEXTS, Province, histories

SHIPPED = [load_rulebooks().text(sha256) for sha256 in TEXTS]

#: What somebody may add to a text for people.
additions = st.text(st.sampled_from("aăâđêơư ,;0123456789"), min_size=1, max_size=12)


@given(province=histories(), former=st.sampled_from(SHIPPED), more=additions)
def test_a_correction_of_wording_alone_changes_no_verdict_and_asks_nobody(
    province: Province, former: Rulebook, more: str
):
    after = reworded(former, more)
    assert {one.effect for one in difference(former, after)} == {Effect.WORDING}
    for season in SEASONS:
        facts = [one for one in province.log if one.stream.season == season]
        standings = list(fold(STANDINGS, facts).values())
        sheets = {row.commune: row for row in fold(SHEETS, facts).values()}

        found = preview(standings, sheets, former, after, CALENDAR)

        assert found.changing == ()
        assert found.touched == ()
        assert not found.data_again
        assert not found.values_again
        for one in found.open:
            assert one.before is not None
            assert (one.after.result, one.after.total) == (one.before.result, one.before.total)
