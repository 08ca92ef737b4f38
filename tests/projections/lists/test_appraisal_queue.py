from decimal import Decimal

import pytest

from projections.fold import fold
from projections.lists.appraisal_queue import Waiting, queue
from projections.tables.seasons import SEASONS
from projections.tables.standings import STANDINGS
from tests.projections.histories import INDICATORS, UNIT, Province
from tests.projections.story import COMMUNE, DOSSIER, LIMITS, SEASON, told


def queued(province: Province, unit: str = UNIT):
    return queue(fold(STANDINGS, province.log).values(), fold(SEASONS, province.log)[SEASON], unit)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("submitted", [Waiting.NEW, Waiting.NEW, Waiting.NEW]),
        ("returned", [Waiting.AT_THE_COMMUNE, Waiting.APPRAISED, Waiting.NEW]),
        ("resubmitted", [Waiting.NEW, Waiting.APPRAISED, Waiting.NEW]),
        ("appraised", [Waiting.APPRAISED, Waiting.APPRAISED, Waiting.APPRAISED]),
    ],
)
def test_the_queue_says_where_each_indicator_stands(step: str, expected: list[Waiting]):
    [dossier] = queued(told(step))

    assert dossier.standing.commune == COMMUNE
    assert list(dossier.indicators.values()) == expected
    assert dossier.how_many(Waiting.NEW) == expected.count(Waiting.NEW)


def test_an_indicator_changed_after_it_was_appraised_waits_again():
    province = told("returned")
    code = INDICATORS[0]
    province.do(DOSSIER, lambda it: it.score(code, Decimal(5), **LIMITS))
    province.do(DOSSIER, lambda it: it.resubmit(province.log[-1].at.date()))
    appraised_before = told("appraised")
    appraised_before.do(DOSSIER, lambda it: it.return_indicator(code, "xem lại", province.log[-1].at.date()))
    appraised_before.do(DOSSIER, lambda it: it.explain(code, "đã xem lại"))
    appraised_before.do(DOSSIER, lambda it: it.resubmit(province.log[-1].at.date()))

    [dossier] = queued(appraised_before)

    assert dossier.indicators[code] is Waiting.CHANGED
    assert dossier.awaiting == (code,)


def test_other_units_and_dossiers_that_are_not_submitted_do_not_stand_in_the_queue():
    assert queued(told("posted")) == []
    assert queued(told("submitted"), unit="100") == []
    assert queued(told("concluded")) == []
