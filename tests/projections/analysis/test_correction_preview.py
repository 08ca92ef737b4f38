"""A correction of wording alone, over histories as people might make them: no verdict changes, nobody is asked."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from domain.measure import Checklist, Options
from domain.rulebook import Part, Rulebook
from domain.rulebook_difference import Effect, difference
from infra.reference.rulebooks import load_rulebooks
from projections.analysis.correction_preview import preview
from projections.fold import fold
from projections.tables.sheets import SHEETS
from projections.tables.standings import STANDINGS
from tests.projections.histories import CALENDAR, SEASONS, TEXTS, Province, histories

SHIPPED = [load_rulebooks().text(sha256) for sha256 in TEXTS]

#: What somebody may add to a text for people.
additions = st.text(st.sampled_from("aăâđêơư ,;0123456789"), min_size=1, max_size=12)


def reworded(rulebook: Rulebook, more: str) -> Rulebook:
    """The rulebook with every text for people worded otherwise, and nothing else changed.

    Not the text of a condition: whether it holds is declared by that text.
    """

    def part(one: Part) -> Part:
        measure = one.measure
        if isinstance(measure, Options):
            measure = Options(tuple(option._replace(text=option.text + more) for option in measure.options))
        if isinstance(measure, Checklist):
            choices = tuple(entry._replace(text=entry.text + more) for entry in measure.choices)
            measure = replace(measure, choices=choices)
        return replace(one, name=one.name + more, evidence=f"{one.evidence}{more}", measure=measure)

    criteria = tuple(
        replace(
            criterion,
            name=criterion.name + more,
            indicators=tuple(
                replace(one, name=one.name + more, parts=tuple(part(each) for each in one.parts))
                for one in criterion.indicators
            ),
        )
        for criterion in rulebook.criteria
    )
    return replace(rulebook, title=rulebook.title + more, criteria=criteria, sha256="ff" * 32)


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
