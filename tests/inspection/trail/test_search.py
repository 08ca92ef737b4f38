"""What an address asks of the trail, and what it means."""

from datetime import datetime

import pytest

from domain.catalogue import FACTS
from domain.errors import PeriodReversed
from services.clock import VIETNAM
from services.inspection.trail.search import ACTS, SearchUnreadable, TrailQuery, topics


def test_every_fact_is_meant_by_exactly_one_act():
    meant = [topic for act in ACTS for topic in topics(act)]

    assert sorted(meant) == sorted(FACTS)


def test_what_is_asked_is_spelled_so_that_it_is_read_again():
    since, until = datetime(2023, 11, 1, tzinfo=VIETNAM), datetime(2023, 11, 2, 14, 5, tzinfo=VIETNAM)
    asked = TrailQuery("Nguyễn Văn A", act="cham", season="2023", text="minh thắng & 12/QĐ", since=since, until=until)

    assert TrailQuery.spelled(asked.spell()) == asked
    assert TrailQuery().spell() == ""


def test_a_period_does_not_end_before_it_begins():
    with pytest.raises(PeriodReversed):
        TrailQuery.spelled("tu=2024-01-02T00:00:00%2B07:00&den=2024-01-01T00:00:00%2B07:00")


@pytest.mark.parametrize(
    "text",
    [
        "tu=2024-01-02",
        "tu=2024-01-01T00:00:00&den=2024-01-02T00:00:00%2B07:00",
        "tu=0001-01-01T00:00:00%2B14:00",
        "den=9999-12-31T23:59:59.999999-12:00",
        "den=hom+qua",
        "tu=24:00",
        "tim=a%00b",
        "tim=" + "a" * 100_000,
        "&" * 1_000_000,
        "x=1&" * 11,
    ],
)
def test_what_no_page_spells_is_no_search(text):
    with pytest.raises(SearchUnreadable):
        TrailQuery.spelled(text)
