import re

import pytest

from domain.catalogue import AGGREGATES, FACTS
from domain.fact import Fact, FirstFact

TOPIC = re.compile(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*")

#: A council meets, or its members are asked in writing.
BEGINNINGS = {"meeting": 2}


def declared() -> list[type[Fact]]:
    """Every fact nested in an aggregate of the catalogue."""
    return [
        fact
        for aggregate in AGGREGATES.values()
        for fact in vars(aggregate).values()
        if isinstance(fact, type) and issubclass(fact, Fact) and fact.__name__ != "Event"
    ]


def test_every_fact_is_listed_under_a_name_of_its_own():
    assert sorted(map(repr, declared())) == sorted(map(repr, FACTS.values()))
    assert len(FACTS) == 120


@pytest.mark.parametrize("topic", sorted(FACTS))
def test_a_name_says_stream_and_happening_in_kebab_case(topic: str):
    assert TOPIC.fullmatch(topic)


@pytest.mark.parametrize("kind", sorted(AGGREGATES))
def test_a_stream_begins_with_one_fact_and_all_its_facts_carry_its_kind(kind: str):
    facts = [fact for topic, fact in FACTS.items() if topic.startswith(f"{kind}.")]

    assert sum(issubclass(fact, FirstFact) for fact in facts) == BEGINNINGS.get(kind, 1)
    assert {fact.__qualname__.partition(".")[0] for fact in facts} == {AGGREGATES[kind].__name__}
