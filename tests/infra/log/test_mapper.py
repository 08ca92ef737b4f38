import inspect
import subprocess
import sys
import types
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.domain import event

from domain.catalogue import AGGREGATES as DOMAIN_AGGREGATES
from domain.catalogue import FACTS as DOMAIN_FACTS
from domain.fact import Fact, FirstFact, Stream
from infra.ledger.canonical_json import NotCanonical, canonical, parse
from infra.log.mapper import Decided, Mapper, UnknownTopic, Unmappable
from tests.infra.notebook import FACTS, MAPPER, Colour, Notebook, a_scored


def a_fact(annotation: Any, **attributes: object) -> type[Fact]:
    """A fact with one field `value` of this type."""
    body = {"__annotations__": {"value": annotation}, "__module__": __name__, "TOPIC": "bad", **attributes}
    return types.new_class("Bad", (Fact,), exec_body=lambda namespace: namespace.update(body))


def a_notebook() -> Notebook:
    return Notebook._create(Notebook.Opened, id=uuid4(), title="Sổ")


def restored(fact: Decided, mapper: Mapper = MAPPER) -> Fact:
    payload = mapper.payload(fact)
    return mapper.fact(
        payload.topic,
        payload.schema,
        payload.data.decode(),
        fact.originator_id,
        fact.originator_version,
        fact.timestamp,
    )


def test_every_type_of_field_comes_back_as_it_was():
    fact = a_scored(a_notebook())

    again: Any = restored(fact)

    assert again == fact
    assert type(again) is Notebook.LineScored
    assert isinstance(again.colour, Colour)
    assert str(again.points) == "29.50"


def test_a_payload_is_canonical_and_says_each_value_in_one_way():
    payload = MAPPER.payload(a_scored(a_notebook(), points=Decimal("1E+2"), second=Decimal("-0.25")))

    document = parse(payload.data)
    assert (payload.topic, payload.schema) == ("notebook.line-scored", 1)
    assert document == {
        "by": "00000000-0000-0000-0000-000000000007",
        "colour": "red",
        "line": 1,
        "on": "2023-01-05",
        "points": "100",
        "ratios": [{"part": 41, "whole": 45}, {"note": "thiếu biên bản", "part": 1, "whole": 2}],
        "reason": "Phước",
        "second": "-0.25",
        "seen": "2023-01-05T08:00:00.000000Z",
    }
    assert canonical(document) == payload.data


def test_an_absent_value_is_an_absent_key_and_comes_back_as_its_default():
    fact = a_scored(a_notebook(), reason=None, ratios=())

    payload = MAPPER.payload(fact)

    assert "reason" not in parse(payload.data)
    assert restored(fact) == fact


def test_the_first_fact_of_a_stream_makes_the_aggregate_again():
    notebook = a_notebook()
    notebook.write("một")

    opened, written = (restored(fact) for fact in notebook.collect_events())

    again: Any = written.mutate(opened.mutate(None))
    assert again == notebook


def test_a_fresh_process_reads_what_another_one_stored():
    payload = MAPPER.payload(a_notebook().collect_events()[0])
    program = f"""
from datetime import datetime, UTC
from uuid import UUID
from tests.infra.notebook import MAPPER
fact = MAPPER.fact({payload.topic!r}, 1, {payload.data!r}, UUID(int=1), 1, datetime.now(UTC))
print(fact.mutate(None).title)
"""

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert said.stdout == "Sổ\n"


def test_an_older_form_is_upcast_while_reading():
    fact: Any = MAPPER.fact("notebook.renamed", 1, '{"name": "Sổ cũ"}', UUID(int=1), 2, datetime.now(UTC))

    assert (fact.title, fact.language) == ("Sổ cũ", "vi")
    assert MAPPER.payload(fact).schema == 2


def test_a_form_newer_than_the_program_is_refused():
    with pytest.raises(UnknownTopic, match="version 3"):
        MAPPER.fact("notebook.renamed", 3, "{}", UUID(int=1), 2, datetime.now(UTC))


