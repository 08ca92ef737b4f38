"""Then and now: every difference is named once, with the fact after which it was as it is now."""

import pytest

from domain.fact import Recorded
from projections.analysis.differences import differences
from projections.fold import fold
from projections.tables.sheets import SHEETS, SheetRow
from tests.projections.histories import COMMUNES, SEASONS, a_long_history

KEY = f"{SEASONS[1]}/{COMMUNES[0]}"


def a_dossier(seed: int) -> list[Recorded]:
    """The facts of one dossier, from its opening."""
    log = a_long_history(3_000, seed).log
    return [one for one in log if f"{one.stream.season}/{one.stream.subject}" == KEY]


def row(facts: list[Recorded]) -> SheetRow:
    return fold(SHEETS, facts)[KEY]


@pytest.mark.parametrize("seed", range(1, 5))
def test_after_its_cause_nothing_differs_in_that_matter_any_more(seed: int):
    facts = a_dossier(seed)
    now = row(facts)
    for cut in range(1, len(facts), max(len(facts) // 12, 1)):
        found = differences(row(facts[:cut]), now, facts[cut:])

        assert len({(one.matter, one.about) for one in found}) == len(found)
        for one in found:
            assert one.then != one.now
            assert one.cause is not None, one
            until = facts[: facts.index(one.cause) + 1]
            later = differences(row(until), now, facts[len(until) :])
            assert (one.matter, one.about) not in {(other.matter, other.about) for other in later}


def test_between_a_moment_and_itself_nothing_differs():
    now = row(a_dossier(1))

    assert differences(now, now, []) == ()


def test_what_there_was_before_the_dossier_was_opened_is_nothing():
    facts = a_dossier(1)

    found = differences(None, row(facts), facts)

    assert found
    assert all(one.then is None for one in found)
