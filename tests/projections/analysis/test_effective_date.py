"""How far a dossier had come by the days that its documents bear: over random histories, and in short ones."""

from datetime import date, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from domain.effect import day_of
from projections.analysis.effective_date import came_to
from tests.projections.histories import DAY, Province, histories


@given(histories(), st.integers(-4, 12), st.floats(0, 1), st.integers(0, 99))
def test_what_is_seen_took_effect_by_the_day_and_rests_on_nothing_that_is_not_seen(
    history: Province, days: int, share: float, seed: int
):
    log = history.on_days_of_their_own(Random(seed)).log
    day, recorded = DAY + timedelta(days=days), int(len(log) * share)

    came = came_to(log, day, recorded)

    upto = came.position if came else 0
    seen, beyond = log[:upto], log[upto:]
    days_seen = [day_of(one.fact) for one in seen]
    dated = [one.position for one, own in zip(seen, days_seen, strict=True) if own is not None]
    assert all(own <= day for own in days_seen if own is not None)
    assert all(one.position <= max(recorded, dated[-1] if dated else 0) for one in seen)
    in_effect = [one for one in beyond if takes(day_of(one.fact), day, recorded=one.position <= recorded)]
    later = [one.position for one in beyond if (own := day_of(one.fact)) is not None and own > day]
    assert all(later and later[0] < one.position for one in in_effect)
    if came:
        assert (came.known, came.later) == (min(recorded, upto), max(upto - recorded, 0))
        assert came.missed == len(in_effect)


def takes(own: date | None, day: date, *, recorded: bool) -> bool:
    """Whether a fact was in effect: by its own day, else by its record."""
    return recorded if own is None else own <= day


def test_what_was_signed_on_friday_and_recorded_on_monday_is_in_effect_on_friday():
    log = Province()
    log.found()
    founded = len(log.log)

    on_the_day, before = came_to(log.log, DAY, 0), came_to(log.log, DAY - timedelta(days=1), 0)

    opened = max(one.position for one in log.log if day_of(one.fact) == DAY)
    assert on_the_day == (opened, 0, opened, 0)
    assert came_to(log.log, DAY, founded) == (founded, founded, 0, 0)
    assert before is None