def test_a_renamed_fact_is_still_read_by_its_old_name():
    mapper = Mapper({**FACTS, "notebook.line-added": Notebook.LineWritten}, {"notebook": Notebook})

    fact = mapper.fact("notebook.line-added", 1, '{"text": "a"}', UUID(int=1), 2, datetime.now(UTC))

    assert type(fact) is Notebook.LineWritten
    assert mapper.payload(fact).topic == "notebook.line-written"


def test_a_fact_outside_the_catalogue_is_neither_stored_nor_read():
    mapper = Mapper({"notebook.renamed": Notebook.Renamed}, {})

    with pytest.raises(UnknownTopic, match="LineScored"):
        mapper.payload(a_scored(a_notebook()))
    with pytest.raises(UnknownTopic, match=r"notebook\.opened"):
        mapper.fact("notebook.opened", 1, "{}", UUID(int=1), 1, datetime.now(UTC))


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"line": True}, "line"),
        ({"line": 2**53}, "line"),
        ({"line": None}, "line"),
        ({"points": 29.5}, "points"),
        ({"points": Decimal("NaN")}, "points"),
        ({"on": datetime(2023, 1, 5, tzinfo=UTC)}, "on"),
        ({"seen": datetime(2023, 1, 5)}, "seen"),  # noqa: DTZ001 - what is to be refused
        ({"by": "00000000-0000-0000-0000-000000000007"}, "by"),
        ({"colour": "red"}, "colour"),
        ({"ratios": [1]}, "ratios"),
        ({"reason": "e\u0301"}, "reason"),
        ({"reason": "x\0"}, "reason"),
    ],
)
def test_a_value_of_another_type_or_spelling_is_refused_with_its_place(changes: dict[str, object], place: str):
    with pytest.raises(NotCanonical) as refused:
        MAPPER.payload(a_scored(a_notebook(), **changes))

    assert refused.value.path == place


def test_a_payload_larger_than_the_limit_is_refused():
    with pytest.raises(NotCanonical, match="262144"):
        MAPPER.payload(a_scored(a_notebook(), reason="x" * 262_144))


@dataclass(slots=True)
class Loose:
    part: int


@pytest.mark.parametrize(
    "annotation",
    [dict[str, str], bool, float, tuple[int, str], list[int], Loose, tuple[Loose, ...], Any, int | str, object],
)
def test_a_field_without_one_spelling_is_refused_when_the_program_starts(annotation: Any):
    with pytest.raises(Unmappable):
        Mapper({"bad": a_fact(annotation)}, {})


def test_a_default_that_is_made_anew_each_time_is_refused():
    with pytest.raises(Unmappable, match="factory"):
        Mapper({"bad": a_fact(tuple[int, ...], value=field(default_factory=tuple))}, {})


class Decorated(Stream):
    """The library replaces the fact of a decorated method by a subclass with empty annotations."""

    TOPIC = "decorated"

    class Begun(FirstFact):
        TOPIC = "decorated.begun"

    class Said(Fact):
        TOPIC = "decorated.said"
        text: str

    @event(Said)
    def say(self, text: str) -> None:
        self.text = text


def test_a_fact_whose_class_the_library_replaced_keeps_its_payload():
    mapper = Mapper({"decorated.begun": Decorated.Begun, "decorated.said": Decorated.Said}, {"decorated": Decorated})
    decorated = Decorated._create(Decorated.Begun, id=uuid4())
    decorated.say("xin chào")
    said = decorated.pending_events[-1]
    assert inspect.get_annotations(type(said)) == {}

    payload = mapper.payload(said)

    assert parse(payload.data) == {"text": "xin chào"}
    assert restored(said, mapper) == said


def test_every_fact_of_the_catalogue_can_be_stored():
    mapper = Mapper(DOMAIN_FACTS, DOMAIN_AGGREGATES)

    assert set(mapper.topics) == set(DOMAIN_FACTS)
